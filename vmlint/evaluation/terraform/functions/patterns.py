"""Regular expressions of Go (RE2) by Python's engine, within bounds.

RE2 is linear; Python's engine is not. A pattern is therefore weighed before it runs: each repetition without a
bound multiplies the work by the length of the text, and repetitions inside repetitions are let near short texts
only. What is too heavy is refused, so that the value is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Refused

MAX_PATTERN = 2_000
MAX_WORK = 20_000_000
"""Steps that a pattern may need at worst."""
MAX_NESTED = 22
"""Characters of text for a pattern with nested repetitions."""
MAX_MATCHES = 10_000

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "word": r"\w", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f",
    "print": " -~", "graph": "!-~", "ascii": r"\x00-\x7f",
}  # fmt: skip
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_UNSUPPORTED = re.compile(r"(?<!\\)(?:\\\\)*(?:\\[1-9CQ]|\(\?[=!<][=!]|\(\?>|\(\?#|[*+?}]\+)")
_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)P<]*[:)]|\(\?P?<\w+>|\(\?:|\(|\)|[*+?]\??|\{\d*,?\d*\}\??|.", re.S
)


@lru_cache(maxsize=256)
def _translated(pattern: str) -> tuple[re.Pattern[str], int, bool]:
    """The compiled pattern, its repetitions without a bound, and whether one stands in another."""
    if len(pattern) > MAX_PATTERN:
        raise Refused("the pattern is too long")
    if _UNSUPPORTED.search(pattern):
        raise Refused("the pattern uses what RE2 does not have")
    text = _POSIX.sub(lambda match: _CLASSES.get(match[2], match[0]), pattern)
    text = text.replace(r"\z", r"\Z").replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!")
    text = re.sub(r"\\p\{?L\}?", r"[^\\W\\d_]", text)
    flags = re.match(r"\(\?([a-zA-Z]+)\)", text)
    if flags is not None and "U" in flags[1]:
        raise Refused("the pattern uses a flag that is not supported")
    try:
        found = re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise Refused("the pattern is no regular expression") from None
    repetitions, nested = _weight(text)
    return found, repetitions, nested


def _weight(pattern: str) -> tuple[int, bool]:
    """How many repetitions have no bound, and whether a repeated group has one inside."""
    total, nested = 0, False
    stack: list[int] = []
    closed: int | None = None
    for token in _TOKEN.findall(pattern):
        if token.startswith("(") and not token.endswith(")"):
            stack.append(total)
            closed = None
        elif token == ")":  # noqa: S105 (a token of a pattern)
            closed = stack.pop() if stack else 0
        elif token[0] in "*+" or (token[0] == "{" and len(token) > 1):
            bounded = token[0] == "{" and not token.rstrip("?").endswith(",}")
            if closed is not None and total > closed:
                nested = True
            if not bounded or _upper_bound(token) > 1000:
                total += 1
            closed = None
        else:
            closed = None
    return total, nested


def _upper_bound(token: str) -> int:
    digits = re.findall(r"\d+", token)
    return int(digits[-1][:6]) if digits else 0


def compiled(pattern: str, text: str) -> re.Pattern[str]:
    """The pattern, where it is safe to run it over `text`. Raises Refused."""
    found, repetitions, nested = _translated(pattern)
    if nested and len(text) > MAX_NESTED:
        raise Refused("the pattern could take too long on this text")
    if (len(text) + 1) ** (repetitions + 1) > MAX_WORK and repetitions > 1:
        raise Refused("the pattern could take too long on this text")
    return found


def matches(pattern: str, text: str) -> Iterator[Any]:
    """What `regex` gives for each match: the text, a list of the groups, or an object of named groups."""
    found = compiled(pattern, text)
    for number, match in enumerate(found.finditer(text)):
        if number > MAX_MATCHES:
            raise Refused("the pattern matches too often")
        if found.groupindex:
            yield {name: match[name] for name in found.groupindex}
        elif found.groups:
            yield list(match.groups())
        else:
            yield match[0]


_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)\}|(\$))")


def expand(replacement: str, match: re.Match[str]) -> str:
    """A replacement with `$1`, `${name}` and `$$` put in, as Go does it."""

    def one(found: re.Match[str]) -> str:
        if found[3]:
            return "$"
        name = found[1] or found[2]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(one, replacement)
