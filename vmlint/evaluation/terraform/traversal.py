"""Steps into values: `.name`, `[key]` and splats."""

from __future__ import annotations

from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import (
    MAX_ORIGINS,
    Failed,
    LazyMapping,
    agreed,
    failed,
    is_null,
    normal_number,
    placed,
    scalar_text,
)
from vmlint.model.fact import Origin, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.syntax import hcl_ast as ast


def apply_steps(value: Value, steps: list[ast.Step], scope: Scope, span: Span) -> Value:
    """The value behind the steps; `span` is the place of the whole reference. A member has the definitions of what
    it is a member of before its own."""
    gathered: tuple[Origin, ...] = ()
    for step in steps:
        if value.via and not isinstance(value, Unresolved):
            gathered = (*gathered, *value.via)
        if isinstance(step, ast.GetAttribute):
            sensitive = value.sensitive
            value = attribute(value, step.name, span)
        elif isinstance(step, ast.GetIndex):
            from vmlint.evaluation.terraform.expressions import evaluate

            sensitive = value.sensitive
            value = member(value, evaluate(step.key, scope), span)
        else:
            found = _splat(value, step, scope, span)
            found.sensitive = found.sensitive or value.sensitive
            return found
        if sensitive and not value.sensitive:
            value = placed(value, value.span)
            value.sensitive = True
    if gathered:
        value = placed(value, value.span)
        value.via = tuple(dict.fromkeys((*gathered, *value.via)))[:MAX_ORIGINS]
    return value


def attribute(value: Value, name: str, span: Span) -> Value:
    if isinstance(value, Mapping):
        found = value.entry(name) if isinstance(value, LazyMapping) else value.entries.get(name)
        if found is not None:
            return found
        if value.rest is None:
            return failed(f"there is no attribute `{name}`", span)
        return _below(Unresolved(value.rest), f".{name}", span)
    if isinstance(value, Unresolved):
        return _below(value, f".{name}", span)
    if isinstance(value, Sequence):
        # HCL of old times let `.0` and an attribute of a one-member list pass; Terraform refuses the latter.
        return failed(f"a list has no attribute `{name}`", span)
    return failed(f"the value has no attribute `{name}`", span)


def _below(value: Unresolved, step: str, span: Span) -> Unresolved:
    """A step into something unknown."""
    if isinstance(value, Failed):
        return value
    unknown = value.unknown
    expression = unknown.expression + step if _is_name(unknown.expression) else unknown.expression
    other = Unresolved(Unknown(expression, unknown.reason, span, value.via))
    other.sensitive = value.sensitive
    return other


def _is_name(expression: str) -> bool:
    return not any(character in expression for character in " (?{")


def member(value: Value, key: Value, span: Span) -> Value:
    """`value[key]`; known where the key is not, but all members agree."""
    if isinstance(key, Failed):
        return key
    if isinstance(value, Unresolved):
        return _below(value, _index_text(key), span)
    if isinstance(key, Unresolved):
        return _any_member(value, key, span)
    if is_null(key) or not isinstance(key, Scalar):
        return failed("the index is neither a number nor a string", span)
    if isinstance(value, Mapping):
        name = scalar_text(key)
        found = value.entry(name) if isinstance(value, LazyMapping) else value.entries.get(name)
        if found is not None:
            return found
        if value.rest is not None:
            return _below(Unresolved(value.rest), _index_text(key), span)
        return failed("there is no such key" if key.sensitive else f"there is no key {name!r}", span)
    if isinstance(value, Sequence) and value.kind != "set":
        return _item(value, key, span)
    return failed("the value has no members to pick by an index", span)


def _item(value: Sequence, key: Scalar, span: Span) -> Value:
    from vmlint.evaluation.terraform.conversions import to_number

    number = to_number(key)
    index = normal_number(number) if number is not None else None
    if not isinstance(index, int):
        return failed("the index is not a whole number", span)
    if 0 <= index < len(value.items):
        return value.items[index]
    if value.rest is not None and index >= 0:
        return _below(Unresolved(value.rest), f"[{index}]", span)
    return failed(f"the list has no member {index}", span)


def _index_text(key: Value) -> str:
    if key.sensitive:
        return "[…]"
    if isinstance(key, Scalar):
        return f'["{key.value}"]' if isinstance(key.value, str) else f"[{scalar_text(key)}]"
    return f"[{key.unknown.expression}]" if isinstance(key, Unresolved) else "[…]"


def _any_member(value: Value, key: Unresolved, span: Span) -> Value:
    """The member of an unknown key: what all members agree on."""
    values: list[Value] = []
    if isinstance(value, Mapping) and value.rest is None:
        values = list(value.entries.values())
        if isinstance(key, Unresolved) and key.unknown.prefix:
            begins = key.unknown.prefix
            values = [item for name, item in value.entries.items() if name.startswith(begins)]
    elif isinstance(value, Sequence) and value.rest is None:
        values = list(value.items)
    if not values:
        return _below(key, "", span)
    return agreed(values, key, span)


def _splat(value: Value, splat: ast.Splat, scope: Scope, span: Span) -> Value:
    """A list for each member; null gives none, any other single value a list of one."""
    if isinstance(value, Unresolved):
        return apply_steps(_below(value, "[*]", span), splat.steps, scope, span)
    source, start, end = span.source, span.start, span.end
    if is_null(value):
        return Sequence([], source, start, end, kind="tuple")
    if isinstance(value, Sequence):
        items = [apply_steps(item, splat.steps, scope, span) for item in value.items]
        return Sequence(items, source, start, end, value.via, kind="tuple", rest=value.rest)
    return Sequence([apply_steps(value, splat.steps, scope, span)], source, start, end, kind="tuple")
