"""Source excerpts: the lines of a finding's places with marks below them, safe to print.

Values of secret-looking keys are redacted, control characters shown as escapes, long lines cut around the place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vmlint.model.record import record
from vmlint.model.span import Span

WIDTH = 92
"""Characters of a source line that an excerpt shows: with its margin it fits a terminal of 100 columns."""

_SECRET = re.compile(
    r"""(?ix) (?P<key> (?<![\w.-]) [\w.-]*
        (?:password|passwd|secret|token|api_?key|private_?key|credential|access_?key)
        [\w.-]* ["']? \s* [:=] \s* ) (?P<value> [^\s,}\]]+ .* )"""
)
_INLINE = (
    re.compile(r"(://)([^\s/@\"'$:]*+:[^\s/@\"'$]++)(?=@)"),
    re.compile(r"(?i)(--[\w-]*(?:password|passwd|secret|token)[\w-]*+[ \t]++)([^\s$-]\S*+)"),
)
"""The user and the password of a URL; the value behind an option. What is kept, and what is not shown."""
NEAR = 500
"""Characters before a mark that an excerpt is made from."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def redacted(line: str) -> str:
    """The line with the value of a secret-looking key, and the credentials of a URL, as asterisks of the same
    length."""
    for inline in _INLINE:
        line = inline.sub(lambda match: match[1] + "*" * len(match[2]), line)
    found = _SECRET.search(line)
    if found is None or found["value"].lstrip("\"'").startswith(("${", "$(", "var.", "{{")):
        return line
    return line[: found.start("value")] + "*" * len(found["value"])


def printable(text: str) -> str:
    """Control characters and direction marks as escapes, tabs as a blank: what reaches a terminal is text."""
    return _CONTROL.sub(
        lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text.replace("\t", " ")
    )


@record
class Mark:
    """A place to underline in an excerpt: carets for the primary one, dashes with a label for the others."""

    span: Span
    label: str = ""
    primary: bool = False


@record
class Row:
    """A row of an excerpt. `kind`: `source` (a line of the file), `mark` (what is underlined in the line above it),
    `gap` (lines left out). `gutter` is the line number or blank, `body` the rest."""

    kind: str
    gutter: str
    body: str
    primary: bool = False


def excerpt(marks: Iterable[Mark], margin: int = 4) -> Iterator[Row]:
    """The marked lines of one file in their order, each with its marks below it. A place that two marks share is
    shown once, with the labels of both."""
    by_line: dict[int, list[Mark]] = {}
    for mark in _merged(marks):
        by_line.setdefault(mark.span.line, []).append(mark)
    above = 0
    for number in sorted(by_line):
        if above and number > above + 1:
            yield Row("gap", f"{'…':>{margin}}", "")
        above = number
        yield from _line(number, by_line[number], margin)


def _merged(marks: Iterable[Mark]) -> Iterator[Mark]:
    at: dict[tuple[int, int], Mark] = {}
    for mark in marks:
        key = (mark.span.start, mark.span.end)
        found = at.get(key)
        if found is None:
            at[key] = mark
        else:
            labels = dict.fromkeys(label for label in (found.label, mark.label) if label)
            at[key] = Mark(found.span, ", ".join(labels), found.primary or mark.primary)
    yield from at.values()


def _line(number: int, marks: list[Mark], margin: int) -> Iterator[Row]:
    marks = sorted(marks, key=lambda mark: (not mark.primary, mark.span.start))
    whole = marks[0].span.source.line(number)
    # Of a line without end (a plan in JSON) only what is near the mark is looked at.
    skipped = max(0, marks[0].span.begin.column - NEAR) if len(whole) > 4 * NEAR else 0
    raw = redacted(whole[skipped : skipped + 4 * NEAR])
    line = printable(raw)
    # Escapes move what stands behind them: then the whole line is marked.
    exact = len(line) == len(raw)
    first = marks[0].span.begin.column - 1 - skipped if exact else 0
    left = max(0, min(first - 20, len(line) - WIDTH))
    cut = "…" if left or skipped else ""
    yield Row("source", f"{number:>{margin}}", f"{cut}{line[left : left + WIDTH]}")
    for mark in marks:
        start, end = _columns(mark.span, len(line), skipped) if exact else (0, len(line))
        start, end = max(0, start - left), min(end - left, WIDTH)
        carets = ("^" if mark.primary else "-") * max(1, end - start)
        label = f" {mark.label}" if mark.label else ""
        yield Row("mark", " " * margin, f"{' ' * (start + len(cut))}{carets}{label}", mark.primary)


def _columns(span: Span, length: int, skipped: int) -> tuple[int, int]:
    begin, finish = span.begin, span.finish
    return begin.column - 1 - skipped, finish.column - 1 - skipped if finish.line == begin.line else length
