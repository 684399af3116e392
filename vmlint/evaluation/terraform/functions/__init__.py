"""The built-in functions of Terraform 1.11, by theme; `call` evaluates a function call.

A function is strict unless its row in the table says otherwise: an unknown argument makes the result unknown, and
its implementation sees plain known values. What Terraform would refuse raises `Refused` inside and is a `Failed`
value outside. A function that is not in the table (a provider's, or one of a later release) is unknown.
"""

from __future__ import annotations

from vmlint.evaluation.terraform.expressions import evaluate
from vmlint.evaluation.terraform.functions.calling import Call, Refused, Unsettled
from vmlint.evaluation.terraform.functions.table import table
from vmlint.evaluation.terraform.scope import MAX_TEXT, Scope
from vmlint.evaluation.terraform.secrets import first_secret
from vmlint.evaluation.terraform.values import (
    LazyMapping,
    again,
    excerpt,
    failed,
    first_failure,
    first_unknown,
    inherit,
    taken,
    unresolved,
    wrap,
)
from vmlint.model.value import Mapping, Sequence, Unresolved, Value
from vmlint.syntax import hcl_ast as ast

MEMBERS_A_STEP = 4
"""Members of a collection that a function looks at for one step of the budget."""


def call(node: ast.Call, scope: Scope) -> Value:
    """The value of a function call."""
    span = scope.span(node)
    name = node.name.removeprefix("core::")
    function = table().get(name)
    if function is None:
        reason = "a provider defines the function" if "::" in name else "there is no such function"
        return unresolved(f"{node.name}()", reason, span)
    if function.lazy:
        made: Value = function.run(Call(name, [], scope, span, node))
        return made
    arguments = [evaluate(argument, scope) for argument in node.arguments]
    if node.expand and arguments:
        arguments = _expanded(arguments)
    scope.budget.left -= sum(map(_size, arguments)) // MEMBERS_A_STEP
    if len(arguments) < function.least or (function.most >= 0 and len(arguments) > function.most):
        return failed(f"{name} takes another number of arguments", span)
    if not function.partial:
        for argument in arguments:
            unknown = first_failure(argument) or first_unknown(argument)
            if unknown is not None:
                return inherit(again(unknown, span), *arguments)
    try:
        result = function.run(Call(name, arguments, scope, span, node))
    except Unsettled as unsettled:
        return inherit(unresolved(excerpt(span), f"{name}: {unsettled}", span), *arguments)
    except Refused as refused:
        return failed(f"{name}: {refused}", span)
    except RecursionError:
        return failed(f"{name}: the value is nested too deeply", span)
    made = _placed(result, arguments, scope, node)
    if not function.partial and not made.sensitive:
        # The function has seen plain values only.
        made.sensitive = any(first_secret(argument) is not None for argument in arguments)
    return made


def _placed(result: object, arguments: list[Value], scope: Scope, node: ast.Call) -> Value:
    span = scope.span(node)
    if not isinstance(result, Value):
        if isinstance(result, str) and len(result) > MAX_TEXT:
            return failed(f"{node.name}: the text is too long", span)
        return inherit(wrap(result, span), *arguments)
    if result.source is span.source and result.start == span.start and result.end == span.end:
        # Made here: what it was made from tells how it came.
        return inherit(result, *arguments) if not result.via else result
    return taken(result, span, *arguments)


def _size(value: Value) -> int:
    if isinstance(value, Sequence):
        return len(value.items)
    return len(value.entries) if isinstance(value, Mapping) and not isinstance(value, LazyMapping) else 0


def _expanded(arguments: list[Value]) -> list[Value]:
    """The arguments with the members of the last one in its place."""
    last = arguments[-1]
    if isinstance(last, Sequence):
        rest: list[Value] = [Unresolved(last.rest)] if last.rest is not None else []
        return [*arguments[:-1], *last.items, *rest]
    if isinstance(last, Unresolved):
        return arguments
    return [*arguments[:-1], failed("only a list can be expanded", last.span)]
