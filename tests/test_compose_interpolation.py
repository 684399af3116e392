"""Variables of Compose: every form, known, defaulted and unknown."""

from __future__ import annotations

import pytest

from vmlint.evaluation.environment import read_environment
from vmlint.evaluation.interpolation import Environment, interpolate, is_broken
from vmlint.model.span import SourceText
from vmlint.model.value import Scalar, Unresolved, Value


def environment(text: str) -> Environment:
    return Environment(read_environment(SourceText(".env", text)).variables)


def expand(template: str, variables: str = "FOO=first\nBAR=\n") -> Value:
    return interpolate(Scalar(template, SourceText("c.yaml", template), 0, len(template)), environment(variables))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("$FOO", "first"),
        ("${FOO}", "first"),
        ("a-${FOO}-b", "a-first-b"),
        ("$$FOO", "$FOO"),
        ("$${FOO}", "${FOO}"),
        ("100$", "100$"),
        ("${BAR}", ""),
        ("${BAR-default}", ""),
        ("${BAR:-default}", "default"),
        ("${UNSET:-default}", "default"),
        ("${UNSET-default}", "default"),
        ("${UNSET:-}", ""),
        ("${UNSET:-${FOO}}", "first"),
        ("${UNSET:-${BAR:-${FOO} and ${FOO}}}", "first and first"),
        ("${UNSET-a:b?c}", "a:b?c"),
        ("${FOO:?message}", "first"),
        ("${FOO?message}", "first"),
        ("${BAR?message}", ""),
        ("${FOO:+second}", "second"),
        ("${BAR:+second}", ""),
        ("${BAR+$FOO}", "first"),
        ("${UNSET+second}", ""),
    ],
)
def test_forms(template: str, value: str) -> None:
    found = expand(template)
    assert isinstance(found, Scalar)
    assert found.value == value


@pytest.mark.parametrize(
    ("template", "expression", "prefix"),
    [
        ("${UNSET}", "${UNSET}", ""),
        ("postgres:${TAG}", "${TAG}", "postgres:"),
        ("a${FOO}$NONE-x", "${NONE}", "afirst"),
        ("${UNSET:?must be set}", "${UNSET}", ""),
        ("${UNSET:-${OTHER}}", "${OTHER}", ""),
        ("${un closed", "${un closed", ""),
    ],
)
def test_what_no_file_sets_is_unknown_and_named(template: str, expression: str, prefix: str) -> None:
    found = expand(template)
    assert isinstance(found, Unresolved)
    assert found.unknown.expression == expression
    assert found.unknown.prefix == prefix


@pytest.mark.parametrize(("template", "broken"), [("${A", True), ("${}", True), ("${A}", False), ("$${A", False)])
def test_what_compose_refuses(template: str, broken: bool) -> None:
    assert is_broken(template) is broken


def test_the_line_of_the_environment_file_is_kept() -> None:
    found = expand("$FOO", "# c\nFOO=x\n")
    assert [(origin.label, origin.span.line, origin.span.text) for origin in found.via] == [
        (".env line 2", 2, "FOO=x")
    ]


def test_environment_files() -> None:
    text = (
        "A=1\nexport B = two words # comment\nC='$A # kept'\nD=\"q\" # c\n#E=5\n\nA=3\nF=${A}-${D}\n"
        "G=${NOT_SET}\nH=${NOT_SET:-h}\nI=\n"
    )
    values = {name: variable.value for name, variable in environment(text).items()}
    assert values == {"A": "3", "B": "two words", "C": "$A # kept", "D": "q", "F": "3-q", "H": "h", "I": ""}


def test_deeply_nested_defaults_end() -> None:
    assert isinstance(expand("${A:-" * 500 + "}" * 500), Unresolved)


def test_values_that_repeat_each_other_are_bounded() -> None:
    lines = ["A0=xxxxxxxxxx", *(f"A{n + 1}={f'${{A{n}}}' * 9}" for n in range(40)), "B=1"]
    found = environment("\n".join(lines))
    assert "A40" not in found
    assert found["B"].value == "1"
    assert sum(len(variable.value) for variable in found.values()) < 8_000_000


def test_a_string_beyond_the_budget_is_unknown() -> None:
    value = expand("$A" * 100, f"A={'x' * 100_000}\n")
    assert isinstance(value, Unresolved)
    assert "too much text" in value.unknown.reason
