"""Patterns of RE2, as Go reads them, in the syntax of Python's engine.

The two differ in what `$`, `\\d`, `\\w` and `\\s` mean, in flags within a pattern, and in a few escapes. What RE2
does not have (look-around, references back, possessive repetition) is refused; what this translation does not know
is `Unsettled`.
"""

from __future__ import annotations

import re

from vmlint.evaluation.terraform.functions.calling import Refused, Unsettled

_POSIX = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\t\n\v\f\r ", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "word": "0-9A-Za-z_",
    "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "print": " -~", "graph": "!-~", "ascii": r"\x00-\x7f",
}  # fmt: skip
_PERL = {"d": "0-9", "w": "0-9A-Za-z_", "s": r"\t\n\f\r "}
_NEGATED = {"D": "[^0-9]", "W": "[^0-9A-Za-z_]", "S": r"[^\t\n\f\r ]"}
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_REPETITION = re.compile(r"([*+?]|\{\d+(?:,\d*)?\})(\??)")
_POSIX_CLASS = re.compile(r"\[:(\^?)(\w+):\]")
_CODE = re.compile(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_PROPERTY = re.compile(r"([pP])(?:\{(\^?)(\w+)\}|(\w))")


class _Flags:
    """What `(?imsU)` sets, from there to the end of the group."""

    __slots__ = ("multiline", "opened", "ungreedy")

    def __init__(self, multiline: bool = False, ungreedy: bool = False) -> None:
        self.multiline = multiline
        self.ungreedy = ungreedy
        self.opened = 0
        """Groups that stand for flags set within the group, closed with it."""


def translated(pattern: str) -> str:
    """The pattern for `re.compile`. Raises Refused or Unsettled."""
    return _Translation(pattern).run()


class _Translation:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.levels = [_Flags()]

    def run(self) -> str:
        while self.at < len(self.pattern):
            self._step(self.pattern[self.at])
        return "".join(self.out) + ")" * self.levels[0].opened

    def _step(self, character: str) -> None:
        flags = self.levels[-1]
        match character:
            case "\\":
                self.out.append(self._escape())
            case "[":
                self.out.append(self._class())
            case "(":
                self._group()
            case ")":
                if len(self.levels) == 1:
                    raise Refused("a parenthesis of the pattern is not opened")
                self.out.append(")" * (self.levels.pop().opened + 1))
                self.at += 1
            case "$":
                self.out.append(r"(?=\n|\Z)" if flags.multiline else r"\Z")
                self.at += 1
            case "*" | "+" | "?" | "{":
                self._repetition(flags)
            case _:
                self.out.append(character)
                self.at += 1

    def _repetition(self, flags: _Flags) -> None:
        found = _REPETITION.match(self.pattern, self.at)
        if found is None:
            self.out.append(r"\{")
            self.at += 1
            return
        self.at = found.end()
        if _REPETITION.match(self.pattern, self.at):
            raise Refused("a repetition of the pattern is repeated")
        lazy = bool(found[2]) is not flags.ungreedy
        self.out.append(found[1] + ("?" if lazy else ""))

    def _group(self) -> None:
        named = _NAMED.match(self.pattern, self.at)
        switched = _FLAGS.match(self.pattern, self.at)
        inherited = self.levels[-1]
        inner = _Flags(inherited.multiline, inherited.ungreedy)
        if named is not None:
            self.out.append(f"(?P<{named[1]}>")
            self.at = named.end()
        elif switched is not None and (switched[1] or switched[2] or switched[3] == ":"):
            self.at = switched.end()
            target = inner if switched[3] == ":" else inherited
            target.multiline = _switched("m", switched, target.multiline)
            target.ungreedy = _switched("U", switched, target.ungreedy)
            on, off = ((text or "").replace("U", "") for text in (switched[1], switched[2]))
            self.out.append(f"(?{on}{'-' + off if off else ''}:")
            if switched[3] == ")":
                inherited.opened += 1
                return
        elif self.pattern.startswith("(?", self.at):
            raise Refused("the pattern uses what RE2 does not have")
        else:
            self.out.append("(")
            self.at += 1
        self.levels.append(inner)

    def _escape(self) -> str:
        """An escape outside a class."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter == "Q":
            end = self.pattern.find(r"\E", self.at)
            quoted = self.pattern[self.at + 2 : end if end >= 0 else len(self.pattern)]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            return re.escape(quoted)
        if letter in _NEGATED or letter in _PERL:
            self.at += 2
            return _NEGATED.get(letter) or f"[{_PERL[letter]}]"
        if letter in "pP" and letter:
            return self._property()
        if letter in "bBAz" and letter:
            self.at += 2
            return r"\Z" if letter == "z" else f"\\{letter}"
        return self._letter()

    def _property(self) -> str:
        found = _PROPERTY.match(self.pattern, self.at + 1)
        if found is None or (found[3] or found[4]) != "L":
            raise Unsettled("the pattern uses a class of characters that is not supported")
        self.at = found.end()
        negated = (found[1] == "P") is not bool(found[2])
        return r"[\W\d_]" if negated else r"[^\W\d_]"

    def _letter(self) -> str:
        """An escape that stands for one character."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        code = _CODE.match(self.pattern, self.at + 1)
        if code is not None:
            self.at = code.end()
            number = int(code[1] or code[2], 16)
            if number > 0x10FFFF:
                raise Refused("the pattern names no character")
            return re.escape(chr(number))
        if letter and (letter in "afnrtv" or (letter.isascii() and not letter.isalnum())):
            self.at += 2
            return f"\\{letter}"
        raise Refused("the pattern has an escape that RE2 does not have")

    def _class(self) -> str:
        out = ["["]
        self.at += 1
        if self.pattern.startswith("^", self.at):
            out.append("^")
            self.at += 1
        first = True
        while self.at < len(self.pattern):
            character = self.pattern[self.at]
            if character == "]" and not first:
                self.at += 1
                return "".join(out) + "]"
            out.append(self._member(character))
            first = False
        raise Refused("a class of the pattern is not closed")

    def _member(self, character: str) -> str:
        """A member of a class, or one end of a range."""
        posix = _POSIX_CLASS.match(self.pattern, self.at)
        if posix is not None:
            if posix[1] or posix[2] not in _POSIX:
                raise Unsettled("the pattern uses a class of characters that is not supported")
            self.at = posix.end()
            return _POSIX[posix[2]]
        if character == "\\":
            letter = self.pattern[self.at + 1 : self.at + 2]
            if letter in _PERL:
                self.at += 2
                return _PERL[letter]
            if letter in "pPDWSQ":
                raise Unsettled("the pattern uses a class of characters that is not supported")
            return self._letter()
        self.at += 1
        return f"\\{character}" if character in "[]&~|" else character


def _switched(flag: str, found: re.Match[str], before: bool) -> bool:
    return flag in (found[1] or "") or (before and flag not in (found[2] or ""))
