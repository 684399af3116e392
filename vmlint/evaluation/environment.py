"""The variables that a Compose project is given: `.env`, `env_file`, and the environment of the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from vmlint.evaluation.interpolation import Budget, Environment, Variable, expand
from vmlint.model.fact import Origin
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record
from vmlint.model.span import SourceText


def of_the_run(variables: Mapping[str, str], assumed: Mapping[str, str] | None = None) -> Environment:
    """The environment of the run as the variables that go before every file's, and those that the user assumes
    before it. Where the environment is given, a variable that nothing sets is empty, as for Compose."""
    stated = {name: Variable(value) for name, value in {**variables, **(assumed or {})}.items()}
    return Environment(stated, complete=bool(variables))


@record
class EnvironmentFile:
    """What a file sets, and the lines for which Compose refuses it."""

    variables: dict[str, Variable]
    problems: tuple[Problem, ...] = ()


def read_environment(source: SourceText, outer: Environment | None = None) -> EnvironmentFile:
    """The variables of an environment file: `NAME=value` lines, quotes over several lines, comments; a later line
    wins. A value may use variables of `outer`, which go first, and of the lines before it; one that uses an unknown
    variable is left out."""
    outer = outer if outer is not None else Environment()
    found: dict[str, Variable] = {}
    known = outer.over({})
    problems: list[Problem] = []
    budget = Budget()
    number, total = 0, len(source.line_starts)
    label = source.path.rsplit("/", 1)[-1]
    while number < total:
        number += 1
        line = source.line(number)
        statement = line.strip()
        if not statement or statement.startswith("#"):
            continue
        match = _line().match(line)
        start = source.line_starts[number - 1]
        span = source.span(start + len(line) - len(line.lstrip()), start + len(line.rstrip()))
        if match is None:
            if _spaced().match(line):
                problems.append(Problem(ProblemKind.UNREADABLE, "the name of a variable cannot have a space", span))
            elif statement in outer:  # a name alone is handed on
                found[statement] = outer[statement]
            continue
        name, raw = match[1], match[2]
        origin = Origin(f"{label} line {number}", span)
        if raw[:1] in ("'", '"'):
            end, value = _quoted(source.text, start + match.start(2))
            if end < 0:
                problems.append(Problem(ProblemKind.UNREADABLE, "a quoted value has no end", span))
                break
            number += source.text.count("\n", start, end)
        else:
            value = _commentless(raw)
        if "$" in value and not raw.startswith("'"):
            template = expand(value, known)
            if template.names or not budget.allows(template):
                found.pop(name, None)
                if name not in outer:
                    known.pop(name, None)
                continue
            value = template.text
        found[name] = Variable(value, origin)
        if name not in outer:
            known[name] = found[name]
    return EnvironmentFile(found, tuple(problems))


def read_raw_environment(source: SourceText, outer: Environment) -> dict[str, Variable]:
    """The variables of an environment file in the format `raw`: what stands behind `=` is the value, with its
    quotes and dollars. A name alone is handed on from `outer`."""
    found: dict[str, Variable] = {}
    label = source.path.rsplit("/", 1)[-1]
    for number in range(1, len(source.line_starts) + 1):
        line = source.line(number).rstrip("\r\n")
        name, equals, value = line.lstrip().partition("=")
        if not name or name.startswith("#"):
            continue
        if equals:
            start = source.line_starts[number - 1]
            found[name] = Variable(value, Origin(f"{label} line {number}", source.span(start, start + len(line))))
        elif name in outer:
            found[name] = outer[name]
    return found


@cache
def _line() -> re.Pattern[str]:
    return re.compile(r"\s*(?:export\s+)?([\w.\-\[\]]+)\s*[=:][ \t]*(.*)", re.DOTALL)


@cache
def _spaced() -> re.Pattern[str]:
    return re.compile(r"\s*(?!export\s+\S+\s*$)[\w.\-\[\]]+[ \t]+[^\s=:]")


def _commentless(raw: str) -> str:
    comment = re.search(r"(?:^|\s)#", raw)
    return (raw if comment is None else raw[: comment.start()]).strip()


def _quoted(text: str, start: int) -> tuple[int, str]:
    """Where the value that opens at `start` ends, -1 where it does not, and the value itself: in double quotes
    with its escapes resolved and an escaped dollar sign doubled, so that it is no variable."""
    quote = text[start]
    end = start + 1
    while end < len(text) and text[end] != quote:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        return -1, ""
    value = text[start + 1 : end].replace("\r\n", "\n")
    if quote == "'":
        return end, value.replace("\\'", "'")
    return end, _escape().sub(lambda match: _ESCAPES.get(match[1]) or chr(int(match[1], 8)), value)


_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "$": "$$",
}


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r'\\([abfnrtv\\"$]|0[0-7]{1,3})')
