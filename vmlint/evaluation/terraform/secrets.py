"""Sensitive values: `sensitive = true` of a variable or an output, and `sensitive()`.

Expressions compute with them as Terraform does, and their mark goes along. Whoever is given a result gets it
`veiled`: a sensitive part is unknown under the name that it is written with, so no report can show it. In a text
that is composed, a sensitive piece is unknown from the start, so that the rest of the text stays known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy

from vmlint.evaluation.terraform.values import LazyMapping, excerpt
from vmlint.model.fact import Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value

REASON = "its value is sensitive"
_REFERENCE = re.compile(r"[\w.\[\]*-]+")


def secret(value: Value, span: Span) -> Unresolved:
    """A sensitive value as it is shown at `span`."""
    written = excerpt(span)
    name = written if _REFERENCE.fullmatch(written) else "a sensitive value"
    found = Unresolved(Unknown(name, REASON, span, value.via))
    found.sensitive = True
    return found


def first_secret(value: Value) -> Value | None:
    """The first sensitive part of a value."""
    if value.sensitive:
        return value
    if isinstance(value, LazyMapping):
        return None
    inner: Iterable[Value] = ()
    if isinstance(value, Sequence):
        inner = value.items
    elif isinstance(value, Mapping):
        inner = value.entries.values()
    return next((found for item in inner if (found := first_secret(item)) is not None), None)


def veiled(value: Value, inside: bool = False) -> Value:
    """The value without its sensitive parts; itself where it has none. `inside` of something sensitive all is."""
    hidden = inside or value.sensitive
    if isinstance(value, Scalar):
        return _veiled_text(value, hidden)
    if isinstance(value, Sequence):
        items = [veiled(item, hidden) for item in value.items]
        if all(one is other for one, other in zip(items, value.items, strict=True)):
            return value
        made = copy(value)
        made.items = items
        return made
    if isinstance(value, Mapping) and not isinstance(value, LazyMapping):
        entries = {name: veiled(item, hidden) for name, item in value.entries.items()}
        if all(entries[name] is item for name, item in value.entries.items()):
            return value
        other = copy(value)
        other.entries = entries
        return other
    return _veiled_content(value)


def _veiled_text(value: Scalar, hidden: bool) -> Value:
    if not hidden or value.value is None:
        return _veiled_content(value)
    found = secret(value, value.span)
    found.key_start, found.tag = value.key_start, value.tag
    if value.content is not None:
        found.content = veiled(value.content, not isinstance(value.content, Mapping | Sequence))
    return found


def _veiled_content(value: Value) -> Value:
    if not isinstance(value, Scalar | Unresolved) or value.content is None:
        return value
    content = veiled(value.content)
    if content is value.content:
        return value
    made = copy(value)
    made.content = content
    return made
