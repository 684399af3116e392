"""Values as Terraform 1.11.4 itself gave them: the shared vectors, and our own (`terraform-language`, asked of
`terraform console`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vmlint.evaluation.terraform.functions.encoding import json_text
from vmlint.evaluation.terraform.functions.table import table
from vmlint.evaluation.terraform.modules import evaluate, load_root, to_json
from vmlint.evaluation.terraform.values import first_failure, first_unknown
from vmlint.files import Files
from vmlint.model.value import Value

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared" / "conformance"
OWN = REPOSITORY / "tests" / "fixtures" / "terraform-language"

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared conformance vectors are not here")


def vectors(path: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return loaded


def same(one: object, two: object) -> bool:
    """Equal as JSON: `1` and `true` differ, `1` and `1.0` do not."""
    if isinstance(one, bool) is not isinstance(two, bool):
        return False
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return one == two


@needs_shared
def test_console_vectors(tmp_path: Path) -> None:
    root = load_root(str(tmp_path), Files(tmp_path), workspace="default")
    found = vectors(SHARED / "terraform-console.json")
    assert found
    wrong = [
        (vector["expr"], value)
        for vector in found
        if not same(value := to_json(evaluate(vector["expr"], root)), vector["value"])
    ]
    assert wrong == []


@needs_shared
def test_root_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    roots = SHARED / "terraform-roots"
    monkeypatch.chdir(roots)
    found = vectors(roots / "expected.json")
    assert found
    for vector in found:
        root = load_root(vector["dir"], Files(Path(vector["dir"])), workspace="default")
        assert same(to_json(evaluate(vector["expr"], root)), vector["value"]), vector["expr"]


@pytest.mark.parametrize("folder", ["templates", "modules", "values"])
def test_own_vectors(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(OWN)
    root = load_root(folder, Files(OWN), workspace="default")
    found = vectors(OWN / folder / "expected.json")
    assert found
    for vector in found:
        assert same(to_json(evaluate(vector["expr"], root)), vector["value"]), vector["expr"]
    assert root.problems == []


def test_console(tmp_path: Path) -> None:
    """`json` is what jsonencode gave, null where Terraform refused the expression."""
    root = load_root(str(tmp_path), Files(tmp_path))
    found = vectors(OWN / "console.json")
    assert len(found) > 1_000
    assert [vector for vector in found if as_json(evaluate(vector["expr"], root)) != vector["json"]] == []


def as_json(value: Value) -> str | None:
    """The value as jsonencode gives it, None where Terraform would refuse it, its reason where it is unknown."""
    if first_failure(value) is not None:
        return None
    unknown = first_unknown(value)
    return json_text(value) if unknown is None else unknown.unknown.reason


def test_every_function_of_terraform_is_in_the_table() -> None:
    """`functions.txt` is what `terraform metadata functions` of 1.11.4 lists; `type` is the console's own."""
    listed = set((OWN / "functions.txt").read_text(encoding="utf-8").split())
    assert set(table()) - {"type"} == listed
