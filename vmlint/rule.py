"""The contract with a rule.

A rule is one module: a docstring that is its manual, `RULE = Rule(...)`, and a function

    def check(workload: Workload, context: Context) -> Iterator[Outcome]

It yields bare facts (`Need`, `Surplus`, `Finding`, `Undecided`); the engine adds the rule, the workload, the
verdict and the place in the report. A rule imports `vmlint` and the standard library, nothing else, reads no file,
and keeps no state. Its examples are its tests.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from vmlint.model.finding import Confidence, Finding, Severity, Undecided
from vmlint.model.need import Need, Surplus
from vmlint.model.record import field, record
from vmlint.model.workload import Estate, Workload

Outcome: TypeAlias = Need | Surplus | Finding | Undecided

FORMATS = ("compose", "kubernetes", "terraform")


@record
class Bad:
    """Text in which the rule must find exactly one thing, at the characters `at` (the `nth` occurrence)."""

    file: str
    text: str
    at: str
    nth: int = 1
    options: Any = None


@record
class Good:
    """Text in which the rule must find nothing."""

    file: str
    text: str
    options: Any = None


@record
class Rule:
    """What is to be known of a rule without running it.

    `id` as `VML404`, `name` in kebab case, `summary` one sentence without a full stop that says what is wrong.
    `pedantic` rules run only in that profile. `exempt_roles` are roles for which the rule is silent in the default
    profile. `subsumes` are rules whose findings on the same subject become notes of this one's: one cause, one
    finding. `options` is a record type whose fields are the rule's configuration. `security` says that
    an unmet need is a security matter. `guidance` is the URL of what the rule goes back to. A rule `by_engine` has
    no check: the engine itself reports what it says (a file that cannot be read).
    """

    id: str
    name: str
    summary: str
    severity: Severity
    guidance: str
    examples: tuple[Bad | Good, ...]
    confidence: Confidence = Confidence.HIGH
    formats: tuple[str, ...] = FORMATS
    pedantic: bool = False
    exempt_roles: frozenset[str] = frozenset()
    subsumes: frozenset[str] = frozenset()
    options: type[Any] | None = None
    security: bool = False
    by_engine: bool = False

    @property
    def family(self) -> int:
        """The hundreds of the id: 1 for VML101. It decides which verdict a finding asks for, a plug-in's too."""
        digits = "".join(character for character in self.id if character.isdigit())
        return int(digits or "0") // 100


@record
class Context:
    """What a check may ask besides the workload: the estate, the rule's own options, and the day (for dates)."""

    estate: Estate
    options: Any = None
    today: datetime.date = field(default_factory=datetime.date.today)
    pedantic: bool = False


Check: TypeAlias = Callable[[Workload, Context], Iterator[Outcome]]

# Rules 3xx and 4xx judge what reaches into the host; for a node agent that is its purpose.
NODE_AGENT = frozenset({"node-agent"})
