"""How Compose merges files, `extends` and overrides: key by key, as the specification's merge rules say."""

from __future__ import annotations

from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value

# Replaced, not appended to (13-merge.md, "Exceptions").
_REPLACED = frozenset({"command", "entrypoint", "test"})
# Lists of NAME=value that merge as mappings.
_KEYED = frozenset({"environment", "labels", "annotations", "sysctls", "extra_hosts", "args", "depends_on"})


def merge(base: Value, over: Value, key: str = "") -> Value:
    """`over` laid on `base`. `!reset` removes, `!override` replaces without merging."""
    if over.tag == "!override" or key in _REPLACED:
        return over
    if key in _KEYED:
        base, over = as_mapping(base), as_mapping(over)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _merge_mappings(base, over)
    if isinstance(base, Sequence) and isinstance(over, Sequence):
        merged = over.moved(over.span, key_start=over.key_start)
        merged.items = _unique(key, [*base.items, *over.items])
        return merged
    return over


def _merge_mappings(base: Mapping, over: Mapping) -> Mapping:
    merged = over.moved(over.span, key_start=over.key_start)
    merged.entries = dict(base.entries)
    for key, value in over.entries.items():
        if value.tag == "!reset":
            merged.entries.pop(key, None)
        elif key in base.entries:
            merged.entries[key] = merge(base.entries[key], value, key)
        else:
            merged.entries[key] = value
    return merged


def _unique(key: str, members: list[Value]) -> list[Value]:
    """Members in order; of those with one target the last stays (volumes, devices, ports, secrets)."""
    by: dict[str, Value] = {}
    for number, member in enumerate(members):
        by[_target(key, member) or f"\0{number}"] = member
    return list(by.values())


def _target(key: str, member: Value) -> str:
    if isinstance(member, Mapping):
        target = member.entries.get("target")
        return target.text if key != "ports" and isinstance(target, Scalar) else ""
    if key in ("volumes", "devices") and isinstance(member, Scalar | Unresolved):
        parts = split_colons(member)
        return parts[1] if len(parts) > 1 else parts[0]
    return member.text if isinstance(member, Scalar) else ""


def as_mapping(value: Value) -> Value:
    """A list of `NAME=value` as the mapping that it means; anything else as it is. A name alone has a null."""
    if not isinstance(value, Sequence):
        return value
    entries: dict[str, Value] = {}
    for item in value.items:
        if isinstance(item, Scalar):
            name, separator, rest = item.text.partition("=")
            part = item.moved(item.span, key_start=item.start)
            part.value = rest if separator else None
            entries[name.strip()] = part
        elif isinstance(item, Unresolved) and "=" in item.unknown.prefix:
            entries[item.unknown.prefix.partition("=")[0].strip()] = item
    mapping = Mapping(entries, value.source, value.start, value.end, value.via)
    mapping.key_start = value.key_start
    mapping.tag = value.tag
    return mapping


class Hole(str):
    """Where an unknown stands in a part of a short syntax; the text is the expression, `prefix` what precedes."""

    __slots__ = ()


def split_colons(value: Scalar | Unresolved) -> list[str]:
    """The parts of `SOURCE:TARGET:MODE`. Windows drives (`C:\\x`) and `${…}` do not split; a part with an
    unknown in it is a `Hole`."""
    pieces: tuple[object, ...] = (value.text,) if isinstance(value, Scalar) else value.parts
    parts: list[str] = [""]
    holes: list[bool] = [False]
    for piece in pieces:
        if not isinstance(piece, str):
            parts[-1] += getattr(piece, "expression", "")
            holes[-1] = True
            continue
        for character in piece:
            current = parts[-1]
            drive = len(current) == 1 and current.isalpha()
            pipe = current.startswith("npipe")
            if character == ":" and not drive and not (pipe and len(current) == 5):
                parts.append("")
                holes.append(False)
            else:
                parts[-1] += character
    return [Hole(part) if hole else part for part, hole in zip(parts, holes, strict=True)]
