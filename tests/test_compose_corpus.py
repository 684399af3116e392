"""Real Compose files: what of them cannot be read, by the class of the reason."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import SHARED
from vmlint.engine.discovery import discover
from vmlint.engine.run import read_unit
from vmlint.files import Files
from vmlint.model.finding import Problem, ProblemKind
from vmlint.sources.reading import Settings, Surroundings

FOLDER = SHARED / "corpus/compose"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the corpus is not beside the project")

# Why a file is told as unreadable, or for what `--strict` refuses it.
CLASSES = {
    "a key that Compose does not know": r'Compose knows no "\w+" in `services\.\w+`',
    "the first version of the format": r"it has no `services`: Compose no longer reads",
}


def problems(monkeypatch: pytest.MonkeyPatch, *, strict: bool) -> list[Problem]:
    monkeypatch.chdir(FOLDER)
    surroundings = Surroundings(Files(Path(".")), Settings(strict=strict))
    scope = discover(["."], surroundings)
    readings = [read_unit(unit, surroundings)[0] for unit in scope.units]
    assert sum(len(reading.workloads) for reading in readings) > 900
    found = [*scope.problems, *(problem for reading in readings for problem in reading.problems)]
    return [problem for problem in found if problem.kind is ProblemKind.UNREADABLE]


def test_every_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [(problem.span.path, problem.message) for problem in problems(monkeypatch, strict=False)] == []


def test_what_strict_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    classes: Counter[str] = Counter()
    for problem in problems(monkeypatch, strict=True):
        told = [name for name, pattern in CLASSES.items() if re.match(pattern, problem.message)]
        assert told, (problem.span.path, problem.message)
        classes[told[0]] += 1
    assert dict(classes) == dict(zip(CLASSES, (1, 16), strict=True))
