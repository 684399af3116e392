"""Compose's variables: `$VAR`, `${VAR:-default}` and their kin, in every string of a project.

What the project's `.env` and `--env-file` do not set depends on the environment of the run, which is not ours:
such a variable is unknown, never empty. Where the file gives a default, that is what its author means to run.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile

from vmlint.model.fact import Origin, Unknown
from vmlint.model.record import record
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value

MAX_DEPTH = 20
MAX_EXPANDED = 4 * 1024 * 1024
"""Characters that the variables of one file may come to; a string beyond them is unknown."""


@record
class Variable:
    """The value that an environment file gives to a name, and where."""

    value: str
    origin: Origin


Environment = MappingType[str, Variable]


@cache
def _line() -> re.Pattern[str]:
    return re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*?)\s*$")


def read_environment(source: SourceText, outer: Environment | None = None) -> dict[str, Variable]:
    """The variables of an environment file: `NAME=value` lines, quotes, comments; a later line wins. A value may
    use variables of the lines before it and of `outer`; one that uses an unknown variable is left out."""
    found: dict[str, Variable] = {}
    known = ChainMap(found, dict(outer or {}))
    budget = _Budget()
    for number, start in enumerate(source.line_starts, start=1):
        line = source.line(number)
        match = _line().match(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        name, raw = match.groups()
        span = source.span(start + match.start(1), start + len(line.rstrip()))
        label = f"{source.path.rsplit('/', 1)[-1]} line {number}"
        value = _unquoted(raw)
        if "$" in value and not raw.startswith("'"):
            template = _expand(value, known, 0)
            if any(isinstance(piece, _Name) for piece in template.pieces) or not budget.allows(template):
                found.pop(name, None)
                continue
            value = "".join(template.pieces)
        found[name] = Variable(value, Origin(label, span))
    return found


def _unquoted(raw: str) -> str:
    if raw[:1] in ("'", '"'):
        end = raw.find(raw[0], 1)
        return raw[1:end] if end > 0 else raw[1:]
    comment = raw.find(" #")
    return (raw if comment < 0 else raw[:comment]).strip()


@dataclass(slots=True)
class _Template:
    """The pieces of a string, in order: literal text, and the names of variables that are not known."""

    pieces: list[str | _Name]
    origins: dict[Origin, None] = field(default_factory=dict)
    """Where known variables came from, each once, in order."""

    def add(self, other: _Template) -> None:
        self.pieces.extend(other.pieces)
        self.origins.update(other.origins)


class _Name(str):
    """The expression of an unknown variable, told from literal text by its type."""

    __slots__ = ()


@dataclass(slots=True)
class _Budget:
    """What is left of MAX_EXPANDED: values that repeat each other grow without bound."""

    left: int = MAX_EXPANDED

    def allows(self, template: _Template) -> bool:
        size = sum(map(len, template.pieces))
        if size > self.left:
            return False
        self.left -= size
        return True


def interpolate(tree: Value, environment: Environment) -> Value:
    """The tree with every string's variables put in. Keys are left alone, as Compose leaves them."""
    return _interpolated(tree, environment, _Budget())


def _interpolated(tree: Value, environment: Environment, budget: _Budget) -> Value:
    match tree:
        case Scalar(value=str() as text) if "$" in text:
            return _scalar(tree, text, environment, budget)
        case Mapping():
            changed = {k: _interpolated(v, environment, budget) for k, v in tree.entries.items()}
            if all(changed[k] is v for k, v in tree.entries.items()):
                return tree
            copy = tree.moved(tree.span, key_start=tree.key_start)
            copy.entries = changed
            return copy
        case Sequence():
            members = [_interpolated(item, environment, budget) for item in tree.items]
            if all(new is old for new, old in zip(members, tree.items, strict=True)):
                return tree
            copied = tree.moved(tree.span, key_start=tree.key_start)
            copied.items = members
            return copied
        case _:
            return tree


def _scalar(scalar: Scalar, text: str, environment: Environment, budget: _Budget) -> Value:
    template = _expand(text, environment, 0)
    if not budget.allows(template):
        unknown = Unknown(text[:80], "its variables come to too much text", scalar.span, scalar.via)
        return _unresolved(scalar, unknown)
    names = [piece for piece in template.pieces if isinstance(piece, _Name)]
    if not names:
        changed = scalar.moved(scalar.span, *template.origins, key_start=scalar.key_start)
        changed.value = "".join(template.pieces)
        return changed
    via = (*template.origins, *scalar.via)
    reason = "the environment is not part of the scan"
    parts = tuple(
        Unknown(str(piece), reason, scalar.span, via) if isinstance(piece, _Name) else piece
        for piece in template.pieces
    )
    prefix = "".join(takewhile(lambda piece: not isinstance(piece, _Name), template.pieces))
    return _unresolved(scalar, Unknown(str(names[0]), reason, scalar.span, via, prefix), parts)


def _unresolved(scalar: Scalar, unknown: Unknown, parts: tuple[str | Unknown, ...] = ()) -> Unresolved:
    unresolved = Unresolved(unknown, parts)
    unresolved.key_start = scalar.key_start
    return unresolved


def _expand(text: str, environment: Environment, depth: int) -> _Template:
    done = _Template([])
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        done.pieces.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        name = _bare_name().match(text, dollar + 1)
        if following == "{":
            end = _closing(text, dollar + 2)
            done.add(_variable(text[dollar + 2 : end], environment, depth))
            at = end + 1
        elif name is not None:
            done.add(_variable(name[0], environment, depth))
            at = dollar + 1 + len(name[0])
        else:
            # `$$` is a dollar sign; a lone one stays as it is.
            done.pieces.append("$")
            at = dollar + (2 if following == "$" else 1)
    done.pieces.append(text[at:])
    return done


def _closing(text: str, start: int) -> int:
    level = 1
    for at in range(start, len(text)):
        if text.startswith("${", at):
            level += 1
        elif text[at] == "}":
            level -= 1
            if level == 0:
                return at
    return len(text)


@cache
def _bare_name() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_]\w*")


@cache
def _form() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z_]\w*)(?:(:?[-?+])(.*))?$", re.DOTALL)


def _variable(expression: str, environment: Environment, depth: int) -> _Template:
    match = _form().match(expression)
    if match is None or depth > MAX_DEPTH:
        return _Template([_Name(f"${{{expression}}}")])
    name, operator, word = match.groups()
    found = environment.get(name)
    if found is not None and found.value == "" and operator and operator.startswith(":"):
        found = None
    if operator and operator.endswith("+"):
        # The alternative stands only where the variable is set; unset by every file it is empty.
        return _expand(word, environment, depth + 1) if found is not None else _Template([""])
    if found is not None:
        return _Template([found.value], {found.origin: None})
    if operator and operator.endswith("-"):
        return _expand(word, environment, depth + 1)
    return _Template([_Name(f"${{{name}}}")])
