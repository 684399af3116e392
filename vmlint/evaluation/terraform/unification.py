"""Members of one collection have one type: what Terraform converts so that they do."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from decimal import Decimal

from vmlint.evaluation.terraform.values import LazyMapping, equal, excerpt, scalar_text
from vmlint.model.fact import Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Primitive, Scalar, Sequence, Value


def unify(values: list[Value]) -> list[Value]:
    """Members of one list or map: where strings stand among numbers and booleans, all become strings, inside lists
    and objects too. Members of different kinds stay as they are."""
    if all(isinstance(value, Scalar) for value in values):
        return _unified_scalars(values)
    known = [value for value in values if isinstance(value, Sequence | Mapping)]
    if known and all(isinstance(value, Sequence) for value in known):
        return _unified_members(values, [value for value in known if isinstance(value, Sequence)])
    if known and all(isinstance(value, Mapping) and not isinstance(value, LazyMapping) for value in known):
        return _unified_entries(values, [value for value in known if isinstance(value, Mapping)])
    return values if known else _unified_scalars(values)


def _unified_scalars(values: list[Value]) -> list[Value]:
    kinds = {type(value.value) for value in values if isinstance(value, Scalar) and value.value is not None}
    if str not in kinds or len(kinds) == 1:
        return values
    return [as_string(value) if isinstance(value, Scalar) else value for value in values]


def _unified_members(values: list[Value], known: list[Sequence]) -> list[Value]:
    """Tuples of one length have a type for each place, other lists one for all members."""
    lengths = {len(value.items) for value in known}
    if len(lengths) == 1 and all(value.kind == "tuple" for value in known):
        columns = [unify(list(column)) for column in zip(*(value.items for value in known), strict=True)]
        rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in known]
    else:
        rows = _dealt(unify([item for value in known for item in value.items]), [len(v.items) for v in known])
    return _replaced(values, [_with_items(value, row) for value, row in zip(known, rows, strict=True)])


def _unified_entries(values: list[Value], known: list[Mapping]) -> list[Value]:
    """Objects of the same attributes have a type for each, others become maps of one."""
    names = [list(value.entries) for value in known]
    if all(set(found) == set(names[0]) for found in names):
        columns = {name: unify([value.entries[name] for value in known]) for name in names[0]}
        rows = [[columns[name][at] for name in found] for at, found in enumerate(names)]
    else:
        rows = _dealt(unify([item for value in known for item in value.entries.values()]), list(map(len, names)))
    return _replaced(values, [_with_entries(value, row) for value, row in zip(known, rows, strict=True)])


def _dealt(items: list[Value], lengths: list[int]) -> list[list[Value]]:
    rows: list[list[Value]] = []
    for length in lengths:
        rows.append(items[:length])
        items = items[length:]
    return rows


def _replaced(values: list[Value], made: list[Value]) -> list[Value]:
    """`values` with the collections among them replaced in their order."""
    rest = iter(made)
    return [next(rest) if isinstance(value, Sequence | Mapping) else value for value in values]


def _with_items(value: Sequence, items: list[Value]) -> Value:
    if all(one is other for one, other in zip(value.items, items, strict=True)):
        return value
    made = copy(value)
    made.items = items
    return made


def _with_entries(value: Mapping, items: list[Value]) -> Value:
    if all(one is other for one, other in zip(value.entries.values(), items, strict=True)):
        return value
    made = copy(value)
    made.entries = dict(zip(value.entries, items, strict=True))
    return made


def as_string(value: Scalar) -> Scalar:
    if value.value is None or isinstance(value.value, str):
        return value
    other = copy(value)
    other.value = scalar_text(value)
    return other


MAX_COMPARED = 500
"""Members that are no scalars and are told apart by comparing each with each."""


class Members:
    """Values that were seen, to ask whether one is among them: scalars by a table, others one by one."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self._scalars: set[tuple[type, Primitive]] = set()
        self._others: list[Value] = []
        for value in values:
            self.add(value)

    def add(self, value: Value) -> None:
        if isinstance(value, Scalar):
            self._scalars.add(_key(value))
        else:
            self._others.append(value)

    def __contains__(self, value: Value) -> bool:
        if isinstance(value, Scalar):
            return _key(value) in self._scalars
        return any(equal(value, other) for other in self._others)

    @property
    def is_crowded(self) -> bool:
        """Whether a comparison with all would take too long."""
        return len(self._others) > MAX_COMPARED


def _key(value: Scalar) -> tuple[type, Primitive]:
    raw = value.value
    return (bool if isinstance(raw, bool) else str if isinstance(raw, str) else int, raw)


def set_of(values: list[Value], span: Span, rest: Unknown | None = None) -> Sequence:
    """A set: no member twice, strings and numbers in order. Of very many members that are no scalars, those behind
    the first are not known."""
    members: list[Value] = []
    seen = Members()
    for value in unify(values):
        if seen.is_crowded:
            rest = rest or Unknown(excerpt(span), "it has more members than are compared", span)
            break
        if value not in seen:
            seen.add(value)
            members.append(value)
    if all(isinstance(member, Scalar) and isinstance(member.value, str) for member in members) or all(
        isinstance(m, Scalar) and isinstance(m.value, int | Decimal | float) for m in members
    ):
        members.sort(key=lambda member: member.value)  # type: ignore[attr-defined]
    return Sequence(members, span.source, span.start, span.end, kind="set", rest=rest)
