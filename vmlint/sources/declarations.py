"""What users state of a workload in labels, annotations, tags and `x-vmlint`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from vmlint.catalog.declarations import (
    allowed_values,
    declared_name,
    declared_names,
    looks_declared,
    says_restricted,
    says_untrusted,
)
from vmlint.model.fact import Fact, Known, Origin, Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import replace
from vmlint.model.span import Span
from vmlint.model.workload import Declarations, Workload

NAMES = declared_names()


def from_labels(labels: Iterable[tuple[str, Fact[str]]]) -> Declarations:
    """The declarations among labels, annotations or tags; of two with one meaning the first stays. A plain
    declaration goes before a compliance label that is only read as one."""
    found: dict[str, Fact[str]] = {}
    read_as: dict[str, Fact[str]] = {}
    mistaken: list[tuple[str, Span]] = []
    for key, value in labels:
        name = declared_name(key)
        if name:
            found.setdefault(name, _lower(value))
        elif looks_declared(key):
            mistaken.append((key, value.span))
        elif isinstance(value, Known):
            origin = Origin(f"label {key}", value.span)
            if says_untrusted(key, value.value):
                read_as.setdefault("trust", Known("untrusted", value.span, (origin, *value.via)))
            elif says_restricted(key, value.value):
                read_as.setdefault("sensitivity", Known("restricted", value.span, (origin, *value.via)))
    return Declarations(**{**read_as, **found}, mistaken=tuple(mistaken))


def from_mapping(entries: Mapping[str, Fact[str]]) -> Declarations:
    """The declarations of a mapping with the plain names as keys: `x-vmlint: {isolation: hypervisor}`."""
    mistaken = tuple((key, fact.span) for key, fact in entries.items() if key not in NAMES)
    return Declarations(**{name: _lower(entries[name]) for name in NAMES if name in entries}, mistaken=mistaken)


def merged(*declarations: Declarations) -> Declarations:
    """The first statement of each: nearest first."""
    found: dict[str, Fact[str]] = {}
    for declared in declarations:
        for name in NAMES:
            value = getattr(declared, name)
            if value is not None:
                found.setdefault(name, value)
    return Declarations(**found, mistaken=tuple(key for declared in declarations for key in declared.mistaken))


def checked(workload: Workload) -> tuple[Workload, tuple[Problem, ...]]:
    """The workload with every malformed declaration unknown, and what is wrong with each."""
    problems = [_no_declaration(key, span) for key, span in workload.declarations.mistaken]
    wrong: dict[str, Fact[str]] = {}
    for name in NAMES:
        fact, allowed = getattr(workload.declarations, name), allowed_values(name)
        if isinstance(fact, Known) and allowed and fact.value not in allowed:
            reason = f"it is no {name} that can be declared"
            wrong[name] = Unknown(fact.value, reason, fact.span, fact.via)
            hint = _nearest(fact.value, allowed) or f"there are {', '.join(allowed)}"
            message = f"`{fact.value}` is no {name} that can be declared; {hint}"
            problems.append(Problem(ProblemKind.UNREADABLE, message, fact.span))
    if wrong:
        workload = replace(workload, declarations=replace(workload.declarations, **wrong))
    return workload, tuple(problems)


def _no_declaration(key: str, span: Span) -> Problem:
    name = re.split("[/:_]", key, maxsplit=1)[-1]
    hint = _nearest(name, NAMES) or f"there are {', '.join(NAMES)}"
    return Problem(ProblemKind.UNREADABLE, f"`{key}` declares nothing; {hint}", span)


def _nearest(text: str, known: tuple[str, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(text, known, 1)
    return f"did you mean `{near[0]}`?" if near else ""


def _lower(value: Fact[str]) -> Fact[str]:
    return value.map(lambda text: text.strip().lower())
