"""Whole folders of real files: no traceback, bounded memory, the same bytes whatever the number of processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED

CORPUS = SHARED / "corpus"
MAX_MIB = 1024

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside the project"),
]


def scan(folder: Path, jobs: int) -> tuple[int, str, str, float]:
    """Exit code, output without the seconds, standard error, and the peak memory in MiB of the largest process."""
    command = [sys.executable, "-m", "vmlint", "scan", "--format", "json", "--today", "2026-11-01"]
    reader, writer = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", _MEASURED, str(writer), *command, "--jobs", str(jobs), "."],
        cwd=folder, pass_fds=[writer], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writer)
    out, err = child.communicate(timeout=240)
    with os.fdopen(reader) as measured:
        peak = int(measured.read() or 0) / 1024
    return child.returncode, re.sub(r'"seconds": [\d.]+', "", out), err, peak


# `ru_maxrss` of children is the largest of them and of theirs, in KiB.
_MEASURED = """
import os, resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
os.write(int(sys.argv[1]), str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss).encode())
sys.exit(done.returncode)
"""


@pytest.mark.parametrize("folder", sorted(p.name for p in CORPUS.iterdir()) if CORPUS.is_dir() else [])
def test_a_folder_of_the_corpus(folder: str) -> None:
    code, out, err, peak = scan(CORPUS / folder, jobs=2)
    assert code in (0, 1, 3), err
    assert "Traceback" not in err
    assert "failed on" not in out  # a rule that raised
    assert peak < MAX_MIB
    again = scan(CORPUS / folder, jobs=1)
    assert again[1] == out
