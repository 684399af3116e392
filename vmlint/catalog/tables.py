"""Reading of the catalogue's tables.

`data/NAME.yaml` is what people read and extend: every row has a source. `compiled/NAME.json` is the same table
as the program loads it, made by `python -m vmlint.catalog.compile`; a test keeps the two equal. What a user's
configuration adds is put over the tables by `extend`.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

FOLDER = os.path.dirname(__file__)

F = TypeVar("F", bound=Callable[..., Any])

_forget: list[Callable[[], None]] = []
_extended: dict[str, Any] = {}


def cache(function: F) -> F:
    """`functools.cache` for what is read off the tables: forgotten when they are extended."""
    kept: Any = functools.cache(function)
    _forget.append(kept.cache_clear)
    return kept  # type: ignore[no-any-return]


@cache
def table(name: str) -> Any:
    """The compiled table `name`, read once. Raises FileNotFoundError for a name that is no table."""
    with open(os.path.join(FOLDER, "compiled", f"{name}.json"), "rb") as handle:
        rows = json.loads(handle.read())
    if _extended:
        from vmlint.catalog.extension import over

        rows = over(name, rows, _extended)
    return rows


def extend(rows: Mapping[str, Any]) -> None:
    """Put a user's rows over the tables, in this process and from now on; those of an earlier call are taken off.
    `rows` are checked against `extension.schema` by the caller; a `source` says where they come from."""
    if rows == _extended:
        return
    _extended.clear()
    _extended.update(rows)
    for forget in _forget:
        forget()
