"""What holds of every rule: its name, its manual, its options, what it may import."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import SHARED
from vmlint.engine import plugins
from vmlint.rule import FORMATS, Rule

LOADED = plugins.load()
FOLDER = Path(__file__).parents[1] / "rules"
PURE = frozenset(
    {"collections.abc", "posixpath", "dataclasses", "re", "datetime", "typing", "itertools", "functools"}
)


def ids(loaded: plugins.LoadedRule) -> str:
    return loaded.rule.id


@pytest.fixture(params=LOADED, ids=ids)
def loaded(request: pytest.FixtureRequest) -> plugins.LoadedRule:
    assert isinstance(request.param, plugins.LoadedRule)
    return request.param


def test_ids_and_names_are_unique() -> None:
    rules = [one.rule for one in LOADED]
    assert len({rule.id for rule in rules}) == len({rule.name for rule in rules}) == len(rules)


@pytest.mark.skipif(not (SHARED / "PLACEMENT.md").is_file(), reason="the specification is not beside the project")
def test_the_rules_are_those_of_the_specification_in_its_order() -> None:
    """Rows of tables begin with `| VML404 | name |`; families without a table list `VML501 name`."""
    text = (SHARED / "PLACEMENT.md").read_text(encoding="utf-8").split("## Rules")[1].split("## What is one")[0]
    stated = re.findall(r"(?:\| |^|· )(VML\d{3})(?: \| | )([a-z][a-z0-9-]+)", text, re.MULTILINE)
    assert [(one.rule.id, one.rule.name) for one in LOADED] == stated


def test_examples_are_of_formats_that_the_rule_claims(loaded: plugins.LoadedRule) -> None:
    assert all(example.file and example.text.strip() for example in loaded.rule.examples)
    assert bool(loaded.rule.examples) is not loaded.rule.by_engine


def test_every_file_is_a_loaded_rule() -> None:
    files = {path.stem for path in FOLDER.glob("vml*.py")}
    assert files == {f"{one.rule.id.lower()}_{one.rule.name.replace('-', '_')}" for one in LOADED}


def test_name_and_summary(loaded: plugins.LoadedRule) -> None:
    rule = loaded.rule
    assert re.fullmatch(r"VML[1-9]\d\d", rule.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.summary[0].isupper() or rule.summary.startswith("gVisor")
    assert not rule.summary.endswith(".")
    assert "\n" not in rule.summary


def test_manual(loaded: plugins.LoadedRule) -> None:
    """Why, when not, what to do instead, and the source, in at least three paragraphs."""
    if loaded.rule.family == 9:
        pytest.skip("coverage rules have a manual of their own shape")
    paragraphs = loaded.manual.strip().split("\n\n")
    assert len(paragraphs) >= 3
    assert any(paragraph.startswith("Instead:") for paragraph in paragraphs)
    assert paragraphs[-1].startswith("Goes back to:")


def test_guidance(loaded: plugins.LoadedRule) -> None:
    assert re.fullmatch(r"https://[\w.-]+/\S*", loaded.rule.guidance)


def test_formats(loaded: plugins.LoadedRule) -> None:
    assert loaded.rule.formats
    assert set(loaded.rule.formats) <= set(FORMATS)


def test_options_are_documented_and_have_defaults(loaded: plugins.LoadedRule) -> None:
    options = loaded.rule.options
    if options is None:
        return
    assert options.__annotations__
    assert options.__doc__
    manual = loaded.manual + options.__doc__
    assert "option" in manual.lower() or len(options.__doc__.split()) > 5
    assert not options.__doc__.startswith("Options(")
    assert set(options.__annotations__) <= {name for name in dir(options()) if not name.startswith("_")}


def test_subsumed_rules_exist(loaded: plugins.LoadedRule) -> None:
    assert loaded.rule.subsumes <= {one.rule.id for one in LOADED}


def test_imports_only_vmlint_and_reads_no_file(loaded: plugins.LoadedRule) -> None:
    tree = ast.parse(Path(loaded.path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            assert node.module in PURE or node.module.split(".")[0] == "vmlint", node.module
            assert "vmlint_rules" not in node.module
        elif isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= PURE
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "eval", "exec", "__import__"}


def test_node_agents_are_exempt_from_what_reaches_into_the_host() -> None:
    reaching = {"VML301", "VML302", "VML306", "VML404", "VML405", "VML406", "VML407", "VML408"}
    by_id: dict[str, Rule] = {one.rule.id: one.rule for one in LOADED}
    assert all("node-agent" in by_id[name].exempt_roles for name in reaching)
