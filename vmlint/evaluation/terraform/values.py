"""Making, comparing and joining values of Terraform.

Numbers are `int` where they are whole, else `Decimal` with as many digits as Terraform's own 512 bits. What goes
wrong in an expression is a `Failed`: unresolved like anything that the files do not settle, but `try` and `can` see
the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from decimal import Context, Decimal
from typing import Any

from vmlint.model.fact import Origin, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Primitive, Scalar, Sequence, Unresolved, Value

NUMBERS = Context(prec=155, Emin=-100_000, Emax=100_000, traps=[])
"""Arithmetic as wide as Terraform's: 512 bits of mantissa."""


class Failed(Unresolved):
    """An expression that Terraform would refuse. The unknown's reason is the error, a clause."""

    __slots__ = ()


class LazyMapping(Mapping):
    """A mapping whose entries are worked out when somebody asks: a resource, a module, each one entry alone where
    only one is asked for."""

    __slots__ = ("_entry", "_known", "_names")

    def __init__(
        self,
        names: Callable[[], Iterable[str]],
        entry: Callable[[str], Value | None],
        span: Span,
        rest: Unknown | None = None,
    ) -> None:
        self._known: dict[str, Value] | None = None
        super().__init__({}, span.source, span.start, span.end, kind="object", rest=rest)
        self._known = None
        self._names = names
        self._entry = entry

    @property
    def entries(self) -> dict[str, Value]:
        if self._known is None:
            found = {name: self._entry(name) for name in self._names()}
            self._known = {name: value for name, value in found.items() if value is not None}
        return self._known

    @entries.setter
    def entries(self, entries: dict[str, Value]) -> None:
        self._known = entries

    def entry(self, name: str) -> Value | None:
        return self._known.get(name) if self._known is not None else self._entry(name)

    def __copy__(self) -> LazyMapping:
        other = LazyMapping(self._names, self._entry, self.span, self.rest)
        other._known = self._known
        other.via, other.sensitive, other.tag = self.via, self.sensitive, self.tag
        return other


def scalar(value: Primitive, span: Span) -> Scalar:
    return Scalar(value, span.source, span.start, span.end)


def null(span: Span) -> Scalar:
    return Scalar(None, span.source, span.start, span.end)


def unresolved(expression: str, reason: str, span: Span) -> Unresolved:
    return Unresolved(Unknown(expression, reason, span))


def failed(reason: str, span: Span, expression: str = "") -> Failed:
    return Failed(Unknown(expression or excerpt(span), reason, span))


def excerpt(span: Span) -> str:
    """The text of a span on one line, shortened: how an unknown without a name is called."""
    text = " ".join(span.source.text[span.start : min(span.end, span.start + 200)].split())
    return text if len(text) <= 60 else text[:57] + "…"


def is_null(value: Value) -> bool:
    return isinstance(value, Scalar) and value.value is None


def is_string(value: Value) -> bool:
    return isinstance(value, Scalar) and isinstance(value.value, str)


def number_text(number: int | float | Decimal) -> str:
    """A number as Terraform shows it in a string: no exponent, no trailing zeros."""
    if isinstance(number, int):
        return str(number)
    if isinstance(number, float):
        number = Decimal(repr(number))
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def normal_number(number: Decimal | int) -> int | Decimal:
    """An int where the number is whole."""
    if isinstance(number, int):
        return number
    if number.is_finite() and number == number.to_integral_value() and number.adjusted() < 5000:
        return int(number)
    return number


def scalar_text(value: Scalar) -> str:
    """A string, number or boolean as a template shows it."""
    raw = value.value
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return "" if raw is None else number_text(raw)


def wrap(data: Any, span: Span) -> Value:
    """Plain data as values of one place: lists are tuples, dictionaries objects, sets sets."""
    source, start, end = span.source, span.start, span.end
    if isinstance(data, Value):
        return data
    if isinstance(data, list | tuple):
        return Sequence([wrap(item, span) for item in data], source, start, end, kind="tuple")
    if isinstance(data, dict):
        entries = {str(key): wrap(item, span) for key, item in data.items()}
        return Mapping(entries, source, start, end, kind="object")
    if isinstance(data, Decimal):
        data = normal_number(data)
    return Scalar(data, source, start, end)


def plain(value: Value) -> Any:
    """Values as plain data: str, bool, None, int, Decimal, list and dict. Only for what is wholly known."""
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Sequence):
        return [plain(item) for item in value.items]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.entries.items()}
    raise LookupError(value.unknown.expression if isinstance(value, Unresolved) else "")


def unknowns(value: Value) -> Iterator[Unresolved]:
    """What is not known inside a value, in order. Something too large to walk is a failure."""
    if is_large(value):
        yield failed("the value is too large", value.span)
    else:
        yield from _unknowns(value)


def _unknowns(value: Value) -> Iterator[Unresolved]:
    if isinstance(value, Unresolved):
        yield value
    elif isinstance(value, Sequence):
        for item in value.items:
            if not isinstance(item, Scalar):
                yield from _unknowns(item)
        if value.rest is not None:
            yield Unresolved(value.rest)
    elif isinstance(value, Mapping):
        if isinstance(value, LazyMapping) and value.rest is not None:
            # A resource is never known as a whole, so it need not be evaluated.
            yield Unresolved(value.rest)
            return
        for item in value.entries.values():
            if not isinstance(item, Scalar):
                yield from _unknowns(item)
        if value.rest is not None:
            yield Unresolved(value.rest)


def is_large(value: Value) -> bool:
    """Whether a tree has more nodes than may be walked: shared subtrees count each time."""
    waiting = [value]
    nodes = 0
    while waiting:
        found = waiting.pop()
        if isinstance(found, Sequence):
            inner: Iterable[Value] = found.items
        elif isinstance(found, Mapping) and not isinstance(found, LazyMapping):
            inner = found.entries.values()
        else:
            continue
        for item in inner:
            nodes += 1
            if not isinstance(item, Scalar):
                waiting.append(item)
        if nodes > MAX_NODES:
            return True
    return False


def first_unknown(value: Value) -> Unresolved | None:
    return None if isinstance(value, Scalar) else next(unknowns(value), None)


def first_failure(value: Value) -> Failed | None:
    return next((found for found in unknowns(value) if isinstance(found, Failed)), None)


def again(found: Unresolved, span: Span, parts: tuple[str | Unknown, ...] = ()) -> Unresolved:
    """Something unknown because `found` is: the same name and reason at another place."""
    unknown = found.unknown
    kind = Failed if isinstance(found, Failed) else Unresolved
    prefix = parts[0] if parts and isinstance(parts[0], str) else ""
    other = kind(Unknown(unknown.expression, unknown.reason, span, found.via, prefix), parts)
    other.sensitive = found.sensitive
    return other


def inherit(result: Value, *sources: Value) -> Value:
    """`result` with the origins of what it was made from, and their secrecy."""
    found: list[Origin] = []
    for source in sources:
        for origin in source.via:
            if origin not in found and len(found) < MAX_ORIGINS:
                found.append(origin)
        if source.sensitive:
            result.sensitive = True
    result.via = tuple(found)
    return result


MAX_NODES = 300_000
"""Nodes of one value."""

MAX_ORIGINS = 12
"""More steps than these explain nothing to a reader."""


def reference(value: Value, span: Span, label: str) -> Value:
    """`value`, defined elsewhere under `label`, as it is used at `span`."""
    here = value.start == span.start and value.end == span.end and value.source is span.source
    if not label or here or len(value.via) >= MAX_ORIGINS:
        return placed(value, span)
    return value.moved(span, Origin(label, value.span))


def placed(value: Value, span: Span) -> Value:
    other = copy(value)
    other.source, other.start, other.end, other.key_start = span.source, span.start, span.end, -1
    return other


def taken(value: Value, span: Span, *containers: Value) -> Value:
    """A member of one of `containers` as it is used at `span`: its own place becomes the definition."""
    hidden = value.sensitive or any(found.sensitive for found in containers)
    holder = next((found for found in containers if found.via and not isinstance(found, Scalar)), None)
    if holder is None or len(value.via) >= MAX_ORIGINS:
        other = placed(value, span)
        other.sensitive = hidden
        return other
    other = placed(value, span)
    other.via = (Origin(holder.via[0].label, value.span), *value.via, *holder.via[1:])[:MAX_ORIGINS]
    other.sensitive = hidden
    return other


def equal(left: Value, right: Value) -> bool | None:
    """Terraform's `==`: without conversion, whole structures, a list never like a tuple; None where it is not
    known."""
    if isinstance(left, Unresolved) or isinstance(right, Unresolved):
        return _equal_unknown(left, right)
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        one, two = left.value, right.value
        if isinstance(one, bool) or isinstance(two, bool) or isinstance(one, str) or isinstance(two, str):
            return type(one) is type(two) and one == two
        return one == two
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        if left.kind != right.kind:
            return False
        pairs = list(zip(left.items, right.items, strict=False))
        longer = len(left.items) != len(right.items)
        unsettled = left.rest is not None or right.rest is not None
    elif isinstance(left, Mapping) and isinstance(right, Mapping):
        mine, theirs = left.entries, right.entries
        pairs = [(mine[key], theirs[key]) for key in mine if key in theirs]
        longer = len(pairs) != len(mine) or len(pairs) != len(theirs)
        unsettled = left.rest is not None or right.rest is not None
    else:
        return False
    return _equal_members(pairs, longer, unsettled)


def _equal_members(pairs: list[tuple[Value, Value]], longer: bool, unsettled: bool) -> bool | None:
    if longer and not unsettled:
        return False
    result: bool | None = None if unsettled else True
    for one, two in pairs:
        same = equal(one, two)
        if same is False:
            return False
        result = None if same is None else result
    return result


def _equal_unknown(left: Value, right: Value) -> bool | None:
    """A template with literal text is neither null nor something that begins differently."""
    if isinstance(right, Unresolved):
        left, right = right, left
    if isinstance(left, Unresolved) and isinstance(right, Scalar) and left.parts:
        if not isinstance(right.value, str):
            return False
        if not right.value.startswith(left.unknown.prefix):
            return False
    return None


def agreed(values: list[Value], unknown: Unresolved, span: Span) -> Value:
    """What a value is that is one of `values`, nobody knows which (because of `unknown`): known as far as they
    agree."""
    result = values[0]
    hidden = any(value.sensitive for value in values)
    for other in values[1:]:
        result = _agreed(result, other, unknown, span)
        if isinstance(result, Unresolved) and not result.parts:
            break
    if hidden and not result.sensitive:
        result = placed(result, result.span)
        result.sensitive = True
    return result


def _agreed(left: Value, right: Value, unknown: Unresolved, span: Span) -> Value:
    if equal(left, right):
        return left
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        names = list(dict.fromkeys([*left.entries, *right.entries]))
        entries: dict[str, Value] = {}
        for name in names:
            one, two = left.entries.get(name), right.entries.get(name)
            both = one is not None and two is not None
            entries[name] = _agreed(one, two, unknown, span) if both else again(unknown, span)  # type: ignore[arg-type]
        return Mapping(
            entries, left.source, left.start, left.end, left.via, kind=left.kind, rest=left.rest or right.rest
        )
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        same = len(left.items) == len(right.items)
        items = [_agreed(one, two, unknown, span) for one, two in zip(left.items, right.items, strict=False)]
        rest = left.rest or right.rest or (None if same else again(unknown, span).unknown)
        return Sequence(items, left.source, left.start, left.end, left.via, kind=left.kind, rest=rest)
    prefix = _common_prefix(beginning(left), beginning(right))
    result = again(unknown, span, (prefix, unknown.unknown) if prefix else ())
    result.sensitive = result.sensitive or left.sensitive or right.sensitive
    return result


def beginning(value: Value) -> str:
    """The text that a string is known to begin with; of a sensitive one nothing is told."""
    if value.sensitive and isinstance(value, Scalar):
        return ""
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value.value
    return value.unknown.prefix if isinstance(value, Unresolved) else ""


def _common_prefix(one: str, two: str) -> str:
    length = 0
    for left, right in zip(one, two, strict=False):
        if left != right:
            break
        length += 1
    return one[:length]
