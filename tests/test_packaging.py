"""Installed as users install it, the rules are there: a wheel, a wheel from the sdist, an editable install."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("source") / "vmlint"
    ignored = shutil.ignore_patterns(".git", ".venv", "*.egg-info", "__pycache__", "build", "dist", ".*_cache")
    shutil.copytree(ROOT, target, ignore=ignored)
    return target


@pytest.fixture(scope="module")
def dist(source: Path) -> Path:
    """The sdist, and the wheel that is built from it."""
    done = run(sys.executable, "-m", "build", "--no-isolation", ".", folder=source)
    if done.returncode != 0 and "No module named" in done.stderr + done.stdout:
        pytest.skip(f"the build tools are not installed: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return source / "dist"


def environment(folder: Path) -> Path:
    """A virtual environment that sees the dependencies of this one but not its vmlint."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), folder=folder.parent)
    packages = Path(next(p for p in sys.path if p.endswith("site-packages")))
    (site,) = (folder / "lib").glob("python*/site-packages")
    for entry in packages.iterdir():
        if "vmlint" not in entry.name.lower() and not entry.name.startswith("__editable__"):
            (site / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def installed(python: Path, *what: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps"]
    done = run(*pip, "--no-build-isolation", "--no-index", *what, folder=python.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def works(python: Path, folder: Path) -> None:
    (folder / "compose.yaml").write_text("services:\n  a: {image: nginx, privileged: true}\n")
    (folder / "rules").mkdir(exist_ok=True)  # a folder of the user's own must not shadow ours
    (folder / "rules" / "__init__.py").write_text("raise SystemExit(99)\n")
    done = run(str(python), "-m", "vmlint", "scan", ".", folder=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "VML404" in done.stdout


def test_the_wheel_of_the_sdist(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    python = environment(tmp_path / "env")
    installed(python, str(wheel))
    works(python, tmp_path)


def test_an_editable_install(source: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "env")
    installed(python, "--editable", str(source))
    works(python, tmp_path)


def test_zero_rules_are_wrong_use(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    python = environment(tmp_path / "env")
    installed(python, str(wheel))
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    for points in site.glob("vmlint-*.dist-info/entry_points.txt"):
        points.write_text("")
    (tmp_path / "compose.yaml").write_text("services:\n  a: {image: nginx}\n")
    done = run(str(python), "-m", "vmlint", "scan", ".", folder=tmp_path)
    assert done.returncode == 2
    assert "no rule is installed" in done.stderr


def test_a_plug_in_package_brings_its_rules(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    plugin = tmp_path / "plugin"
    (plugin / "acme_rules").mkdir(parents=True)
    (plugin / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "acme-rules"\nversion = "1"\n'
        '[project.entry-points."vmlint.rules"]\nacme = "acme_rules"\n'
        '[tool.setuptools]\npackages = ["acme_rules"]\n'
    )
    (plugin / "acme_rules" / "__init__.py").write_text("")
    (plugin / "acme_rules" / "acme001.py").write_text(
        '"""Everything is wrong."""\n'
        "from vmlint.model.finding import Finding, Severity\n"
        "from vmlint.rule import Rule\n"
        'RULE = Rule("ACME001", "acme", "It is wrong", Severity.ERROR, "https://example.com", ())\n'
        "def check(workload, context):\n"
        '    yield Finding("It is wrong.", workload.span)\n'
    )
    python = environment(tmp_path / "env")
    installed(python, str(wheel))
    installed(python, str(plugin))
    (tmp_path / "compose.yaml").write_text("services:\n  a: {image: nginx}\n")
    done = run(str(python), "-m", "vmlint", "scan", "compose.yaml", folder=tmp_path)
    assert "ACME001" in done.stdout, done.stdout + done.stderr
