"""`format` and `formatlist`, with Go's verbs."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from vmlint.evaluation.terraform.conversions import to_bool, to_number
from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.functions.encoding import json_string, json_text
from vmlint.evaluation.terraform.secrets import first_secret, secret
from vmlint.evaluation.terraform.values import again, failed, is_null, normal_number, number_text, scalar_text
from vmlint.model.value import Scalar, Sequence, Unresolved, Value

_VERB = re.compile(
    r"%(?P<flags>[-+ #0]*)(?P<width>\d+)?(?:\.(?P<precision>\d*))?(?:\[(?P<index>\d+)\])?(?P<verb>.)", re.S
)
MAX_WIDTH = 1_000


def _format(call: Call) -> Any:
    if isinstance(call.arguments[0], Unresolved):
        return again(call.arguments[0], call.span)
    return formatted(call.text(0), call.arguments[1:], call)


def formatted(template: str, arguments: list[Value], call: Call) -> Value:
    """A format string with its arguments put in; unknown ones stay unknown pieces."""
    from vmlint.evaluation.terraform.texts import text_of

    pieces: list[str | Unresolved] = []
    position = next_argument = 0
    while True:
        start = template.find("%", position)
        if start < 0:
            break
        pieces.append(template[position:start])
        match = _VERB.match(template, start)
        if match is None:
            raise Refused("the format ends within a verb")
        position = match.end()
        if match["verb"] == "%":
            pieces.append("%")
            continue
        at = int(match["index"]) - 1 if match["index"] else next_argument
        next_argument = at + 1
        if not 0 <= at < len(arguments):
            raise Refused("the format has more verbs than arguments")
        argument = arguments[at]
        pieces.append(_verb(match, argument) if first_secret(argument) is None else secret(argument, call.span))
    pieces.append(template[position:])
    if next_argument < len(arguments) and "[" not in template:
        raise Refused("the format has fewer verbs than arguments")
    return text_of(pieces, call.span)


def _verb(match: re.Match[str], value: Value) -> str | Unresolved:
    if isinstance(value, Unresolved):
        return value
    flags, verb = match["flags"], match["verb"]
    width = int(match["width"] or 0)
    precision = int(match["precision"] or 0) if match["precision"] is not None else None
    if width > MAX_WIDTH or (precision or 0) > MAX_WIDTH:
        raise Refused("a width of the format is too large")
    try:
        text = _shown(verb, value, flags, precision)
    except LookupError:
        from vmlint.evaluation.terraform.values import first_unknown

        unknown = first_unknown(value)
        return unknown if unknown is not None else failed("it cannot be shown", value.span)
    if len(text) < width and verb != "t":
        if "-" in flags:
            return text.ljust(width)
        if "0" in flags and verb in "sqvdfeEgGxXob":
            sign = text[:1] if text[:1] in ("-", "+", " ") else ""
            return sign + text[len(sign) :].rjust(width - len(sign), "0")
        return text.rjust(width)
    return text


def _shown(verb: str, value: Value, flags: str, precision: int | None) -> str:
    match verb:
        case "v":
            return _plain(value, flags)
        case "s" | "q":
            if is_null(value) or not isinstance(value, Scalar):
                raise Refused(f"%{verb} takes a string")
            text = scalar_text(value)
            text = text if precision is None else text[:precision]
            return text if verb == "s" else json_string(text)
        case "t":
            held = to_bool(value)
            if held is None:
                raise Refused("%t takes true or false")
            return "true" if held else "false"
    number = to_number(value)
    if number is None:
        raise Refused(f"%{verb} takes a number")
    return _signed(_number(verb, number, flags, precision), number, flags)


def _plain(value: Value, flags: str) -> str:
    """`%v`: strings and primitives as they are, the rest as JSON; `%#v` is JSON always."""
    if isinstance(value, Scalar) and "#" not in flags:
        if value.value is None:
            return "null"
        number = None if isinstance(value.value, str) else to_number(value)
        return scalar_text(value) if number is None else _shortest(Decimal(number))
    return json_text(value)


def _number(verb: str, number: int | Decimal, flags: str, precision: int | None) -> str:
    if verb in "dboxX":
        whole = normal_number(number)
        if not isinstance(whole, int):
            raise Refused(f"%{verb} takes a whole number")
        text = format(whole, verb)
        prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "") if "#" in flags else ""
        return text.replace("-", "-" + prefix) if whole < 0 else prefix + text
    exact = Decimal(number)
    match verb:
        case "f":
            places = 6 if precision is None else precision
            return format(exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN), "f")
        case "e" | "E":
            # Decimal gives zero an exponent by its precision.
            text = format(exact or 0.0, f".{6 if precision is None else precision}{verb}")
            return re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", text)
        case "g" | "G":
            if precision is None:
                text = _shortest(exact, 6)
                return text.upper() if verb == "G" else text
            return format(float(exact), f".{precision or 1}{verb}")
    raise Refused(f"%{verb} is no verb")


def _shortest(number: Decimal, places: int = 21) -> str:
    """As few digits as tell the number, with an exponent where it is small or has more than `places` digits before
    the point, as Go does it."""
    if not number or -4 <= number.adjusted() < places:
        return number_text(number)
    return re.sub(r"([eE][+-])(\d)$", r"\g<1>0\2", format(number.normalize(), "e"))


def _signed(text: str, number: int | Decimal, flags: str) -> str:
    if number >= 0 and "+" in flags:
        return "+" + text
    return " " + text if number >= 0 and " " in flags else text


def _formatlist(call: Call) -> Any:
    """A format for each member of the lists; single values repeat."""
    template = call.arguments[0]
    lists = [value for value in call.arguments if isinstance(value, Sequence)]
    for value in call.arguments:
        if isinstance(value, Unresolved):
            return again(value, call.span)
    lengths = {len(value.items) for value in lists}
    if len(lengths) > 1:
        raise Refused("the lists have different lengths")
    rest = next((value.rest for value in lists if value.rest is not None), None)
    number = lengths.pop() if lengths else 1
    if isinstance(template, Sequence):
        raise Refused("the format is a list")
    items: list[Value] = []
    for at in range(number):
        row = [value.items[at] if isinstance(value, Sequence) else value for value in call.arguments[1:]]
        items.append(formatted(call.text(0), row, call))
    return call.list(items, rest=rest)


FUNCTIONS = {
    "format": Function(_format, 1, -1, partial=True),
    "formatlist": Function(_formatlist, 1, -1, partial=True),
}
