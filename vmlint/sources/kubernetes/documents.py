"""The documents of a manifest file, with what is wrong in them."""

from __future__ import annotations

from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Value
from vmlint.syntax import yaml


def documents(source: SourceText) -> tuple[list[Value], list[Problem]]:
    """The roots of all documents that can be read, and the problems of the rest. A key that is set twice is one."""
    parsed = yaml.parse(source)
    duplicates = [
        Problem(ProblemKind.UNREADABLE, f'the key "{key.text}" is set twice; the last one is read', key)
        for key in parsed.duplicates
    ]
    return [document.root for document in parsed.documents], [*parsed.problems, *duplicates]
