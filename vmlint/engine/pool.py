"""Reading units in forked processes: worth it above about a megabyte, a loss below."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from vmlint.engine.suppression import Suppression
from vmlint.sources.reading import Reading, Surroundings, Unit

_CHUNKS_PER_WORKER = 16

_inherited: Surroundings | None = None


def read_in_pool(
    units: list[Unit], surroundings: Surroundings, jobs: int
) -> Iterator[tuple[Reading, tuple[Suppression, ...]]]:
    """The readings of the units, in their order. Workers inherit the files that were read already."""
    global _inherited
    _inherited = surroundings
    size = max(1, len(units) // (jobs * _CHUNKS_PER_WORKER))
    chunks = [units[at : at + size] for at in range(0, len(units), size)]
    context = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(jobs, mp_context=context) as executor:
            for readings in executor.map(_read, chunks):
                yield from readings
    finally:
        _inherited = None


def _read(units: list[Unit]) -> list[tuple[Reading, tuple[Suppression, ...]]]:
    from vmlint.engine.run import collect, read_unit

    assert _inherited is not None
    found = [read_unit(unit, _inherited) for unit in units]
    collect()
    return found
