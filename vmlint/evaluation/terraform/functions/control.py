"""`try` and `can`, conversions of type, and marks."""

from __future__ import annotations

from copy import copy
from typing import Any

from vmlint.evaluation.terraform.conversions import as_list, convert, to_number
from vmlint.evaluation.terraform.expressions import evaluate
from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused
from vmlint.evaluation.terraform.secrets import first_secret
from vmlint.evaluation.terraform.unification import set_of, unify
from vmlint.evaluation.terraform.values import Failed, again, failed, first_failure, is_null, placed, scalar, taken
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value


def _try(call: Call) -> Value:
    """The first argument that does not fail. An unknown one may still fail when it is known."""
    last: Failed | None = None
    for node in call.node.arguments:
        value = evaluate(node, call.scope)
        last = first_failure(value)
        if last is None:
            return taken(value, call.span, value) if value.via else placed(value, call.span)
    return again(last, call.span) if last is not None else failed("try takes arguments", call.span)


def _can(call: Call) -> Value:
    if len(call.node.arguments) != 1:
        return failed("can takes one argument", call.span)
    value = evaluate(call.node.arguments[0], call.scope)
    if first_failure(value) is not None:
        return scalar(False, call.span)
    return again(value, call.span) if isinstance(value, Unresolved) and not value.parts else scalar(True, call.span)


def _converted(kind: str) -> Any:
    def run(call: Call) -> Any:
        value = call.arguments[0]
        if isinstance(value, Unresolved):
            return value
        made = convert(value, kind)
        if isinstance(made, Failed):
            raise Refused(made.unknown.reason)
        return made

    return run


def _tolist(call: Call) -> Any:
    value = as_list(call.arguments[0], call.span)
    if isinstance(value, Failed):
        raise Refused(value.unknown.reason)
    if isinstance(value, Sequence):
        _same_types(value.items)
    return value


def _same_types(members: list[Value]) -> None:
    kinds = {
        bool if isinstance(member, Scalar) and isinstance(member.value, bool) else type(member)
        for member in members
        if not isinstance(member, Unresolved) and not is_null(member)
    }
    if len({Mapping if issubclass(kind, Mapping) else kind for kind in kinds}) > 1:
        raise Refused("the members have different types")


def _toset(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Unresolved) or is_null(value):
        return value
    return set_of(call.sequence(0).items, call.span, call.sequence(0).rest)


def _tomap(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Unresolved) or is_null(value):
        return value
    found = call.mapping(0)
    members = unify(list(found.entries.values()))
    _same_types(members)
    return call.map(dict(zip(found.entries, members, strict=True)), "map", found.rest)


def _sensitive(call: Call) -> Any:
    value = copy(call.arguments[0])
    value.sensitive = True
    return value


def _nonsensitive(call: Call) -> Value:
    """Lazy, since a strict function hands on the mark of its argument."""
    if len(call.node.arguments) != 1:
        return failed("nonsensitive takes one argument", call.span)
    value = placed(evaluate(call.node.arguments[0], call.scope), call.span)
    value.sensitive = False
    return value


def _issensitive(call: Call) -> bool:
    return first_secret(call.arguments[0]) is not None


def _type(call: Call) -> str:
    """Of Terraform's console."""
    match call.arguments[0]:
        case Scalar(value=str()):
            return "string"
        case Scalar(value=bool()):
            return "bool"
        case Scalar() as value if to_number(value) is not None:
            return "number"
        case Sequence() as value:
            return value.kind
        case Mapping() as value:
            return value.kind
    return "dynamic"


FUNCTIONS = {
    "can": Function(_can, lazy=True),
    "ephemeralasnull": Function(lambda call: call.arguments[0], partial=True),
    "issensitive": Function(_issensitive, partial=True),
    "nonsensitive": Function(_nonsensitive, lazy=True),
    "sensitive": Function(_sensitive, partial=True),
    "tobool": Function(_converted("bool"), partial=True),
    "tolist": Function(_tolist, partial=True),
    "tomap": Function(_tomap, partial=True),
    "tonumber": Function(_converted("number"), partial=True),
    "toset": Function(_toset, partial=True),
    "tostring": Function(_converted("string"), partial=True),
    "try": Function(_try, 1, -1, lazy=True),
    "type": Function(_type),
}
