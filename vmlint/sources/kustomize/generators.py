"""ConfigMaps and Secrets that a kustomization makes. Their names stay without the hash that kustomize adds: all
references within the kustomization meet either way."""

from __future__ import annotations

from vmlint.files import Files, Refusal, folder_of, join
from vmlint.model.fact import Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Unresolved, Value, at, items
from vmlint.sources.kustomize.objects import Resource, words
from vmlint.sources.kustomize.transforms import known
from vmlint.sources.kustomize.trees import with_entry

_FIELDS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}


def generated(
    root: Value, path: str, files: Files, resources: list[Resource]
) -> tuple[list[Resource], list[Problem], list[str]]:
    """The objects with those that the generators of a kustomization add or complete; problems; files read."""
    problems: list[Problem] = []
    read: list[str] = []
    found = list(resources)
    for field, kind in _FIELDS.items():
        for item in items(at(root, field)):
            if not isinstance(item, Mapping):
                continue
            # What a secret holds is nobody's fact; that it exists is.
            data = {} if kind == "Secret" else _data(item, folder_of(path), files, problems, read)
            found = _added(found, item, kind, data)
    return found, problems, read


def _added(resources: list[Resource], item: Mapping, kind: str, data: dict[str, Value]) -> list[Resource]:
    name, behaviour = known(at(item, "name")), known(at(item, "behavior"))
    for number, resource in enumerate(resources):
        if behaviour in ("merge", "replace") and resource.kind == kind and name in {n for _, n in resource.names}:
            old = at(resource.body, "data")
            kept = dict(old.entries) if behaviour == "merge" and isinstance(old, Mapping) else {}
            made = resource.becomes(with_entry(resource.body, "data", _mapping(item, {**kept, **data})))
            return [*resources[:number], made, *resources[number + 1 :]]
    metadata: dict[str, Value] = {key: item.entries[key] for key in ("name", "namespace") if key in item.entries}
    body: dict[str, Value] = {
        "apiVersion": _scalar("v1", item),
        "kind": _scalar(kind, item),
        "metadata": _mapping(item, metadata),
        "data": _mapping(item, data),
    }
    return [*resources, Resource(_mapping(item, body), parts=(item.span.first_line(),))]


def _mapping(place: Value, entries: dict[str, Value]) -> Mapping:
    return Mapping(entries, place.source, place.start, place.end)


def _scalar(text: str, place: Value) -> Scalar:
    return Scalar(text, place.source, place.start, place.end)


def _data(item: Mapping, folder: str, files: Files, problems: list[Problem], read: list[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}

    def source(name: Scalar, path: str) -> SourceText | None:
        text = files.text(join(folder, path))
        if isinstance(text, Refusal):
            problems.append(Problem(ProblemKind.UNREADABLE, f"{path}: {text.message}", name.entry_span))
            return None
        read.append(text.path)
        return text

    for name in words(at(item, "files")):
        key, equals, path = name.text.partition("=")
        text = source(name, path if equals else key)
        if text is not None:
            found[key if equals else key.rpartition("/")[2]] = Scalar(text.text, text, 0, len(text.text))
    for name in (*words(at(item, "envs")), *words(at(item, "env"))):
        text = source(name, name.text)
        found.update(_environment(text) if text is not None else {})
    for literal in words(at(item, "literals")):
        key, equals, value = literal.text.partition("=")
        if equals:
            scalar = literal.moved(literal.span)
            scalar.value = value.strip("'\"") if value[:1] in "'\"" and value[-1:] == value[:1] else value
            found[key.strip()] = scalar
    return found


def _environment(source: SourceText) -> dict[str, Value]:
    """`KEY=value` lines; a line without `=` takes its value from the environment that runs kustomize."""
    found: dict[str, Value] = {}
    start = 0
    for line in source.text.splitlines(keepends=True):
        written = line.strip()
        key, equals, value = written.partition("=")
        span = source.span(start, start + len(line.rstrip()))
        if equals and not written.startswith("#"):
            found[key] = Scalar(value, source, span.start, span.end)
        elif written and not written.startswith("#"):
            found[key] = Unresolved(Unknown(key, "the environment that runs kustomize says it", span))
        start += len(line)
    return found
