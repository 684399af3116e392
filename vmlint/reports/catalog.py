"""What the catalogue knows of a thing, as text or JSON."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from vmlint.catalog.entries import entries, kinds, nearest
from vmlint.reports.frames import printable


class NoSuchKindError(Exception):
    """There is no such kind of things, or no name was given."""


class UnknownThingError(Exception):
    """The catalogue has nothing on a thing; the message names the nearest that it has."""


def answer(kind: str, name: str, form: str, today: datetime.date | None = None) -> str:
    """What is known of a thing as `text` or `json`; without a kind, the kinds.
    Raises NoSuchKindError and UnknownThingError."""
    if not kind:
        return "".join(f"{each:<15}{about}\n" for each, about in kinds().items())
    if kind not in kinds():
        raise NoSuchKindError(f"there is no kind {kind}; there are {', '.join(kinds())}")
    if not name:
        raise NoSuchKindError(f"a name is missing: vmlint catalog {kind} NAME")
    found = entries(kind, name, today or datetime.date.today())
    if not found:
        near = nearest(kind, name)
        raise UnknownThingError(f"vmlint knows no {kind} {name}{f'; did you mean {near}?' if near else ''}")
    return render(found) if form == "text" else render_json(kind, name, found)


def render(entries: list[dict[str, Any]]) -> str:
    """A block for each entry, a line for each fact."""
    return "\n".join("".join(f"{line}\n" for line in _block(entry)) for entry in entries)


def render_json(kind: str, name: str, entries: list[dict[str, Any]]) -> str:
    """One object with the entries as the text shows them."""
    return json.dumps({"kind": kind, "name": name, "entries": entries}, indent=1, ensure_ascii=False) + "\n"


def _block(entry: Mapping[str, Any]) -> Iterator[str]:
    width = max(len(key) for key in entry) + 2
    for key, value in entry.items():
        first, *rest = _lines(value)
        yield f"{key}:".ljust(width) + first
        yield from (" " * width + line for line in rest)


def _lines(value: Any) -> list[str]:
    match value:
        case bool():
            return ["yes" if value else "no"]
        case float():
            return [f"{value:g}"]
        case list() | tuple() if all(isinstance(item, str) and " " not in item for item in value):
            return [printable(", ".join(value))]
        case list() | tuple():
            return [line for item in value for line in _lines(item)]
        case dict():
            return [f"{key}: {', '.join(_lines(inner))}" for key, inner in value.items()]
        case _:
            return [printable(str(value))]
