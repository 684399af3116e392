"""The text of a script with the places of its words, and the log of what it starts."""

from __future__ import annotations

import base64
import binascii
import re

from vmlint.model.fact import Origin
from vmlint.model.span import Span
from vmlint.model.value import Scalar, Unresolved, Value
from vmlint.model.workload import Started

UNKNOWN = "\ue000"
"""Stands in a script for what is not known."""

MAX_TEXT = 100_000
"""Characters of one script that are looked at; the clouds take less."""


_MAX_WORDS = 20


class Script:
    """Text that came from `value`. `find` leads from a word to its place: in the script itself, else in the file
    that it was read from, else the line of the command that it stands in, else the whole value."""

    def __init__(self, text: str, value: Value) -> None:
        self.text = text[:MAX_TEXT]
        self.value = value

    def part(self, text: str) -> Script:
        return Script(text, self.value)

    def find(self, word: str, command: str = "") -> Span:
        word = word.split(UNKNOWN)[0]
        return (len(word) > 1 and self._written(word)) or self._line(command) or self.value.entry_span

    def _written(self, text: str) -> Span | None:
        for span in (self.value.span, *map(reach, self.value.via)):
            offset = span.source.text.find(text, span.start, span.end)
            if offset >= 0:
                return Span(span.source, offset, offset + len(text))
        return None

    def _line(self, command: str) -> Span | None:
        """The line that begins with the command as far as it is written out: an expression may stand behind."""
        words = command.split(UNKNOWN)[0].split()[:_MAX_WORDS]
        for count in range(len(words), 1, -1):
            found = self._written(" ".join(words[:count]))
            if found is not None:
                end = found.source.text.find("\n", found.end)
                written = found.source.text[found.start : end if end >= 0 else None]
                return Span(found.source, found.start, found.start + len(written.rstrip()))
        return None


def reach(origin: Origin) -> Span:
    """Where the text of a value may stand that came through a definition: all of a file, which is told by its first
    line."""
    return origin.span.source.whole() if origin.label.startswith(("file ", "template ")) else origin.span


class Log:
    """What is started, each thing once, in the order found."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], Started] = {}
        self.understood = True
        self.written_units: set[str] = set()
        self.files: dict[str, str] = {}
        """What is written to the machine, by path."""
        self.paths: dict[str, str] = {}
        """The last of these paths by the name of the file."""
        self.ran: set[str] = set()
        """Of these files, those that were run."""
        self.depth = 0
        """Files that are being run, one by the other."""

    def add(self, kind: str, name: str, script: Script, detail: str = "", word: str = "") -> None:
        shown = name.split(UNKNOWN)[0]
        if name and not shown and kind != "container":
            return
        self._runs.setdefault((kind, shown), Started(kind, shown, script.find(word or name, detail), clean(detail)))

    @property
    def runs(self) -> tuple[Started, ...]:
        return tuple(self._runs.values())


def clean(text: str) -> str:
    """The text for people: an ellipsis for what is not known."""
    return text.replace(UNKNOWN, "…")


def script_text(value: Value) -> str | None:
    """The text as far as it is known, `UNKNOWN` for the rest; None where nothing of it is. Base64 is decoded."""
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return decoded(value.value)
    if isinstance(value, Unresolved) and any(isinstance(part, str) and part.strip() for part in value.parts):
        return "".join(part if isinstance(part, str) else UNKNOWN for part in value.parts)
    return None


def decoded(text: str) -> str:
    """The text behind a literal in base64; the text itself where it is none."""
    compact = "".join(text.split())
    if len(compact) < 16 or len(compact) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", compact):
        return text
    try:
        found = base64.b64decode(compact, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text
    return found if found.isprintable() or "\n" in found else text
