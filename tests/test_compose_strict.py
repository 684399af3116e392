"""`--strict`: what the Compose schema refuses, in the user's words at the right line."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from tests.conftest import Outcome
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping
from vmlint.sources.compose.strict import check
from vmlint.syntax.yaml import parse


def told(text: str) -> list[tuple[int, str]]:
    root = parse(SourceText("compose.yaml", text)).documents[0].root
    assert isinstance(root, Mapping)
    return [(problem.span.line, problem.message) for problem in check(root)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("image: [a]", "`services.web.image` must be a string, not a list"),
        ("prots: ['80:80']", 'Compose knows no "prots" in `services.web`; `ports` may be meant'),
        ("something: 1", 'Compose knows no "something" in `services.web`'),
        ("ports: {80: 80}", "`services.web.ports` must be a list, not a mapping"),
        ("command: {a: b}", "`services.web.command` must be a list, a string or empty, not a mapping"),
        (
            "volumes: [{type: bnd}]",
            "`services.web.volumes[0].type` must be one of `bind`, `volume`, `tmpfs`, `cluster`, `npipe`, `image`",
        ),
        ("volumes: [{source: b}]", "`services.web.volumes[0]` lacks `type`"),
        ("build: {contxt: .}", 'Compose knows no "contxt" in `services.web.build`; `context` may be meant'),
        ("command: [awk, '${1}']", "`services.web.command[1]` holds no valid variable; `$$` writes a dollar sign"),
        ("cap_add: [A, A]", "`services.web.cap_add` names one thing twice"),
        (
            "environment: {A: [1]}",
            "`services.web.environment.A` must be a number, a string, empty or true or false, not a list",
        ),
    ],
)
def test_errors_of_a_service(body: str, message: str) -> None:
    assert told(f"services:\n  web:\n    {body}\n") == [(3, message)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {a: {image: b}}\nnetwork: {}", [(2, 'Compose knows no "network"; `networks` may be meant')]),
        ("services: {a: {image: b}}\nversion: 3", [(2, "`version` must be a string, not a whole number")]),
        (
            "services:\n  'my web': {image: b}",
            [(2, '"my web" is no valid name in `services`: letters, digits, `.`, `_` and `-` alone')],
        ),
        (
            "web:\n  image: a",
            [(1, "it has no `services`: Compose no longer reads the first version of its format")],
        ),
    ],
)
def test_errors_of_a_file(text: str, expected: list[tuple[int, str]]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "body",
    [
        "privileged: '${PRIVILEGED}', environment: ['A=${A}', 'A=${B}']",
        "ports: !reset null, volumes: !override {a: b}",
        "x-own: [1], restart: 'no', scale: 2",
        "deploy: {replicas: '${COUNT:-1}', resources: {limits: {cpus: 0.5, memory: 1G}}}",
    ],
)
def test_what_is_valid_or_not_settled_is_not_told(body: str) -> None:
    assert told(f"x-top: 1\nservices: {{web: {{image: a, {body}}}}}") == []


def test_errors_are_bounded() -> None:
    body = ", ".join(f"k{number}: 1" for number in range(5000))
    assert len(told(f"services: {{web: {{{body}}}}}")) == 100


def test_the_command_line_asks_for_it(vmlint: Callable[..., Outcome]) -> None:
    text = "services:\n  web:\n    image: example/web:1\n    prots: ['80:80']\n"
    Path("compose.yaml").write_text(text, encoding="utf-8")
    assert vmlint("scan", "compose.yaml").code == 0
    strict = vmlint("scan", "--strict", "compose.yaml")
    assert strict.code == 3
    assert "compose.yaml:4:5" in strict.out
    assert "1 workload" in strict.out  # and the rest is scanned all the same


def test_the_schema_comes_with_its_licence_and_source() -> None:
    folder = files("vmlint.sources.compose") / "schema"
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert "compose-go" in (folder / "README.md").read_text(encoding="utf-8")
