"""Compose's short syntax: one string whose parts are divided by colons."""

from __future__ import annotations

from vmlint.model.value import Scalar, Unresolved


class Hole(str):
    """A part in which an unknown stands; the text is what is written, the unknown's expression in its place."""

    __slots__ = ()


def split_colons(value: Scalar | Unresolved) -> list[str]:
    """The parts of `SOURCE:TARGET:MODE`. Windows drives (`C:\\x`) and `${…}` do not split; a part with an
    unknown in it is a `Hole`."""
    pieces: tuple[object, ...] = (value.text,) if isinstance(value, Scalar) else value.parts
    parts: list[str] = [""]
    holes: list[bool] = [False]
    for piece in pieces:
        if not isinstance(piece, str):
            parts[-1] += getattr(piece, "expression", "")
            holes[-1] = True
            continue
        done = 0
        while (colon := piece.find(":", done)) >= 0:
            parts[-1] += piece[done:colon]
            current = parts[-1]
            drive = len(current) == 1 and current.isalpha() and piece[colon + 1 : colon + 2] in ("\\", "/")
            if drive or current == "npipe":
                parts[-1] += ":"
            else:
                parts.append("")
                holes.append(False)
            done = colon + 1
        parts[-1] += piece[done:]
    return [Hole(part) if hole else part for part, hole in zip(parts, holes, strict=True)]
