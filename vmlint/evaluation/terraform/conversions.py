"""Types of Terraform and the conversion of values to them.

A type is a string for a primitive (`string`, `number`, `bool`, `any`), else a tuple whose first member names it:
`("list", T)`, `("set", T)`, `("map", T)`, `("tuple", [T, …])`, `("object", {name: Field})`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias

from vmlint.evaluation.terraform.unification import set_of, unify
from vmlint.evaluation.terraform.values import again, failed, is_null, normal_number, null, scalar_text
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.syntax import hcl_ast as ast

Type: TypeAlias = "str | tuple[Any, ...]"


class Field(NamedTuple):
    """An attribute of an object type."""

    type: Type
    optional: bool
    default: ast.Node | None


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?")


def to_number(value: Value) -> int | Decimal | None:
    """A number, or a string that is one."""
    if not isinstance(value, Scalar):
        return None
    raw = value.value
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, Decimal):
        return raw
    return parse_number(raw if isinstance(raw, str) else repr(raw))


def parse_number(text: str) -> int | Decimal | None:
    if len(text) > 1000:
        return None
    if not text.isascii() or _NUMBER.fullmatch(text) is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return normal_number(number) if abs(number.adjusted()) < 1000 else None


def to_bool(value: Value) -> bool | None:
    """A boolean, or a string that is one. Numbers are none."""
    if not isinstance(value, Scalar):
        return None
    if isinstance(value.value, bool):
        return value.value
    return (
        {"true": True, "false": False, "1": True, "0": False}.get(value.value)
        if isinstance(value.value, str)
        else None
    )


def convert(value: Value, wanted: Type, default: Callable[[ast.Node], Value] | None = None) -> Value:
    """A value as a type has it. `default` evaluates the defaults of optional attributes. What cannot be
    converted is a failure at its place; what is unknown stays so."""
    if wanted == "any" or isinstance(value, Unresolved) or is_null(value):
        return value
    if isinstance(wanted, str):
        return _primitive(value, wanted)
    match wanted[0]:
        case "list" | "set":
            return _collection(value, wanted, default)
        case "map":
            return _map(value, wanted[1], default)
        case "tuple":
            return _tuple(value, wanted[1], default)
        case "object":
            return _object(value, wanted[1], default)
    return value


def _primitive(value: Value, wanted: str) -> Value:
    if not isinstance(value, Scalar):
        return failed(f"a {wanted} is required", value.span)
    raw: Any
    match wanted:
        case "string":
            raw = scalar_text(value)
        case "number":
            raw = to_number(value)
        case _:
            raw = to_bool(value)
    if raw is None:
        return failed(f"a {wanted} is required", value.span)
    if raw is value.value:
        return value
    other = copy(value)
    other.value = raw
    return other


def _collection(value: Value, wanted: tuple[Any, ...], default: Callable[[ast.Node], Value] | None) -> Value:
    if isinstance(value, Mapping) or not isinstance(value, Sequence):
        return failed(f"a {wanted[0]} is required", value.span)
    items = [convert(item, wanted[1], default) for item in value.items]
    if wanted[1] == "any":
        items = unify(items)
    if wanted[0] == "set":
        made = set_of(items, value.span, value.rest)
    else:
        made = Sequence(items, value.source, value.start, value.end, kind="list", rest=value.rest)
    return _alike(made, value)


def _map(value: Value, inner: Type, default: Callable[[ast.Node], Value] | None) -> Value:
    if not isinstance(value, Mapping):
        return failed("a map is required", value.span)
    names = list(value.entries)
    items = [convert(item, inner, default) for item in value.entries.values()]
    if inner == "any":
        items = unify(items)
    entries = {name: _keyed(item, value.entries[name]) for name, item in zip(names, items, strict=True)}
    made = Mapping(entries, value.source, value.start, value.end, kind="map", rest=value.rest)
    return _alike(made, value)


def _tuple(value: Value, inner: list[Type], default: Callable[[ast.Node], Value] | None) -> Value:
    if not isinstance(value, Sequence) or len(value.items) != len(inner):
        return failed(f"a tuple of {len(inner)} members is required", value.span)
    items = [convert(item, kind, default) for item, kind in zip(value.items, inner, strict=True)]
    return _alike(Sequence(items, value.source, value.start, value.end, kind="tuple"), value)


def _object(value: Value, fields: dict[str, Field], default: Callable[[ast.Node], Value] | None) -> Value:
    if not isinstance(value, Mapping):
        return failed("an object is required", value.span)
    entries: dict[str, Value] = {}
    for name, field in fields.items():
        item = value.entries.get(name)
        if item is None and value.rest is not None:
            item = again(Unresolved(value.rest), value.span)
        if (item is None or is_null(item)) and field.optional and field.default is not None and default is not None:
            item = default(field.default)
        if item is None:
            absent = null(value.span)
            item = absent if field.optional else failed(f"the attribute `{name}` is missing", value.span)
        before = value.entries.get(name)
        converted = convert(item, field.type, default)
        entries[name] = _keyed(converted, before) if before is not None else converted
    return _alike(Mapping(entries, value.source, value.start, value.end, kind="object"), value)


def _keyed(value: Value, before: Value) -> Value:
    """The place of the key survives a conversion."""
    if value is not before and value.key_start < 0 and value.source is before.source:
        value.key_start = before.key_start
    return value


def _alike(made: Value, before: Value) -> Value:
    made.via, made.key_start, made.sensitive = before.via, before.key_start, before.sensitive
    return made


_CONSTRUCTORS = ("list", "set", "map")


def parse_type(node: ast.Node) -> Type:
    """The type that a type expression names; `any` for what is none."""
    match node:
        case ast.Name(name=name) if name in ("string", "number", "bool"):
            return name
        case ast.Name(name=name) if name in _CONSTRUCTORS:
            return (name, "any")
        case ast.Literal(value=str() as name) if name in ("string", "number", "bool"):
            # The quoted form of Terraform 0.11.
            return name
        case ast.Literal(value=str() as name) if name in ("list", "map"):
            return (name, "any")
        case ast.Call(name=name, arguments=[inner]) if name in _CONSTRUCTORS:
            return (name, parse_type(inner))
        case ast.Call(name="tuple", arguments=[ast.TupleNode(items=items)]):
            return ("tuple", [parse_type(item) for item in items])
        case ast.Call(name="object", arguments=[ast.ObjectNode(items=items)]):
            return ("object", dict(_field(key, value) for key, value in items))
    return "any"


def _field(key: ast.Node, value: ast.Node) -> tuple[str, Field]:
    name = str(key.value) if isinstance(key, ast.Literal) else key.name if isinstance(key, ast.Name) else ""
    match value:
        case ast.Call(name="optional", arguments=[inner]):
            return name, Field(parse_type(inner), True, None)
        case ast.Call(name="optional", arguments=[inner, default]):
            return name, Field(parse_type(inner), True, default)
    return name, Field(parse_type(value), False, None)


def as_list(value: Value, span: Span) -> Value:
    """`tolist`."""
    if isinstance(value, Sequence):
        made = Sequence(unify(value.items), span.source, span.start, span.end, kind="list", rest=value.rest)
        made.via = value.via
        return made
    return value if isinstance(value, Unresolved) or is_null(value) else failed("a list is required", span)
