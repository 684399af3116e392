"""Merging of Compose files, checked against the reference loader's own cases where they are at hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at
from vmlint.sources.compose.merge import as_mapping, merge, without_resets
from vmlint.syntax.yaml import parse

CASES = Path(__file__).parents[2] / "shared/conformance/compose-go-testdata/_go-tests/override"

# Keys in which the reference loader differs, none of which placement reads.
_UNREAD = ("ulimits", "ipam", "links", "extra_hosts", "runtime_flags")
_LISTS_OF_PAIRS = ("environment", "labels", "annotations", "sysctls", "args", "additional_contexts")


def tree(text: str, name: str = "compose.yaml") -> Value:
    parsed = parse(SourceText(name, text))
    assert not parsed.problems
    return parsed.documents[0].root


def merged(base: str, over: str) -> Value:
    return without_resets(merge(tree(base), tree(over, "override.yaml")))


def plain(value: Value, key: str = "") -> object:
    """The tree as text, in the long syntax."""
    if key in (*_LISTS_OF_PAIRS, "networks", "models", "depends_on"):
        value = as_mapping(value)
    match value:
        case Mapping():
            return {name: plain(child, name) for name, child in value.entries.items() if name not in _UNREAD}
        case Sequence():
            return [plain(child) for child in value.items]
        case Scalar() if key == "build":
            return {"context": value.text}
        case Scalar():
            return value.text
    return None


def reference_cases() -> list[tuple[str, str, str, str]]:
    pattern = re.compile(r"func (Test\w+)\(.*?assertMergeYaml\(t, `(.*?)`, `(.*?)`, `(.*?)`\)", re.DOTALL)
    found = []
    for path in sorted(CASES.glob("*_test.go")):
        found += [match.groups() for match in pattern.finditer(path.read_text(encoding="utf-8"))]
    return found  # type: ignore[return-value]


@pytest.mark.skipif(not CASES.is_dir(), reason="the reference loader's data is not beside the project")
def test_the_reference_loaders_cases() -> None:
    cases = reference_cases()
    assert len(cases) > 40
    wrong = [name for name, base, over, result in cases if plain(merged(base, over)) != plain(tree(result))]
    assert wrong == []


def test_a_service_or_network_may_have_the_name_of_a_key() -> None:
    found = merged(
        "services: {test: {image: a, user: x}, command: {image: b}}",
        "services: {test: {user: y}, command: {user: z}}",
    )
    assert plain(at(found, "services")) == {
        "test": {"image": "a", "user": "y"},
        "command": {"image": "b", "user": "z"},
    }


def test_commands_are_replaced_and_mounts_merge_by_target() -> None:
    found = merged(
        "{command: [a, b], volumes: [./one:/data, two:/two], ports: ['80:80']}",
        "{command: [c], volumes: [{type: bind, source: /three, target: /data}], ports: ['80:80', '443:443']}",
    )
    assert plain(found) == {
        "command": ["c"],
        "volumes": [{"type": "bind", "source": "/three", "target": "/data"}, "two:/two"],
        "ports": ["80:80", "443:443"],
    }


def test_reset_removes_and_override_replaces() -> None:
    found = merged(
        "{image: a, privileged: true, ports: ['1:1'], environment: {A: 1, B: 2}}",
        "{privileged: !reset null, ports: !override ['2:2'], environment: {A: !reset null}}",
    )
    assert plain(found) == {"image": "a", "ports": ["2:2"], "environment": {"B": "2"}}


def test_a_merged_block_stands_where_it_was_first_written() -> None:
    found = merged("services:\n  web:\n    image: a\n", "services:\n  web:\n    privileged: true\n")
    web = at(found, "services", "web")
    assert web.key_span.source.path == "compose.yaml"
    assert at(web, "privileged").span.source.path == "override.yaml"
    assert at(web, "privileged").span.line == 3
