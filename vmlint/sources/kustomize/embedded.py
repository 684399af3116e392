"""YAML inside a YAML text: patches are written into kustomizations. Their values keep their places in the file."""

from __future__ import annotations

from vmlint.model.finding import Problem
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Value
from vmlint.syntax import yaml


def documents(scalar: Scalar) -> tuple[list[Value], list[Problem]]:
    """The documents that a text holds. Those of a literal block (`|`) have the places of its lines; those of any
    other text all have that of the text."""
    source = scalar.source
    if source.text.startswith("|", scalar.start):
        body = source.text.find("\n", scalar.start, scalar.end) + 1
        if body:
            # What stands before is blanked, so that offsets are those of the file.
            blank = SourceText(source.path, " " * (body - 1) + "\n" + source.text[body : scalar.end])
            parsed = yaml.parse(blank)
            roots = [document.root for document in parsed.documents]
            for root in roots:
                _in_source(root, source)
            return roots, [_problem(p, source.span(p.span.start, p.span.end)) for p in parsed.problems]
    parsed = yaml.parse(SourceText(source.path, scalar.text))
    span = scalar.entry_span
    roots = [document.root for document in parsed.documents]
    for root in roots:
        _at(root, scalar)
    return roots, [_problem(problem, span) for problem in parsed.problems]


def _problem(problem: Problem, span: object) -> Problem:
    from vmlint.model.record import replace

    return replace(problem, span=span)


def _in_source(value: Value, source: SourceText) -> None:
    """The nodes are fresh: nobody else holds them yet."""
    value.source = source
    for child in _children(value):
        _in_source(child, source)


def _at(value: Value, place: Value) -> None:
    value.source, value.start, value.end, value.key_start = place.source, place.start, place.end, place.key_start
    for child in _children(value):
        _at(child, place)


def _children(value: Value) -> list[Value]:
    if isinstance(value, Mapping):
        return list(value.entries.values())
    return value.items if isinstance(value, Sequence) else []
