"""The role of a workload, with the evidence and how sure it is.

Evidence, strongest first: a declaration, the image of the main containers, the chart or the kind of a custom
resource, the command, ports together with the name, what a machine's user data starts, its disk image; a name alone
is low confidence. The command decides between halves of one image, and what an operating-system or language image
is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from vmlint.catalog import commands, images, names
from vmlint.catalog.references import parse
from vmlint.catalog.tables import table
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.finding import Confidence
from vmlint.model.workload import UNKNOWN_ROLE, Container, Evidence, Machine, Role, Started, Workload

_HIGH, _MEDIUM, _LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

_OWN_IMAGE = "an image of its own"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one container comes to. `helper` stands beside a main one; `generic` says that its image is an
    operating system, a runtime or a tool; `agent` that it is a node-agent where it reaches into its host."""

    role: Role
    container: Container
    helper: bool = False
    generic: bool = False
    agent: bool = False


def assign(workload: Workload) -> Role:
    """The primary role of the workload. Total: what nothing tells is `unknown` at low confidence."""
    for step in _STEPS:
        if (role := step(workload)) is not None:
            return role
    return UNKNOWN_ROLE


def _declared(workload: Workload) -> Role | None:
    match workload.declarations.role:
        case Known(value, span) if value.strip().lower() in names.roles():
            return Role(value.strip().lower(), _HIGH, (Evidence(f"declared as {value.strip()}", span),))
    return None


def _by_kind(workload: Workload) -> Role | None:
    """The kind of a custom resource or of a Terraform type, as its reader found it."""
    name = workload.kind_role
    if name not in names.roles() or name == "unknown":
        return None
    engine = ""
    for container in workload.main_containers:
        fact, _ = _image_fact(container.image)
        if fact is not None and fact.role == name:
            engine = engine or fact.engine
    return Role(name, _HIGH, (Evidence(f"kind {workload.kind}", workload.span),), engine)


def _by_containers(workload: Workload) -> Role | None:
    """The role by the main containers, or by the chart where they say little. What reaches into every node is a
    node-agent, what runs and ends a worker."""
    mains = workload.main_containers
    readings = [_read(container, workload) for container in mains]
    if len(readings) > 1:
        readings = [_beside_others(reading) for reading in readings]
    chosen = _primary(readings, workload)
    if chosen is None or chosen.role.confidence == _LOW:
        if (role := _by_chart(workload)) is not None:
            return role
        if chosen is None:
            return None
    return _as_proxy(workload, _as_batch(workload, _on_node(workload, chosen)))


def _beside_others(reading: _Reading) -> _Reading:
    """A docker daemon beside other containers serves them."""
    return replace(reading, helper=reading.helper or reading.role.name == "container-host")


def _primary(readings: list[_Reading], workload: Workload) -> _Reading | None:
    """Of several main containers the one that carries the workload's name, else the first that is no helper and
    tells something."""
    told = [reading for reading in readings if reading.role.name != "unknown"]
    tests: tuple[Callable[[_Reading], bool], ...] = (
        lambda r: not r.helper and not r.generic and _same_name(r.container.name, workload.name),
        lambda r: not r.helper and not r.generic,
        lambda r: not r.helper,
        lambda r: True,
    )
    for test in tests:
        for reading in told:
            if test(reading):
                return reading
    return None


def _same_name(container: str, workload: str) -> bool:
    short, long = sorted((container.lower(), workload.lower()), key=len)
    return len(short) > 2 and short in long


def _on_node(workload: Workload, chosen: _Reading) -> Role:
    """A part of the platform that exists to reach into its host."""
    role = chosen.role
    why = ""
    if workload.daemon:
        reach = _reach(workload)
        if _commands_node(workload):
            why = "reaches into every node"
        elif chosen.agent or (reach and role.name in table("roles")["node_roles"]):
            why = "one to a node" + (f", {reach}" if reach else "")
    elif chosen.agent and workload.kind not in ("Pod", "Job"):
        reach = _reach(workload)
        # A collector that others send to is one of its host only if it is given more than files of it.
        if reach and (not chosen.container.ports or not reach.startswith("mounts")):
            why = f"reads its host: {reach}"
    if not why or role.name == "node-agent":
        return role
    evidence = (*role.evidence, Evidence(why, workload.span))
    return Role("node-agent", max(role.confidence, _MEDIUM), evidence, role.engine)


def _commands_node(workload: Workload) -> bool:
    """A HostProcess container, or nsenter into the host: a node-agent whatever its image."""
    return any(
        (isinstance(container.host_process, Known) and container.host_process.value)
        or "nsenter" in commands.programs(container.command)
        for container in workload.containers
    )


def _reach(workload: Workload) -> str:
    """By what the workload reaches into its host; empty if it does not."""
    host = workload.host
    if host is not None:
        for name in ("pid", "network", "ipc"):
            fact = getattr(host, name)
            if isinstance(fact, Known) and fact.value:
                return f"host {name}"
    for container in workload.containers:
        if isinstance(container.privileged, Known) and container.privileged.value:
            return "privileged"
        if isinstance(container.host_process, Known) and container.host_process.value:
            return "a HostProcess container"
        for mount in container.mounts:
            path = _text(mount.source)
            if mount.kind in ("host", "pipe") and path and names.reaches_host(path):
                return f"mounts {path}"
    return ""


def _as_batch(workload: Workload, role: Role) -> Role:
    """What runs and ends is a worker, whatever product its image has."""
    if not names.is_batch(workload.kind) or role.name in ("worker", *table("roles")["batch_keeps"]):
        return role
    evidence = (*role.evidence, Evidence(f"kind {workload.kind} ends", workload.span))
    return Role("worker", max(role.confidence, _MEDIUM), evidence)


def _as_proxy(workload: Workload, role: Role) -> Role:
    """A web server that is named for it stands in front of others."""
    named = names.by_name(workload.name) if role.name == "web-server" else None
    if named is None or named.role != "reverse-proxy":
        return role
    return Role("reverse-proxy", role.confidence, (*role.evidence, Evidence(f"name {named.word}", workload.span)))


# One container


def _read(container: Container, workload: Workload) -> _Reading:
    fact, where = _image_fact(container.image)
    built = False
    if fact is None and container.base_image is not None:
        fact, where = _image_fact(container.base_image)
        built = fact is not None
    command = commands.command(container.command)
    if fact is None or (built and fact.generic) or (fact.confidence == _LOW and not fact.generic):
        return _first_party(container, workload, command, fact)
    evidence = Evidence(f"{'built from' if built else 'image'} {where}", container.image.span, fact.source)
    if fact.generic:
        return _generic(container, workload, command, fact, evidence)
    if built and (job := names.by_name(container.name or workload.name)) is not None and job.role == "worker":
        role = Role("worker", _MEDIUM, (Evidence(f"name {job.word}", workload.span), evidence))
        return _Reading(role, container)
    confidence = min(fact.confidence, _MEDIUM) if built else fact.confidence
    role = Role(fact.role, confidence, (evidence,), fact.engine)
    role = _by_half(container, command, role)
    return _Reading(role, container, helper=fact.trait == "helper", agent=fact.trait == "agent")


def _image_fact(image: Fact[str]) -> tuple[images.ImageFact | None, str]:
    """What an image is, and the part of its name that told it."""
    match image:
        case Known(text):
            return images.image(text), text
        case Unknown(prefix=prefix) if prefix:
            return images.image_by_prefix(prefix), prefix + "…"
    return None, ""


def _by_half(container: Container, command: commands.CommandFact | None, role: Role) -> Role:
    """The command decides between halves of one image: worker and server, client and engine."""
    if command is None:
        return role
    shown = Evidence(f"command {command.program}", container.command_span, command.source)
    if isinstance(container.image, Known):
        reference = parse(container.image.value)
        half = commands.half((reference.name, "/".join(reference.path[-2:])), container.command)
        if half is not None:
            shown = Evidence(f"command {' '.join(container.command)[:60]}", container.command_span, half[1])
            return Role(half[0], _HIGH, (*role.evidence, shown))
    if command.kind in ("batch", "client") or (command.background and role.name in ("application", "app-server")):
        return Role("worker", _MEDIUM, (*role.evidence, shown), role.engine)
    if command.kind in ("idle", "builtin"):
        return Role("base-os" if command.kind == "idle" else "worker", _MEDIUM, (shown, *role.evidence))
    outranked = role.confidence < _HIGH or role.name == "worker"
    if command.kind == "server" and command.role and outranked and command.role != role.name:
        return Role(command.role, _MEDIUM, (shown, *role.evidence), command.engine)
    return role


def _generic(
    container: Container,
    workload: Workload,
    command: commands.CommandFact | None,
    fact: images.ImageFact,
    evidence: Evidence,
) -> _Reading:
    """An operating system, a language runtime or a tool: the command says what it is for."""
    if (told := _by_command(container, command, _HIGH, evidence)) is not None:
        return told
    if fact.trait == "os" and (command is None or command.kind in ("idle", "init")):
        return _Reading(Role("base-os", _HIGH, (evidence,)), container, generic=True)
    own_program = command is not None and command.kind in ("interpreter", "other") and command.program[:1] != "-"
    if fact.trait == "runtime" or own_program:
        reading = _first_party(container, workload, command, fact)
        if fact.trait == "runtime" or reading.role.evidence[0].text != _OWN_IMAGE:
            role = replace(reading.role, evidence=(*reading.role.evidence, evidence))
            return replace(reading, role=role, generic=command is None)
    return _Reading(Role("worker", _MEDIUM if fact.trait == "tool" else _LOW, (evidence,)), container, generic=True)


def _by_command(
    container: Container, command: commands.CommandFact | None, confidence: Confidence, *evidence: Evidence
) -> _Reading | None:
    """What a command that names a program or a background half says by itself."""
    if command is None:
        return None
    role = command.role if command.kind in ("server", "batch", "client") else ""
    if not role and not command.background:
        return None
    shown = Evidence(f"command {' '.join(container.command)[:60]}", container.command_span, command.source)
    sure = confidence if role and command.kind == "server" else _MEDIUM
    return _Reading(Role(role or "worker", sure, (shown, *evidence), command.engine), container)


def _first_party(
    container: Container,
    workload: Workload,
    command: commands.CommandFact | None,
    fact: images.ImageFact | None,
) -> _Reading:
    """An image of the user's own: the command, then ports together with the name, then a word of the image's name,
    then the name alone. `fact` is what little the image or its base says."""
    if (told := _by_command(container, command, _MEDIUM)) is not None:
        return told
    named = _named(container, workload)
    ported = next((said for port in container.ports if (said := _port_fact(port.number)) is not None), None)
    agree = named is not None and ported is not None and ported.role == named.role
    if fact is not None and not fact.generic and not agree:
        shown = Evidence(f"image {_text(container.image)}", container.image.span, fact.source)
        return _Reading(Role(fact.role, _LOW, (shown,)), container)
    if named is not None:
        engine = named.engine or (ported.engine if agree and ported else "")
        shown = Evidence(f"name {named.word}", workload.span)
        role = Role(named.role, _MEDIUM if agree else _LOW, (shown,), engine)
        return _Reading(role, container, agent=named.agent)
    if ported is not None:
        role = Role(ported.role, _LOW, (Evidence(f"port {ported.word}", workload.span),), ported.engine)
        return _Reading(role, container)
    settled = not isinstance(container.image, Unknown) or fact is not None
    if container.ports or settled:
        what = "serves a port" if container.ports else _OWN_IMAGE
        return _Reading(Role("application", _LOW, (Evidence(what, container.image.span),)), container)
    return _Reading(UNKNOWN_ROLE, container)


def _named(container: Container, workload: Workload) -> names.NameFact | None:
    """What the workload's name says, else the container's, the image's unresolved name or the last of it."""
    spoken = [workload.name, container.name]
    match container.image:
        case Unknown(expression=expression):
            spoken.append(names.of_expression(expression))
        case Known(text):
            spoken.append(parse(text).name)
    for name in spoken:
        if name and (fact := names.by_name(name)) is not None:
            return fact
    return None


def _port_fact(number: Fact[int]) -> names.NameFact | None:
    return names.by_port(number.value) if isinstance(number, Known) else None


def _text(fact: Fact[str]) -> str:
    match fact:
        case Known(value):
            return value
        case Unknown(prefix=prefix):
            return prefix
    return ""


def _by_chart(workload: Workload) -> Role | None:
    fact = names.by_chart(workload.chart) if workload.chart else None
    if fact is None:
        return None
    return Role(fact.role, _MEDIUM, (Evidence(f"chart {workload.chart}", workload.span),), fact.engine)


# Machines


def _by_machine(workload: Workload) -> Role | None:
    """User data, then a special disk image, IP forwarding, the name, and at last a plain operating system."""
    machine = workload.machine
    if machine is None:
        return None
    disk = names.by_disk_image(_text(machine.image)) if _text(machine.image) else None
    shown = (Evidence(f"disk image {_text(machine.image)}", machine.image.span),) if disk else ()
    if (role := _by_user_data(machine)) is not None and role.confidence > _LOW:
        return role
    if disk is not None and disk.role != "base-os":
        return role or Role(disk.role, _HIGH, shown, disk.engine)
    if isinstance(machine.ip_forward, Known) and machine.ip_forward.value:
        return Role("network-infrastructure", _MEDIUM, (Evidence("forwards IP packets", machine.ip_forward.span),))
    if role is not None:
        return role
    for name in _machine_names(workload):
        if (named := names.by_name(name, machine=True)) is not None:
            return Role(named.role, _LOW, (Evidence(f"name {named.word}", workload.span),), named.engine)
    return Role("base-os", _MEDIUM, shown) if disk else None


def _machine_names(workload: Workload) -> Iterator[str]:
    """The machine's name, then the parts of its address from the last to the first, without resource types."""
    yield workload.name
    parts = workload.address.replace('["', ".").replace('"]', "").split(".")
    for part in reversed(parts):
        if part not in ("module", "data", workload.kind, workload.name):
            yield part


def _by_user_data(machine: Machine) -> Role | None:
    """What the machine starts: a cluster's node, containers, or a daemon of its own."""
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
    for started in machine.runs:
        if (served := _daemon(started)) is not None:
            return Role(served.role, _HIGH, (_started(started),), served.engine)
    if containers:
        return Role("application", _LOW, (_started(containers[0]),))
    return None


def _daemon(started: Started) -> commands.CommandFact | None:
    if started.kind in ("package", "service"):
        return commands.package(started.name)
    if started.kind == "command":
        fact = commands.command((started.name, *started.detail.split()))
        return fact if fact is not None and fact.kind == "server" and fact.role else None
    return None


def _started(started: Started) -> Evidence:
    return Evidence(f"user data: {started.kind} {started.name}".rstrip(), started.span)


def _by_name(workload: Workload) -> Role | None:
    """The last resort: a workload of which neither containers nor a machine are known."""
    if workload.machine is not None or (named := names.by_name(workload.name)) is None:
        return None
    return Role(named.role, _LOW, (Evidence(f"name {named.word}", workload.span),), named.engine)


def _batch_kind(workload: Workload) -> Role | None:
    if not names.is_batch(workload.kind):
        return None
    return Role("worker", _MEDIUM, (Evidence(f"kind {workload.kind} ends", workload.span),))


_STEPS: tuple[Callable[[Workload], Role | None], ...] = (
    _declared,
    _by_kind,
    _by_containers,
    _by_chart,
    _by_machine,
    _batch_kind,
    _by_name,
)
