"""Operators of HCL on values of which some are unknown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vmlint.evaluation.terraform.conversions import to_bool, to_number
from vmlint.evaluation.terraform.values import (
    NUMBERS,
    Failed,
    again,
    equal,
    failed,
    inherit,
    is_null,
    normal_number,
    scalar,
    unknowns,
)
from vmlint.model.span import Span
from vmlint.model.value import Scalar, Unresolved, Value

MAX_MAGNITUDE = 3_000
"""Decimal digits of a number that an operator may make."""


def truth(value: Value) -> bool | None:
    """Whether a condition holds; None where it is unknown or no condition."""
    return to_bool(value) if isinstance(value, Scalar) else None


def unary(operator: str, operand: Value, span: Span) -> Value:
    if isinstance(operand, Unresolved):
        return inherit(again(operand, span), operand)
    if operator == "!":
        held = truth(operand)
        if held is None:
            return failed("`!` takes true or false", span)
        return inherit(scalar(not held, span), operand)
    number = to_number(operand)
    if number is None:
        return failed("`-` takes a number", span)
    return inherit(scalar(-number, span), operand)


def logical(operator: str, left: Value, right: Callable[[], Value], span: Span) -> Value:
    """`&&` and `||`: one side decides where it can, whatever the other is."""
    decisive = operator == "||"
    known = truth(left)
    if known is decisive:
        return inherit(scalar(decisive, span), left)
    other = right()
    held = truth(other)
    if held is decisive:
        return inherit(scalar(decisive, span), other)
    for side, value in ((left, known), (other, held)):
        if value is None:
            if isinstance(side, Unresolved):
                return inherit(again(side, span), left, other)
            return failed(f"`{operator}` takes true and false", span)
    return inherit(scalar(not decisive, span), left, other)


def binary(operator: str, left: Value, right: Value, span: Span) -> Value:
    if operator in ("==", "!="):
        return _equality(operator, left, right, span)
    for side in (left, right):
        if isinstance(side, Failed):
            return again(side, span)
    for side in (left, right):
        if isinstance(side, Unresolved):
            return inherit(again(side, span), left, right)
    if is_null(left) or is_null(right):
        return failed(f"`{operator}` takes numbers, not null", span)
    one, two = to_number(left), to_number(right)
    if one is None or two is None:
        return failed(f"`{operator}` takes numbers", span)
    result = _arithmetic(operator, one, two)
    if isinstance(result, str):
        return failed(result, span)
    return inherit(scalar(result, span), left, right)


def _equality(operator: str, left: Value, right: Value, span: Span) -> Value:
    for side in (left, right):
        if isinstance(side, Failed):
            return again(side, span)
    same = equal(left, right)
    if same is None:
        unknown = next((found for side in (left, right) for found in unknowns(side)), None)
        assert unknown is not None
        return inherit(again(unknown, span), left, right)
    return inherit(scalar(same is (operator == "=="), span), left, right)


def _arithmetic(operator: str, one: int | Decimal, two: int | Decimal) -> int | Decimal | bool | str:
    """The result, or what is wrong."""
    match operator:
        case "<":
            return one < two
        case ">":
            return one > two
        case "<=":
            return one <= two
        case ">=":
            return one >= two
    if operator in "/%" and two == 0:
        return one if operator == "%" else "it divides by zero"
    if isinstance(one, int) and isinstance(two, int) and max(one.bit_length(), two.bit_length()) < 500:
        match operator:
            case "+":
                return one + two
            case "-":
                return one - two
            case "*":
                return one * two
            case "%":
                return abs(one) % abs(two) * (1 if one >= 0 else -1)
            case "/" if one % two == 0:
                return one // two
    return _decimal(operator, Decimal(one), Decimal(two))


def _decimal(operator: str, one: Decimal, two: Decimal) -> int | Decimal | str:
    match operator:
        case "+":
            result = NUMBERS.add(one, two)
        case "-":
            result = NUMBERS.subtract(one, two)
        case "*":
            result = NUMBERS.multiply(one, two)
        case "/":
            result = NUMBERS.divide(one, two)
        case _:
            result = NUMBERS.remainder(one, two)
    if not result.is_finite() or abs(result.adjusted()) > MAX_MAGNITUDE:
        return "the number is too large"
    return normal_number(result)
