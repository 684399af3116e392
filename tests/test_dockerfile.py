"""What a Dockerfile tells of the image that `build:` makes."""

from __future__ import annotations

import time

import pytest

from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.span import SourceText
from vmlint.sources.dockerfile import read

TEXT = """\
# syntax=docker/dockerfile:1
ARG BASE=debian:12
FROM golang:1.22 AS build
RUN <<EOF
FROM not-an-instruction
EOF
FROM ${BASE} AS runtime
USER app
VOLUME ["/data", "/log"]
EXPOSE 80 443/tcp
CMD ["serve", \\
     # a comment between
     "--all"]
FROM runtime AS debug
ENTRYPOINT /bin/debug --wait
"""


def test_the_last_stage_inherits() -> None:
    image = read(SourceText("Dockerfile", TEXT))
    assert isinstance(image.base, Known)
    assert image.base.value == "debian:12"
    assert image.base.span.line == 7
    assert image.entrypoint == Known(("/bin/sh", "-c", "/bin/debug --wait"), image.entrypoint.span)
    assert isinstance(image.arguments, Absent)


def test_a_target_is_another_stage() -> None:
    image = read(SourceText("Dockerfile", TEXT), "runtime")
    assert isinstance(image.arguments, Known)
    assert image.arguments.value == ("serve", "--all")
    assert isinstance(image.user, Known)
    assert image.user.value == "app"
    assert [volume.value for volume in image.volumes] == ["/data", "/log"]
    assert [port.value for port in image.ports] == ["80", "443/tcp"]


def test_a_build_argument_without_default_is_unknown() -> None:
    image = read(SourceText("Dockerfile", "ARG TAG\nFROM --platform=linux/amd64 debian:${TAG}\n"))
    assert isinstance(image.base, Unknown)
    assert image.base.prefix == "debian:"


@pytest.mark.parametrize(
    "text",
    ["", "FROM", "FROM \\", "RUN <<EOF", "USER\nFROM a\nUSER", 'FROM a\nCMD ["a", ', "FROM a\nVOLUME '", "\x00"],
)
def test_no_text_raises(text: str) -> None:
    read(SourceText("Dockerfile", text))


def test_windows_files_escape_with_a_backtick() -> None:
    text = "# escape=`\n\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\nCMD powershell `\n  C:\\run.ps1\n"
    image = read(SourceText("Dockerfile", text))
    assert isinstance(image.arguments, Known)
    assert image.arguments.value[-1].endswith("C:\\run.ps1")
    assert image.base.span.line == 3


def words(text: str, target: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    image = read(SourceText("Dockerfile", text), target)
    return tuple(fact.value if isinstance(fact, Known) else () for fact in (image.entrypoint, image.arguments))  # type: ignore[return-value]


def test_an_entrypoint_takes_away_the_command_of_its_base_alone() -> None:
    assert words('FROM a\nCMD ["x"]\nENTRYPOINT ["e"]') == (("e",), ("x",))
    assert words('FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["e"]') == (("e",), ())


def test_arguments_are_known_where_they_are_declared() -> None:
    text = "ARG VERSION=12\nARG BASE=debian:${VERSION}\nFROM a AS one\nARG BASE=wrong\n"
    text += "FROM ${BASE}\nUSER ${UID:-nobody}\n"
    image = read(SourceText("Dockerfile", text))
    assert isinstance(image.base, Known)
    assert image.base.value == "debian:12"
    assert isinstance(image.user, Known)
    assert image.user.value == "nobody"
    given = read(SourceText("Dockerfile", text), given={"VERSION": "11", "UID": "5"})
    assert isinstance(given.base, Known)
    assert given.base.value == "debian:11"
    assert isinstance(given.user, Known)
    assert given.user.value == "nobody"  # given, and declared by no stage


def test_variables_reach_ports_volumes_and_later_stages() -> None:
    text = (
        "ARG PORT=8080\nFROM a AS base\nARG PORT\nENV DATA=/srv PORTS=$PORT\nFROM base\n"
        "EXPOSE $PORTS ${PORT}\nVOLUME ${DATA}/db\nUSER $WHO\n"
    )
    image = read(SourceText("Dockerfile", text))
    assert [port.value for port in image.ports] == ["8080"]
    assert [volume.value for volume in image.volumes] == ["/srv/db"]
    assert isinstance(image.user, Unknown)


def test_here_documents_end_where_they_say() -> None:
    text = (
        "FROM a\nRUN <<ONE cat <<-TWO\nCMD wrong\nONE\nUSER wrong\n\tTWO\n"
        "RUN echo $((1<<2)) <<< word\nRUN cat <<'EOF' > /x && true\nUSER wrong\nEOF\nUSER right\n"
    )
    image = read(SourceText("Dockerfile", text))
    assert isinstance(image.user, Known)
    assert image.user.value == "right"
    assert isinstance(image.arguments, Absent)


def test_a_here_document_without_an_end_hides_nothing() -> None:
    assert words('FROM a\nRUN cat <<EOF\nCMD ["x"]') == ((), ("x",))


def test_what_onbuild_leaves_is_done_by_the_stage_that_builds_on_it() -> None:
    text = "FROM a AS base\nONBUILD USER app\nONBUILD CMD run\nFROM base\n"
    image = read(SourceText("Dockerfile", text))
    assert isinstance(image.user, Known)
    assert (image.user.value, image.user.span.line) == ("app", 4)
    assert isinstance(read(SourceText("Dockerfile", text), "base").user, Absent)


def test_the_shell_form_runs_in_the_shell_that_is_set() -> None:
    assert words('FROM a\nSHELL ["powershell", "-Command"]\nCMD Start-Service x')[1] == (
        "powershell",
        "-Command",
        "Start-Service x",
    )


def test_a_directive_stands_at_the_very_top() -> None:
    text = "# a comment\n# escape=`\nFROM a\nCMD run \\\n  --all\n"
    assert words(text)[1] == ("/bin/sh", "-c", "run  --all")


def test_a_stage_by_its_number() -> None:
    assert words('FROM a\nCMD ["one"]\nFROM b\nCMD ["two"]', "0")[1] == ("one",)


def test_names_that_repeat_each_other_stay_small() -> None:
    lines = [f"ARG A{n}=${{A{n - 1}}}${{A{n - 1}}}" for n in range(1, 60)]
    image = read(SourceText("Dockerfile", "\n".join(["ARG A0=xx", *lines, "FROM a:$A59"])))
    assert isinstance(image.base, Known | Unknown)


def test_the_environment_of_an_image() -> None:
    text = "FROM a AS base\nENV A=1 B=${WHO}\nENV PGDATA /srv/pg\nFROM base\nENV A=2\n"
    found = read(SourceText("Dockerfile", text)).environment
    assert {name: getattr(value, "value", None) for name, value in found.items()} == {
        "A": "2",
        "B": None,
        "PGDATA": "/srv/pg",
    }


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\n" + "".join(f"RUN x <<E{number % 3}\n" for number in range(20_000)),
        "FROM a\nRUN " + "<<a " * 50_000,
        "FROM a\nCMD " + "[" * 50_000,
        "FROM a\nENV " + "A=$A$A " * 20_000,
        "FROM a\nRUN x \\\n" + "# comment\n" * 50_000,
        "".join(f"FROM s{number} AS s{number + 1}\nONBUILD RUN x\n" for number in range(5_000)),
        "FROM " + "${" * 50_000,
        "FROM a\nVOLUME '" + "x " * 50_000,
    ],
    ids=["heredocs", "markers", "brackets", "environment", "comments", "stages", "variables", "quotes"],
)
def test_hostile_text_takes_no_hostile_time(text: str) -> None:
    begin = time.perf_counter()
    read(SourceText("Dockerfile", text))
    assert time.perf_counter() - begin < 8
