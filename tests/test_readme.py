"""What the README shows is what the program does.

`VMLINT_UPDATE_SNAPSHOTS=1 pytest tests/test_readme.py` writes its screen anew.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome
from vmlint.cli import cli

Run = Callable[..., Outcome]

README = ROOT / "README.md"
DEMO = ROOT / "tests" / "fixtures" / "demo"
SCREEN = re.compile(r"(```\n\$ vmlint scan infra\n)(.*?)(```\n)", re.DOTALL)
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: postgres:16}]}\n"


def block(language: str, holding: str) -> str:
    """The one fenced block of a language that holds a text."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [text for text in blocks if holding in text]
    return found


def test_the_screen(vmlint: Run) -> None:
    done = vmlint("scan", "infra", folder=DEMO)
    text = README.read_text(encoding="utf-8")
    if os.environ.get("VMLINT_UPDATE_SNAPSHOTS"):
        text = SCREEN.sub(lambda found: f"{found[1]}{done.out}{found[3]}", text)
        README.write_text(text, encoding="utf-8")
    found = SCREEN.search(text)
    assert found is not None
    assert found[2] == done.out


def test_every_command_is_named() -> None:
    named = set(re.findall(r"^\| `vmlint ([a-z]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == set(cli.commands)


def test_the_rule_works_as_it_stands(vmlint: Run, tmp_path: Path) -> None:
    rule = block("python", "RULE = Rule(")
    assert len([line for line in rule.splitlines() if line.strip()]) <= 10
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "acme001.py").write_text(rule)
    (tmp_path / "pod.yaml").write_text(POD)
    done = vmlint("scan", "--rules", "own", "--select", "ACME001", "pod.yaml")
    assert done.code == 1
    assert "warning[ACME001] `db` is a database." in done.out


def test_actions_are_pinned_to_commits() -> None:
    used = re.findall(r"uses: (\S+)@(\S+)", README.read_text(encoding="utf-8"))
    assert used
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for _, commit in used)


def test_the_hook_is_one_that_there_is() -> None:
    hook = block("yaml", "repos:")
    assert "- id: vmlint" in hook
    assert "- id: vmlint" in (ROOT / ".pre-commit-hooks.yaml").read_text()


def test_the_configuration_is_one(vmlint: Run, tmp_path: Path) -> None:
    (tmp_path / ".vmlint.yaml").write_text(block("yaml", "runtime-classes:"))
    (tmp_path / "compose.yaml").write_text("services:\n  ledger:\n    image: nginx:1.27\n")
    done = vmlint("scan", ".")
    assert done.code == 1, done.err
    assert "VML401" in done.out


def test_the_suppression_covers(vmlint: Run, tmp_path: Path) -> None:
    line = block("yaml", "vmlint: ignore")
    (tmp_path / "compose.yaml").write_text(f"services:\n  web:\n    image: nginx:1.27\n{line}")
    done = vmlint("scan", "--today", "2027-01-01", ".")
    assert (done.code, "1 suppressed" in done.out) == (0, True)


@pytest.mark.parametrize(
    "line", re.findall(r"^vmlint catalog (.+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
)
def test_the_catalogue_knows(vmlint: Run, line: str) -> None:
    done = vmlint("catalog", *shlex.split(line, comments=True))
    assert done.code == 0
    assert "source" in done.out
