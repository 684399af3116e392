"""Whole folders of real files: no traceback, bounded memory, the same bytes whatever the number of processes."""

from __future__ import annotations

import json
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
    return child.returncode, re.sub(r'"seconds": [\d.]+', '"seconds": 0', out), err, peak


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
    if folder in _OF_KUBERNETES:
        told = [problem["message"] for problem in json.loads(out)["unreadable"]]
        assert [message for message in told if not any(re.search(p, message) for p in UNREADABLE)] == []


_OF_KUBERNETES = ("kubernetes", "kubernetes-huge", "kustomize-examples")
# What of the manifests there cannot be read, and why that is right. The reader of kubectl refuses each of them at
# the same line, but for keys that are set twice, of which it takes the last.
UNREADABLE = {
    "does not exist$": "a kustomization names a file that is made by a script or was left out of the corpus",
    "the patch does not fit": "a patch of a kustomization changes what is not there",
    "is set twice; the last one is read": "one of two contradicting lines has no effect",
    "found character '%' that cannot start": "a program's own placeholders (`%NAME%`), of no template engine",
    r"found character '\\t' that cannot start": "excerpts of documentation that are indented by tabs",
    "could not find expected ':'": "excerpts in which three dots stand for what is left out",
    "but found '<document end>'": "three dots again, which end a document",
    "mapping values are not allowed here": "excerpts that lost their indentation, and two keys on one line",
    "expected <block end>, but found '<scalar>'": "excerpts with a line too far to the left",
}
