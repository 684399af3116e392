"""What a Dockerfile tells of the image that `build:` makes."""

from __future__ import annotations

import pytest

from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.span import SourceText
from vmlint.sources.compose.dockerfile import read

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
