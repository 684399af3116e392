"""Objects in manifests: documents, lists and templates told apart, named and addressed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Mapping_

from vmlint.catalog import kubernetes_kinds
from vmlint.model.fact import Known, Unknown, value_or
from vmlint.model.record import record
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value, at, entries, items, text

MAX_NESTING = 10


@record
class Manifest:
    """One object. `namespace` is empty where the manifest states none."""

    body: Mapping
    group: str
    kind: str
    name: str
    namespace: str

    @property
    def address(self) -> str:
        parts = (self.kind, self.namespace, self.name) if self.namespace else (self.kind, self.name)
        return "/".join(parts)

    @property
    def span(self) -> Span:
        return self.body.span.first_line()


def looks_like(root: Value) -> bool:
    """Whether a document is a Kubernetes object, or a list of them: it has an `apiVersion` and a `kind`."""
    if isinstance(root, Sequence) and root.items:
        root = root.items[0]
    return (
        isinstance(root, Mapping)
        and isinstance(root.entries.get("apiVersion"), Scalar)
        and isinstance(root.entries.get("kind"), Scalar)
    )


def manifests(root: Value, depth: int = 0) -> Iterator[Manifest]:
    """The objects of a document: itself, or the members of a List, a Template or a plain list of objects."""
    if isinstance(root, Sequence) and not depth:
        for item in root.items:
            yield from manifests(item, depth + 1)
        return
    if depth > MAX_NESTING or not isinstance(root, Mapping):
        return
    kind, version = root.entries.get("kind"), root.entries.get("apiVersion")
    if not isinstance(kind, Scalar) or not isinstance(version, Scalar):
        return
    group = version.text.rpartition("/")[0]
    if kind.text.endswith("List") and isinstance(at(root, "items"), Sequence):
        for item in items(at(root, "items")):
            yield from manifests(_typed(item, root, kind.text.removesuffix("List")), depth + 1)
        return
    if kind.text == "Template" and isinstance(at(root, "objects"), Sequence):
        parameters = _parameters(at(root, "parameters"))
        for item in items(at(root, "objects")):
            yield from manifests(_substituted(item, parameters), depth + 1)
        return
    known = kubernetes_kinds.kind(group, kind.text)
    if known is not None and known.parameters:
        given = _parameters(at(root, *known.parameters.split(".")))
        root = root.moved(root.span)
        root.entries = {key: _substituted(value, given) for key, value in entries(root)}
    metadata = at(root, "metadata")
    name = _name(at(metadata, "name")) or _name(at(metadata, "generateName"))
    yield Manifest(root, group, kind.text, name, _name(at(metadata, "namespace")))


def _typed(item: Value, listed: Mapping, kind: str) -> Value:
    """A member of a `PodList`, which leaves out what the list says of all."""
    if not kind or not isinstance(item, Mapping) or "kind" in item.entries:
        return item
    copy = item.moved(item.span, key_start=item.key_start)
    stated = Scalar(kind, item.source, item.start, item.start)
    copy.entries = {"apiVersion": listed.entries["apiVersion"], "kind": stated, **item.entries}
    return copy


def _name(value: Value) -> str:
    if isinstance(value, Unresolved):
        return value.unknown.prefix or value.unknown.expression
    return value_or(text(value), "")


def _parameters(stated: Value) -> dict[str, str]:
    """Default values of a template's parameters."""
    found = {}
    for parameter in items(stated):
        name, value = text(at(parameter, "name")), text(at(parameter, "value"))
        if isinstance(name, Known) and isinstance(value, Known):
            found[name.value] = value.value
    return found


_PARAMETER = re.compile(r"\$\{\{?(\w+)\}?\}")


def _substituted(value: Value, parameters: Mapping_[str, str]) -> Value:
    """The tree with `${NAME}` and `${{NAME}}` put in; with a parameter that has no value it is unknown."""
    match value:
        case Scalar(value=str() as raw) if "${" in raw:
            return _filled(value, raw, parameters)
        case Mapping():
            copy = value.moved(value.span, key_start=value.key_start)
            copy.entries = {k: _substituted(v, parameters) for k, v in entries(value)}
            return copy
        case Sequence():
            members = value.moved(value.span, key_start=value.key_start)
            members.items = [_substituted(item, parameters) for item in value.items]
            return members
        case _:
            return value


def _filled(value: Scalar, raw: str, parameters: Mapping_[str, str]) -> Value:
    open_ = next((m for m in _PARAMETER.finditer(raw) if m[1] not in parameters), None)
    if open_ is None:
        changed = value.moved(value.span, key_start=value.key_start)
        changed.value = _PARAMETER.sub(lambda m: parameters[m[1]], raw)
        return changed
    known = _PARAMETER.sub(lambda m: parameters.get(m[1], m[0]), raw[: open_.start()])
    unknown = Unknown(open_[0], "the template gives the parameter no value", value.span, value.via, known)
    found = Unresolved(unknown)
    found.key_start = value.key_start
    return found
