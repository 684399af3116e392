"""Whole-output snapshots of every format, and SARIF against the official schema.

`VMLINT_UPDATE_SNAPSHOTS=1 pytest tests/test_reports.py` writes them anew; read the difference before committing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import ROOT, Outcome
from vmlint import __version__
from vmlint.reports.frames import printable, redacted
from vmlint.reports.line_hash import line_hashes

Run = Callable[..., Outcome]

SNAPSHOTS = Path(__file__).parent / "snapshots"
ESTATE = ROOT / "tests" / "fixtures" / "reports"
DAY = "2026-11-01"


def scrubbed(text: str) -> str:
    """Without what differs from run to run: the version, the seconds, the folder."""
    text = re.sub(r'"seconds": [\d.]+', '"seconds": 0.0', text)
    text = text.replace(f'"{__version__}"', '"VERSION"')
    return re.sub(r'"uri": "file://[^"]*"', '"uri": "file:///ROOT/"', text)


def check(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("VMLINT_UPDATE_SNAPSHOTS"):
        path.write_text(scrubbed(text), encoding="utf-8")
    assert scrubbed(text) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_the_whole_report(vmlint: Run, form: str) -> None:
    done = vmlint("scan", "--today", DAY, "--format", form, "--show-undecided", ".", folder=ESTATE)
    assert done.code == 1
    check(f"report.{form}", done.out)


def test_the_report_in_colour(vmlint: Run) -> None:
    done = vmlint("scan", "--today", DAY, "--color", "always", "compose.yaml", folder=ESTATE)
    check("report.colour", done.out)


def test_the_inventory(vmlint: Run) -> None:
    check("inventory.text", vmlint("inventory", "--today", DAY, ".", folder=ESTATE).out)


def test_the_trace(vmlint: Run) -> None:
    check("why.text", vmlint("why", "service/ledger", ".", folder=ESTATE).out)


def test_the_manual(vmlint: Run) -> None:
    check("explain.text", vmlint("explain", "VML404").out)


class TestSarif:
    @pytest.fixture
    def log(self, vmlint: Run) -> dict[str, object]:
        return dict(json.loads(vmlint("scan", "--today", DAY, "--format", "sarif", ".", folder=ESTATE).out))

    def test_it_is_valid(self, log: dict[str, object]) -> None:
        schema = json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text())
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(log)]
        assert errors == []

    def test_regions_hold_the_evidence(self, log: dict[str, object]) -> None:
        (run,) = log["runs"]  # type: ignore[misc]
        results = run["results"]  # type: ignore[index]
        assert results
        for result in results:
            place = result["locations"][0]["physicalLocation"]
            region = place["region"]
            assert not place["artifactLocation"]["uri"].startswith(("/", "file:"))
            line = (ESTATE / place["artifactLocation"]["uri"]).read_text().splitlines()[region["startLine"] - 1]
            assert 1 <= region["startColumn"] <= len(line.encode("utf-16-le")) // 2
            assert region["endLine"] >= region["startLine"]
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]  # type: ignore[index]

    def test_columns_count_utf16(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text('services:\n  "a": {image: nginx, x-n: "😀", privileged: true}\n')
        done = vmlint("scan", "--format", "sarif", ".", folder=tmp_path)
        region = json.loads(done.out)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
        # One column more than in characters: the smiley is two units.
        assert (region["startColumn"], region["endColumn"]) == (34, 50)


class TestLineHash:
    def test_the_hash_of_nothing_is_that_of_the_upload_action(self) -> None:
        assert line_hashes("") == ["c129715d7a2bc9a3:1"]
        assert line_hashes(" \t ") == ["c129715d7a2bc9a3:1"]

    def test_blanks_and_line_breaks_do_not_matter(self) -> None:
        assert line_hashes("a b\r\nc\n") == line_hashes("\tab\nc\n")

    def test_equal_lines_are_counted(self) -> None:
        hashes = line_hashes("x\n" * 400)
        assert hashes[0].split(":")[0] == hashes[1].split(":")[0]
        assert [h.split(":")[1] for h in hashes[:3]] == ["1", "2", "3"]


class TestRedaction:
    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("  DB_PASSWORD: hunter2", "  DB_PASSWORD: *******"),
            ('  "api_key" = "abc"', '  "api_key" = *****'),
            ("  - SECRET_TOKEN=abc", "  - SECRET_TOKEN=***"),
            ("  PASSWORD: ${PASSWORD}", "  PASSWORD: ${PASSWORD}"),
            ("  image: nginx", "  image: nginx"),
        ],
    )
    def test_values_of_secret_keys(self, line: str, shown: str) -> None:
        assert redacted(line) == shown

    def test_control_characters_are_shown(self) -> None:
        assert printable("a\x1b[31m\u202eb\tc") == "a\\x1b[31m\\u202eb c"
