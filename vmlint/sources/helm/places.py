"""Values of rendered manifests, put back into the templates that made them."""

from __future__ import annotations

import re
from bisect import bisect_right

from vmlint.model.fact import Origin
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value, at
from vmlint.sources.helm.alignment import aligned

MAX_ABOVE = 4
"""Lines above a `.` in which the `with` that gives it its meaning is looked for."""

_VALUE = re.compile(r"\.Values((?:\.[A-Za-z_]\w*)+)")
_WITH = re.compile(r"\{\{-? *with +\.Values((?:\.[A-Za-z_]\w*)+) *-?\}\}")
_DOT = re.compile(r"\{\{[^}]* \.(?: |\}|-)")
_NOTHING = (Missing, Unresolved)


class Places:
    """Moves the trees of one rendered file into its template. `values` are the value files, strongest first;
    `fallback` is the place of everything where the template cannot be shown."""

    def __init__(self, template: SourceText, rendered: SourceText, values: list[Value], fallback: Span) -> None:
        self._fallback = fallback
        self._moved: set[int] = set()
        self._template = template
        self._rendered = rendered
        self._values = values
        lines = template.text.split("\n")
        self._lines = aligned(lines, rendered.text.split("\n")) if template.text else []
        self._starts = [0]
        for line in lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._ends = [0]
        for line in rendered.text.split("\n"):
            self._ends.append(self._ends[-1] + len(line) + 1)

    def move(self, value: Value) -> None:
        """Put a fresh tree, which nobody else holds yet, into the template. What an alias uses again is moved
        once."""
        if id(value) in self._moved:
            return
        self._moved.add(id(value))
        self._put(value)
        if isinstance(value, Mapping):
            for child in value.entries.values():
                self.move(child)
        elif isinstance(value, Sequence):
            for child in value.items:
                self.move(child)

    def _put(self, value: Value) -> None:
        if not self._lines:
            place = self._fallback
            value.source, value.start, value.end, value.key_start = place.source, place.start, place.end, -1
            return
        first = self._line(value.start)
        last = self._line(max(value.start, value.end - 1))
        start, end = self._within(first, value, self._rendered.text[value.start : value.end])
        if last > first and not isinstance(value, Scalar):
            end = max(end, self._content(last)[1])
        if isinstance(value, Scalar):
            value.via = (*self._origins(first, self._key(value)), *value.via)
        value.source, value.start, value.end = self._template, start, end
        if value.key_start >= 0:
            key_line = self._line(value.key_start)
            value.key_start = self._content(key_line)[0] if key_line <= first else start

    def _line(self, offset: int) -> int:
        number = min(bisect_right(self._ends, offset) - 1, len(self._lines) - 1)
        return self._lines[number]

    def _content(self, line: int) -> tuple[int, int]:
        """Where the text of a line of the template begins and ends, without what is around it."""
        start, end = self._starts[line], self._starts[line + 1] - 1
        text = self._template.text[start:end]
        lead = len(text) - len(text.lstrip(" -"))
        return start + lead, max(start + lead, start + len(text.rstrip()))

    def _within(self, line: int, value: Value, written: str) -> tuple[int, int]:
        """The value on its line: as it is written there, else what stands behind the key, else all of it."""
        start, end = self._content(line)
        if "\n" not in written and written:
            found = self._template.text.find(written, start, end)
            if found >= 0:
                return found, found + len(written)
        if value.key_start >= 0:
            colon = self._template.text.find(": ", start, end)
            if colon >= 0 and not self._template.text.startswith("{{", start):
                return colon + 2, end
        return start, end

    def _key(self, value: Value) -> str:
        """The key of a value in what was rendered."""
        if value.key_start < 0:
            return ""
        text = self._rendered.text
        return text[value.key_start : text.find(":", value.key_start)].strip("\"' ")

    def _origins(self, line: int, key: str) -> tuple[Origin, ...]:
        """Where the value files set what the line takes from them; `key` is that of the value, which a block of
        values may set."""
        found: list[Origin] = []
        for path in self._used(line):
            for root in self._values:
                value = at(root, *path.split("."))
                inner = at(value, key) if isinstance(value, Mapping) and key else value
                value = value if isinstance(inner, _NOTHING) else inner
                if not isinstance(value, _NOTHING):
                    found.append(Origin(f"value {path}", value.entry_span.first_line()))
                    break
        return tuple(found)

    def _used(self, line: int) -> list[str]:
        """The values that a line names, or the one that its `.` stands for."""
        text, start, end = self._template.text, self._starts[line], self._starts[line + 1] - 1
        named = [match[1][1:] for match in _VALUE.finditer(text, start, end)]
        if named or not _DOT.search(text, start, end):
            return named
        above = self._starts[max(0, line - MAX_ABOVE)]
        opened = list(_WITH.finditer(text, above, start))
        return [opened[-1][1][1:]] if opened else []
