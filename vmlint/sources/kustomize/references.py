"""Names that objects call each other by: after a prefix or suffix they must still meet."""

from __future__ import annotations

from copy import copy

from vmlint.catalog.kustomize import names_objects, referenced_kind
from vmlint.model.value import Scalar, Value, at
from vmlint.sources.kustomize.objects import Resource
from vmlint.sources.kustomize.trees import edited, with_children

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
        def child_of(key: str | None, child: Value) -> Value:
            if key is None:
                return walk(child, parent)
            kind = referenced_kind(parent, key)
            return (new_name(kind, child) or child) if kind else walk(child, key)

        return with_children(value, child_of)

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
