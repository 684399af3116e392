"""The value of an expression, or why it cannot be known. Total: never raises on any tree."""

from __future__ import annotations

from collections.abc import Callable

from vmlint.evaluation.terraform import operators
from vmlint.evaluation.terraform.scope import MAX_ITEMS, Scope
from vmlint.evaluation.terraform.texts import piece_of, text_of
from vmlint.evaluation.terraform.traversal import apply_steps
from vmlint.evaluation.terraform.unification import as_string
from vmlint.evaluation.terraform.values import (
    Failed,
    again,
    agreed,
    failed,
    inherit,
    is_null,
    reference,
    scalar_text,
    taken,
)
from vmlint.model.fact import Unknown
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.syntax import hcl_ast as ast


def evaluate(node: ast.Node, scope: Scope) -> Value:
    """The value of an expression in a scope."""
    budget = scope.budget
    budget.left -= 1
    if budget.left < budget.floor:
        return failed("it takes more steps than are allowed", scope.span(node))
    return _EVALUATORS[type(node)](node, scope)


def evaluate_safely(node: ast.Node, scope: Scope) -> Value:
    """`evaluate` of a definition, with a share of the budget of its own, where nothing above would catch that the
    expression is nested too deeply for the interpreter."""
    before = scope.budget.start()
    try:
        return evaluate(node, scope)
    except RecursionError:
        return failed("the expression is nested too deeply", scope.span(node))
    finally:
        scope.budget.finish(before)


def _literal(node: ast.Literal, scope: Scope) -> Value:
    span = scope.span(node)
    if isinstance(node.value, str) and not node.value.isascii():
        return Scalar(_normal(node.value), span.source, span.start, span.end)
    return Scalar(node.value, span.source, span.start, span.end)


def _normal(text: str) -> str:
    """HCL has all its strings in Unicode's normal form C."""
    from unicodedata import normalize

    return normalize("NFC", text)


def _invalid(node: ast.Invalid, scope: Scope) -> Value:
    return failed(f"it cannot be parsed: {node.message}", scope.span(node))


def _name(node: ast.Name, scope: Scope) -> Value:
    return _reference(node, node.name, [], scope)


def _traversal(node: ast.Traversal, scope: Scope) -> Value:
    if isinstance(node.base, ast.Name):
        return _reference(node, node.base.name, node.steps, scope)
    base = evaluate(node.base, scope)
    span = scope.span(node)
    return taken(apply_steps(base, node.steps, scope, span), span, base)


def _reference(node: ast.Node, name: str, steps: list[ast.Step], scope: Scope) -> Value:
    span = scope.span(node)
    found = scope.names.get(name)
    if found is not None:
        scope.touched.add(name)
        value = apply_steps(found, steps, scope, span)
        return reference(value, span, name if value.source is not span.source or value.start != span.start else "")
    if scope.module is None:
        return failed(f"there is no `{name}` here", span, name)
    value, used, label = scope.module.refer(name, steps, scope, span)
    value = apply_steps(value, steps[used:], scope, span)
    return reference(value, span, label)


def _embedded(node: ast.Embedded, scope: Scope) -> Value:
    pin = scope.span(node)
    return evaluate(node.inner, scope.elsewhere(SourceText(scope.source.path, node.text), pin))


def _parenthesised(node: ast.Parenthesised, scope: Scope) -> Value:
    return evaluate(node.inner, scope)


def _unary(node: ast.Unary, scope: Scope) -> Value:
    return operators.unary(node.operator, evaluate(node.operand, scope), scope.span(node))


def _binary(node: ast.Binary, scope: Scope) -> Value:
    left = evaluate(node.left, scope)
    if node.operator in ("&&", "||"):
        return operators.logical(node.operator, left, lambda: evaluate(node.right, scope), scope.span(node))
    return operators.binary(node.operator, left, evaluate(node.right, scope), scope.span(node))


def _conditional(node: ast.Conditional, scope: Scope) -> Value:
    condition = evaluate(node.condition, scope)
    decided = operators.truth(condition)
    if decided is None:
        if isinstance(condition, Failed):
            return again(condition, scope.span(node))
        if not isinstance(condition, Unresolved):
            return failed("the condition is neither true nor false", scope.span(node))
        arms = [evaluate(node.positive, scope), evaluate(node.negative, scope)]
        return inherit_condition(agreed(arms, condition, scope.span(node)), condition)
    arm = node.positive if decided else node.negative
    value = evaluate(arm, scope)
    if isinstance(value, Scalar) and not isinstance(value.value, str) and value.value is not None:
        value = _unified(value, node.negative if decided else node.positive, scope)
    return inherit_condition(value, condition)


def inherit_condition(value: Value, condition: Value) -> Value:
    if condition.sensitive:
        value.sensitive = True
    return value


def _unified(value: Scalar, other: ast.Node, scope: Scope) -> Value:
    """Both arms have one type: a number beside a string becomes a string. Only a literal other arm is looked at,
    so that the arm which is not taken costs nothing."""
    if (isinstance(other, ast.Literal) and isinstance(other.value, str)) or isinstance(other, ast.Template):
        return as_string(value)
    return value


def _tuple(node: ast.TupleNode, scope: Scope) -> Value:
    span = scope.span(node)
    items = [evaluate(item, scope) for item in node.items]
    return Sequence(items, span.source, span.start, span.end, kind="tuple")


def _object(node: ast.ObjectNode, scope: Scope) -> Value:
    span = scope.span(node)
    entries: dict[str, Value] = {}
    rest: Unknown | None = None
    hidden = False
    for key_node, value_node in node.items:
        value = evaluate(value_node, scope)
        key, is_secret = _key(key_node, scope)
        hidden = hidden or is_secret
        if isinstance(key, str):
            if value.key_start < 0 and value.source is span.source:
                value.key_start = scope.span(key_node).start
            entries[key] = value
        elif isinstance(key, Failed):
            return again(key, span)
        else:
            rest = rest or key.unknown
    made = Mapping(entries, span.source, span.start, span.end, kind="object", rest=rest)
    made.sensitive = hidden
    return made


def _key(node: ast.Node, scope: Scope) -> tuple[str | Unresolved, bool]:
    """A key of an object, and whether it is sensitive: the whole object then is."""
    if isinstance(node, ast.Literal) and node.value is not None:
        return scalar_text(Scalar(node.value, scope.source, node.start, node.end)), False
    if isinstance(node, ast.Name) and node.name not in scope.names:
        return node.name, False
    value = evaluate(node, scope)
    if isinstance(value, Unresolved):
        return value, False
    if isinstance(value, Scalar) and value.value is not None:
        return scalar_text(value), value.sensitive
    return failed("the key is no string", scope.span(node)), False


# Templates


def _template(node: ast.Template, scope: Scope) -> Value:
    if not node.text:
        return evaluate(node.parts[0], scope)
    span = scope.span(node)
    pieces: list[str | Unresolved] = []
    sources: list[Value] = []
    _render(node.parts, scope, pieces, sources)
    return inherit(text_of(pieces, span), *sources)


def _render(parts: list[ast.Node], scope: Scope, pieces: list[str | Unresolved], sources: list[Value]) -> None:
    for part in parts:
        if isinstance(part, ast.Literal):
            literal = str(part.value)
            pieces.append(literal if literal.isascii() else _normal(literal))
        elif isinstance(part, ast.TemplateIf):
            _render_if(part, scope, pieces, sources)
        elif isinstance(part, ast.TemplateFor):
            _render_for(part, scope, pieces, sources)
        else:
            value = evaluate(part, scope)
            pieces.append(piece_of(value, scope.span(part)))
            sources.append(value)


def _render_if(part: ast.TemplateIf, scope: Scope, pieces: list[str | Unresolved], sources: list[Value]) -> None:
    condition = evaluate(part.condition, scope)
    sources.append(condition)
    decided = operators.truth(condition)
    if decided is not None:
        _render(part.positive if decided else part.negative, scope, pieces, sources)
        return
    if not isinstance(condition, Unresolved):
        pieces.append(failed("the condition is neither true nor false", scope.span(part)))
        return
    arms: list[Value] = []
    for branch in (part.positive, part.negative):
        inner: list[str | Unresolved] = []
        _render(branch, scope, inner, sources)
        arms.append(text_of(inner, scope.span(part)))
    pieces.append(piece_of(agreed(arms, condition, scope.span(part)), scope.span(part)))


def _render_for(part: ast.TemplateFor, scope: Scope, pieces: list[str | Unresolved], sources: list[Value]) -> None:
    collection = evaluate(part.collection, scope)
    sources.append(collection)
    if isinstance(collection, Unresolved):
        pieces.append(collection)
        return
    if not isinstance(collection, Sequence | Mapping):
        pieces.append(failed("this is nothing to iterate over", scope.span(part)))
        return
    for key, value in members(collection):
        names = {part.value: value, part.key: key} if part.key else {part.value: value}
        _render(part.parts, scope.child(names), pieces, sources)
        if scope.budget.is_spent or len(pieces) > MAX_ITEMS:
            pieces.append(failed("the template is too long", scope.span(part)))
            return
    if collection.rest is not None:
        pieces.append(Unresolved(collection.rest))


# Iteration


def members(collection: Sequence | Mapping) -> list[tuple[Value, Value]]:
    """Key and value of each member in the order of iteration: maps by their keys, sets with the value as key."""
    if isinstance(collection, Mapping):
        entries = collection.entries
        pairs: list[tuple[Value, Value]] = []
        for name in sorted(entries):
            value = entries[name]
            start = value.key_start if value.key_start >= 0 else value.start
            pairs.append((Scalar(name, value.source, start, value.end), value))
        return pairs
    if collection.kind == "set":
        return [(item, item) for item in collection.items]
    return [(Scalar(at, item.source, item.start, item.end), item) for at, item in enumerate(collection.items)]


def _for(node: ast.For, scope: Scope) -> Value:
    span = scope.span(node)
    collection = evaluate(node.collection, scope)
    if isinstance(collection, Unresolved):
        return inherit(again(collection, span), collection)
    if is_null(collection) or not isinstance(collection, Sequence | Mapping):
        return failed("this is nothing to iterate over", span)
    budget = scope.budget
    budget.made = budget.made if budget.loops else 0
    budget.loops += 1
    result = _Result(node, collection.rest)
    for key, value in members(collection):
        names = {node.value: value, node.key: key} if node.key else {node.value: value}
        result.add(scope.child(names))
        budget.made += 1
        if budget.is_spent or budget.made > MAX_ITEMS:
            break
    budget.loops -= 1
    if budget.is_spent or budget.made > MAX_ITEMS:
        what = "takes more steps" if budget.is_spent else "has more members"
        return failed(f"it {what} than are allowed", span)
    made = result.value(span)
    return inherit(made, collection) if collection.sensitive else made


class _Result:
    """What a for expression has made so far."""

    def __init__(self, node: ast.For, rest: Unknown | None) -> None:
        self.node = node
        self.rest = rest
        self.items: list[Value] = []
        self.entries: dict[str, Value] = {}
        self.groups: dict[str, list[Value]] = {}
        self.stopped = False
        self.failure: Failed | None = None
        self.hidden = False

    def add(self, scope: Scope) -> None:
        node = self.node
        if node.condition is not None:
            condition = evaluate(node.condition, scope)
            taken = operators.truth(condition)
            if taken is False:
                return
            if taken is None:
                unknown = condition if isinstance(condition, Unresolved) else None
                unknown = unknown or failed("the condition is neither true nor false", scope.span(node.condition))
                self._leave_open(unknown)
                # The members behind one that may be there have no known place in a list.
                self.stopped = node.result_key is None
                return
        value = evaluate(node.result, scope)
        if node.result_key is None:
            if not self.stopped:
                self.items.append(value)
            return
        key, is_secret = _key(node.result_key, scope)
        self.hidden = self.hidden or is_secret
        if not isinstance(key, str):
            self._leave_open(key)
        elif node.grouping:
            self.groups.setdefault(key, []).append(value)
        elif key in self.entries:
            self.entries[key] = failed("a key occurs twice", scope.span(node))
        else:
            self.entries[key] = value

    def _leave_open(self, found: Unresolved) -> None:
        self.rest = self.rest or found.unknown
        if isinstance(found, Failed):
            self.failure = self.failure or found

    def value(self, span: Span) -> Value:
        if self.failure is not None:
            return again(self.failure, span)
        source, start, end = span.source, span.start, span.end
        if self.node.result_key is None:
            return Sequence(self.items, source, start, end, kind="tuple", rest=self.rest)
        if self.node.grouping:
            self.entries = {
                key: Sequence(items, source, start, end, kind="tuple", rest=self.rest)
                for key, items in self.groups.items()
            }
        made = Mapping(self.entries, source, start, end, kind="object", rest=self.rest)
        made.sensitive = self.hidden
        return made


# Calls


def _call(node: ast.Call, scope: Scope) -> Value:
    from vmlint.evaluation.terraform.functions import call

    return call(node, scope)


_EVALUATORS: dict[type[ast.Node], Callable[..., Value]] = {
    ast.Literal: _literal,
    ast.Template: _template,
    ast.Name: _name,
    ast.Traversal: _traversal,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Conditional: _conditional,
    ast.Call: _call,
    ast.TupleNode: _tuple,
    ast.ObjectNode: _object,
    ast.For: _for,
    ast.Parenthesised: _parenthesised,
    ast.Invalid: _invalid,
    ast.Embedded: _embedded,
}
