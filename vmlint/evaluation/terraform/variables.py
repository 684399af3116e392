"""Values of input variables: where they are set, in Terraform's order, and what their declaration makes of them."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.conversions import convert, parse_type
from vmlint.evaluation.terraform.expressions import evaluate_safely
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import failed, is_null, placed, unresolved
from vmlint.files import Files, Refusal, join
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Scalar, Value
from vmlint.syntax import hcl
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import Body, SyntaxProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmlint.syntax.hcl import RawBlock


PREFIX = "TF_VAR_"
PRIMITIVES = ("string", "number", "bool")


class Setting:
    """A value that is given to a variable, and the label of where. `text` is set where it is given as text: that is
    the value of a variable of a primitive type, an expression for any other."""

    __slots__ = ("_make", "_value", "label", "text")

    def __init__(self, label: str, make: Callable[[], Value], text: Scalar | None = None) -> None:
        self.label = label
        self.text = text
        self._make = make
        self._value: Value | None = None

    @property
    def value(self) -> Value:
        if self._value is None:
            self._value = self._make()
        return self._value


def settings(
    folder: str,
    files: Files,
    environment: MappingOf[str, str],
    pairs: MappingOf[str, str],
    variable_files: SequenceOf[str],
    scope: Scope,
    problems: list[Problem],
    paths: list[str],
) -> dict[str, Setting]:
    """What a root module's variables are set to, later ones over earlier ones: `TF_VAR_` names of the environment
    that is given, `terraform.tfvars`, `terraform.tfvars.json`, `*.auto.tfvars(.json)` in the order of their names,
    the files and the pairs of the command line."""
    names = files.names(folder)
    chosen: list[str] = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in names]
    chosen += [name for name in names if name.endswith((".auto.tfvars", ".auto.tfvars.json"))]
    found: dict[str, Setting] = {}
    for name, text in environment.items():
        if name.startswith(PREFIX):
            found[name.removeprefix(PREFIX)] = _pair(name, text, scope)
    for path in [*(join(folder, name) for name in chosen), *variable_files]:
        paths.append(path)
        found.update(_file_settings(path, files, scope, problems))
    for name, text in pairs.items():
        found[name] = _pair(f"--var {name}", text, scope)
    return found


def _file_settings(path: str, files: Files, scope: Scope, problems: list[Problem]) -> dict[str, Setting]:
    source = files.text(path)
    if isinstance(source, Refusal):
        place = SourceText(path, "").whole()
        problems.append(Problem(ProblemKind.UNREADABLE, source.message, place))
        return {}
    body = _variables_body(source)
    for found in body.problems:
        span = source.span(found.start, found.end).first_line()
        problems.append(Problem(ProblemKind.UNREADABLE, found.message, span))
    inner = scope.elsewhere(source)
    label = path.rsplit("/", 1)[-1]

    def make(name: str) -> Setting:
        return Setting(label, lambda: evaluate_safely(body.attributes[name].expression, inner))

    return {name: make(name) for name in body.attributes}


def _variables_body(source: SourceText) -> Body:
    if source.path.endswith(".json"):
        from vmlint.syntax.hcl_json import parse_file

        return parse_file(source)
    return hcl.parse_file(source)


def _pair(label: str, text: str, scope: Scope) -> Setting:
    """The setting of a `--var` or of a name of the environment."""
    source = SourceText(label, text)

    def make() -> Value:
        try:
            return evaluate_safely(hcl.parse_expression(source), scope.elsewhere(source))
        except SyntaxProblem as problem:
            return failed(problem.message, source.whole())

    return Setting(label, make, Scalar(text, source, 0, len(text)))


def variable(block: RawBlock, setting: Setting | None, scope: Scope, missing: str) -> tuple[Value, str]:
    """The value of a declared variable and the label of its definition. `scope` is one without a module."""
    name = block.labels[0]
    attributes = block.body.attributes
    scope = scope.elsewhere(block.source)
    label = f'variable "{name}" default'
    value: Value | None = None
    kind = attributes.get("type")
    wanted = parse_type(_type_node(kind.expression)) if kind is not None else None
    if setting is not None:
        primitive = wanted is None or wanted in PRIMITIVES
        value = setting.text if setting.text is not None and primitive else setting.value
        label = setting.label
        if is_null(value) and "default" in attributes and _is_false(block, "nullable"):
            value, label = None, f'variable "{name}" default'
    if value is None:
        if "default" not in attributes:
            return marked(unresolved(f"var.{name}", missing, block.span), block), ""
        value = evaluate_safely(attributes["default"].expression, scope)
    if wanted is not None:
        # Defaults of optional attributes are constants.
        value = convert(value, wanted, lambda node: evaluate_safely(node, scope))
    return marked(value, block), label


def _type_node(node: ast.Node) -> ast.Node:
    return node.inner if isinstance(node, ast.Embedded) else node


def _is_false(block: RawBlock, name: str) -> bool:
    attribute = block.body.attributes.get(name)
    return attribute is not None and getattr(attribute.expression, "value", None) is False


def marked(value: Value, block: RawBlock) -> Value:
    """The value of a variable or output, sensitive where its block says so."""
    attribute = block.body.attributes.get("sensitive")
    if attribute is not None and getattr(attribute.expression, "value", None) is True:
        value = placed(value, value.span)
        value.sensitive = True
    return value


def undeclared(name: str, span: Span) -> Value:
    """A variable that the module does not declare: Terraform would refuse it."""
    return unresolved(f"var.{name}", "the module declares no such variable", span)
