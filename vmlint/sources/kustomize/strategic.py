"""Strategic-merge patches: a patch has the shape of the object and says what is different.

Mappings are merged by key and null removes one. Lists of objects that the API server has a schema for are merged
by the keys of their elements, the patch's first; any other list is replaced. `$patch: delete` and `$patch: replace`
act on the mapping or the list in which they stand.
"""

from __future__ import annotations

from copy import copy

from vmlint.catalog.kustomize import merge_keys
from vmlint.model.fact import value_or
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at, text
from vmlint.sources.kustomize.trees import instead, with_items

DIRECTIVE = "$patch"


def merged(base: Value, patch: Value, by_key: bool, field: str = "") -> Value | None:
    """The base with the patch applied; None where the patch removes it. `by_key` tells that lists are merged by the
    keys of their elements."""
    match base, patch:
        case Mapping(), Mapping():
            return _mappings(base, patch, by_key)
        case Sequence(), Sequence():
            return _sequences(base, patch, by_key, field)
        case _:
            return _replaced(base, patch)


def _replaced(base: Value | None, patch: Value) -> Value | None:
    made = _cleaned(patch)
    return None if made is None else instead(made, base)


def _directive(value: Value) -> str:
    return value_or(text(at(value, DIRECTIVE)), "") if isinstance(value, Mapping) else ""


def _is_null(value: Value) -> bool:
    return isinstance(value, Scalar) and value.value is None


def _mappings(base: Mapping, patch: Mapping, by_key: bool) -> Value | None:
    match _directive(patch):
        case "delete":
            return None
        case "replace":
            return _replaced(base, patch)
    changed = copy(base)
    changed.entries = dict(base.entries)
    for key, value in patch.entries.items():
        if key.startswith("$"):
            continue
        old = changed.entries.get(key)
        if _is_null(value):
            made = None
        else:
            made = _replaced(None, value) if old is None else merged(old, value, by_key, key)
        if made is None:
            changed.entries.pop(key, None)
        else:
            changed.entries[key] = made
    return changed


def _sequences(base: Sequence, patch: Sequence, by_key: bool, field: str) -> Value | None:
    directives = {_directive(item) for item in patch.items}
    keys = _keys(field, patch.items) if by_key else []
    if "replace" in directives or not keys:
        return _replaced(base, patch)
    rest = _by_key(base.items, keys[0])
    found: list[Value] = []
    for item in patch.items:
        same = rest.get(_key(item, keys[0]), [])
        gone = _directive(item) == "delete"
        old = next((other for other in same if _agree(other, item, keys[1:])), None)
        if old is not None:
            same.remove(old)
        made = None if gone else _replaced(None, item) if old is None else merged(old, item, by_key)
        found += [] if made is None else [made]
    left = {id(item) for same in rest.values() for item in same}
    return with_items(base, [*found, *(item for item in base.items if id(item) in left)])


def _keys(field: str, items: list[Value]) -> list[str]:
    """The keys of a list's elements, the first of which all of them have."""
    for keys in merge_keys(field):
        if all(keys[0] in _names(item) or DIRECTIVE in _names(item) for item in items):
            return keys
    return []


def _key(item: Value, key: str) -> str | None:
    return value_or(text(at(item, key)), None)


def _by_key(items: list[Value], key: str) -> dict[str | None, list[Value]]:
    found: dict[str | None, list[Value]] = {}
    for item in items:
        found.setdefault(_key(item, key), []).append(item)
    return found


def _agree(one: Value, other: Value, keys: list[str]) -> bool:
    """A further key (a port's protocol) tells elements apart where both state it."""
    pairs = [(_key(one, key), _key(other, key)) for key in keys]
    return all(a is None or b is None or a == b for a, b in pairs)


def _cleaned(value: Value) -> Value | None:
    """What a patch adds, without its directives; None where it only takes away."""
    if isinstance(value, Mapping):
        if _directive(value) == "delete":
            return None
        plain = {key: _cleaned(item) for key, item in value.entries.items() if not key.startswith("$")}
        kept = {key: item for key, item in plain.items() if item is not None}
        if len(kept) == len(value.entries) and all(kept[key] is value.entries[key] for key in kept):
            return value
        changed = copy(value)
        changed.entries = kept
        return changed
    if isinstance(value, Sequence):
        items = [_cleaned(item) for item in value.items if set(_names(item)) != {DIRECTIVE}]
        return with_items(value, [item for item in items if item is not None])
    return None if _is_null(value) else value


def _names(value: Value) -> list[str]:
    return list(value.entries) if isinstance(value, Mapping) else []
