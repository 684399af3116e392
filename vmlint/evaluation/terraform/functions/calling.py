"""What a function's implementation is given, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from vmlint.evaluation.terraform.conversions import to_bool, to_number
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import is_null, normal_number, scalar_text
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Value
from vmlint.syntax import hcl_ast as ast


class Refused(Exception):  # noqa: N818 (read as a verb: the call is refused)
    """The arguments are not what the function takes: a clause for the user."""


class Unsettled(Exception):  # noqa: N818
    """Terraform has a value here, but vmlint does not work it out: a clause that says why."""


class Call:
    """A function call with evaluated arguments, and their reading as plain values."""

    __slots__ = ("arguments", "name", "node", "scope", "span")

    def __init__(self, name: str, arguments: list[Value], scope: Scope, span: Span, node: ast.Call) -> None:
        self.name = name
        self.arguments = arguments
        self.scope = scope
        self.span = span
        self.node = node

    def text(self, at: int) -> str:
        value = self.arguments[at]
        if isinstance(value, Scalar) and value.value is not None:
            return scalar_text(value)
        raise Refused(f"argument {at + 1} is not a string")

    def number(self, at: int) -> int | Decimal:
        number = to_number(self.arguments[at])
        if number is None:
            raise Refused(f"argument {at + 1} is not a number")
        return number

    def integer(self, at: int) -> int:
        number = normal_number(self.number(at))
        if not isinstance(number, int):
            raise Refused(f"argument {at + 1} is not a whole number")
        return number

    def boolean(self, at: int) -> bool:
        value = to_bool(self.arguments[at])
        if value is None:
            raise Refused(f"argument {at + 1} is neither true nor false")
        return value

    def sequence(self, at: int) -> Sequence:
        value = self.arguments[at]
        if isinstance(value, Sequence):
            return value
        raise Refused(f"argument {at + 1} is not a list")

    def mapping(self, at: int) -> Mapping:
        value = self.arguments[at]
        if isinstance(value, Mapping):
            return value
        raise Refused(f"argument {at + 1} is not a map")

    def texts(self, at: int) -> list[str]:
        """The members of a list of strings."""
        return [member_text(item) for item in self.sequence(at).items]

    def list(self, items: list[Value], kind: str = "list", rest: Any = None) -> Sequence:
        """A list that the function makes."""
        return Sequence(items, self.span.source, self.span.start, self.span.end, kind=kind, rest=rest)

    def map(self, entries: dict[str, Value], kind: str = "map", rest: Any = None) -> Mapping:
        return Mapping(entries, self.span.source, self.span.start, self.span.end, kind=kind, rest=rest)


def member_text(value: Value) -> str:
    if isinstance(value, Scalar) and not is_null(value):
        return scalar_text(value)
    raise Refused("a member is not a string")


class Function(NamedTuple):
    """A row of the table: the implementation, the least and the greatest number of arguments (-1: any), whether
    unknown arguments reach it, and whether it evaluates its arguments itself."""

    run: Callable[[Call], Any]
    least: int = 1
    most: int = 1
    partial: bool = False
    lazy: bool = False
