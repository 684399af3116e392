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

from vmlint.evaluation.terraform.functions.calling import Refused, Unsettled
from vmlint.evaluation.terraform.functions.re2 import translated
from vmlint.evaluation.terraform.scope import MAX_TEXT

MAX_PATTERN = 2_000
MAX_WORK = 50_000_000
"""Steps that a pattern may need at worst."""
MAX_NESTED = 22
"""Characters of text for a pattern with nested repetitions."""
MAX_TIMES = 8
"""Repetitions of a group with choices that are still counted out."""
MAX_MATCHES = 10_000

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[^:)P<]*[:)]|\(\?P?<\w+>|\(\?:|\(|\)|[*+?]\??|\{\d*,?\d*\}\??|.", re.S
)


class _Weight:
    """What a pattern may cost: repetitions without a bound, choices (doublings), whether a repeated group has
    either inside, and whether the whole pattern is one repetition."""

    def __init__(self, pattern: str) -> None:
        self.repetitions = 0
        self.choices = 0
        self.nested = False
        tokens = _TOKEN.findall(pattern)
        opened: list[tuple[int, int]] = []
        closed: tuple[int, int] | None = None
        for found in tokens:
            if found == ")":
                closed = opened.pop() if opened else (0, 0)
                continue
            if found.startswith("(") and not found.endswith(")"):
                opened.append((self.repetitions, self.choices))
            elif found[0] in "*+?" or (found[0] == "{" and len(found) > 1):
                self._repeat(found, closed)
            elif found == "|":
                self.choices += 1
            closed = None
        self.simple = self.repetitions <= 1 and len(tokens) == 2

    def _repeat(self, token: str, group: tuple[int, int] | None) -> None:
        times = _times(token)
        repetitions, choices = (self.repetitions - group[0], self.choices - group[1]) if group else (0, 0)
        if times is None:
            self.nested = self.nested or repetitions + choices > 0
            self.repetitions += 1
        elif times > MAX_TIMES and repetitions + choices > 0:
            self.nested = True
        else:
            self.repetitions += repetitions * max(0, times - 1)
            self.choices += choices * max(0, times - 1) + times.bit_length()

    def work(self, length: int) -> int:
        """Steps on a text of that length, at worst."""
        exponent = self.repetitions if self.simple else self.repetitions + 1
        work: int = (length + 1) ** min(exponent, 50) * 2 ** min(self.choices, 100)
        return work


def _times(token: str) -> int | None:
    """How often a quantifier repeats at most; None without a bound."""
    if token[0] in "*+":
        return None
    if token[0] == "?":
        return 1
    body = token.rstrip("?")[1:-1]
    last = body.rsplit(",", 1)[-1]
    return int(last[:6]) if last else None


@lru_cache(maxsize=256)
def _translated(pattern: str) -> tuple[re.Pattern[str], _Weight]:
    """The compiled pattern and its weight."""
    if len(pattern) > MAX_PATTERN:
        raise Unsettled("the pattern is too long")
    text = translated(pattern)
    try:
        found = re.compile(text)
    except (re.error, OverflowError, RecursionError):
        raise Refused("the pattern is no regular expression") from None
    return found, _Weight(text)


def compiled(pattern: str, text: str) -> re.Pattern[str]:
    """The pattern, where it is safe to run it over `text`. Raises Refused and Unsettled."""
    found, weight = _translated(pattern)
    if (weight.nested and len(text) > MAX_NESTED) or weight.work(len(text)) > MAX_WORK:
        raise Unsettled("the pattern could take too long on this text")
    return found


def _found(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches as Go finds them: none is empty right behind another one."""
    end = -1
    for match in pattern.finditer(text):
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


def substituted(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    """The text with a replacement for each match."""
    pieces: list[str] = []
    at = length = 0
    for match in _found(pattern, text):
        pieces += (text[at : match.start()], expand(replacement, match))
        at = match.end()
        length += len(pieces[-1])
        if length > MAX_TEXT:
            raise Unsettled("the text is too long")
    return "".join((*pieces, text[at:]))


def matches(pattern: str, text: str) -> Iterator[Any]:
    """What `regex` gives for each match: the text, a list of the groups, or an object of named groups."""
    found = compiled(pattern, text)
    for number, match in enumerate(_found(found, text)):
        if number > MAX_MATCHES:
            raise Unsettled("the pattern matches too often")
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
