"""Where things stand in a JSON text that the standard library has read.

The values are `json`'s; a place is looked for only when somebody needs one, by walking down to it. What lies beside
the way is passed over by the decoder in C, and each level is walked once.
"""

from __future__ import annotations

import json
import re

from vmlint.model.span import SourceText

_SPACE = re.compile(r"[ \t\r\n]*+")
_DECODER = json.JSONDecoder(strict=False)


class Places:
    """Places in a text of which `json` accepts the part that is asked for."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self._members: dict[int, dict[str, tuple[int, int, int]]] = {}
        self._items: dict[int, list[tuple[int, int]]] = {}

    def members(self, start: int) -> dict[str, tuple[int, int, int]]:
        """Of the object at an offset: where each key begins, and where its value begins and ends. Empty where no
        object stands."""
        known = self._members.get(start)
        if known is not None:
            return known
        found: dict[str, tuple[int, int, int]] = {}
        at = self._first(start, "{")
        while at is not None:
            key, behind = _DECODER.raw_decode(self.source.text, at)
            begin = self._space(self._space(behind) + 1)
            end = _DECODER.raw_decode(self.source.text, begin)[1]
            found[str(key)] = (at, begin, end)
            at = self._next(end)
        self._members[start] = found
        return found

    def items(self, start: int) -> list[tuple[int, int]]:
        """Of the array at an offset: where each element begins and ends. Empty where no array stands."""
        known = self._items.get(start)
        if known is not None:
            return known
        found: list[tuple[int, int]] = []
        at = self._first(start, "[")
        while at is not None:
            end = _DECODER.raw_decode(self.source.text, at)[1]
            found.append((at, end))
            at = self._next(end)
        self._items[start] = found
        return found

    def _first(self, start: int, opening: str) -> int | None:
        """Where the first member begins; None where there is none."""
        if not self.source.text.startswith(opening, start):
            return None
        at = self._space(start + 1)
        return None if self.source.text.startswith(("}", "]"), at) else at

    def _next(self, end: int) -> int | None:
        at = self._space(end)
        return self._space(at + 1) if self.source.text.startswith(",", at) else None

    def _space(self, at: int) -> int:
        match = _SPACE.match(self.source.text, at)
        assert match is not None
        return match.end()
