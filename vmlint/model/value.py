"""The tree that every format is read into: values with places.

YAML and JSON parsers build it directly, the HCL evaluator produces it. Readers walk it with `at`, `items` and
`entries`, which are total (a missing or unresolved step yields `Missing` or `Unresolved`, never an error), and
turn leaves into facts with `text`, `integer`, `number` and `boolean`.

Values are immutable by convention and slotted for speed: a large manifest makes hundreds of thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from vmlint.model.fact import Absent, Fact, Known, Origin, Unknown
from vmlint.model.span import SourceText, Span

if TYPE_CHECKING:
    from decimal import Decimal

Primitive: TypeAlias = "str | int | float | Decimal | bool | None"

T = TypeVar("T")
V = TypeVar("V", bound="Value")


@cache
def _slots(kind: type[Any]) -> tuple[str, ...]:
    return tuple(name for base in kind.__mro__ for name in getattr(base, "__slots__", ()))


class Value:
    """Characters `start:end` of `source`; `key_start` is where the key or attribute name begins that sets it,
    -1 where there is none; `via` the definitions through which it came; `tag` an explicit YAML tag."""

    __slots__ = ("end", "key_start", "sensitive", "source", "start", "tag", "via")

    def __init__(self, source: SourceText, start: int, end: int, via: tuple[Origin, ...] = ()) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.via = via
        self.key_start = -1
        self.tag: str | None = None
        self.sensitive = False

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)

    @property
    def entry_span(self) -> Span:
        """Key and value together where both stand on one line (`privileged: true`), else the value."""
        if self.key_start < 0 or self.source.text.find("\n", self.key_start, self.end) >= 0:
            return self.span
        return Span(self.source, self.key_start, self.end)

    @property
    def key_span(self) -> Span:
        """The first line from the key on: what names a block. The value's own first line without a key."""
        start = self.start if self.key_start < 0 else self.key_start
        return Span(self.source, start, max(start, self.end)).first_line()

    def __copy__(self: V) -> V:
        """A shallow copy; five times as fast as the generic one, and a large scan makes a million."""
        kind: Any = type(self)
        other: V = kind.__new__(kind)
        for name in _slots(kind):
            setattr(other, name, getattr(self, name))
        return other

    def moved(self: V, span: Span, *origins: Origin, key_start: int = -1) -> V:
        """The same value used at another place; `origins` are put before its own."""
        other = copy(self)
        other.source, other.start, other.end, other.key_start = span.source, span.start, span.end, key_start
        other.via = (*origins, *self.via)
        return other


class Scalar(Value):
    """A string, number, boolean or null. `text` is how a string template would show it.

    `content` is the tree that a text was made from by `jsonencode`, `yamlencode` or `base64encode`: it has the
    places that the text has lost."""

    __slots__ = ("content", "value")

    def __init__(
        self, value: Primitive, source: SourceText, start: int, end: int, via: tuple[Origin, ...] = ()
    ) -> None:
        super().__init__(source, start, end, via)
        self.value = value
        self.content: Value | None = None

    @property
    def text(self) -> str:
        match self.value:
            case True:
                return "true"
            case False:
                return "false"
            case None:
                return ""
            case float() as number if number.is_integer() and abs(number) < 1e15:
                return str(int(number))
            case other:
                return str(other)

    def __repr__(self) -> str:
        return f"Scalar({self.value!r})"


class Sequence(Value):
    """An ordered list. `kind` is `list`, `tuple` or `set`; `rest` tells that more items may exist."""

    __slots__ = ("items", "kind", "rest")

    def __init__(
        self,
        items: list[Value],
        source: SourceText,
        start: int,
        end: int,
        via: tuple[Origin, ...] = (),
        *,
        kind: str = "list",
        rest: Unknown | None = None,
    ) -> None:
        super().__init__(source, start, end, via)
        self.items = items
        self.kind = kind
        self.rest = rest

    def __repr__(self) -> str:
        return f"Sequence({self.items!r})"


class Mapping(Value):
    """Keys in the order in which they are written. `kind` is `map` or `object`; `rest` tells that more keys may
    exist (a merge with something unknown): a key that is not in `entries` is then unknown, not missing."""

    __slots__ = ("entries", "kind", "rest")

    def __init__(
        self,
        entries: dict[str, Value],
        source: SourceText,
        start: int,
        end: int,
        via: tuple[Origin, ...] = (),
        *,
        kind: str = "map",
        rest: Unknown | None = None,
    ) -> None:
        super().__init__(source, start, end, via)
        self.entries = entries
        self.kind = kind
        self.rest = rest

    def __repr__(self) -> str:
        return f"Mapping({self.entries!r})"


class Unresolved(Value):
    """A value that the files do not settle.

    `parts` are the literal texts of a template with the unknowns between them, in order; empty where it is no
    template. `content` as for a `Scalar`: a partly known tree or text that was encoded."""

    __slots__ = ("content", "parts", "unknown")

    def __init__(
        self, unknown: Unknown, parts: tuple[str | Unknown, ...] = (), content: Value | None = None
    ) -> None:
        super().__init__(unknown.span.source, unknown.span.start, unknown.span.end, unknown.via)
        self.unknown = unknown
        self.parts = parts
        self.content = content

    def __repr__(self) -> str:
        return f"Unresolved({self.unknown.expression!r})"

    def as_fact(self) -> Unknown:
        return Unknown(self.unknown.expression, self.unknown.reason, self.entry_span, self.via, self.unknown.prefix)


class Missing(Value):
    """Nothing was written; the span is the block where it would stand."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Missing()"


def missing_in(value: Value) -> Missing:
    return Missing(value.source, value.start, value.end, value.via)


def at(value: Value, *path: str) -> Value:
    """The value below `path`. Null and a step into a scalar are `Missing`, as the platforms read them; a step
    into an unresolved value is unresolved."""
    for key in path:
        if isinstance(value, Mapping):
            child = value.entries.get(key)
            if child is None:
                value = missing_in(value) if value.rest is None else Unresolved(value.rest)
            else:
                value = child
        elif isinstance(value, Unresolved):
            unknown = value.unknown
            value = Unresolved(Unknown(f"{unknown.expression}.{key}", unknown.reason, value.span, unknown.via))
        else:
            return missing_in(value)
    if isinstance(value, Scalar) and value.value is None:
        return Missing(value.source, value.start, value.end, value.via)
    return value


def items(value: Value) -> Iterator[Value]:
    """The members of a list. An unresolved list, or an unresolved rest, yields one `Unresolved`; a single
    value where a list is expected yields itself; a mapping and nothing at all yield nothing."""
    if isinstance(value, Sequence):
        yield from value.items
        if value.rest is not None:
            yield Unresolved(value.rest)
    elif isinstance(value, Unresolved) or (isinstance(value, Scalar) and value.value is not None):
        yield value


def entries(value: Value) -> Iterator[tuple[str, Value]]:
    """Key and value of a mapping; anything else yields nothing."""
    if isinstance(value, Mapping):
        yield from value.entries.items()


def text(value: Value) -> Fact[str]:
    """The value as a string; numbers and booleans as they are written in a template. A block is absent."""
    if isinstance(value, Scalar) and value.value is not None:
        return Known(value.text, value.entry_span, value.via)
    return _other(value)


def integer(value: Value) -> Fact[int]:
    return _converted(value, _as_integer, "a whole number")


def number(value: Value) -> Fact[float]:
    return _converted(value, _as_number, "a number")


def boolean(value: Value) -> Fact[bool]:
    return _converted(value, _as_boolean, "true or false")


def _converted(value: Value, convert: Callable[[Primitive], T | None], expected: str) -> Fact[T]:
    """A scalar that does not convert is unknown: the platform would refuse it, so nothing can be decided."""
    if not isinstance(value, Scalar) or value.value is None:
        return _other(value)
    converted = convert(value.value)
    if converted is None:
        return Unknown(value.text, f"it is not {expected}", value.entry_span, value.via)
    return Known(converted, value.entry_span, value.via)


def _other(value: Value) -> Absent | Unknown:
    if isinstance(value, Unresolved):
        return value.as_fact()
    return Absent(value.span, value.via)


def _as_integer(raw: Primitive) -> int | None:
    converted = _as_number(raw)
    return int(converted) if converted is not None and converted == int(converted) else None


def _as_number(raw: Primitive) -> float | None:
    if raw is None or isinstance(raw, bool):
        return None
    try:
        converted = float(raw)
    except (ValueError, OverflowError):
        return None
    return converted if isfinite(converted) else None


_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "0"), False),
}


def _as_boolean(raw: Primitive) -> bool | None:
    if isinstance(raw, bool):
        return raw
    return _BOOLEANS.get(raw.lower()) if isinstance(raw, str) else None
