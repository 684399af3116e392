"""How Compose merges files, `extends` and overrides: key by key, as the specification's merge rules say.

The place of a merged mapping is the one of the lower layer: a service stands where it was first written, and
what an override adds keeps its own place.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value
from vmlint.sources.compose.short_syntax import split_colons

# Replaced, not appended to (13-merge.md, "Exceptions").
_REPLACED = frozenset({"command", "entrypoint", "test"})
# Lists of NAME=value or of names that merge as mappings.
_KEYED = frozenset(
    {
        "environment",
        "labels",
        "annotations",
        "sysctls",
        "extra_hosts",
        "args",
        "depends_on",
        "networks",
        "models",
        "additional_contexts",
    }
)
# A single value stands for a list of one.
_LISTED = frozenset({"dns", "dns_opt", "dns_search", "env_file", "label_file", "tmpfs"})
# The keys of these are names that the user chose, and mean nothing here.
_NAMES = frozenset({"services", "networks", "volumes", "configs", "secrets", "models", "depends_on"})
# The short syntax of these is the long one's key.
_SHORT = {"build": "context", "extends": "service"}


def merge(base: Value, over: Value, key: str = "") -> Value:
    """`over` laid on `base`. `!override` replaces without merging; `!reset` is left for `without_resets`."""
    if over.tag in ("!override", "!reset") or key in _REPLACED:
        return over
    if isinstance(over, Missing):
        return base
    base, over = _alike(base, key), _alike(over, key)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        if key == "logging" and _text(base, "driver") != _text(over, "driver") and "driver" in over.entries:
            return over
        return _merge_mappings(base, over, key in _NAMES)
    if isinstance(base, Sequence) and isinstance(over, Sequence):
        merged = base.moved(base.span, key_start=base.key_start)
        merged.items = _unique(key, [*base.items, *over.items])
        return merged
    return over


def without_resets(tree: Value) -> Value:
    """The tree without what `!reset` takes away."""
    match tree:
        case Mapping():
            kept = {key: without_resets(value) for key, value in tree.entries.items() if value.tag != "!reset"}
            if len(kept) == len(tree.entries) and all(kept[key] is value for key, value in tree.entries.items()):
                return tree
            copy = tree.moved(tree.span, key_start=tree.key_start)
            copy.entries = kept
            return copy
        case Sequence() if any(item.tag == "!reset" for item in tree.items):
            copied = tree.moved(tree.span, key_start=tree.key_start)
            copied.items = [item for item in tree.items if item.tag != "!reset"]
            return copied
    return tree


def without_repeats(service: Value) -> Value:
    """A service whose lists name each target, port or file once: the last one, as where files are merged."""
    if not isinstance(service, Mapping):
        return service
    changed: dict[str, Value] = {}
    for key, value in service.entries.items():
        if isinstance(value, Sequence) and key not in _REPLACED:
            kept = _unique(key, value.items)
            if len(kept) < len(value.items):
                copied = value.moved(value.span, key_start=value.key_start)
                copied.items = kept
                changed[key] = copied
    if not changed:
        return service
    copy = service.moved(service.span, key_start=service.key_start)
    copy.entries = {**service.entries, **changed}
    return copy


def _alike(value: Value, key: str) -> Value:
    """A value in the one form that merging needs, whichever syntax it was written in."""
    if key in _KEYED:
        return as_mapping(value)
    if not isinstance(value, Scalar | Unresolved):
        return value
    if key in _LISTED:
        return _wrapped(Sequence([value], value.source, value.start, value.end, value.via), value)
    if key in _SHORT:
        inner = value.moved(value.span, key_start=value.key_start)
        return _wrapped(Mapping({_SHORT[key]: inner}, value.source, value.start, value.end, value.via), value)
    return value


def _wrapped(outer: Value, value: Value) -> Value:
    outer.key_start, outer.tag = value.key_start, value.tag
    return outer


def _merge_mappings(base: Mapping, over: Mapping, names: bool) -> Mapping:
    merged = base.moved(base.span, key_start=base.key_start)
    merged.entries = dict(base.entries)
    for key, value in over.entries.items():
        below = base.entries.get(key)
        if below is not None and below.tag == "!reset" and value.tag is None:
            # What was taken away from the files below stays away; this is all there is now.
            merged.entries[key] = value.moved(value.span, key_start=value.key_start)
            merged.entries[key].tag = "!override"
        elif below is None or _is_null(below):
            merged.entries[key] = value
        elif not _is_null(value) or value.tag is not None or key in _REPLACED:
            merged.entries[key] = merge(below, value, "" if names else key)
    return merged


def _is_null(value: Value) -> bool:
    return isinstance(value, Scalar) and value.value is None


def _unique(key: str, members: list[Value]) -> list[Value]:
    """Members in order; of those with one target the last stays (volumes, devices, ports, secrets)."""
    by: dict[str, Value] = {}
    for number, member in enumerate(members):
        by[_identity(key, member) or f"\0{number}"] = member
    return list(by.values())


def _identity(key: str, member: Value) -> str:
    """What makes two members one; empty where nothing can."""
    if key == "ports":
        return _port_identity(member)
    if key in ("secrets", "configs"):
        if isinstance(member, Mapping):
            return _text(member, "target") or f"/run/secrets/{_text(member, 'source')}"
        return f"/run/secrets/{member.text}" if isinstance(member, Scalar) else ""
    if isinstance(member, Mapping):
        return _text(member, "path" if key == "env_file" else "target")
    if key in ("volumes", "devices") and isinstance(member, Scalar | Unresolved):
        parts = split_colons(member)
        return parts[1] if len(parts) > 1 else parts[0]
    return member.text if isinstance(member, Scalar) else ""


def _port_identity(member: Value) -> str:
    """Two ports are one where address, ports and protocol are the same, in whichever syntax."""
    if isinstance(member, Scalar):
        address = member.text
        ports, _, protocol = address.partition("/")
        parts = ports.rsplit(":", 2)
        published, target = (parts[-2], parts[-1]) if len(parts) > 1 else ("", parts[-1])
        host = parts[0] if len(parts) == 3 else ""
        return "|".join((host, target, published, protocol or "tcp"))
    if not isinstance(member, Mapping):
        return ""
    named = [_text(member, key) for key in ("host_ip", "target", "published", "protocol")]
    return "|".join((*named[:3], named[3] or "tcp"))


def _text(mapping: Mapping, key: str) -> str:
    value = mapping.entries.get(key)
    return value.text if isinstance(value, Scalar) else ""


def as_mapping(value: Value) -> Value:
    """A list of `NAME=value` as the mapping that it means; anything else as it is. A name alone has a null."""
    if not isinstance(value, Sequence):
        return value
    mapping = Mapping(dict(_named(value)), value.source, value.start, value.end, value.via)
    return _wrapped(mapping, value)


def _named(listed: Sequence) -> Iterator[tuple[str, Value]]:
    for item in listed.items:
        if isinstance(item, Scalar):
            name, separator, rest = item.text.partition("=")
            part = item.moved(item.span, key_start=item.start)
            part.value = rest if separator else None
            yield name.strip(), part
        elif isinstance(item, Unresolved) and "=" in item.unknown.prefix:
            yield item.unknown.prefix.partition("=")[0].strip(), item
