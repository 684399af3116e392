"""Functions on numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from vmlint.evaluation.terraform.conversions import to_number
from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.values import NUMBERS, is_string, normal_number, scalar

MAX_RANGE = 1024
"""Numbers that `range` makes, as Terraform has it."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _range(call: Call) -> Any:
    numbers = [Decimal(call.number(at)) for at in range(len(call.arguments))]
    start, end = (Decimal(0), numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    step = numbers[2] if len(numbers) > 2 else Decimal(1 if end >= start else -1)
    if not step or ((step > 0) is not (end >= start) and end != start):
        raise Refused("the step leads away from the end")
    if abs(end - start) > abs(step) * MAX_RANGE:
        raise Refused(f"it makes more than {MAX_RANGE} numbers")
    items: list[Any] = []
    while (start < end) if step > 0 else (start > end):
        items.append(scalar(normal_number(start), call.span))
        start = NUMBERS.add(start, step)
    return call.list(items)


def _extreme(greatest: bool) -> Any:
    def run(call: Call) -> Any:
        numbers = [call.number(at) for at in range(len(call.arguments))]
        return max(numbers) if greatest else min(numbers)

    return run


def _sum(call: Call) -> Any:
    items = call.sequence(0).items
    if not items:
        raise Refused("the list is empty")
    total = Decimal(0)
    for item in items:
        number = to_number(item)
        if number is None:
            raise Refused("a member is not a number")
        total = NUMBERS.add(total, Decimal(number))
    return normal_number(total)


def _log(call: Call) -> Any:
    try:
        return Decimal(repr(math.log(call.number(0)) / math.log(call.number(1))))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Refused("there is no such logarithm") from None


def _pow(call: Call) -> Any:
    base, power = call.number(0), call.number(1)
    try:
        result = float(base) ** float(power)
    except (OverflowError, ZeroDivisionError):
        raise Refused("the number is out of range") from None
    if isinstance(result, complex) or not math.isfinite(result):
        raise Refused("there is no such power")
    return normal_number(Decimal(repr(result)))


def _parseint(call: Call) -> int:
    text, base = call.text(0), call.integer(1)
    if not is_string(call.arguments[0]):
        raise Refused("argument 1 is not a string")
    if not 2 <= base <= 62 or len(text) > 1000:
        raise Refused("the base is not between 2 and 62")
    digits = text.lstrip("+-") if text[:1] in ("+", "-") else text
    digits = digits if base > 36 else digits.lower()
    value = 0
    if not digits:
        raise Refused("the text is no number")
    for digit in digits:
        at = _DIGITS.find(digit)
        if not 0 <= at < base:
            raise Refused("the text is no number of that base")
        value = value * base + at
    return -value if text.startswith("-") else value


def _rounded(up: bool) -> Any:
    def run(call: Call) -> int:
        number = call.number(0)
        return math.ceil(number) if up else math.floor(number)

    return run


FUNCTIONS = {
    "abs": Function(lambda call: abs(call.number(0))),
    "ceil": Function(_rounded(True)),
    "floor": Function(_rounded(False)),
    "log": Function(_log, 2, 2),
    "max": Function(_extreme(True), 1, -1),
    "min": Function(_extreme(False), 1, -1),
    "parseint": Function(_parseint, 2, 2),
    "pow": Function(_pow, 2, 2),
    "range": Function(_range, 1, 3),
    "signum": Function(lambda call: (call.integer(0) > 0) - (call.integer(0) < 0)),
    "sum": Function(_sum),
}
