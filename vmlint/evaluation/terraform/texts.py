"""Texts that are composed of pieces of which some are unknown."""

from __future__ import annotations

from vmlint.evaluation.terraform.scope import MAX_TEXT
from vmlint.evaluation.terraform.secrets import secret
from vmlint.evaluation.terraform.values import Failed, again, failed, scalar_text
from vmlint.model.fact import Unknown
from vmlint.model.span import Span
from vmlint.model.value import Scalar, Unresolved, Value

MAX_PARTS = 1_000
"""Pieces that a partly known text hands on to the text that it is part of."""


def text_of(pieces: list[str | Unresolved], span: Span) -> Value:
    """A string of literal texts and unknown ones between them."""
    parts: list[str | Unknown] = []
    unknown: Unresolved | None = None
    for piece in pieces:
        if isinstance(piece, str):
            _append(parts, piece)
            continue
        if unknown is None or (isinstance(piece, Failed) and not isinstance(unknown, Failed)):
            unknown = piece
        inner = piece.parts if len(piece.parts) <= MAX_PARTS and not isinstance(piece, Failed) else ()
        for part in inner or (piece.unknown,):
            _append(parts, part)
    if sum(len(part) for part in parts if isinstance(part, str)) > MAX_TEXT:
        return failed("the text is too long", span)
    if unknown is None:
        return Scalar("".join(part for part in parts if isinstance(part, str)), span.source, span.start, span.end)
    return again(unknown, span, tuple(parts))


def _append(parts: list[str | Unknown], part: str | Unknown) -> None:
    if isinstance(part, str):
        if not part:
            return
        if parts and isinstance(parts[-1], str):
            # What is beyond the bound is refused in the end.
            parts[-1] += part[: MAX_TEXT + 1] if len(parts[-1]) <= MAX_TEXT else ""
            return
    parts.append(part)


def piece_of(value: Value, span: Span) -> str | Unresolved:
    """A value as a template shows it; a sensitive one is not shown."""
    match value:
        case Scalar(sensitive=True):
            return secret(value, span)
        case Scalar(value=None):
            return failed("a null value has no place in a template", span)
        case Scalar():
            return scalar_text(value)
        case Unresolved():
            return value
    return failed("a template takes strings, numbers and booleans only", span)
