"""The role of a workload, with the evidence and how sure it is.

Evidence, strongest first: a declaration, the image of the main containers, the chart or the kind of a custom
resource, the command, ports together with the name, what a machine's user data starts, its disk image; a name alone
is low confidence. `container_roles` reads one container, `machine_roles` a machine.
"""

from __future__ import annotations

from collections.abc import Callable

from vmlint.catalog import commands, names
from vmlint.catalog.tables import table
from vmlint.container_roles import Reading, image_fact, known_text, read
from vmlint.machine_roles import of_machine, of_system_container
from vmlint.model.fact import Known
from vmlint.model.finding import Confidence
from vmlint.model.workload import UNKNOWN_ROLE, Evidence, Role, Workload

_HIGH, _MEDIUM, _LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


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
        fact, _ = image_fact(container.image)
        if fact is not None and fact.role == name:
            engine = engine or fact.engine
    return Role(name, _HIGH, (Evidence(f"kind {workload.kind}", workload.span),), engine)


def _by_containers(workload: Workload) -> Role | None:
    """The role by the main containers, or by the chart where they say little. What reaches into every node is a
    node-agent, what runs and ends a worker."""
    mains = workload.main_containers
    readings = [read(container, workload) for container in mains]
    if len(readings) > 1:
        readings = [_beside_others(reading) for reading in readings]
    chosen = _primary(readings, workload)
    if chosen is None or chosen.role.confidence == _LOW:
        if (role := _by_chart(workload)) is not None:
            return role
        if chosen is None:
            return None
    return _as_proxy(workload, _as_batch(workload, _on_node(workload, chosen)))


def _beside_others(reading: Reading) -> Reading:
    """A docker daemon beside other containers serves them."""
    return reading._replace(helper=reading.helper or reading.role.name == "container-host")


def _primary(readings: list[Reading], workload: Workload) -> Reading | None:
    """Of several main containers the one that carries the workload's name, else the first that is no helper and
    tells something."""
    told = [reading for reading in readings if reading.role.name != "unknown"]
    tests: tuple[Callable[[Reading], bool], ...] = (
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


def _on_node(workload: Workload, chosen: Reading) -> Role:
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
            path = known_text(mount.source)
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


def _by_chart(workload: Workload) -> Role | None:
    fact = names.by_chart(workload.chart) if workload.chart else None
    if fact is None:
        return None
    return Role(fact.role, _MEDIUM, (Evidence(f"chart {workload.chart}", workload.span),), fact.engine)


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
    of_system_container,
    _by_containers,
    _by_chart,
    of_machine,
    _batch_kind,
    _by_name,
)
