"""The compiled tables are what their sources say, and nothing else stands beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vmlint.catalog.compile import compiled, source_table
from vmlint.catalog.tables import FOLDER, table

SOURCES = sorted((Path(FOLDER) / "data").glob("*.yaml"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_compiled_table_is_its_source(path: Path) -> None:
    """Run `python -m vmlint.catalog.compile` after an edit."""
    assert (Path(FOLDER) / "compiled" / f"{path.stem}.json").read_text(encoding="utf-8") == compiled(path)


def test_every_compiled_table_has_a_source_table() -> None:
    assert {path.stem for path in (Path(FOLDER) / "compiled").iterdir()} == {path.stem for path in SOURCES}
    with pytest.raises(FileNotFoundError):
        table("no such table")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_source_is_written_out(path: Path) -> None:
    """A source names a document or a place in one; it is never empty, and says more than a name of one letter."""
    sources = list(_sources(source_table(path)))
    assert sources, "no row of this table has a source"
    assert all(isinstance(source, str) and len(source) > 3 for source in sources)


def _sources(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key, inner in value.items():
                if key == "source":
                    yield inner
                else:
                    yield from _sources(inner)
        case list():
            for inner in value:
                yield from _sources(inner)
