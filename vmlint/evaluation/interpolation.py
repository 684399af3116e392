"""Compose's variables: `$VAR`, `${VAR:-default}` and their kin, in every string of a project.

What the project's `.env` and `--env-file` do not set depends on the environment of the run, which is not ours:
such a variable is unknown, never empty. A default is known only where the variable is known to be unset; without
an environment the default is what the file's author wrote for that case, and it is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from functools import cache

from vmlint.model.fact import Origin, Unknown
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value

MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Variable:
    """The value that an environment file gives to a name, and where."""

    value: str
    origin: Origin


Environment = MappingType[str, Variable]


@cache
def _line() -> re.Pattern[str]:
    return re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*?)\s*$")


def read_environment(source: SourceText) -> dict[str, Variable]:
    """The variables of an environment file: `NAME=value` lines, quotes, comments; a later line wins."""
    found: dict[str, Variable] = {}
    for number, start in enumerate(source.line_starts, start=1):
        line = source.line(number)
        match = _line().match(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        name, raw = match.groups()
        span = source.span(start + match.start(1), start + len(line.rstrip()))
        label = f"{source.path.rsplit('/', 1)[-1]} line {number}"
        found[name] = Variable(_unquoted(raw), Origin(label, span))
    return found


def _unquoted(raw: str) -> str:
    if raw[:1] in ("'", '"'):
        end = raw.find(raw[0], 1)
        return raw[1:end] if end > 0 else raw[1:]
    comment = raw.find(" #")
    return (raw if comment < 0 else raw[:comment]).strip()


@dataclass(slots=True)
class _Part:
    """The outcome of a template: `unknown` names the first variable that is not known, `text` is what stands
    before it."""

    text: str
    origins: tuple[Origin, ...] = ()
    unknown: str = ""


def interpolate(tree: Value, environment: Environment) -> Value:
    """The tree with every string's variables put in. Keys are left alone, as Compose leaves them."""
    match tree:
        case Scalar(value=str() as text) if "$" in text:
            return _scalar(tree, text, environment)
        case Mapping():
            changed = {k: interpolate(v, environment) for k, v in tree.entries.items()}
            if all(changed[k] is v for k, v in tree.entries.items()):
                return tree
            copy = tree.moved(tree.span, key_start=tree.key_start)
            copy.entries = changed
            return copy
        case Sequence():
            members = [interpolate(item, environment) for item in tree.items]
            if all(new is old for new, old in zip(members, tree.items, strict=True)):
                return tree
            copied = tree.moved(tree.span, key_start=tree.key_start)
            copied.items = members
            return copied
        case _:
            return tree


def _scalar(scalar: Scalar, text: str, environment: Environment) -> Value:
    part = _expand(text, environment, 0)
    via = (*part.origins, *scalar.via)
    if not part.unknown:
        changed = scalar.moved(scalar.span, *part.origins, key_start=scalar.key_start)
        changed.value = part.text
        return changed
    unresolved = Unresolved(
        Unknown(part.unknown, "the environment is not part of the scan", scalar.span, via, part.text)
    )
    unresolved.key_start = scalar.key_start
    return unresolved


def _expand(text: str, environment: Environment, depth: int) -> _Part:
    done, origins, at = "", (), 0
    while (dollar := text.find("$", at)) >= 0:
        done += text[at:dollar]
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            done, at = done + "$", dollar + 2
            continue
        if following == "{":
            end = _closing(text, dollar + 2)
            expression = text[dollar + 2 : end]
            at = end + 1
        else:
            name = re.match(r"[A-Za-z_]\w*", text[dollar + 1 :])
            if name is None:
                done, at = done + "$", dollar + 1
                continue
            expression = name[0]
            at = dollar + 1 + len(expression)
        part = _variable(expression, environment, depth)
        done += part.text
        origins = (*origins, *part.origins)
        if part.unknown:
            return _Part(done, origins, part.unknown)
    return _Part(done + text[at:], origins)


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
def _form() -> re.Pattern[str]:
    return re.compile(r"([A-Za-z_]\w*)(?:(:?[-?+])(.*))?$", re.DOTALL)


def _variable(expression: str, environment: Environment, depth: int) -> _Part:
    match = _form().match(expression)
    if match is None or depth > MAX_DEPTH:
        return _Part("", (), f"${{{expression}}}")
    name, operator, word = match.groups()
    found = environment.get(name)
    if found is not None and found.value == "" and operator and operator.startswith(":"):
        found = None
    if operator and operator.endswith("+"):
        # The alternative stands only where the variable is set; unset by every file it is empty.
        return _expand(word, environment, depth + 1) if found is not None else _Part("")
    if found is not None:
        return _Part(found.value, (found.origin,))
    if operator and operator.endswith("-"):
        return _expand(word, environment, depth + 1)
    return _Part("", (), f"${{{name}}}")
