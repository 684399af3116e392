"""What the catalogue knows of a thing, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vmlint.reports.frames import printable


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
