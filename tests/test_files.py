"""The reader of the disk: the trust boundary, budgets and encodings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.files import Files, Refusal, decode, folder_of, join, normal
from vmlint.model.span import SourceText


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scan root with a secret beside it; the working directory is the root."""
    inside = tmp_path / "root"
    inside.mkdir()
    (tmp_path / "secret").write_text("secret")
    (inside / "a.yaml").write_text("a: 1\n")
    monkeypatch.chdir(inside)
    return inside


def refused(found: SourceText | Refusal | bytes) -> str:
    assert isinstance(found, Refusal)
    return found.message


class TestBoundary:
    @pytest.mark.parametrize("path", ["../secret", "./x/../../secret", "/etc/passwd"])
    def test_nothing_outside_is_read(self, root: Path, path: str) -> None:
        assert refused(Files(root).text(path)) == "it lies outside the scanned folder"
        assert not Files(root).is_file(path)

    def test_a_symlink_does_not_lead_out(self, root: Path) -> None:
        (root / "link").symlink_to("../secret")
        (root / "folder").symlink_to("..")
        assert refused(Files(root).text("link")) == "it lies outside the scanned folder"
        assert Files(root).names("folder") == []
        assert not Files(root).is_folder("folder")

    def test_a_symlink_inside_is_followed(self, root: Path) -> None:
        (root / "link").symlink_to("a.yaml")
        assert Files(root).text("link") == SourceText("link", "")

    def test_a_neighbour_with_the_same_beginning_is_outside(self, root: Path) -> None:
        neighbour = root.parent / "root2"
        neighbour.mkdir()
        (neighbour / "x").write_text("x")
        assert refused(Files(root).text("../root2/x")) == "it lies outside the scanned folder"

    def test_what_the_command_line_names_is_read(self, root: Path) -> None:
        found = Files(root, named=("../secret",)).text("../secret")
        assert isinstance(found, SourceText)
        assert found.text == "secret"


class TestRefusals:
    def test_a_missing_file_says_so(self, root: Path) -> None:
        found = Files(root).text("nowhere.yaml")
        assert isinstance(found, Refusal)
        assert found.missing

    def test_a_symlink_loop_ends(self, root: Path) -> None:
        (root / "loop").symlink_to("loop")
        assert refused(Files(root).text("loop"))

    def test_a_pipe_is_not_waited_for(self, root: Path) -> None:
        os.mkfifo(root / "pipe")
        assert refused(Files(root).text("pipe")) == "it is not a regular file"

    def test_a_folder_is_no_file(self, root: Path) -> None:
        (root / "folder").mkdir()
        assert refused(Files(root).text("folder")) == "it is not a regular file"

    def test_a_file_over_the_budget_is_not_read(self, root: Path) -> None:
        (root / "big").write_bytes(b"x" * 101)
        assert refused(Files(root, max_bytes=100).text("big")) == "it has 101 bytes, more than the 100 allowed"

    def test_each_file_is_read_once(self, root: Path) -> None:
        files = Files(root)
        first = files.text("a.yaml")
        (root / "a.yaml").write_text("b: 2\n")
        assert files.text("./a.yaml") is first


class TestDecoding:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_marks_name_the_encoding(self, encoding: str) -> None:
        found = decode("f", "image: nginx # é".encode(encoding))
        assert isinstance(found, SourceText)
        assert found.text == "image: nginx # é"

    @pytest.mark.parametrize(
        ("data", "message"),
        [(b"\xff\xfa", "it is not UTF-8 text (byte 0)"), (b"a\x00b", "it is a binary file")],
    )
    def test_what_is_no_text_is_refused(self, data: bytes, message: str) -> None:
        assert refused(decode("f", data)) == message

    @given(st.binary(max_size=30))
    def test_any_bytes_give_text_or_a_refusal(self, data: bytes) -> None:
        assert isinstance(decode("f", data), SourceText | Refusal)


def test_paths_are_named_as_reports_show_them() -> None:
    assert normal("./a//b/../c.yaml") == "a/c.yaml"
    assert join("infra/prod", "../modules/web") == "infra/modules/web"
    assert folder_of("a/b.tf") == "a"
    assert folder_of("b.tf") == "."


@pytest.mark.parametrize("path", ["\0", "a\0b", "\ud800"])
def test_what_is_no_path_at_all(tmp_path: Path, path: str) -> None:
    files = Files(tmp_path)
    found = files.text(path)
    assert isinstance(found, Refusal)
    assert found.message == "it is no path"
    assert not files.stands(path)
    assert not files.is_folder(path)
    assert files.names(path) == []
