"""What several test modules share: running the command line, and the material beside the project."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from vmlint.cli import cli

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Outcome:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def vmlint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Runs `vmlint ARGUMENTS…` in a temporary folder; a fault of vmlint itself fails the test."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes | None = None, folder: Path | None = None) -> Outcome:
        if folder is not None:
            os.chdir(folder)
        done = CliRunner().invoke(cli, arguments, input=stdin, catch_exceptions=True)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Outcome(done.exit_code, done.stdout, done.stderr)

    return run
