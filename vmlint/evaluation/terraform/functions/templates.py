"""`templatefile` and `templatestring`."""

from __future__ import annotations

from typing import Any

from vmlint.evaluation.terraform.expressions import evaluate
from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.functions.filesystem import not_read
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.texts import text_of
from vmlint.evaluation.terraform.values import again, failed, inherit, placed
from vmlint.files import Refusal
from vmlint.model.fact import Origin
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Unresolved, Value
from vmlint.syntax.hcl import parse_template
from vmlint.syntax.hcl_ast import SyntaxProblem


def _templatefile(call: Call) -> Any:
    if isinstance(call.arguments[0], Unresolved):
        return again(call.arguments[0], call.span)
    source = call.scope.paths.text(call.text(0))
    if isinstance(source, Refusal):
        return not_read(call, source)
    names = _names(call)
    if isinstance(names, Unresolved):
        # Without its names a template's literal text is still known.
        value = _rendered(source, {}, call.scope, again(names, call.span))
    else:
        value = _rendered(source, names, call.scope, None)
    made = placed(value, call.span)
    origin = Origin(f"template {source.path}", source.whole().first_line())
    made.via = (origin, *inherit(placed(value, call.span), *call.arguments).via)
    return made


def _names(call: Call) -> dict[str, Value] | Unresolved:
    value = call.arguments[1]
    if isinstance(value, Unresolved):
        return value
    if isinstance(value, Mapping):
        return dict(value.entries)
    raise Refused("argument 2 is not a map")


class _Everything(dict[str, Value]):
    """The names of a template whose variables are unknown as a whole."""

    def __init__(self, unknown: Unresolved) -> None:
        super().__init__()
        self.unknown = unknown

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, self.unknown)


def _rendered(source: SourceText, names: dict[str, Value], scope: Scope, unknown: Unresolved | None) -> Value:
    budget = scope.budget
    if budget.hops > 60:
        return failed("templates are nested too deeply", source.whole())
    try:
        node = parse_template(source)
    except SyntaxProblem as problem:
        return failed(f"the template cannot be parsed: {problem.message}", source.span(problem.start, problem.end))
    inner = Scope(None, source, budget, scope.paths, names)
    if unknown is not None:
        inner.names = _Everything(unknown)
    budget.hops += 1
    value = evaluate(node, inner)
    budget.hops -= 1
    if isinstance(value, Scalar) and not isinstance(value.value, str) and value.value is not None:
        return text_of([value.text], value.span)
    return value


def render_text(template: Scalar, names: dict[str, Value], scope: Scope) -> Value:
    """The text of a template that is a value, with the names put in."""
    source = SourceText(template.source.path, str(template.value))
    try:
        node = parse_template(source)
    except SyntaxProblem as problem:
        return failed(f"the template cannot be parsed: {problem.message}", template.span)
    inner = Scope(None, source, scope.budget, scope.paths, names, pin=template.span)
    return inherit(evaluate(node, inner), template)


def _templatestring(call: Call) -> Any:
    template = call.arguments[0]
    if isinstance(template, Unresolved):
        return again(template, call.span)
    names = _names(call)
    if isinstance(names, Unresolved):
        return again(names, call.span)
    if not isinstance(template, Scalar) or not isinstance(template.value, str):
        raise Refused("argument 1 is not a string")
    return render_text(template, names, call.scope)


FUNCTIONS = {
    "templatefile": Function(_templatefile, 2, 2, partial=True),
    "templatestring": Function(_templatestring, 2, 2, partial=True),
}
