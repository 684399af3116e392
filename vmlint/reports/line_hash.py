"""The line hashes by which GitHub follows an alert through edits of a file.

The algorithm is that of the upload action: a rolling hash over the 100 characters that begin at a line, blanks and
tabs left out, with a counter that tells equal hashes of one file apart.
"""

from __future__ import annotations

_BLOCK = 100
_MODULUS = 37
_MASK = (1 << 64) - 1
_FIRST_MOD = pow(_MODULUS, _BLOCK, 1 << 64)
_END_OF_FILE = 65535
_TAB, _LF, _CR, _SPACE = 9, 10, 13, 32


def line_hashes(text: str) -> list[str]:
    """For each line `hash:count`, the hash in hexadecimal."""
    roll = _Roll()
    data = text.encode("utf-16-le", "surrogatepass")
    for at in range(0, len(data), 2):
        roll.character(data[at] | data[at + 1] << 8)
    roll.character(_END_OF_FILE)
    roll.flush()
    return roll.hashes


class _Roll:
    """A window of the last 100 characters; `starts` holds the line that begins at a place of it, or None."""

    def __init__(self) -> None:
        self.hashes: list[str] = []
        self.counts: dict[str, int] = {}
        self.window = [0] * _BLOCK
        self.starts = [False] * _BLOCK
        self.index = 0
        self.value = 0
        self.at_line_start = True
        self.behind_cr = False

    def character(self, code: int) -> None:
        if code in (_SPACE, _TAB) or (self.behind_cr and code == _LF):
            self.behind_cr = False
            return
        self.behind_cr = code == _CR
        if self.behind_cr:
            code = _LF
        self._emit()
        if self.at_line_start:
            self.starts[self.index] = True
        self.at_line_start = code == _LF
        self._push(code)

    def flush(self) -> None:
        for _ in range(_BLOCK):
            self._emit()
            self._push(0)

    def _emit(self) -> None:
        """The hash of the line that began 100 characters ago; lines come out in their order."""
        if self.starts[self.index]:
            digest = format(self.value, "x")
            self.counts[digest] = self.counts.get(digest, 0) + 1
            self.hashes.append(f"{digest}:{self.counts[digest]}")
            self.starts[self.index] = False

    def _push(self, code: int) -> None:
        oldest = self.window[self.index]
        self.window[self.index] = code
        self.value = (_MODULUS * self.value + code - _FIRST_MOD * oldest) & _MASK
        self.index = (self.index + 1) % _BLOCK
