"""The floors of the architecture: imports go one way, files do one thing, the packaging lists what there is."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

# From the ground up; a module imports its own floor and those below.
FLOORS = (
    ("vmlint.model",),
    ("vmlint.catalog",),
    ("vmlint.files", "vmlint.rendering"),
    ("vmlint.syntax",),
    ("vmlint.evaluation",),
    ("vmlint.sources",),
    (
        "vmlint.roles",
        "vmlint.container_roles",
        "vmlint.machine_roles",
        "vmlint.traits",
        "vmlint.machines",
        "vmlint.features",
        "vmlint.kernel_map",
        "vmlint.node_pools",
    ),
    ("vmlint.placement",),
    ("vmlint.rule",),
    ("vmlint.engine",),
    ("vmlint.reports",),
    ("vmlint.cli", "vmlint.cli_options", "vmlint.__main__"),
)
MODULES = sorted((ROOT / "vmlint").rglob("*.py"))
MAX_LINES = 420


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(name: str) -> int | None:
    for number, prefixes in enumerate(FLOORS):
        if any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes):
            return number
    return None


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    name = name_of(path)
    if name == "vmlint":
        return
    floor = floor_of(name)
    assert floor is not None, f"{name} stands on no floor"
    for imported in imports(path):
        if imported.startswith(("vmlint_rules", "rules.")):
            pytest.fail(f"{name} imports a rule by name")
        other = floor_of(imported)
        assert other is None or other <= floor, f"{name} imports {imported}, which stands above it"


@pytest.mark.parametrize("path", sorted((ROOT / "vmlint" / "model").glob("*.py")), ids=name_of)
def test_the_ground_floor_needs_the_standard_library_only(path: Path) -> None:
    for imported in imports(path):
        assert imported.split(".")[0] not in {"click", "ruamel", "hcl2", "lark", "jsonschema"}


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "rules").glob("*.py"))], ids=lambda p: p.name)
def test_files_do_one_thing(path: Path) -> None:
    assert path.stem not in {"utils", "helpers", "common", "manager", "misc"}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("vml*.py")), ids=lambda p: p.name)
def test_a_rule_imports_vmlint_and_the_standard_library_only(path: Path) -> None:
    for imported in imports(path):
        top = imported.split(".")[0]
        assert top == "vmlint" or top in sys.stdlib_module_names, imported
        assert not imported.startswith(("vmlint.engine", "vmlint.reports", "vmlint.cli", "vmlint.files"))


def test_the_packaging_lists_every_package() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {name_of(path) for path in MODULES if path.name == "__init__.py"} | {"vmlint_rules"}
    assert set(listed) == there
    assert listed == sorted(listed)


def test_only_files_and_the_engine_touch_the_disk() -> None:
    # `record` compiles initialisers from the names of our own fields.
    allowed = {
        "vmlint.files",
        "vmlint.rendering",
        "vmlint.engine",
        "vmlint.catalog",
        "vmlint.cli",
        "vmlint.model.record",
    }
    for path in MODULES:
        name = name_of(path)
        if any(name == a or name.startswith(a + ".") for a in allowed):
            continue
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"eval", "exec", "compile", "__import__"}, name
        assert "open" not in calls or name.startswith("vmlint.syntax"), f"{name} opens a file"
