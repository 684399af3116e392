"""What a scan says: findings, what stayed undecided, and what could not be read."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from vmlint.model.fact import Origin, Unknown
from vmlint.model.record import record
from vmlint.model.span import Span


class Severity(IntEnum):
    """Ordered: a greater one is worse."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Confidence(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Verdict(StrEnum):
    OK = "ok"
    UNDER_PLACED = "under-placed"
    OVER_PLACED = "over-placed"
    INCOMPATIBLE = "incompatible"
    UNDECIDED = "undecided"


@record
class Note:
    """A secondary place of a finding with what it contributes: a clause such as `variable "image" default`."""

    message: str
    span: Span


def notes_from(via: tuple[Origin, ...]) -> tuple[Note, ...]:
    """The definitions through which a value came, as notes."""
    return tuple(Note(origin.label, origin.span) for origin in via)


@record
class Finding:
    """What a rule yields for a thing that is wrong whatever the substrate offers.

    `message` is one sentence with a full stop; `help` says what to do instead. `evidence` is the stable text
    that the fingerprint is made from: the offending value, never prose or line numbers; the text of the span
    where empty. `subject` as for a need.
    """

    message: str
    span: Span
    help: str = ""
    notes: tuple[Note, ...] = ()
    severity: Severity | None = None
    confidence: str = ""
    subject: Span | None = None
    evidence: str = ""


@record
class Undecided:
    """The rule cannot tell, and by which name it could. `matters` is False where no plausible value of the
    unknown would change the verdict: the summary counts it, the workload stays as it is."""

    unknown: Unknown
    matters: bool = True


class ProblemKind(StrEnum):
    UNREADABLE = "unreadable"
    """In scope and not read: VML901, exit 3."""
    UNRENDERED = "unrendered"
    """A template that nobody rendered: VML902."""
    ELSEWHERE = "elsewhere"
    """A part that lies outside the scan and would have to be fetched or settled first: VML902."""
    IDLE = "idle"
    """A suppression that covers nothing: VML904."""
    REFERENCE = "reference"
    """An object that points to workloads which another tool renders: listed by the inventory, said with -v."""
    SKIPPED = "skipped"
    """Told apart as no workload (a CRD, a chart's values); said with -v."""


@record
class Problem:
    """Something about a file that is no finding on a workload. `message` has no full stop."""

    kind: ProblemKind
    message: str
    span: Span
