"""Names that objects call each other by: after a prefix or suffix they must still meet."""

from __future__ import annotations

from copy import copy

from vmlint.catalog.kustomize import names_objects, referenced_kind
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at
from vmlint.sources.kustomize.objects import Resource
from vmlint.sources.kustomize.trees import edited, with_items

_SCALE_TARGET = ["spec", "scaleTargetRef", "name"]


def followed(resources: list[Resource]) -> list[Resource]:
    """The objects with their references to objects that were renamed."""
    renamed: dict[tuple[str, str], list[Resource]] = {}
    for resource in resources:
        for _, name in resource.earlier:
            if name != resource.name:
                renamed.setdefault((resource.kind, name), []).append(resource)
    if not renamed:
        return resources
    return [_follow(resource, renamed) if names_objects(resource.kind) else resource for resource in resources]


def _follow(resource: Resource, renamed: dict[tuple[str, str], list[Resource]]) -> Resource:
    def new_name(kind: str, old: Value | None) -> Value | None:
        if not isinstance(old, Scalar):
            return old
        candidates = renamed.get((kind, old.text), [])
        if not candidates:
            return old
        best = max(candidates, key=lambda other: _shared(resource, other))
        changed = copy(old)
        changed.value = best.name
        return changed

    def walk(value: Value, parent: str) -> Value:
        match value:
            case Mapping():
                entries = {key: _entry(value, key, child, parent) for key, child in value.entries.items()}
                if all(entries[key] is child for key, child in value.entries.items()):
                    return value
                changed = copy(value)
                changed.entries = entries
                return changed
            case Sequence():
                members = [walk(item, parent) for item in value.items]
                same = all(a is b for a, b in zip(members, value.items, strict=True))
                return value if same else with_items(value, members)
        return value

    def _entry(_: Mapping, key: str, child: Value, parent: str) -> Value:
        kind = referenced_kind(parent, key)
        if kind:
            made = new_name(kind, child)
            return child if made is None else made
        return walk(child, key)

    body = walk(resource.body, "")
    kind = at(body, "spec", "scaleTargetRef", "kind")
    if isinstance(kind, Scalar):
        body = edited(body, _SCALE_TARGET, lambda old: new_name(kind.text, old))
    return resource.becomes(body)


def _shared(one: Resource, other: Resource) -> int:
    """How much of their way two objects have in common: of several of a name the nearest is meant."""
    count = 0
    for a, b in zip(one.chain, other.chain, strict=False):
        if a != b:
            break
        count += 1
    return count
