"""Functions that read files, inside the scan root only, and functions on paths."""

from __future__ import annotations

import base64
import os
import re
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.unification import set_of
from vmlint.evaluation.terraform.values import scalar, unresolved
from vmlint.files import Refusal
from vmlint.model.span import SourceText
from vmlint.model.value import Scalar, Value

MAX_LISTED = 20_000
"""Entries of folders that one `fileset` looks at."""


def not_read(call: Call, refusal: Refusal) -> Value:
    """A file that does not exist is Terraform's error; one that may not be read is unknown."""
    if refusal.missing:
        raise Refused(f"the file {_shown(call)} does not exist")
    return unresolved(f'{call.name}("{_shown(call)}")', refusal.message, call.span)


def _shown(call: Call) -> str:
    return "…" if call.arguments[0].sensitive else call.text(0)


def file_bytes(call: Call) -> bytes | Value:
    data = call.scope.paths.data(call.text(0))
    return not_read(call, data) if isinstance(data, Refusal) else data


def file_text(call: Call) -> SourceText | Value:
    source = call.scope.paths.text(call.text(0))
    return not_read(call, source) if isinstance(source, Refusal) else source


def _file(call: Call) -> Any:
    """The text of a file, whose places are the file's own."""
    source = file_text(call)
    return source if isinstance(source, Value) else _content(call, source)


def _content(call: Call, source: SourceText) -> Scalar:
    from vmlint.model.fact import Origin

    made = scalar(source.text, call.span)
    made.via = (Origin(f"file {source.path}", source.whole().first_line()),)
    return made


def _filebase64(call: Call) -> Any:
    data = file_bytes(call)
    if isinstance(data, Value):
        return data
    made = scalar(base64.b64encode(data).decode(), call.span)
    source = call.scope.paths.text(call.text(0))
    if isinstance(source, SourceText):
        made.content = _content(call, source)
    return made


def _fileexists(call: Call) -> Any:
    found = call.scope.paths.exists(call.text(0))
    if found is None:
        return unresolved(f'fileexists("{_shown(call)}")', "it is no file of the scanned folder", call.span)
    return found


def _fileset(call: Call) -> Any:
    paths = call.scope.paths
    wanted = os.path.normpath(call.text(1)).replace(os.sep, "/")
    if not paths.may_list(call.text(0)) or wanted.startswith(("../", "/")):
        return unresolved(f'fileset("{_shown(call)}")', "it is no folder of the scanned one", call.span)
    pattern = re.compile(_glob(wanted))
    start = paths.located(call.text(0))
    found: list[str] = []
    waiting, seen = [""], 0
    while waiting:
        inner = waiting.pop()
        for name in paths.files.names(f"{start}/{inner}".rstrip("/")):
            seen += 1
            if seen > MAX_LISTED:
                raise Refused("the folder has too many files")
            path = f"{inner}/{name}".lstrip("/")
            full = f"{start}/{path}"
            if paths.files.is_folder(full):
                if not os.path.islink(full):
                    waiting.append(path)
            elif pattern.fullmatch(path) and paths.files.is_file(full):
                found.append(path)
    return set_of([scalar(path, call.span) for path in found], call.span)


def _glob(pattern: str) -> str:
    """A glob of Go's doublestar as a regular expression: `**` goes through folders, `{a,b}` is a choice."""
    if len(pattern) > 500:
        raise Refused("the pattern is too long")
    out, at, depth = "", 0, 0
    while at < len(pattern):
        character = pattern[at]
        if pattern.startswith("**/", at):
            out, at = out + "(?:[^/]+/)*+", at + 3
            continue
        if pattern.startswith("**", at):
            out, at = out + ".*", at + 2
            continue
        if character == "[" and (end := pattern.find("]", at + 2)) > 0:
            out += "[" + pattern[at + 1 : end].replace("\\", "\\\\").replace("!", "^", 1) + "]"
            at = end + 1
            continue
        if character in "{}":
            depth += 1 if character == "{" else -1
        choice = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}.get(character)
        if character == "," and depth > 0:
            choice = "|"
        out += choice if choice is not None else re.escape(character)
        at += 1
    if depth:
        raise Refused("a brace of the pattern is not closed")
    try:
        re.compile(out)
    except re.error:
        raise Refused("the pattern is no glob") from None
    return out


def _dirname(call: Call) -> str:
    text = call.text(0)
    folder = (
        os.path.dirname(text.rstrip("/")) if text.rstrip("/") != text and text.strip("/") else os.path.dirname(text)
    )
    if text.endswith("/") and text.strip("/"):
        folder = text.rstrip("/")
    return os.path.normpath(folder).replace(os.sep, "/") if folder else "."


def _basename(call: Call) -> str:
    text = call.text(0)
    if not text:
        return "."
    return text.rstrip("/").rsplit("/", 1)[-1] or "/"


def _abspath(call: Call) -> Any:
    return call.scope.paths.absolute(call.text(0))


def _pathexpand(call: Call) -> Any:
    path = call.text(0)
    if path.startswith("~"):
        return unresolved(f'pathexpand("{_shown(call)}")', "it depends on the user's home", call.span)
    return path


FUNCTIONS = {
    "abspath": Function(_abspath),
    "basename": Function(_basename),
    "dirname": Function(_dirname),
    "file": Function(_file),
    "filebase64": Function(_filebase64),
    "fileexists": Function(_fileexists),
    "fileset": Function(_fileset, 2, 2),
    "pathexpand": Function(_pathexpand),
}
