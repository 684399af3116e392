"""Functions on sets."""

from __future__ import annotations

import itertools
from typing import Any

from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused, Unsettled
from vmlint.evaluation.terraform.scope import MAX_ITEMS
from vmlint.evaluation.terraform.unification import Members, set_of
from vmlint.evaluation.terraform.values import again
from vmlint.model.value import Sequence, Unresolved, Value


def _union(call: Call) -> Any:
    items: list[Value] = []
    rest = None
    for value in call.arguments:
        if isinstance(value, Unresolved):
            rest = rest or value.unknown
        elif isinstance(value, Sequence):
            items += value.items
            rest = rest or value.rest
        else:
            raise Refused("it takes sets")
    return set_of(items, call.span, rest)


def _intersection(call: Call) -> Any:
    first, *others = (call.sequence(at).items for at in range(len(call.arguments)))
    among = [_members(other) for other in others]
    kept = [item for item in first if all(item in other for other in among)]
    return set_of(kept, call.span)


def _subtract(call: Call) -> Any:
    first, second = call.sequence(0).items, call.sequence(1).items
    among = _members(second)
    return set_of([item for item in first if item not in among], call.span)


def _members(values: list[Value]) -> Members:
    found = Members(values)
    if found.is_crowded:
        raise Unsettled("it has more members than are compared")
    return found


def _product(call: Call) -> Any:
    """Tuples of members; a set of them only where all arguments are sets."""
    if any(isinstance(value, Unresolved) for value in call.arguments):
        unknown = next(value for value in call.arguments if isinstance(value, Unresolved))
        return again(unknown, call.span)
    lists = [call.sequence(at) for at in range(len(call.arguments))]
    size = 1
    for one in lists:
        size *= len(one.items)
        if size > MAX_ITEMS:
            raise Refused("it has more members than are allowed")
    rest = next((one.rest for one in lists if one.rest is not None), None)
    made: list[Value] = [call.list(list(row), "tuple") for row in itertools.product(*(one.items for one in lists))]
    every = all(one.kind == "set" for one in lists)
    return call.list(made, "set" if every else "tuple", rest)


FUNCTIONS = {
    "setintersection": Function(_intersection, 1, -1),
    "setproduct": Function(_product, 2, -1, partial=True),
    "setsubtract": Function(_subtract, 2, 2),
    "setunion": Function(_union, 1, -1, partial=True),
}
