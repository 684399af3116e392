"""Source frames: the lines around a place with carets below it, safe to print.

Values of secret-looking keys are redacted, control characters shown as escapes, long lines cut around the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmlint.model.span import Span

WIDTH = 110
_SECRET = re.compile(
    r"""(?ix) (?P<key> [\w.-]* (?:password|passwd|secret|token|api_?key|private_?key|credential|access_?key) [\w.-]*
        ["']? \s* [:=] \s* ) (?P<value> [^\s,}\]]+ .* )"""
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def redacted(line: str) -> str:
    """The line with the value of a secret-looking key as asterisks of the same length."""
    found = _SECRET.search(line)
    if found is None or found["value"].lstrip("\"'").startswith(("${", "$(", "var.", "{{")):
        return line
    return line[: found.start("value")] + "*" * len(found["value"])


def printable(text: str) -> str:
    """Control characters and direction marks as escapes, tabs as a blank: what reaches a terminal is text."""
    return _CONTROL.sub(
        lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text.replace("\t", " ")
    )


def frame(span: Span, label: str = "", margin: int = 4, mark: str = "^") -> Iterator[tuple[str, str]]:
    """Rows of a frame as (`kind`, text): the source line with its number, and the carets with the label."""
    begin, finish = span.begin, span.finish
    raw = span.source.line(begin.line)
    start = begin.column - 1
    end = finish.column - 1 if finish.line == begin.line else len(raw)
    line = printable(redacted(raw))
    if len(line) != len(redacted(raw)):
        start, end = 0, len(line)
    left = max(0, min(start - 20, len(line) - WIDTH)) if len(line) > WIDTH else 0
    shown = line[left : left + WIDTH]
    start, end = start - left, min(end - left, WIDTH)
    yield "source", f"{begin.line:>{margin}} │ {'…' if left else ''}{shown}"
    carets = mark * max(1, end - max(0, start))
    yield (
        "mark",
        f"{'':>{margin}} │ {' ' * (max(0, start) + (1 if left else 0))}{carets}{' ' + label if label else ''}",
    )
