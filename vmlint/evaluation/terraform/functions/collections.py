"""Functions on lists and maps. Members keep their places; what is known of a partly unknown collection survives."""

from __future__ import annotations

from typing import Any

from vmlint.evaluation.terraform.conversions import to_bool
from vmlint.evaluation.terraform.functions.calling import Call, Function, Refused, Unsettled, member_text
from vmlint.evaluation.terraform.scope import MAX_ITEMS
from vmlint.evaluation.terraform.traversal import member
from vmlint.evaluation.terraform.unification import Members, as_string, unify
from vmlint.evaluation.terraform.values import Failed, again, agreed, equal, failed, is_null, null, scalar
from vmlint.model.fact import Unknown
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value


def _unknown_first(call: Call, *at: int) -> Unresolved | None:
    """The first of the arguments that is wholly unknown."""
    for index in at or range(len(call.arguments)):
        value = call.arguments[index]
        if isinstance(value, Unresolved):
            return again(value, call.span)
    return None


def _bounded(number: int) -> None:
    if number > MAX_ITEMS:
        raise Refused("it has more members than are allowed")


def _concat(call: Call) -> Any:
    """Members behind an unknown list have no known place, so they are not among the result's."""
    items: list[Value] = []
    rest: Unknown | None = None
    kind = "list"
    for value in call.arguments:
        kind = "tuple" if isinstance(value, Sequence) and value.kind == "tuple" else kind
        if isinstance(value, Unresolved):
            rest = rest or again(value, call.span).unknown
        elif not isinstance(value, Sequence):
            raise Refused("it takes lists")
        elif rest is None:
            items += value.items
            rest = value.rest
        _bounded(len(items))
    return call.list(items, kind, rest)


def _merge(call: Call) -> Any:
    """Later keys win. An unknown map may set any key anew, so what stands before it is unknown too."""
    entries: dict[str, Value] = {}
    rest: Unknown | None = None
    for value in call.arguments:
        unknown = value if isinstance(value, Unresolved) else None
        if isinstance(value, Mapping) and value.rest is not None:
            unknown = Unresolved(value.rest)
        if unknown is not None:
            if isinstance(unknown, Failed):
                return again(unknown, call.span)
            rest = rest or again(unknown, call.span).unknown
            entries = {key: _overridable(old, unknown) for key, old in entries.items()}
        if isinstance(value, Mapping):
            entries.update(value.entries)
        elif unknown is None and not is_null(value):
            raise Refused("it takes maps")
        _bounded(len(entries))
    every = all(isinstance(value, Mapping) and value.kind == "map" for value in call.arguments)
    return call.map(entries, "map" if every else "object", rest)


def _overridable(value: Value, by: Unresolved) -> Value:
    other = again(by, value.span)
    other.key_start = value.key_start
    return other


def _length(call: Call) -> Any:
    value = call.arguments[0]
    match value:
        case Unresolved():
            return again(value, call.span)
        case Sequence() | Mapping() if value.rest is not None:
            return again(Unresolved(value.rest), call.span)
        case Sequence():
            return len(value.items)
        case Mapping():
            return len(value.entries)
        case Scalar(value=str() as text):
            return len(text)
    raise Refused("it takes a list, a map or a string")


def _element(call: Call) -> Any:
    unknown = _unknown_first(call, 0)
    if unknown is not None:
        return unknown
    value = call.sequence(0)
    if value.kind == "set":
        raise Refused("a set has no order")
    if isinstance(call.arguments[1], Unresolved):
        return member(value, call.arguments[1], call.span)
    at = call.integer(1)
    if at < 0 or not value.items:
        raise Refused("the list has no such member")
    if value.rest is not None and at >= len(value.items):
        return again(Unresolved(value.rest), call.span)
    return value.items[at % len(value.items)]


def _lookup(call: Call) -> Any:
    value, key = call.arguments[0], call.arguments[1]
    default = call.arguments[2] if len(call.arguments) > 2 else None
    if isinstance(value, Unresolved):
        return member(value, key, call.span)
    if not isinstance(value, Mapping):
        raise Refused("it takes a map")
    if isinstance(key, Unresolved):
        found = member(value, key, call.span)
        return agreed([found, default], key, call.span) if default is not None and value.entries else found
    name = call.text(1)
    if name in value.entries:
        return value.entries[name]
    if value.rest is not None:
        return again(Unresolved(value.rest), call.span)
    if default is None:
        raise Refused("there is no such key" if key.sensitive else f"there is no key {name!r}")
    return default


def _keys(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    value = call.mapping(0)
    names = [scalar(name, value.entries[name].span) for name in sorted(value.entries)]
    return call.list(list(names), "list" if value.kind == "map" else "tuple", value.rest)


def _values(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    value = call.mapping(0)
    members = [value.entries[name] for name in sorted(value.entries)]
    return call.list(members, "list" if value.kind == "map" else "tuple", value.rest)


def _coalesce(call: Call) -> Any:
    """The first that is neither null nor an empty string; an unknown one before it leaves it unknown, unless it is
    a template that has text."""
    values = unify(call.arguments)
    if len({type(value) for value in values if not isinstance(value, Unresolved) and not is_null(value)}) > 1:
        raise Refused("the arguments have different types")
    for value in values:
        if isinstance(value, Unresolved):
            return value if any(isinstance(part, str) for part in value.parts) else again(value, call.span)
        if not is_null(value) and not (isinstance(value, Scalar) and value.value == ""):
            return value
    raise Refused("no argument has a value")


def _coalescelist(call: Call) -> Any:
    for value in call.arguments:
        if isinstance(value, Unresolved):
            return again(value, call.span)
        if not isinstance(value, Sequence):
            raise Refused("it takes lists")
        if value.items or value.rest is not None:
            return value
    raise Refused("no list has a member")


def _compact(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    value = call.sequence(0)
    kept: list[Value] = []
    rest = value.rest
    for item in value.items:
        if isinstance(item, Unresolved) and not item.parts:
            # It may be empty, so what follows has no known place.
            rest = rest or item.unknown
        elif rest is None and not is_null(item) and not (isinstance(item, Scalar) and item.value == ""):
            kept.append(as_string(item) if isinstance(item, Scalar) else item)
    return call.list(kept, "list", rest)


def _contains(call: Call) -> Any:
    if unknown := _unknown_first(call, 0):
        return unknown
    value, wanted = call.sequence(0), call.arguments[1]
    if isinstance(wanted, Scalar) and value.rest is None and all(type(item) is Scalar for item in value.items):
        return wanted in Members(value.items)
    undecided: Unresolved | None = Unresolved(value.rest) if value.rest is not None else None
    for item in value.items:
        same = equal(item, wanted)
        if same:
            return True
        if same is None:
            undecided = undecided or next((v for v in (item, wanted) if isinstance(v, Unresolved)), None)
            undecided = undecided or failed("the members are partly unknown", call.span)
    return again(undecided, call.span) if undecided is not None else False


def _index(call: Call) -> Any:
    for at, item in enumerate(call.sequence(0).items):
        if equal(item, call.arguments[1]):
            return at
    raise Refused("the list has no such member")


def _distinct(call: Call) -> Any:
    kept: list[Value] = []
    seen = Members()
    for item in unify(call.sequence(0).items):
        if seen.is_crowded:
            raise Unsettled("it has more members than are compared")
        if item not in seen:
            seen.add(item)
            kept.append(item)
    return call.list(kept)


def _flatten(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    items: list[Value] = []
    rest = _flatten_into(items, call.sequence(0))
    return call.list(items, "tuple", rest)


def _flatten_into(items: list[Value], value: Sequence) -> Unknown | None:
    for item in value.items:
        if isinstance(item, Sequence):
            rest = _flatten_into(items, item)
            if rest is not None:
                return rest
        elif isinstance(item, Unresolved) and not item.parts:
            # It may be a list of any length.
            return item.unknown
        else:
            items.append(item)
        _bounded(len(items))
    return value.rest


def _reverse(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    value = call.sequence(0)
    if value.rest is not None:
        return again(Unresolved(value.rest), call.span)
    return call.list(value.items[::-1], value.kind)


def _slice(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    value, start, end = call.sequence(0), call.integer(1), call.integer(2)
    if value.rest is not None and end > len(value.items):
        return again(Unresolved(value.rest), call.span)
    if not 0 <= start <= end <= len(value.items):
        raise Refused("the bounds are out of range")
    return call.list(value.items[start:end], value.kind)


def _one(call: Call) -> Any:
    value = call.arguments[0]
    if isinstance(value, Unresolved):
        return again(value, call.span)
    if not isinstance(value, Sequence):
        raise Refused("it takes a list")
    if value.rest is not None:
        return agreed([*value.items[:1], null(call.span)], Unresolved(value.rest), call.span)
    if len(value.items) > 1:
        raise Refused("the list has more than one member")
    return value.items[0] if value.items else null(call.span)


def _chunklist(call: Call) -> Any:
    items, size = unify(call.sequence(0).items), call.integer(1)
    if size < 0:
        raise Refused("the size is negative")
    size = size or max(1, len(items))
    return call.list([call.list(items[at : at + size]) for at in range(0, len(items), size)])


def _zipmap(call: Call) -> Any:
    if unknown := _unknown_first(call):
        return unknown
    names, values = call.sequence(0), call.sequence(1)
    if names.rest is not None or values.rest is not None:
        return again(Unresolved(names.rest or values.rest), call.span)  # type: ignore[arg-type]
    if len(names.items) != len(values.items):
        raise Refused("the lists have different lengths")
    entries: dict[str, Value] = {}
    rest: Unknown | None = None
    for name, value in zip(names.items, values.items, strict=True):
        if isinstance(name, Unresolved):
            rest = rest or name.unknown
        else:
            entries[member_text(name)] = value
    made = call.map(entries, "object", rest)
    made.sensitive = any(name.sensitive for name in names.items)
    return made


def _matchkeys(call: Call) -> Any:
    values, keys, wanted = call.sequence(0).items, call.sequence(1).items, call.sequence(2).items
    if len(values) != len(keys):
        raise Refused("the lists have different lengths")
    found = unify([*keys, *wanted])
    among = _among(found[len(keys) :])
    return call.list([value for value, key in zip(values, found, strict=False) if key in among])


def _among(values: list[Value]) -> Members:
    found = Members(values)
    if found.is_crowded:
        raise Unsettled("it has more members than are compared")
    return found


def _transpose(call: Call) -> Any:
    found: dict[str, list[str]] = {}
    value = call.mapping(0)
    for name in sorted(value.entries):
        members = value.entries[name]
        if not isinstance(members, Sequence):
            raise Refused("it takes a map of lists of strings")
        for item in members.items:
            found.setdefault(member_text(item), []).append(name)
    lists = {key: call.list([scalar(name, call.span) for name in sorted(names)]) for key, names in found.items()}
    return call.map(dict(sorted(lists.items())))


def _sort(call: Call) -> Any:
    value = call.sequence(0)
    return call.list(sorted((scalar(text, call.span) for text in call.texts(0)), key=_text_key), "list", value.rest)


def _text_key(value: Value) -> str:
    return str(value.value) if isinstance(value, Scalar) else ""


def _all_or_any(every: bool) -> Any:
    def run(call: Call) -> Any:
        """One member decides where it can, whatever the others are."""
        if unknown := _unknown_first(call):
            return unknown
        value = call.sequence(0)
        undecided = Unresolved(value.rest) if value.rest is not None else None
        for item in value.items:
            held = to_bool(item)
            if isinstance(item, Unresolved):
                undecided = undecided or item
            elif held is None and not is_null(item):
                raise Refused("a member is neither true nor false")
            elif (held is True) is not every:
                return not every
        return again(undecided, call.span) if undecided is not None else every

    return run


FUNCTIONS = {
    "alltrue": Function(_all_or_any(True), partial=True),
    "anytrue": Function(_all_or_any(False), partial=True),
    "chunklist": Function(_chunklist, 2, 2),
    "coalesce": Function(_coalesce, 1, -1, partial=True),
    "coalescelist": Function(_coalescelist, 1, -1, partial=True),
    "compact": Function(_compact, partial=True),
    "concat": Function(_concat, 1, -1, partial=True),
    "contains": Function(_contains, 2, 2, partial=True),
    "distinct": Function(_distinct),
    "element": Function(_element, 2, 2, partial=True),
    "flatten": Function(_flatten, partial=True),
    "index": Function(_index, 2, 2),
    "keys": Function(_keys, partial=True),
    "length": Function(_length, partial=True),
    "lookup": Function(_lookup, 2, 3, partial=True),
    "matchkeys": Function(_matchkeys, 3, 3),
    "merge": Function(_merge, 0, -1, partial=True),
    "one": Function(_one, partial=True),
    "reverse": Function(_reverse, partial=True),
    "slice": Function(_slice, 3, 3, partial=True),
    "sort": Function(_sort),
    "transpose": Function(_transpose),
    "values": Function(_values, partial=True),
    "zipmap": Function(_zipmap, 2, 2, partial=True),
}
