"""What a virtual machine is known to run, and whether containers could serve in its place.

The 6xx rules need positive evidence of what a machine runs and stand back from what only a machine does well.
"""

from __future__ import annotations

import re
from functools import cache

from vmlint.catalog import commands
from vmlint.catalog.provisioning import is_agent
from vmlint.catalog.tables import table
from vmlint.model.fact import Known
from vmlint.model.finding import Confidence
from vmlint.model.record import record
from vmlint.model.span import Span
from vmlint.model.workload import Machine, Started, Workload
from vmlint.traits import declared, is_true, memory_of, vcpu_of

DEMANDING_VCPU = 16
DEMANDING_MIB = 64 * 1024


@record
class Daemon:
    """A packaged service that a machine's user data installs or starts."""

    name: str
    role: str
    span: Span


@cache
def _staying_roles() -> frozenset[str]:
    return frozenset(table("machines")["staying_roles"])


@cache
def _bastion() -> re.Pattern[str]:
    words = "|".join(table("machines")["bastion_words"])
    return re.compile(rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])", re.IGNORECASE)


def stays_machine(workload: Workload, *, windows: bool = True) -> bool:
    """Whether it is a machine for a good reason: its role or trust, a declared need, its size, devices, a router's
    forwarding, a bastion by its name. With `windows` every Windows machine is, else only its roles that are so."""
    machine = workload.machine
    if machine is None or workload.role.name in _staying_roles() or (windows and _is_windows(workload)):
        return True
    if is_true(machine.ip_forward) or is_true(machine.nested_virtualisation) or machine.devices:
        return True
    names = (workload.name, *machine.names)
    return wants_boundary(workload) or is_demanding(workload) or any(map(_bastion().search, names))


def wants_boundary(workload: Workload) -> bool:
    """Whether a sandbox or more is declared for it, by isolation, trust or sensitivity."""
    stated = workload.declarations
    return (
        declared(stated.isolation) in ("sandbox", "hypervisor", "hardware")
        or declared(stated.trust) == "untrusted"
        or declared(stated.sensitivity) == "restricted"
    )


def is_demanding(workload: Workload) -> bool:
    return (vcpu_of(workload) or 0) >= DEMANDING_VCPU or (memory_of(workload) or 0) >= DEMANDING_MIB


def _is_windows(workload: Workload) -> bool:
    return isinstance(workload.os, Known) and workload.os.value.family == "windows"


def daemons(machine: Machine) -> tuple[Daemon, ...]:
    """The packaged services that it runs, each product once, agents that stand beside any service left out where
    there is another."""
    found: dict[str, Daemon] = {}
    for started in machine.runs:
        if started.kind not in ("package", "service") or is_agent(started.name):
            continue
        fact = commands.package(started.name)
        if fact is not None and fact.role:
            found.setdefault(fact.engine or fact.role, Daemon(started.name, fact.role, started.span))
    beside = table("machines")["beside_roles"]
    main = tuple(daemon for daemon in found.values() if daemon.role not in beside)
    return main or tuple(found.values())


def containers(machine: Machine) -> tuple[Started, ...]:
    """The containers that its user data starts."""
    return tuple(started for started in machine.runs if started.kind == "container")


def hosts_more(machine: Machine) -> bool:
    """Whether it joins a cluster, starts a Compose project or loads kernel modules."""
    return any(started.kind in ("cluster-join", "compose", "module") for started in machine.runs)


def is_small(workload: Workload, vcpu: float, memory_mib: float) -> bool | None:
    """Whether its declared size is at most this; None where either is not known."""
    own_vcpu, own_memory = vcpu_of(workload), memory_of(workload)
    if own_vcpu is None or own_memory is None:
        return None
    return own_vcpu <= vcpu and own_memory <= memory_mib


def has_evidence(workload: Workload) -> bool:
    """Whether user data, an image or a declaration tells what it runs: more than its name."""
    return bool(workload.role.evidence) and workload.role.confidence > Confidence.LOW


def size_text(workload: Workload) -> str:
    """The declared size of one instance: `2 vCPU and 4 GiB`; empty where nothing is known."""
    vcpu, memory = vcpu_of(workload), memory_of(workload)
    parts = [f"{vcpu:g} vCPU"] if vcpu is not None else []
    if memory is not None:
        parts.append(f"{memory / 1024:g} GiB" if memory >= 1024 else f"{memory:g} MiB")
    return " and ".join(parts)
