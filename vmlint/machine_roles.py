"""What a machine comes to: its user data, its disk image, what it forwards, and at last its name."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.catalog import commands, images, names
from vmlint.catalog.provisioning import is_agent
from vmlint.catalog.tables import table
from vmlint.container_roles import image_fact, known_text
from vmlint.model.fact import Fact, Known
from vmlint.model.finding import Confidence
from vmlint.model.need import SubstrateClass
from vmlint.model.workload import UNKNOWN_ROLE, Evidence, Machine, Role, Started, Workload

_HIGH, _MEDIUM, _LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def of_machine(workload: Workload) -> Role | None:
    """User data, then a special disk image, IP forwarding, the name, and at last a plain operating system. None
    where the workload is no machine."""
    machine = workload.machine
    if machine is None:
        return None
    ran = _by_user_data(workload, machine)
    if ran is not None and ran.confidence > _LOW:
        return ran
    disk, named = _by_disk(machine.image), _by_name(workload)
    # Where people log in is no use of what its image has besides.
    if disk is not None and disk.name != "base-os" and (named is None or named.name != "base-os"):
        return ran or disk
    if ran is None and named is None and isinstance(machine.ip_forward, Known) and machine.ip_forward.value:
        return Role("network-infrastructure", _MEDIUM, (Evidence("forwards IP packets", machine.ip_forward.span),))
    # A plain operating system is the role only where nothing else may run on it.
    return ran or named or (disk if machine.understood else None) or UNKNOWN_ROLE


def of_system_container(workload: Workload) -> Role | None:
    """A system container is made from an operating system's template, as a machine is. None for other workloads,
    and for one whose image or command says more."""
    mains = workload.main_containers
    substrate = workload.substrate
    if workload.substrate_class is not SubstrateClass.SYSTEM_CONTAINER or len(mains) != 1 or mains[0].command:
        return None
    # Sysbox takes the images that Docker does.
    if isinstance(substrate, Known) and substrate.value.kind == "sysbox":
        return None
    fact, _ = image_fact(mains[0].image)
    if fact is not None and not fact.generic:
        return None
    return _by_name(workload) or _by_disk(mains[0].image) or UNKNOWN_ROLE


def _by_disk(image: Fact[str]) -> Role | None:
    text = known_text(image)
    found = names.by_disk_image(text) if text else None
    if found is None:
        return None
    confidence = _MEDIUM if found.role == "base-os" else _HIGH
    return Role(found.role, confidence, (Evidence(f"disk image {text}", image.span),), found.engine)


def _by_name(workload: Workload) -> Role | None:
    given = workload.machine.names if workload.machine is not None else ()
    for name in _names(workload):
        # What the platform calls it often begins with the name of a project.
        named = names.by_name(name, machine=True, whole_words=name in given)
        if named is not None:
            return Role(named.role, _LOW, (Evidence(f"name {named.word}", workload.span),), named.engine)
    return None


def _names(workload: Workload) -> Iterator[str]:
    """The machine's name, what the platform calls it, then the parts of its address from the last to the first,
    without resource types."""
    yield workload.name
    if workload.machine is not None:
        yield from workload.machine.names
    parts = workload.address.replace('["', ".").replace('"]', "").split(".")
    for part in reversed(parts):
        if part not in ("module", "data", workload.kind, workload.name):
            yield part


def _by_user_data(workload: Workload, machine: Machine) -> Role | None:
    """What the machine starts: a cluster's node, containers, or a daemon of its own; of several daemons the one
    that the machine is named for."""
    joins = [started for started in machine.runs if started.kind == "cluster-join"]
    if joins:
        return Role("container-host", _HIGH, (_started(joins[0]),))
    containers = [started for started in machine.runs if started.kind in ("container", "compose")]
    if len(containers) > 2 or any(started.kind == "compose" for started in containers):
        return Role("container-host", _MEDIUM, tuple(_started(started) for started in containers[:3]))
    for started in containers:
        fact = images.image(started.name) if started.name else None
        if fact is not None and not fact.generic:
            return Role(fact.role, max(fact.confidence, _MEDIUM), (_started(started),), fact.engine)
    daemons = [(started, served) for started in machine.runs if (served := _daemon(started)) is not None]
    named = _by_name(workload)
    agreeing = [pair for pair in daemons if named is not None and pair[1].role == named.name]
    # Mail, monitoring and the like stand beside the service that a machine is for.
    beside = table("machines")["beside_roles"]
    purposes = [pair for pair in daemons if pair[1].role not in beside]
    if not purposes and named is None and machine.understood:
        purposes = daemons
    if agreeing or purposes:
        started, served = (agreeing or purposes)[0]
        return Role(served.role, _HIGH, (_started(started),), served.engine)
    if containers:
        return Role("application", _LOW, (_started(containers[0]),))
    return None


def _daemon(started: Started) -> commands.CommandFact | None:
    if started.kind in ("package", "service"):
        return None if is_agent(started.name) else commands.package(started.name)
    if started.kind == "command":
        fact = commands.command((started.name, *started.detail.split()))
        return fact if fact is not None and fact.kind == "server" and fact.role else None
    return None


def _started(started: Started) -> Evidence:
    return Evidence(f"user data: {started.kind} {started.name}".rstrip(), started.span)
