"""Functions that encode and decode texts. An encoded text keeps the tree that it was made from (`content`)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import quote

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused, Unsettled
from vmlint.evaluation.terraform.scope import MAX_ITEMS
from vmlint.evaluation.terraform.secrets import first_secret, secret
from vmlint.evaluation.terraform.values import (
    MAX_NODES,
    again,
    first_failure,
    first_unknown,
    inherit,
    number_text,
    scalar,
    unresolved,
)
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value


def json_text(value: Value) -> str:
    """JSON as Go writes it: keys sorted, no spaces, `<`, `>` and `&` escaped. Raises LookupError on unknowns."""
    if isinstance(value, Scalar):
        raw = value.value
        if isinstance(raw, str):
            return json_string(raw)
        return "null" if raw is None else "true" if raw is True else "false" if raw is False else number_text(raw)
    if isinstance(value, Sequence):
        return "[" + ",".join(json_text(item) for item in value.items) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{json_string(key)}:{json_text(value.entries[key])}" for key in sorted(value.entries))
        return "{" + ",".join(pairs) + "}"
    raise LookupError(value)


def json_string(text: str) -> str:
    """A JSON string as Go writes it."""
    text = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _encoded(call: Call, text: Any) -> Value:
    """The text of an encoder where everything is known; its content in any case."""
    value = call.arguments[0]
    unknown = first_failure(value) or first_unknown(value)
    hidden = first_secret(value) if unknown is None and not isinstance(value, Scalar) else None
    if hidden is not None:
        unknown = secret(hidden, hidden.span)
    if unknown is not None:
        found = again(unknown, call.span)
        made: Value = type(found)(found.unknown, (), value)
        return inherit(made, value)
    result = scalar(text(value), call.span)
    result.content = value
    return inherit(result, value)


def _jsonencode(call: Call) -> Value:
    return _encoded(call, json_text)


def _jsondecode(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Scalar | Unresolved) and value.content is not None and call.name == "jsondecode":
        return value.content
    if isinstance(value, Unresolved):
        return again(value, call.span)
    _check_size(call.text(0), ",")
    source = SourceText(value.source.path, call.text(0))
    from vmlint.evaluation.terraform.expressions import evaluate
    from vmlint.syntax.hcl_ast import SyntaxProblem
    from vmlint.syntax.hcl_json import parse_value

    try:
        return evaluate(parse_value(source), call.scope.elsewhere(source, pin=call.span))
    except SyntaxProblem as problem:
        raise Refused(f"the text is no JSON: {problem.message}") from None


def _base64encode(call: Call) -> Value:
    def text(value: Value) -> str:
        return base64.b64encode(call.text(0).encode("utf-8", "surrogatepass")).decode()

    return _encoded(call, text)


def _base64gzip(call: Call) -> Value:
    """Compressed bytes differ between compressors; what they come from is kept."""
    value = call.arguments[0]
    found = unresolved("base64gzip()", "compressed bytes are not computed", call.span)
    return inherit(Unresolved(found.unknown, (), value), value)


def _bytes(call: Call, at: int) -> bytes:
    try:
        return base64.b64decode(call.text(at).encode(), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("the text is not base64") from None


def _base64decode(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Scalar | Unresolved) and value.content is not None:
        return value.content
    if isinstance(value, Unresolved):
        return again(value, call.span)
    try:
        return _bytes(call, 0).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the bytes are not UTF-8 text") from None


_ENCODINGS = {"utf-16le", "utf-16be", "utf-16", "utf-8", "iso-8859-1", "windows-1252", "us-ascii", "shift_jis",
              "gbk", "gb18030", "big5", "euc-jp", "euc-kr", "koi8-r"}  # fmt: skip


def _encoding(call: Call) -> str:
    name = call.text(1).lower()
    if name not in _ENCODINGS and not name.startswith(("iso-8859-", "windows-12")):
        raise Refused("the encoding is not known")
    return {"utf-16": "utf-16-be"}.get(name, name.replace("windows-", "cp"))


def _textencodebase64(call: Call) -> Value:
    try:
        return scalar(base64.b64encode(call.text(0).encode(_encoding(call))).decode(), call.span)
    except (UnicodeEncodeError, LookupError):
        raise Refused("the text does not fit the encoding") from None


def _textdecodebase64(call: Call) -> str:
    try:
        return _bytes(call, 0).decode(_encoding(call))
    except (UnicodeDecodeError, LookupError):
        raise Refused("the bytes are no text of the encoding") from None


def _check_size(text: str, mark: str) -> None:
    """Refuses to build a tree of which no one could look at the whole."""
    if text.count(mark) > MAX_NODES:
        raise Unsettled("the value is too large")


def _csvdecode(call: Call) -> Any:
    import csv
    import io

    reader = csv.reader(io.StringIO(call.text(0)), strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error:
        raise Refused("the text is no CSV") from None
    if not rows:
        raise Refused("the text has no header line")
    header = rows[0]
    if len(rows) * len(header) > MAX_ITEMS:
        raise Unsettled("it has more members than are allowed")
    if len(set(header)) != len(header):
        raise Refused("two columns have one name")
    made: list[Value] = []
    for row in rows[1:]:
        if len(row) != len(header):
            raise Refused("a line has another number of fields than the header")
        cells: dict[str, Value] = {key: scalar(cell, call.span) for key, cell in zip(header, row, strict=True)}
        made.append(call.map(cells, "object"))
    return call.list(made)


def _yamlencode(call: Call) -> Value:
    from vmlint.evaluation.terraform.functions.yaml import yaml_text

    return _encoded(call, yaml_text)


def _yamldecode(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Scalar | Unresolved) and value.content is not None:
        return value.content
    if isinstance(value, Unresolved):
        return again(value, call.span)
    _check_size(call.text(0), "\n")
    _check_size(call.text(0), ",")
    from vmlint.evaluation.terraform.functions.yaml import decoded

    return decoded(call.text(0), call.span)


def _urlencode(call: Call) -> str:
    return quote(call.text(0), safe="-_.~").replace("%20", "+")


FUNCTIONS = {
    "base64decode": Function(_base64decode, partial=True),
    "base64encode": Function(_base64encode, partial=True),
    "base64gzip": Function(_base64gzip, partial=True),
    "csvdecode": Function(_csvdecode),
    "jsondecode": Function(_jsondecode, partial=True),
    "jsonencode": Function(_jsonencode, partial=True),
    "textdecodebase64": Function(_textdecodebase64, 2, 2),
    "textencodebase64": Function(_textencodebase64, 2, 2),
    "urlencode": Function(_urlencode),
    "yamldecode": Function(_yamldecode, partial=True),
    "yamlencode": Function(_yamlencode, partial=True),
}
