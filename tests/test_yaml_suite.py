"""The YAML test suite: what must parse parses, what must be refused is refused; exceptions with their reasons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vmlint.model.finding import ProblemKind
from vmlint.model.span import SourceText
from vmlint.syntax.yaml import parse

SUITE = Path(__file__).parents[2] / "shared/conformance/yaml-test-suite/src"

# Valid, and refused by both parsers underneath (libyaml and its Python twin, which are YAML 1.1 in these corners).
# None of it occurs in the manifests that people write.
REFUSED = {
    "the colon of a flow entry on a line of its own": "4MUZ:0 4MUZ:1 4MUZ:2 5MUD 9SA2 K3WX NJ66 UT92 VJP3:1",
    "tabs as separation in front of a token": "6BCT 6CA3 A2M4 DK95:0 DK95:3 DK95:4 Q5MG Y79Y:10",
    "an empty key in a flow sequence": "CFD4",
    "an empty node with a tag in a flow mapping": "WZ62",
    "a document that is ended before it is begun": "HWV9 M7A3 QT73",
    "a version directive of the future": "BEC7 ZYU8:1 ZYU8:2 ZYU8:3",
    "a tab inside a block scalar's indentation": "R4YG",
}
# Invalid, and read all the same. The tree is what its author meant, and the platforms' reader (a port of libyaml)
# takes most of it too.
READ = {
    "indentation that flow or quoted text does not need": "9C9N QB6E DK95:1 Y79Y:3",
    "a comment without a space before it": "9JBA CVW2 SU5Z X4QW",
    "a directive behind a document without an end": "9HCY EB22 RHX7",
    "a directive with more or other words": "MUS6:0 MUS6:1",
    "a plain dash in a flow sequence": "G5U8 YJV2",
    "spaces in front of a block scalar's first line": "S98Z",
    "a comma in a tag": "U99R",
}
EXCEPTIONS = {name for table in (REFUSED, READ) for names in table.values() for name in names.split()}


def cases() -> list[tuple[str, str, bool]]:
    from ruamel.yaml import YAML

    found = []
    for path in sorted(SUITE.glob("*.yaml")):
        listed = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        case: dict[str, Any] = {}
        for number, entry in enumerate(listed):
            # A later case of a file inherits what it does not say, but for its failing.
            case = {**{key: value for key, value in case.items() if key != "fail"}, **entry}
            name = path.stem + (f":{number}" if len(listed) > 1 else "")
            found.append((name, _shown(case["yaml"]), bool(case.get("fail"))))
    return found


def _shown(text: str) -> str:
    """The suite writes invisible characters visibly."""
    text = re.sub("—*»", "\t", text)
    for shown, meant in (("␣", " "), ("⇔", "\ufeff"), ("↵", ""), ("←", "\r")):
        text = text.replace(shown, meant)
    return re.sub("∎\n$", "", text)


@pytest.mark.skipif(not SUITE.is_dir(), reason="the YAML test suite is not beside the project")
def test_the_suite() -> None:
    wrong = set()
    listed = cases()
    for name, text, must_fail in listed:
        problems = parse(SourceText(name, text)).problems
        failed = any(problem.kind is ProblemKind.UNREADABLE for problem in problems)
        if failed != must_fail:
            wrong.add(name)
    assert len(listed) > 300
    assert wrong == EXCEPTIONS
