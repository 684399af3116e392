"""Places in source text.

Positions are carried from the parser and never looked up afterwards. A `Span` holds two character offsets
into a `SourceText`; line and column (1-based, in characters) are worked out when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from vmlint.model.record import record


class SourceText:
    """The decoded text of one file and the path under which reports name it.

    `path` is relative to the working directory with forward slashes, or `<stdin>` style for what is no file.
    Two source texts are equal when their paths are: a scan reads each file once.
    """

    __slots__ = ("_line_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._line_starts: list[int] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceText) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"SourceText({self.path!r})"

    def __reduce__(self) -> tuple[type[SourceText], tuple[str, str]]:
        return SourceText, (self.path, self.text)

    @property
    def line_starts(self) -> list[int]:
        """Offsets of the first character of each line. Lines end at LF, CRLF or CR, as editors count."""
        if self._line_starts is None:
            self._line_starts = _line_starts(self.text)
        return self._line_starts

    def position(self, offset: int) -> Position:
        """Line and column of a character offset; an offset past the end is the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1, offset)

    def line(self, number: int) -> str:
        """The text of a line (1-based) without its line break; empty past the end."""
        starts = self.line_starts
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def span(self, start: int, end: int) -> Span:
        return Span(self, start, end)

    def whole(self) -> Span:
        return Span(self, 0, len(self.text))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    if "\r" not in text:
        at = text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = text.find("\n", at + 1)
        return starts
    for at, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[at + 1 : at + 2] != "\n"):
            starts.append(at + 1)
    return starts


class Position(NamedTuple):
    """1-based line and column in characters, and the 0-based character offset."""

    line: int
    column: int
    offset: int


@record
class Span:
    """The characters `source.text[start:end]`."""

    source: SourceText
    start: int
    end: int

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def begin(self) -> Position:
        return self.source.position(self.start)

    @property
    def finish(self) -> Position:
        """The position just behind the last character."""
        return self.source.position(self.end)

    @property
    def line(self) -> int:
        return self.begin.line

    @property
    def column(self) -> int:
        return self.begin.column

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def sort_key(self) -> tuple[str, int, int]:
        return (self.source.path, self.start, self.end)

    def first_line(self) -> Span:
        """The part of the span on its first line: what a report underlines of a block."""
        stop = self.source.text.find("\n", self.start, self.end)
        return self if stop < 0 else Span(self.source, self.start, max(self.start, stop))
