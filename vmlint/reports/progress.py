"""How far a long scan has come, on standard error: one line that moves on a terminal, a line now and then in
a log."""

from __future__ import annotations

import math
import time
from typing import TextIO


class Progress:
    """Called with what is done and what there is in all. Says nothing for `patience` seconds; then every `pause`.
    `close` wipes the moving line."""

    def __init__(self, stream: TextIO, silent: bool = False) -> None:
        self._stream = stream
        self._moving = stream.isatty()
        self.patience, self.pause = (1.0, 0.1) if self._moving else (15.0, 15.0)
        if silent:
            self.patience = math.inf
        self._next = time.monotonic() + self.patience
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self.pause
        self._shown = True
        text = f"vmlint: read {done:,} of {total:,} projects, modules and manifests"
        self._stream.write(f"\r{text}" if self._moving else f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        if self._shown and self._moving:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
