"""`replacements:` and `vars:`: values of one object put into others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import copy

from vmlint.catalog.kustomize import names_objects
from vmlint.files import Files, Refusal, join
from vmlint.model.fact import Known, value_or
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Value, at, boolean, integer, items, text
from vmlint.sources.kubernetes.documents import documents
from vmlint.sources.kustomize.kustomization import Kustomization
from vmlint.sources.kustomize.objects import Resource, selected, words
from vmlint.sources.kustomize.transforms import known
from vmlint.sources.kustomize.trees import instead, with_children, with_entry, with_items

_STEP = re.compile(r"\[[^\]]*\]|(?:[^.\[\\]|\\.)+")
_VARIABLE = re.compile(r"\$\(([A-Za-z_][-\w.]*)\)")


def replaced(
    own: Kustomization, resources: list[Resource], files: Files
) -> tuple[list[Resource], list[Problem], list[str]]:
    """The objects after the `replacements` of a kustomization; problems; files read."""
    problems: list[Problem] = []
    read: list[str] = []
    for item in items(at(own.root, "replacements")):
        path = at(item, "path")
        if isinstance(path, Scalar):
            source = files.text(join(own.folder, path.text))
            if isinstance(source, Refusal):
                problems.append(Problem(ProblemKind.UNREADABLE, f"{path.text}: {source.message}", path.entry_span))
                continue
            read.append(source.path)
            roots, broken = documents(source)
            problems += broken
            members = [m for root in roots for m in (items(root) if isinstance(root, Sequence) else [root])]
        else:
            members = [item]
        for member in members:
            resources = _replace(member, resources)
    return resources, problems, read


def _replace(item: Value, resources: list[Resource]) -> list[Resource]:
    source = at(item, "source")
    value = at(item, "sourceValue")
    if isinstance(source, Mapping):
        found = next((r for r in resources if selected(source, r)), None)
        path = known(at(source, "fieldPath")) or "metadata.name"
        value = _get(found.body, _steps(path)) if found is not None else source
        value = _part(value, at(source, "options"))
    if not isinstance(value, Scalar):
        return resources
    for target in items(at(item, "targets")):
        select, rejected = at(target, "select"), list(items(at(target, "reject")))
        for number, resource in enumerate(resources):
            if selected(select, resource) and not any(selected(reject, resource) for reject in rejected):
                body: Value = resource.body
                for path in [field.text for field in words(at(target, "fieldPaths"))] or ["metadata.name"]:
                    body = _put(body, _steps(path), value, at(target, "options"))
                resources[number] = resource.becomes(body, item.span.first_line())
    return resources


def _steps(path: str) -> list[str]:
    """`spec.containers.[name=web].image` as its steps."""
    return [found.replace("\\.", ".") for found in _STEP.findall(path)]


def _get(value: Value, path: list[str]) -> Value:
    for step in path:
        if isinstance(value, Sequence):
            chosen = _chooser(step)
            found = next((item for number, item in enumerate(value.items) if chosen(number, item)), None)
            if found is None:
                return Missing(value.source, value.start, value.end)
            value = found
        else:
            value = at(value, step.strip("[]"))
    return value


def _part(value: Value, options: Value) -> Value:
    """The part of a text that `delimiter` and `index` choose."""
    delimiter = known(at(options, "delimiter"))
    if not delimiter or not isinstance(value, Scalar):
        return value
    parts, index = value.text.split(delimiter), value_or(integer(at(options, "index")), 0)
    if not 0 <= index < len(parts):
        return Missing(value.source, value.start, value.end)
    changed = value.moved(value.span, key_start=value.key_start)
    changed.value = parts[index]
    return changed


def _put(value: Value, path: list[str], new: Scalar, options: Value) -> Value:
    step, *rest = path
    if isinstance(value, Sequence):
        chosen = _chooser(step)
        made = [
            _inside(item, rest, new, options) if chosen(n, item) else item for n, item in enumerate(value.items)
        ]
        return with_items(value, made)
    if not isinstance(value, Mapping):
        return value
    create = value_or(boolean(at(options, "create")), False)
    step = step.strip("[]")
    child = value.entries.get(step)
    if step == "*":
        for key, item in value.entries.items():
            value = with_entry(value, key, _inside(item, rest, new, options))
        return value
    if child is None:
        if not create:
            return value
        child = Mapping({}, new.source, new.start, new.end) if rest else new
    return with_entry(value, step, _inside(child, rest, new, options))


def _inside(value: Value, rest: list[str], new: Scalar, options: Value) -> Value:
    return _put(value, rest, new, options) if rest else _spliced(value, new, options)


def _chooser(step: str) -> Callable[[int, Value], bool]:
    """Which elements of a list a step means: `*`, a number, or `[key=value]`."""
    if step == "*":
        return lambda _, item: True
    key, equals, wanted = step.strip("[]").partition("=")
    if not equals:
        return lambda number, item: str(number) == key
    return lambda _, item: (known(at(item, *key.split("."))) if key else known(item)) == wanted


def _spliced(old: Value, new: Scalar, options: Value) -> Value:
    """The new value, or the old text with one of its parts exchanged."""
    delimiter, index = known(at(options, "delimiter")), value_or(integer(at(options, "index")), 0)
    if not delimiter or not isinstance(old, Scalar):
        return instead(new, old)
    parts = old.text.split(delimiter)
    if index < 0:
        parts.insert(0, new.text)
    elif index >= len(parts):
        parts.append(new.text)
    else:
        parts[index] = new.text
    changed = instead(new.moved(new.span, key_start=new.key_start), old)
    assert isinstance(changed, Scalar)
    changed.value = delimiter.join(parts)
    return changed


def with_variables(resources: list[Resource], variables: Iterable[Value]) -> list[Resource]:
    """The objects with `$(NAME)` of the `vars` put in, everywhere in their specs."""
    values: dict[str, str] = {}
    for item in variables:
        reference = at(item, "objref")
        found = next((r for r in resources if selected(_anchored(reference), r)), None)
        if found is not None:
            path = known(at(item, "fieldref", "fieldpath")) or known(at(item, "fieldref", "fieldPath"))
            value = text(_get(found.body, _steps(path or "metadata.name")))
            if isinstance(value, Known):
                values[known(at(item, "name"))] = value.value
    if not values:
        return resources
    return [
        resource.becomes(_substituted(resource.body, values)) if names_objects(resource.kind) else resource
        for resource in resources
    ]


def _anchored(reference: Value) -> Value:
    """An `objref` names its object by kind, name and group; its `apiVersion` is no field of a selector."""
    if not isinstance(reference, Mapping):
        return reference
    chosen = copy(reference)
    chosen.entries = {
        key: reference.entries[key] for key in ("kind", "name", "namespace") if key in reference.entries
    }
    return chosen


def _substituted(value: Value, values: dict[str, str]) -> Value:
    if isinstance(value, Scalar) and isinstance(value.value, str) and "$(" in value.value:
        made = _VARIABLE.sub(lambda match: values.get(match[1], match[0]), value.value)
        if made == value.value:
            return value
        changed = copy(value)
        changed.value = made
        return changed
    return with_children(value, lambda _, child: _substituted(child, values))
