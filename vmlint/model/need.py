"""Needs against offers: what a workload needs, what a substrate offers, and the levels of both.

A need that the substrate does not offer is a finding (under-placed); where a much cheaper substrate offers
everything that is needed, the present one is a finding too (over-placed). What each class offers is data
(`vmlint.catalog.substrates`); the comparison is `vmlint.placement`.
"""

from __future__ import annotations

from enum import StrEnum

from vmlint.model.finding import Note, Severity
from vmlint.model.record import record
from vmlint.model.span import Span


class SubstrateClass(StrEnum):
    """What a workload runs on, cheapest first: the order of definition is the order of cost."""

    CONTAINER = "container"
    SYSTEM_CONTAINER = "system-container"
    SANDBOXED_CONTAINER = "sandboxed-container"
    VM_CONTAINER = "vm-container"
    VM = "vm"
    BARE_METAL = "bare-metal"

    @property
    def cost(self) -> int:
        return list(SubstrateClass).index(self)

    @property
    def shares_kernel(self) -> bool:
        """Whether the kernel of the host runs the workload's system calls."""
        return self in (SubstrateClass.CONTAINER, SubstrateClass.SYSTEM_CONTAINER)


class NeedKind(StrEnum):
    ISOLATION = "isolation"
    KERNEL = "kernel"
    GUEST_OS = "guest-os"
    USERLAND = "userland"
    RESOURCES = "resources"
    DEVICES = "devices"


# Weakest first. `guest-os` is not ordered: its level is an operating-system family.
LEVELS: dict[NeedKind, tuple[str, ...]] = {
    NeedKind.ISOLATION: ("process", "sandbox", "hypervisor", "hardware"),
    # `own` is an unmodified kernel of one's own; `modules` loads modules into it or boots one's own.
    NeedKind.KERNEL: ("shared", "own", "modules"),
    NeedKind.USERLAND: ("application", "full-os"),
    NeedKind.RESOURCES: ("share", "most-of-a-host"),
    NeedKind.DEVICES: ("none", "passthrough"),
}


@record
class Offer:
    """What one substrate gives: a level of each ordered need, and the families of guest OS that it can run."""

    isolation: str
    kernel: str
    userland: str
    resources: str
    devices: str
    guest_os: frozenset[str]

    def meets(self, kind: NeedKind, level: str) -> bool:
        if kind is NeedKind.GUEST_OS:
            return level in self.guest_os
        order = LEVELS[kind]
        return order.index(getattr(self, kind.value)) >= order.index(level)


@record
class Need:
    """What a rule found the workload to need, with the evidence.

    It becomes a finding if the substrate does not offer it, else it is kept as a met need and shown by
    `vmlint why`. `subject` is the container (or block) that causes it: findings on one subject can be told as
    one. `severity` overrides the rule's own; `confidence` as well.
    """

    kind: NeedKind
    level: str
    message: str
    span: Span
    help: str = ""
    notes: tuple[Note, ...] = ()
    severity: Severity | None = None
    confidence: str = ""
    subject: Span | None = None
    evidence: str = ""


@record
class Surplus:
    """A virtual machine (or dearer) where less would serve; a finding only if every need of the workload is met
    by a cheaper class than its own. `recommend` is that class as the rule sees it."""

    message: str
    span: Span
    recommend: SubstrateClass
    help: str = ""
    notes: tuple[Note, ...] = ()
    severity: Severity | None = None
    confidence: str = ""
    evidence: str = ""
