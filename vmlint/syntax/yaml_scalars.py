"""What a plain scalar means: null, boolean, integer, float or string."""

from __future__ import annotations

import re
from functools import cache

from vmlint.model.value import Primitive

# Only these can begin anything but a string; most scalars of a manifest are dismissed by the first character.
_FIRST = frozenset("0123456789+-.~nNtTfF")

_WORDS: dict[str, Primitive] = {
    "": None,
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@cache
def _number() -> re.Pattern[str]:
    return re.compile(
        r"(?P<int>[-+]?(?:0|[1-9][0-9_]*))$"
        r"|(?P<old>[-+]?0[0-7]+)$|0o(?P<oct>[0-7]+)$|0x(?P<hex>[0-9a-fA-F]+)$|0b(?P<bin>[01]+)$"
        r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$"
        r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    )


def resolve(text: str) -> Primitive:
    """The value of a plain scalar as Go's YAML readers give it."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > 400:  # Python refuses to convert longer digit strings; none is a number that anyone means
        return text
    found = _number().match(text)
    if found is None:
        return text
    digits = found[0].replace("_", "")
    match found.lastgroup:
        case "int":
            return int(digits)
        case "old":
            return int(digits, 8)
        case "oct" | "hex" | "bin":
            return int(found[found.lastgroup], {"oct": 8, "hex": 16, "bin": 2}[found.lastgroup])
        case "float":
            return float(digits)
        case _:
            return float(digits.lower().replace(".", "", 1))
