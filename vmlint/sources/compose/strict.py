"""Compose files against the official schema, for `--strict`: what Compose refuses, in the user's words.

Each file is checked by itself and before its variables are put in: a value that holds a variable, or that a tag
takes away, is not judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from vmlint.evaluation.interpolation import is_broken
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Value

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MAX_ERRORS = 100
"""Errors told of one file."""


class _Unsettled(str):
    """Stands for a value that nobody can judge yet; it fits every schema."""

    __slots__ = ()


def check(root: Mapping) -> Iterator[Problem]:
    """What the schema refuses in a file, each at the key or value that is wrong."""
    if "services" not in root.entries and "include" not in root.entries:
        bodies = root.entries.values()
        if any(isinstance(body, Mapping) and {"image", "build"} & body.entries.keys() for body in bodies):
            message = "it has no `services`: Compose no longer reads the first version of its format"
            yield Problem(ProblemKind.UNREADABLE, message, root.span.first_line())
            return
    told = 0
    for path, scalar in _broken_templates(root, ()):
        message = f"`{_dotted(list(path))}` holds no valid variable; `$$` writes a dollar sign"
        yield Problem(ProblemKind.UNREADABLE, message, scalar.entry_span.first_line())
        told += 1
        if told >= MAX_ERRORS:
            return
    for error in _validator().iter_errors(_plain(root)):
        for message, span in _told(error, root):
            yield Problem(ProblemKind.UNREADABLE, message, span)
            told += 1
            if told >= MAX_ERRORS:
                return


def _broken_templates(value: Value, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    match value:
        case Mapping():
            for key, child in value.entries.items():
                yield from _broken_templates(child, (*path, key))
        case Sequence():
            for number, item in enumerate(value.items):
                yield from _broken_templates(item, (*path, number))
        case Scalar(value=str() as text) if is_broken(text):
            yield path, value


@cache
def _validator() -> Any:
    from importlib.resources import files

    from jsonschema import Draft202012Validator, validators

    schema = json.loads((files(__package__) / "schema/compose-spec.json").read_text(encoding="utf-8"))
    base: Any = Draft202012Validator
    extend: Any = validators.extend
    # Alternatives may overlap in a value that is not settled: one that fits is enough.
    keywords = {**base.VALIDATORS, "oneOf": base.VALIDATORS["anyOf"]}
    lenient = {name: _unless_unsettled(keyword) for name, keyword in keywords.items()}
    return extend(base, lenient)(schema)


def _unless_unsettled(keyword: Any) -> Any:
    def judge(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, _Unsettled):
            yield from keyword(validator, value, instance, schema) or ()

    return judge


def _plain(value: Value) -> object:
    unsettled = _Unsettled(f"\0{value.start}")  # no two are equal
    if value.tag in ("!reset", "!override"):
        return unsettled
    match value:
        case Mapping():
            return {key: _plain(child) for key, child in value.entries.items()}
        case Sequence():
            return [_plain(item) for item in value.items]
        case Scalar(value=str() as text) if "$" in text.replace("$$", ""):
            return unsettled
        case Scalar():
            return value.value
    return unsettled


def _told(error: ValidationError, root: Value) -> Iterator[tuple[str, Span]]:
    """The messages of one error with their places."""
    leaves, expected = _innermost(error)
    for leaf in leaves:
        path = list(leaf.absolute_path)
        value = _at(root, path)
        where = _dotted(path)
        stated: Any = leaf.validator_value
        match leaf.validator:
            case "additionalProperties":
                yield from _unknown_keys(leaf, value, where)
            case "type":
                names = sorted({_NAMES.get(name, name) for name in expected or _as_list(stated)})
                found = _NAMES[_kind(leaf.instance)]
                if len(path) == 2 and path[0] == "services" and leaf.instance is None:
                    continue  # an empty service is told in any case
                expectation = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
                yield f"`{where}` must be {expectation}, not {found}", value.entry_span.first_line()
            case "required":
                missing = [name for name in stated if name not in _as_mapping(leaf.instance)]
                yield f"`{where}` lacks {_listed(missing)}", value.key_span
            case "enum":
                allowed = _listed([str(name) for name in stated if name is not None])
                yield f"`{where}` must be one of {allowed}", value.entry_span.first_line()
            case "uniqueItems":
                yield f"`{where}` names one thing twice", value.key_span
            case "pattern":
                yield f"`{where}` has not the form that it must have", value.entry_span.first_line()
            case _:
                yield f"`{where}`: {leaf.message[:160]}", value.entry_span.first_line()


def _innermost(error: ValidationError) -> tuple[list[ValidationError], list[str]]:
    """The errors that say what is wrong, and, where a value is of none of several types, those types.

    Of alternatives the one that fits furthest is meant: its errors lie deepest, or are no errors of type."""
    expected: list[str] = []
    while error.context:
        here = len(error.path)
        groups: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            groups.setdefault(inner.schema_path[0], []).append(inner)
        meant = [group for group in groups.values() if not any(_is_type_error(inner) for inner in group)]
        if not meant:
            for inner in error.context:
                expected += _as_list(inner.validator_value) if inner.validator == "type" else []
            return [error.context[0]], expected
        chosen = max(meant, key=lambda group: max(len(inner.path) for inner in group) - here)
        if len(chosen) > 1 or not chosen[0].context:
            return chosen, []
        error = chosen[0]
    return [error], expected


def _is_type_error(error: ValidationError) -> bool:
    """Whether the alternative is for another type of value altogether."""
    return error.validator == "type" and not error.path


def _unknown_keys(error: ValidationError, value: Value, where: str) -> Iterator[tuple[str, Span]]:
    from difflib import get_close_matches
    from re import search

    schema: Any = error.schema
    patterns = [pattern for pattern in schema.get("patternProperties", ()) if pattern != "^x-"]
    known = schema.get("properties", {})
    for key, child in value.entries.items() if isinstance(value, Mapping) else ():
        if key in known or any(search(pattern, key) for pattern in schema.get("patternProperties", ())):
            continue
        place = f" in `{where}`" if where else ""
        if patterns:
            yield f'"{key}" is no valid name{place}: letters, digits, `.`, `_` and `-` alone', child.key_span
            continue
        close = get_close_matches(key, known, 1)
        hint = f"; `{close[0]}` may be meant" if close else ""
        yield f'Compose knows no "{key}"{place}{hint}', child.key_span


def _at(value: Value, path: list[str | int]) -> Value:
    for step in path:
        match value:
            case Mapping(entries=entries) if step in entries:
                value = entries[str(step)]
            case Sequence(items=items) if isinstance(step, int) and step < len(items):
                value = items[step]
            case _:
                return value
    return value


def _dotted(path: list[str | int]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _as_list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_NAMES = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "empty",
}


def _as_mapping(instance: object) -> dict[str, object]:
    return instance if isinstance(instance, dict) else {}


def _kind(instance: object) -> str:
    match instance:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"
