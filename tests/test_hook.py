"""The pre-commit hook: its file filter, and the real thing in a temporary repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent


def hook() -> dict[str, object]:
    (found,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return dict(found)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("infra/main.tf", True),
        ("infra/main.tofu", True),
        ("infra/main.tf.json", True),
        ("infra/prod.tfvars", True),
        ("infra/prod.auto.tfvars.json", True),
        ("compose.yaml", True),
        ("k8s/app.yml", True),
        ("README.md", False),
        ("package.json", False),
        ("main.tf.bak", False),
    ],
)
def test_the_filter_lets_through_what_is_read(path: str, wanted: bool) -> None:
    assert bool(re.search(str(hook()["files"]), path)) is wanted


def test_file_names_cannot_become_options() -> None:
    assert hook()["args"] == ["--"]
    assert hook()["require_serial"] is True


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_the_hook_in_a_repository(tmp_path: Path) -> None:
    """Installs this checkout with the real pre-commit and commits a file that must not pass."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "compose.yaml").write_text("services:\n  a:\n    image: nginx:1.27\n    privileged: true\n")
    (repository / "other.yaml").write_text("- a\n- b\n")
    (repository / "--help.yaml").write_text("services:\n  b:\n    image: nginx:1.27\n")
    for command in (("init", "-q"), ("add", "-A")):
        assert run(repository, "git", *command).returncode == 0
    # `try-repo` clones: what is not committed in this checkout would be missed, so the tree is copied first.
    source = tmp_path / "vmlint"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".git", ".venv", "*.egg-info", "__pycache__", "build", ".*_cache"),
    )
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"),
    ):
        assert run(source, "git", *command).returncode == 0
    pre_commit = Path(sys.executable).with_name("pre-commit")
    done = run(repository, str(pre_commit), "try-repo", str(source), "vmlint", "--all-files", "--verbose")
    if "InstallationError" in done.stdout or "CalledProcessError" in done.stdout + done.stderr:
        pytest.skip(f"the hook's environment cannot be installed here: {done.stdout[-300:]}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "VML404" in done.stdout
    assert "2 workloads in 2 files" in done.stdout
    clean = run(repository, str(pre_commit), "try-repo", str(source), "vmlint", "--files", "other.yaml")
    assert clean.returncode == 0, clean.stdout + clean.stderr
