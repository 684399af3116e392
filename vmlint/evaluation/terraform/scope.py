"""Where an expression is evaluated: its module, its file, the names of `for` and `each`, and the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from vmlint.model.span import SourceText, Span
from vmlint.model.value import Value
from vmlint.syntax import hcl_ast as ast

if TYPE_CHECKING:
    from vmlint.evaluation.terraform.paths import Paths

MAX_STEPS = 6_000_000
"""Expressions evaluated for one root module."""

MAX_SHARE = 500_000
"""Expressions evaluated for one definition, not counting those that it refers to: what takes more fails alone."""

MAX_ITEMS = 100_000
"""Members of one list, map or set, and of all that one `for` makes with those inside it."""

MAX_TEXT = 4_000_000
"""Characters of one string."""

MAX_HOPS = 150
"""References followed in one another."""


class Budget:
    """What one root module may still use, and the definition that is worked out."""

    __slots__ = ("blocks", "dynamics", "floor", "hops", "left", "loops", "made")

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps
        self.floor = 0
        """What is left where the share of the definition is used up."""
        self.hops = 0
        self.loops = 0
        """`for` expressions inside one another, and the members that they have made."""
        self.made = 0
        self.dynamics = 0
        """`dynamic` blocks inside one another, and the blocks that they have made."""
        self.blocks = 0

    @property
    def is_spent(self) -> bool:
        return self.left < self.floor

    def start(self) -> tuple[int, ...]:
        """A definition begins; what `finish` is given in the end."""
        before = (self.left, self.floor, self.loops, self.made, self.dynamics, self.blocks)
        self.floor = max(0, self.left - MAX_SHARE)
        self.loops = self.dynamics = 0
        return before

    def finish(self, before: tuple[int, ...]) -> None:
        """The definition that referred to it goes on, and does not pay for it."""
        left, floor, self.loops, self.made, self.dynamics, self.blocks = before
        self.floor = max(0, floor - (left - self.left))


class Resolver(Protocol):
    """What a scope asks its module."""

    def refer(self, name: str, steps: list[ast.Step], scope: Scope, span: Span) -> tuple[Value, int, str]:
        """The value that a reference's root and first steps name, as it is defined; how many steps that took; the
        label of the definition (empty where it is none)."""
        ...


class Scope:
    """`names` hide what the module knows. `pin`, where set, is the place of everything: text without places of
    its own (escaped JSON)."""

    __slots__ = ("budget", "module", "names", "paths", "pin", "source", "touched")

    def __init__(
        self,
        module: Resolver | None,
        source: SourceText,
        budget: Budget,
        paths: Paths,
        names: dict[str, Value] | None = None,
        pin: Span | None = None,
    ) -> None:
        self.module = module
        self.source = source
        self.budget = budget
        self.paths = paths
        self.names = names or {}
        self.pin = pin
        self.touched: set[str] = set()
        """Names that were read, shared by all scopes below: whether a body depends on `count.index`."""

    def child(self, names: dict[str, Value]) -> Scope:
        other = Scope(self.module, self.source, self.budget, self.paths, {**self.names, **names}, self.pin)
        other.touched = self.touched
        return other

    def elsewhere(self, source: SourceText, pin: Span | None = None) -> Scope:
        """The same names over another text."""
        other = Scope(self.module, source, self.budget, self.paths, self.names, pin)
        other.touched = self.touched
        return other

    def span(self, node: ast.Node) -> Span:
        return self.pin or Span(self.source, node.start, node.end)

    def text(self, node: ast.Node) -> str:
        return self.source.text[node.start : node.end]
