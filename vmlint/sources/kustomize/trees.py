"""Edits of value trees. A tree is shared by all overlays that use it: an edit copies what it changes, no more."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

from vmlint.model.fact import Origin
from vmlint.model.value import Mapping, Scalar, Sequence, Value


def with_entry(mapping: Mapping, key: str, value: Value | None) -> Mapping:
    """The mapping with one key set, or without it where `value` is None."""
    changed = copy(mapping)
    changed.entries = {**mapping.entries}
    if value is None:
        changed.entries.pop(key, None)
    else:
        changed.entries[key] = value
    return changed


def with_items(sequence: Sequence, items: list[Value]) -> Sequence:
    changed = copy(sequence)
    changed.items = items
    return changed


def with_children(value: Value, edit: Callable[[str | None, Value], Value]) -> Value:
    """The value with each child as `edit` makes it of the child's key (None for a member of a list) and the child;
    itself where all stay what they are."""
    match value:
        case Mapping():
            entries = {key: edit(key, child) for key, child in value.entries.items()}
            if all(entries[key] is child for key, child in value.entries.items()):
                return value
            changed = copy(value)
            changed.entries = entries
            return changed
        case Sequence():
            items = [edit(None, item) for item in value.items]
            same = all(new is old for new, old in zip(items, value.items, strict=True))
            return value if same else with_items(value, items)
        case _:
            return value


def edited(
    value: Value, path: list[str], edit: Callable[[Value | None], Value | None], make: bool = False
) -> Value:
    """The tree with the value at `path` replaced by what `edit` makes of it (None removes it). A step that is not
    there ends the edit, or is made as an empty mapping where `make` says so."""
    if not isinstance(value, Mapping):
        return value
    key, *rest = path
    child = value.entries.get(key)
    if not rest:
        made = edit(child)
        return value if made is child else with_entry(value, key, made)
    if child is None or (isinstance(child, Scalar) and child.value is None):
        if not make:
            return value
        child = Mapping({}, value.source, value.start, value.end)
    made = edited(child, rest, edit, make)
    return value if made is child else with_entry(value, key, made)


def each_container(value: Value, edit: Callable[[Mapping], Mapping]) -> Value:
    """The tree with all members of lists `containers` and `initContainers` edited, as kustomize finds them."""
    return with_children(value, lambda key, child: _containers(key, child, edit))


def _containers(key: str | None, value: Value, edit: Callable[[Mapping], Mapping]) -> Value:
    if key in ("containers", "initContainers") and isinstance(value, Sequence):
        return with_children(value, lambda _, item: edit(item) if isinstance(item, Mapping) else item)
    return each_container(value, edit)


def instead(value: Value, old: Value | None, label: str = "replaces") -> Value:
    """`value` put where `old` stood: what it replaces becomes a part of its evidence."""
    if old is None or (old.source == value.source and old.start == value.start):
        return value
    return value.moved(value.span, Origin(label, old.entry_span), *old.via, key_start=value.key_start)


def rewritten(old: Scalar, text: str, by: Value, label: str) -> Scalar:
    """The scalar `old` with a text that `by` had a hand in: it stays in its place."""
    changed = old.moved(old.span, Origin(label, by.entry_span), key_start=old.key_start)
    changed.value = text
    return changed
