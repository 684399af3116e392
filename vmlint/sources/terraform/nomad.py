"""Nomad jobs: each group of a job specification is a workload, its tasks the containers."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.catalog.terraform_types import nomad_driver
from vmlint.evaluation.jobspec import job
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.need import SubstrateClass
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value, at, boolean, integer, items, text
from vmlint.model.workload import (
    Container,
    Device,
    HostAccess,
    Placement,
    Port,
    Resources,
    Substrate,
    Sysctl,
    Workload,
)
from vmlint.sources.compose import mounts as compose
from vmlint.sources.primary import primary
from vmlint.sources.provisioning.script import script_text
from vmlint.sources.terraform.docker import mount
from vmlint.sources.terraform.embedded import placed, tree
from vmlint.sources.terraform.facts import Resource, container_os, multiplied, substrate, words, workload
from vmlint.sources.terraform.selection import amount, first, select, whole


def read(resource: Resource) -> Iterator[Workload]:
    """The groups of the job; one workload of which nothing is known where the specification is not."""
    value = resource.instance.attribute("jobspec")
    found = _job(value)
    groups = list(_groups(found)) if found is not None else []
    if found is None or not groups:
        yield _hidden(resource, value)
        return
    kind = text(at(found, "type"))
    for number, (name, group) in enumerate(groups):
        yield _group(resource, name, group, kind.value if isinstance(kind, Known) else "service", number)


def _job(value: Value) -> Value | None:
    """The job with the places that its keys and values have in the configuration or the file."""
    written = script_text(value)
    if written is None:
        return None
    if written.lstrip().startswith("{"):
        data = tree(value)
        body = None if data is None else first(data, "Job") or first(data, "job") or data
        return None if body is None else _lowered(body)
    found = job(SourceText("<job>", written))
    return None if found is None else placed(found, value)


_NAMES = {
    "TaskGroups": "group", "Tasks": "task", "Networks": "network", "CPU": "cpu", "MemoryMB": "memory",
    "MemoryMaxMB": "memory_max", "Constraints": "constraint", "LTarget": "attribute", "RTarget": "value",
}  # fmt: skip


def _lowered(value: Value) -> Value:
    """Nomad's JSON with the names of the HCL; what stands in `Config` and `Env` is the driver's and the user's."""
    if isinstance(value, Sequence):
        made = [_lowered(item) for item in value.items]
        return Sequence(made, value.source, value.start, value.end, value.via, rest=value.rest)
    if not isinstance(value, Mapping):
        return value
    entries = {
        _NAMES.get(key) or key.lower(): child if key in ("Config", "Env", "Meta") else _lowered(child)
        for key, child in value.entries.items()
    }
    lowered = Mapping(entries, value.source, value.start, value.end, value.via, rest=value.rest)
    lowered.key_start = value.key_start
    return lowered


def _groups(found: Value) -> Iterator[tuple[str, Value]]:
    """The groups with their names; tasks that stand in the job itself are one."""
    for group in items(at(found, "group")):
        yield _name(group), group
    if isinstance(found, Mapping) and "task" in found.entries:
        yield "", found


def _name(block: Value) -> str:
    stated = text(at(block, "name"))
    return block.tag or (stated.value if isinstance(stated, Known) else "")


def _hidden(resource: Resource, value: Value) -> Workload:
    gap = value.as_fact() if isinstance(value, Unresolved) else Unknown("jobspec", "it is no job", value.span)
    container = Container(resource.instance.name, value.entry_span, image=gap, privileged=gap)
    return workload(
        resource,
        substrate=gap,
        os=container_os(resource, ()),
        instances=gap,
        vcpu=gap,
        memory_mib=gap,
        containers=(container,),
        gaps=(gap,),
    )


def _group(resource: Resource, name: str, group: Value, kind: str, number: int) -> Workload:
    made = tuple(_container(task, resource) for task in items(at(group, "task")))
    purpose = primary(name, made)
    absent = Absent(group.span)
    sizes = (purpose.resources if purpose is not None else None) or Resources.none(group.span)
    address = resource.instance.address
    daemon = kind in ("system", "sysbatch")
    stated = first_stated((integer(at(group, "count")),), Known(1, group.key_span))
    return workload(
        resource,
        address=address if not number else f"{address}/{name}",
        name=name or resource.instance.name,
        substrate=_substrate(resource, group),
        os=container_os(resource, [_system(group, absent), *(container.image for container in made)]),
        instances=absent if daemon else multiplied(resource, stated),
        vcpu=sizes.cpu_limit,
        memory_mib=first_stated((sizes.memory_limit, sizes.memory_request), absent),
        containers=made,
        host=_host_access(group),
        placement=Placement(os=_system(group, absent)),
        daemon=daemon,
        kind_role="worker" if kind in ("batch", "sysbatch") else "",
    )


def _substrate(resource: Resource, group: Value) -> Fact[Substrate]:
    """By the driver of the first task."""
    driver = first(group, "task.driver")
    fact = text(driver) if driver is not None else None
    if isinstance(fact, Unknown):
        return fact
    row = nomad_driver(fact.value) if isinstance(fact, Known) else None
    if row is None or not isinstance(fact, Known):
        return substrate(resource)
    made = Substrate(SubstrateClass(row[0]), row[2], row[3], row[1], fact.span)
    return Known(made, fact.span, fact.via)


def _system(group: Value, absent: Absent) -> Fact[str]:
    for constraint in select(group, "constraint"):
        named = text(at(constraint, "attribute"))
        if isinstance(named, Known) and "kernel.name" in named.value:
            return text(at(constraint, "value"))
    return absent


def _host_access(group: Value) -> HostAccess:
    def is_host(*paths: str) -> Fact[bool]:
        values = [value for path in paths for value in select(group, path)]
        return first_stated((text(v).map(lambda mode: mode == "host") for v in values), absent)

    absent = Absent(group.span)
    return HostAccess(
        is_host("network.mode", "task.config.network_mode"),
        is_host("task.config.pid_mode"),
        is_host("task.config.ipc_mode"),
        absent,
        is_host("task.config.userns_mode"),
    )


def _container(task: Value, resource: Resource) -> Container:
    config = first(task, "config") or task
    absent = Absent(task.span)
    lifecycle = text(first(task, "lifecycle.hook") or Scalar(None, task.source, task.start, task.end))
    kind = "init" if isinstance(lifecycle, Known) and lifecycle.value == "prestart" else "main"
    image = first(config, "image")
    listed = Mapping({"volumes": at(config, "volumes")}, task.source, task.start, task.end)
    nothing = Mapping({}, task.source, task.start, task.end)
    command, entrypoint = whole(config, "command"), whole(config, "entrypoint")
    return Container(
        name=_name(task) or resource.instance.name,
        span=task.key_span,
        image=text(image) if image is not None else absent,
        kind=kind,
        entrypoint=words(entrypoint) or words(command),
        arguments=words(whole(config, "args")),
        user=text(at(task, "user")),
        privileged=boolean(at(config, "privileged")),
        capabilities=_names(config, "cap_add"),
        devices=tuple(
            Device(text(at(device, "host_path")), text(at(device, "container_path")), device.key_span)
            for device in select(config, "devices")
        ),
        mounts=(*compose.mounts(listed, nothing), *(mount(block) for block in select(config, "mount"))),
        ports=tuple(_ports(task)),
        environment={key: text(value) for found in select(task, "env") for key, value in _entries(found)},
        confinement=tuple(text(option) for option in select(config, "security_opt")),
        sysctls=tuple(
            Sysctl(key, text(value), value.entry_span)
            for found in select(config, "sysctl")
            for key, value in _entries(found)
        ),
        resources=Resources(
            cpu_limit=amount(task, ("resources.cores vCPU",), "cpu", absent),
            cpu_request=absent,
            memory_limit=amount(task, ("resources.memory_max MiB", "resources.memory MiB"), "memory", absent),
            memory_request=amount(task, ("resources.memory MiB",), "memory", absent),
            huge_pages=absent,
            gpus=absent,
        ),
    )


def _entries(found: Value) -> Iterator[tuple[str, Value]]:
    yield from found.entries.items() if isinstance(found, Mapping) else ()


def _names(config: Value, path: str) -> tuple[Fact[str], ...]:
    return tuple(text(value).map(lambda name: name.upper().removeprefix("CAP_")) for value in select(config, path))


def _ports(task: Value) -> Iterator[Port]:
    """Ports that the driver maps by number; names lead to the group's network, whose numbers Nomad chooses."""
    for mapped in select(task, "config.port_map"):
        for _, value in _entries(mapped):
            yield Port(integer(value), Absent(value.span), "tcp", value.entry_span)
