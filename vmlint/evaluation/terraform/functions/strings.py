"""Functions on strings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused, Unsettled, member_text
from vmlint.evaluation.terraform.functions.patterns import compiled, matches, substituted
from vmlint.evaluation.terraform.scope import MAX_ITEMS, MAX_TEXT
from vmlint.evaluation.terraform.secrets import secret
from vmlint.evaluation.terraform.values import again, scalar, wrap
from vmlint.model.fact import Unknown
from vmlint.model.value import Scalar, Sequence, Unresolved, Value
from vmlint.syntax.hcl_template import SPACES


def _by_letter(change: Callable[[str], str]) -> Callable[[Call], Any]:
    """A function that changes each character for itself keeps the known parts of a template."""

    def run(call: Call) -> Any:
        value = call.arguments[0]
        if isinstance(value, Unresolved):
            parts = tuple(change(part) if isinstance(part, str) else part for part in value.parts)
            return again(value, call.span, parts)
        return change(call.text(0))

    return run


def _cased(change: Callable[[str], str]) -> Callable[[str], str]:
    """A change of case as Go makes it: a letter whose other case would be two letters stays."""

    def run(text: str) -> str:
        if text.isascii():
            return change(text)
        return "".join(other if len(other := change(letter)) == 1 else letter for letter in text)

    return run


def _trimspace(call: Call) -> Any:
    value = call.arguments[0]
    if not isinstance(value, Unresolved):
        return call.text(0).strip(SPACES)
    parts: list[str | Unknown] = list(value.parts)
    if parts and isinstance(parts[0], str):
        parts[0] = parts[0].lstrip(SPACES)
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip(SPACES)
    return again(value, call.span, tuple(part for part in parts if part != ""))


def _join(call: Call) -> Any:
    """Known pieces survive between unknown ones."""
    from vmlint.evaluation.terraform.texts import text_of

    if isinstance(call.arguments[0], Unresolved):
        return again(call.arguments[0], call.span)
    separator = call.text(0)
    pieces: list[str | Unresolved] = []
    for value in call.arguments[1:]:
        if isinstance(value, Unresolved):
            _piece(pieces, separator, value)
            continue
        if not isinstance(value, Sequence):
            raise Refused("it joins lists of strings")
        for item in value.items:
            _piece(pieces, separator, _shown(item, value, call))
        if value.rest is not None:
            _piece(pieces, separator, Unresolved(value.rest))
    return text_of(pieces, call.span)


def _shown(item: Value, within: Sequence, call: Call) -> str | Unresolved:
    if isinstance(item, Unresolved):
        return item
    return secret(item, call.span) if item.sensitive or within.sensitive else member_text(item)


def _piece(pieces: list[str | Unresolved], separator: str, piece: str | Unresolved) -> None:
    if pieces:
        pieces.append(separator)
    pieces.append(piece)


def _split(call: Call) -> Any:
    separator, text = call.text(0), call.text(1)
    if not text:
        return call.list([scalar("", call.span)]) if separator else call.list([])
    if (text.count(separator) if separator else len(text)) > MAX_ITEMS:
        raise Unsettled("it has more members than are allowed")
    found = text.split(separator) if separator else list(text)
    return call.list([scalar(part, call.span) for part in found])


def _replace(call: Call) -> Any:
    text, old, new = call.text(0), call.text(1), call.text(2)
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        pattern = compiled(old[1:-1], text)
        return substituted(pattern, new, text)
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise Unsettled("the text is too long")
    return text.replace(old, new)


def _regex(call: Call) -> Any:
    found = next(matches(call.text(0), call.text(1)), None)
    if found is None:
        raise Refused("the pattern does not match")
    return found


def _regexall(call: Call) -> Any:
    return call.list([wrap(found, call.span) for found in matches(call.text(0), call.text(1))])


def _substr(call: Call) -> str:
    text, offset, length = call.text(0), call.integer(1), call.integer(2)
    if offset < 0:
        offset = max(0, offset + len(text))
    return text[offset:] if length < 0 else text[offset : offset + length]


def _title(call: Call) -> str:
    return re.sub(r"(^|\W)(\w)", lambda match: match[1] + match[2].upper(), call.text(0))


def _indent(call: Call) -> Any:
    spaces = call.integer(0)
    if not 0 <= spaces <= 1000:
        raise Refused("the number of spaces is out of range")
    value = call.arguments[1]
    pad = "\n" + " " * spaces
    if isinstance(value, Scalar) and call.text(1).count("\n") * spaces > MAX_TEXT:
        raise Unsettled("the text is too long")
    if isinstance(value, Unresolved):
        parts = tuple(part.replace("\n", pad) if isinstance(part, str) else part for part in value.parts)
        return again(value, call.span, parts)
    return call.text(1).replace("\n", pad)


def _startswith(call: Call) -> Any:
    value, prefix = call.arguments[0], call.arguments[1]
    if isinstance(prefix, Unresolved):
        return again(prefix, call.span)
    if isinstance(value, Unresolved):
        begins = value.unknown.prefix
        if begins.startswith(call.text(1)):
            return True
        return again(value, call.span) if call.text(1).startswith(begins) else False
    return call.text(0).startswith(call.text(1))


def _strcontains(call: Call) -> Any:
    value, part = call.arguments[0], call.arguments[1]
    if isinstance(part, Unresolved):
        return again(part, call.span)
    if isinstance(value, Unresolved):
        known = any(isinstance(text, str) and call.text(1) in text for text in value.parts)
        return True if known else again(value, call.span)
    return call.text(1) in call.text(0)


FUNCTIONS = {
    "chomp": Function(lambda call: re.sub(r"(?:\r\n|\n|\r)+\Z", "", call.text(0))),
    "endswith": Function(lambda call: call.text(0).endswith(call.text(1)), 2, 2),
    "indent": Function(_indent, 2, 2, partial=True),
    "join": Function(_join, 2, -1, partial=True),
    "lower": Function(_by_letter(_cased(str.lower)), partial=True),
    "regex": Function(_regex, 2, 2),
    "regexall": Function(_regexall, 2, 2),
    "replace": Function(_replace, 3, 3),
    "split": Function(_split, 2, 2),
    "startswith": Function(_startswith, 2, 2, partial=True),
    "strcontains": Function(_strcontains, 2, 2, partial=True),
    "strrev": Function(lambda call: call.text(0)[::-1]),
    "substr": Function(_substr, 3, 3),
    "title": Function(_title),
    "trim": Function(lambda call: call.text(0).strip(call.text(1)) if call.text(1) else call.text(0), 2, 2),
    "trimprefix": Function(lambda call: call.text(0).removeprefix(call.text(1)), 2, 2),
    "trimspace": Function(_trimspace, partial=True),
    "trimsuffix": Function(lambda call: call.text(0).removesuffix(call.text(1)), 2, 2),
    "upper": Function(_by_letter(_cased(str.upper)), partial=True),
}
