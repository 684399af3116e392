"""Compose's variables: `$VAR`, `${VAR:-default}` and their kin, in every string of a project.

What the project's `.env` and `--env-file` do not set depends on the environment of the run, which is not ours:
such a variable is unknown, never empty. Where the file gives a default, that is what its author means to run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile

from vmlint.model.fact import Origin, Unknown
from vmlint.model.record import record
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value

MAX_DEPTH = 20
MAX_EXPANDED = 4 * 1024 * 1024
"""Characters that the variables of one file may come to; a string beyond them is unknown."""


@record
class Variable:
    """The value that an environment file, or the environment of the run, gives to a name. `origin` is its place in
    the file."""

    value: str
    origin: Origin | None = None


class Environment(dict[str, Variable]):
    """Variables by name. `complete` tells that they are all there are: what is not among them is not set at all."""

    __slots__ = ("complete",)

    def __init__(self, variables: MappingType[str, Variable] | None = None, *, complete: bool = False) -> None:
        super().__init__(variables or {})
        self.complete = complete

    def over(self, lower: MappingType[str, Variable]) -> Environment:
        """These variables, and those of `lower` that they do not set."""
        return Environment({**lower, **self}, complete=self.complete)


@dataclass(slots=True)
class Template:
    """The pieces of a string, in order: literal text, and the names of variables that are not known."""

    pieces: list[str | _Name]
    origins: dict[Origin, None] = field(default_factory=dict)
    """Where known variables came from, each once, in order."""

    def add(self, other: Template) -> None:
        self.pieces.extend(other.pieces)
        self.origins.update(other.origins)

    @property
    def names(self) -> list[_Name]:
        return [piece for piece in self.pieces if isinstance(piece, _Name)]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class _Name(str):
    """The expression of an unknown variable, told from literal text by its type, and why it is unknown."""

    reason = "the environment is not part of the scan"


class _Unset(_Name):
    reason = "it is required and not set"


class _Broken(_Name):
    reason = "it is no valid template; `$$` writes a dollar sign"


@dataclass(slots=True)
class Budget:
    """What is left of MAX_EXPANDED: values that repeat each other grow without bound."""

    left: int = MAX_EXPANDED

    def allows(self, template: Template) -> bool:
        size = sum(map(len, template.pieces))
        if size > self.left:
            return False
        self.left -= size
        return True


def interpolate(tree: Value, environment: Environment) -> Value:
    """The tree with every string's variables put in. Keys are left alone, as Compose leaves them."""
    return _interpolated(tree, environment, Budget())


def _interpolated(tree: Value, environment: Environment, budget: Budget) -> Value:
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


def _scalar(scalar: Scalar, text: str, environment: Environment, budget: Budget) -> Value:
    template = expand(text, environment)
    if not budget.allows(template):
        unknown = Unknown(text[:80], "its variables come to too much text", scalar.span, scalar.via)
        return _unresolved(scalar, unknown)
    names = template.names
    if not names:
        changed = scalar.moved(scalar.span, *template.origins, key_start=scalar.key_start)
        changed.value = template.text
        return changed
    via = (*template.origins, *scalar.via)
    parts = tuple(
        Unknown(str(piece), piece.reason, scalar.span, via) if isinstance(piece, _Name) else piece
        for piece in template.pieces
    )
    prefix = "".join(takewhile(lambda piece: not isinstance(piece, _Name), template.pieces))
    return _unresolved(scalar, Unknown(str(names[0]), names[0].reason, scalar.span, via, prefix), parts)


def _unresolved(scalar: Scalar, unknown: Unknown, parts: tuple[str | Unknown, ...] = ()) -> Unresolved:
    unresolved = Unresolved(unknown, parts)
    unresolved.key_start = scalar.key_start
    return unresolved


def expand(text: str, environment: Environment, depth: int = 0) -> Template:
    """The text with its variables put in, as pieces."""
    done = Template([])
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        done.pieces.append(text[at:dollar])
        following = text[dollar + 1 : dollar + 2]
        name = _bare_name().match(text, dollar + 1)
        if following == "{":
            end = _closing(text, dollar + 2)
            closed = end < len(text)
            inner = text[dollar + 2 : end]
            done.add(_variable(inner, environment, depth) if closed else Template([_Broken(f"${{{inner}")]))
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


def is_broken(text: str) -> bool:
    """Whether a text holds a `${…}` that Compose refuses."""
    return "$" in text and any(isinstance(name, _Broken) for name in expand(text, Environment()).names)


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
    return re.compile(r"[A-Za-z_]\w*", re.ASCII)


@cache
def _form() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z_]\w*)(?:(:?[-?+])(.*))?$", re.DOTALL | re.ASCII)


def _variable(expression: str, environment: Environment, depth: int) -> Template:
    match = _form().match(expression)
    if match is None or depth > MAX_DEPTH:
        return Template([_Broken(f"${{{expression}}}")])
    name, operator, word = match.groups()
    found = environment.get(name)
    if found is not None and found.value == "" and operator and operator.startswith(":"):
        found = None
    if operator and operator.endswith("+"):
        # The alternative stands only where the variable is set; unset by every file it is empty.
        return expand(word, environment, depth + 1) if found is not None else Template([""])
    if found is not None:
        return Template([found.value], {} if found.origin is None else {found.origin: None})
    if operator and operator.endswith("-"):
        return expand(word, environment, depth + 1)
    if operator:
        return Template([_Unset(f"${{{name}}}") if environment.complete else _Name(f"${{{name}}}")])
    return Template([""]) if environment.complete else Template([_Name(f"${{{name}}}")])
