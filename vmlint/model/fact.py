"""Three values, never two: a fact is known, absent, or unknown.

Every field of a workload that comes from a file is a `Fact`. A rule matches on the three shapes:

    match container.privileged:
        case Known(True): ...
        case Unknown() as unknown: yield Undecided(unknown)

`span` is where the workload uses the value; `via` are the definitions through which it came, nearest first
(a variable's default, a tfvars line, a module's argument, an anchor, `extends`). They become notes and
related locations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeAlias, TypeVar

from vmlint.model.record import record
from vmlint.model.span import Span

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


@record
class Origin:
    """A definition through which a value came: `variable "image" default`, `anchor &common`."""

    label: str
    span: Span


@record
class Known(Generic[T_co]):
    """A value that the files settle."""

    value: T_co
    span: Span
    via: tuple[Origin, ...] = ()

    def map(self, function: Callable[[T_co], U]) -> Known[U]:
        return Known(function(self.value), self.span, self.via)


@record
class Absent:
    """Nothing was written. `span` is the block where it would stand."""

    span: Span
    via: tuple[Origin, ...] = ()

    def map(self, function: Callable[[Any], Any]) -> Absent:
        return self


@record
class Unknown:
    """A value that the files do not settle.

    `expression` is the name that would settle it (`var.image`, `${TAG}`), `reason` why it is not known (a
    clause without a full stop), `prefix` the literal text that a template is known to begin with.
    """

    expression: str
    reason: str
    span: Span
    via: tuple[Origin, ...] = ()
    prefix: str = ""

    def map(self, function: Callable[[Any], Any]) -> Unknown:
        return self


Fact: TypeAlias = Known[T] | Absent | Unknown


def value_or(fact: Fact[T], default: U) -> T | U:
    """The known value, else `default`. For presentation; a rule that decides must match on all three."""
    return fact.value if isinstance(fact, Known) else default


def first_stated(facts: Iterable[Fact[T]], otherwise: Fact[T]) -> Fact[T]:
    """The first fact that is not absent."""
    for fact in facts:
        if not isinstance(fact, Absent):
            return fact
    return otherwise
