"""YAML as Terraform's `yamldecode` and `yamlencode` read and write it."""

from __future__ import annotations

import json
import re

from vmlint.evaluation.terraform.conversions import parse_number
from vmlint.evaluation.terraform.functions.calling import Refused
from vmlint.evaluation.terraform.values import number_text
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Primitive, Scalar, Sequence, Value
from vmlint.syntax.yaml import parse

_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?)?")
_TAGS = frozenset(
    f"{prefix}{name}"
    for prefix in ("!!", "tag:yaml.org,2002:")
    for name in ("str", "int", "float", "bool", "null", "binary", "timestamp")
) | {"!"}
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
    return Scalar(_plain(value), source, start, end)


def _plain(value: Scalar) -> Primitive:
    """A scalar as Terraform's reader has it: plain booleans of YAML 1.1, but no numbers with `_` or in base 2."""
    raw = value.value
    if value.tag is not None and value.tag not in _TAGS:
        raise Refused(f"the tag {value.tag} is not supported")
    written = value.source.text[value.start : value.end]
    if isinstance(raw, str):
        if raw in _TRUE and written == raw and value.tag is None:
            return True
        if raw in _FALSE and written == raw and value.tag is None:
            return False
        return _stamp(raw) if (written == raw and value.tag is None) or _is(value, "timestamp") else raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _number(raw, written)
    return raw


def _is(value: Scalar, name: str) -> bool:
    return value.tag is not None and value.tag.endswith(name)


def _number(raw: int | float, written: str) -> Primitive:
    if len(written) < 300 and written.isdigit():
        # A leading zero means nothing here.
        return int(written)
    if "_" in written or written[:3].lower().lstrip("+-").startswith("0b"):
        return written
    if isinstance(raw, float):
        number = parse_number(written.rstrip("."))
        if number is None:
            raise Refused("infinity is no number")
        return number
    return raw


def _stamp(text: str) -> str:
    """A plain time stamp as RFC 3339, anything else as it is."""
    found = _STAMP.fullmatch(text)
    if found is None:
        return text
    zone = (found[3] or "Z").strip()
    return f"{found[1]}T{found[2] or '00:00:00'}{'Z' if zone in ('Z', '+00:00') else zone}"


def yaml_text(value: Value) -> str:
    """YAML as Terraform writes it: block style, every string quoted. Raises LookupError on unknowns."""
    if isinstance(value, Scalar):
        text = _scalar(value, "  ")
        # A plain scalar alone is closed with the mark of the document's end.
        return text + ("\n" if isinstance(value.value, str) else "\n...\n")
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
        folds = "\n" in raw and _NO_LITERAL.search(raw) is None
        return _literal(raw, pad) if folds else _quoted(raw)
    return "null" if raw is None else "true" if raw is True else "false" if raw is False else number_text(raw)


_NO_LITERAL = re.compile(r"[^\x20-\x7e\n\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]| \n| \Z")


def _literal(text: str, pad: str) -> str:
    body = text.rstrip("\n")
    ending = "-" if body == text else "" if body and text == body + "\n" else "+"
    mark = "|" + ("2" if text[0] in " \n" else "") + ending
    lines = (text if ending == "+" else body).split("\n")
    if ending == "+":
        lines.pop()
    return mark + "".join(f"\n{pad}{line}" if line else "\n" for line in lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
