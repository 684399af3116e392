"""YAML as Terraform's `yamldecode` and `yamlencode` read and write it."""

from __future__ import annotations

import json
import re

from vmlint.evaluation.terraform.functions.calling import Refused
from vmlint.evaluation.terraform.values import number_text
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Primitive, Scalar, Sequence, Value
from vmlint.syntax.yaml import parse

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FALSE = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF"))


def decoded(text: str, span: Span) -> Value:
    """The tree of a YAML text, everything at `span`. Raises Refused."""
    parsed = parse(SourceText("<yamldecode>", text))
    if parsed.problems:
        raise Refused(f"the text is no YAML: {parsed.problems[0].message}")
    if len(parsed.documents) != 1:
        raise Refused("the text is not one YAML document")
    return _placed(parsed.documents[0].root, span)


def _placed(value: Value, span: Span) -> Value:
    source, start, end = span.source, span.start, span.end
    if isinstance(value, Mapping):
        entries = {key: _placed(item, span) for key, item in value.entries.items()}
        return Mapping(entries, source, start, end, kind="object")
    if isinstance(value, Sequence):
        return Sequence([_placed(item, span) for item in value.items], source, start, end, kind="tuple")
    if isinstance(value, Missing) or not isinstance(value, Scalar):
        return Scalar(None, source, start, end)
    return Scalar(_yaml_1_1(value), source, start, end)


def _yaml_1_1(value: Scalar) -> Primitive:
    """Terraform's reader still has the plain booleans of YAML 1.1."""
    raw = value.value
    if isinstance(raw, str) and value.tag is None and value.source.text[value.start : value.end] == raw:
        if raw in _TRUE:
            return True
        if raw in _FALSE:
            return False
        if _DATE.fullmatch(raw):
            return f"{raw}T00:00:00Z"
    if isinstance(raw, int) and not isinstance(raw, bool):
        written = value.source.text[value.start : value.end]
        if len(written) < 300 and written.isdigit():
            # A leading zero means nothing here.
            return int(written)
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw


def yaml_text(value: Value) -> str:
    """YAML as Terraform writes it: block style, every string quoted. Raises LookupError on unknowns."""
    return _block(value, 0).lstrip("\n") + "\n"


def _block(value: Value, depth: int) -> str:
    pad = "  " * depth
    if isinstance(value, Mapping):
        if not value.entries:
            return "{}"
        lines = [_entry(f"{pad}{_quoted(key)}:", value.entries[key], depth) for key in sorted(value.entries)]
        return "\n" + "\n".join(lines)
    if isinstance(value, Sequence):
        if not value.items:
            return "[]"
        return "\n" + "\n".join(_member(pad, item, depth) for item in value.items)
    if isinstance(value, Scalar):
        return _scalar(value, pad)
    raise LookupError(value)


def _entry(head: str, value: Value, depth: int) -> str:
    if isinstance(value, Sequence) and value.items:
        # Lists stand at the level of their key.
        return head + _block(value, depth)
    text = _block(value, depth + 1)
    return head + text if text.startswith("\n") else f"{head} {text}"


def _member(pad: str, value: Value, depth: int) -> str:
    text = _block(value, depth + 1)
    if text.startswith("\n"):
        return f"{pad}- {text[1:].lstrip(' ')}"
    return f"{pad}- {text}"


def _scalar(value: Scalar, pad: str) -> str:
    raw = value.value
    if isinstance(raw, str):
        if (
            "\n" in raw
            and re.search(r"[^\x20-\x7e\n\t\u00a0-\ufffd]", raw) is None
            and not raw.startswith((" ", "\n"))
        ):
            return _literal(raw, pad)
        return _quoted(raw)
    return "null" if raw is None else "true" if raw is True else "false" if raw is False else number_text(raw)


def _literal(text: str, pad: str) -> str:
    body = text.rstrip("\n")
    mark = "|-" if body == text else "|" if text == body + "\n" else "|+"
    lines = (text if mark == "|+" else body).split("\n")
    if mark == "|+":
        lines.pop()
    return mark + "".join(f"\n{pad}{line}" if line else "\n" for line in lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
