"""Colours of a terminal, or none."""

from __future__ import annotations

from vmlint.model.record import record

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


@record
class Style:
    """Paints text if `colour` is on; else gives it back as it is."""

    colour: bool

    def paint(self, text: str, name: str) -> str:
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.colour else text
