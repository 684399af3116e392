"""Whole-output snapshots of every format, and SARIF against the official schema.

`VMLINT_UPDATE_SNAPSHOTS=1 pytest tests/test_reports.py` writes them anew; read the difference before committing.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import ROOT, Outcome
from vmlint import __version__
from vmlint.model.span import SourceText
from vmlint.reports.frames import Mark, excerpt, printable, redacted
from vmlint.reports.line_hash import line_hashes
from vmlint.reports.progress import Progress

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


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """The estate in a folder that is no part of a repository."""
    return Path(shutil.copytree(ESTATE, tmp_path / "estate"))


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_the_whole_report(vmlint: Run, estate: Path, form: str) -> None:
    done = vmlint("scan", "--today", DAY, "--format", form, "--show-undecided", ".", folder=estate)
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


def test_the_json_report_keeps_its_schema(vmlint: Run) -> None:
    schema = json.loads(vmlint("schema", "report").out)
    Draft202012Validator.check_schema(schema)
    for folder in (ESTATE, ROOT / "tests" / "fixtures"):
        told = json.loads(vmlint("scan", "--profile", "pedantic", "--format", "json", ".", folder=folder).out)
        assert told["findings"]
        assert [error.message for error in Draft202012Validator(schema).iter_errors(told)] == []


class TestSarif:
    @pytest.fixture
    def log(self, vmlint: Run, estate: Path) -> dict[str, object]:
        return dict(json.loads(vmlint("scan", "--today", DAY, "--format", "sarif", ".", folder=estate).out))

    def test_it_is_valid(self, log: dict[str, object]) -> None:
        schema = json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text())
        errors = [error.message for error in Draft202012Validator(schema).iter_errors(log)]
        assert errors == []

    def test_the_validator_of_code_scanning_is_content(self, log: dict[str, object], tmp_path: Path) -> None:
        """Microsoft's validator with the rules of SARIF and of GitHub Advanced Security."""
        validator = shutil.which("Sarif.Multitool") or shutil.which("sarif-multitool")
        if validator is None:
            pytest.skip("the SARIF multitool (npm: @microsoft/sarif-multitool) is not installed")
        (tmp_path / "report.sarif").write_text(json.dumps(log))
        done = subprocess.run(
            [validator, "validate", "--rule-kind", "Sarif;Ghas", "report.sarif"],
            cwd=tmp_path, env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert "Analysis completed successfully" in done.stdout
        assert " : error " not in done.stdout
        assert " : warning " not in done.stdout

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

    def test_uris_are_relative_to_the_repository(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "repository" / ".git").mkdir(parents=True)
        folder = tmp_path / "repository" / "a folder"
        folder.mkdir()
        (folder / "real.yaml").write_text("services:\n  a: {image: nginx, privileged: true}\n")
        (folder / "compose.yaml").symlink_to("real.yaml")
        done = vmlint("scan", "--format", "sarif", "compose.yaml", folder=folder)
        (run,) = json.loads(done.out)["runs"]
        artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": "a%20folder/real.yaml", "uriBaseId": "SRCROOT"}
        assert run["originalUriBaseIds"]["SRCROOT"]["uri"] == f"file://{tmp_path}/repository/"

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


class TestExcerpt:
    SOURCE = SourceText("a.yaml", "one: 1\ntwo: 2\nthree: 3\nfour: 4\n")

    def rows(self, *marks: Mark) -> list[str]:
        return [f"{row.gutter} {row.body}".rstrip() for row in excerpt(marks, margin=1)]

    def test_lines_come_in_their_order_once(self) -> None:
        primary = Mark(self.SOURCE.span(14, 22), primary=True)
        before = Mark(self.SOURCE.span(0, 3), "first")
        assert self.rows(primary, before) == ["1 one: 1", "  --- first", "…", "3 three: 3", "  ^^^^^^^^"]

    def test_a_shared_place_has_the_labels_of_both(self) -> None:
        span = self.SOURCE.span(7, 10)
        marks = (Mark(span, primary=True), Mark(span, "here"), Mark(span, "there"))
        assert self.rows(*marks) == ["2 two: 2", "  ^^^ here, there"]

    def test_two_places_on_a_line(self) -> None:
        marks = (Mark(self.SOURCE.span(12, 13), primary=True), Mark(self.SOURCE.span(7, 10), "its key"))
        assert self.rows(*marks) == ["2 two: 2", "       ^", "  --- its key"]

    def test_long_lines_are_cut_around_the_place(self) -> None:
        source = SourceText("a.yaml", "x" * 400 + "HERE" + "y" * 400)
        line, mark = self.rows(Mark(source.span(400, 404), primary=True))
        assert len(line) < 120
        assert line[mark.index("^") :].startswith("HERE")


class TestRedaction:
    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("  DB_PASSWORD: hunter2", "  DB_PASSWORD: *******"),
            ('  "api_key" = "abc"', '  "api_key" = *****'),
            ("  - SECRET_TOKEN=abc", "  - SECRET_TOKEN=***"),
            ("  PASSWORD: ${PASSWORD}", "  PASSWORD: ${PASSWORD}"),
            ("  image: nginx", "  image: nginx"),
            ('  source = "git::https://me:hunter2@host/x"', '  source = "git::https://**********@host/x"'),
            ("  https://host:80/a@b", "  https://host:80/a@b"),
            ("  docker login --password hunter2 ghcr.io", "  docker login --password ******* ghcr.io"),
            ("  docker login --password $PASSWORD", "  docker login --password $PASSWORD"),
        ],
    )
    def test_values_of_secret_keys(self, line: str, shown: str) -> None:
        assert redacted(line) == shown

    def test_control_characters_are_shown(self) -> None:
        assert printable("a\x1b[31m\u202eb\tc") == "a\\x1b[31m\\u202eb c"


class TestProgress:
    def told(self, terminal: bool, silent: bool = False) -> str:
        class Stream(io.StringIO):
            def isatty(self) -> bool:
                return terminal

        stream = Stream()
        progress = Progress(stream, silent)
        progress(1, 2000)
        assert stream.getvalue() == ""
        with pytest.MonkeyPatch.context() as patch:
            later = time.monotonic() + 20
            patch.setattr(time, "monotonic", lambda: later)
            progress(1500, 2000)
        progress.close()
        return stream.getvalue()

    def test_a_terminal_has_a_line_that_is_wiped(self) -> None:
        told = self.told(terminal=True)
        assert told.startswith("\rvmlint: read 1,500 of 2,000")
        assert told.endswith("\r\x1b[K")

    def test_a_log_has_whole_lines(self) -> None:
        assert self.told(terminal=False) == "vmlint: read 1,500 of 2,000 projects, modules and manifests\n"

    def test_quiet_is_quiet(self) -> None:
        assert self.told(terminal=True, silent=True) == ""
