"""ECS task definitions with the services that run them, and Batch job definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.need import SubstrateClass
from vmlint.model.record import replace
from vmlint.model.value import Mapping, Sequence, Unresolved, Value, at, boolean, integer, text
from vmlint.model.workload import (
    Container,
    Device,
    HostAccess,
    Mount,
    Placement,
    Port,
    Resources,
    Substrate,
    Sysctl,
    Workload,
)
from vmlint.sources.primary import primary
from vmlint.sources.terraform.embedded import tree
from vmlint.sources.terraform.facts import (
    Resource,
    container_os,
    declared,
    labels,
    multiplied,
    stated_family,
    substrate,
    words,
    workload,
)
from vmlint.sources.terraform.images import resolved
from vmlint.sources.terraform.relations import Relations
from vmlint.sources.terraform.selection import amount, first, first_text, select, whole


def task(resource: Resource, relations: Relations) -> Workload:
    """An ECS task definition, or a Batch job definition."""
    containers, gaps = _containers(resource)
    services = list(_services(resource, relations))
    found = labels(resource)
    runs_on = _substrate(resource, services)
    daemon = any(_is_daemon(service) for service in services)
    vcpu, memory = _size(resource, containers)
    is_batch = resource.kind.shape == "batch"
    return workload(
        resource,
        name=_name(resource),
        substrate=runs_on,
        os=container_os(resource, [container.image for container in containers]),
        instances=resource.absent if is_batch or daemon else _instances(resource, services),
        vcpu=vcpu,
        memory_mib=memory,
        containers=containers,
        host=_host_access(resource),
        placement=_placement(resource, services, relations),
        modes={} if is_batch else _modes(resource),
        labels=found,
        declarations=declared(found),
        daemon=daemon,
        gaps=gaps,
    )


def _name(resource: Resource) -> str:
    name = first_text(resource.instance, ("family", "name"), resource.absent)
    return name.value if isinstance(name, Known) and name.value else resource.instance.name


def _services(resource: Resource, relations: Relations) -> Iterator[Resource]:
    """The services and task sets that run this task definition."""
    for instance in relations.naming(resource, "tasks"):
        yield Resource(instance, resource.kind, resource.root)


def _substrate(resource: Resource, services: list[Resource]) -> Fact[Substrate]:
    """By the task's compatibilities; of a task that may run on both, by its service's launch type."""
    own = substrate(resource)
    fargate = resource.kind.paths("fargate")
    if not fargate or (isinstance(own, Known) and own.value.cls is SubstrateClass.VM_CONTAINER):
        return own
    for service in services:
        strategy = "capacity_provider_strategy.capacity_provider"
        launched = first_text(service.instance, ("launch_type", strategy), resource.absent)
        if isinstance(launched, Known) and launched.value.startswith("FARGATE"):
            made = Substrate(SubstrateClass(fargate[0]), fargate[2], fargate[3], fargate[1], launched.span)
            return Known(made, launched.span, launched.via)
        if isinstance(launched, Known):
            return own if isinstance(own, Known) else _on_instances(resource)
    return own


def _on_instances(resource: Resource) -> Fact[Substrate]:
    """The substrate that the row names without its conditions."""
    return substrate(replace(resource, kind=replace(resource.kind, row={**resource.kind.row, "when": []})))


def _is_daemon(service: Resource) -> bool:
    strategy = text(service.instance.attribute("scheduling_strategy"))
    return isinstance(strategy, Known) and strategy.value == "DAEMON"


def _instances(resource: Resource, services: list[Resource]) -> Fact[int]:
    """The sum of the services' desired counts; absent where no service in the module runs the task."""
    total: Known[int] | None = None
    for service in services:
        stated = first_stated(
            (
                integer(service.instance.attribute("desired_count")),
                *map(integer, select(service.instance, "scale.value")),
            ),
            resource.absent,
        )
        count = multiplied(service, stated)
        if not isinstance(count, Known):
            return count
        total = count if total is None else Known(total.value + count.value, count.span, count.via)
    return resource.absent if total is None else total


def _containers(resource: Resource) -> tuple[tuple[Container, ...], tuple[Unknown, ...]]:
    """The containers of the definitions; what hides them where they are not known."""
    value = resource.value("containers")
    if value is None:
        return (), ()
    found = tree(value)
    if not isinstance(found, Mapping | Sequence):
        gap = _gap(value)
        hidden = Container(resource.instance.name, value.entry_span, image=gap, privileged=gap)
        return (hidden,), (gap,)
    # What the task can do without is not what it is for.
    bodies = sorted(_definitions(found), key=_can_be_missed)
    made = tuple(_container(body, resource) for body in bodies)
    rest = found.rest if isinstance(found, Sequence) else None
    return made, () if rest is None else (rest,)


def _can_be_missed(body: Value) -> bool:
    essential = boolean(at(body, "essential"))
    return isinstance(essential, Known) and not essential.value


_HOLDERS = ("containers", "container", "nodeRangeProperties", "taskProperties", "pod_properties")


def _gap(value: Value) -> Unknown:
    if isinstance(value, Unresolved):
        return value.as_fact()
    return Unknown(value.entry_span.text[:60], "it is no JSON that can be read", value.entry_span, value.via)


def _definitions(found: Value) -> Iterator[Value]:
    """The definitions in a list or alone, or in the node ranges, tasks or pod of a job."""
    if isinstance(found, Mapping):
        holder = next((key for key in _HOLDERS if key in found.entries and "image" not in found.entries), None)
        if holder is None:
            yield found
        else:
            yield from _definitions(found.entries[holder])
        return
    for item in found.items if isinstance(found, Sequence) else ():
        if isinstance(item, Mapping):
            yield from _definitions(item)
        elif isinstance(item, Unresolved):
            yield item


def _container(body: Value, resource: Resource) -> Container:
    name = text(at(body, "name"))
    linux = at(body, "linuxParameters")
    return Container(
        name=name.value if isinstance(name, Known) else resource.instance.name,
        span=body.key_span if isinstance(body, Mapping) else body.entry_span,
        image=resolved(at(body, "image"), resource.instance.module),
        entrypoint=words(whole(body, "entryPoint")),
        arguments=words(whole(body, "command")),
        user=text(at(body, "user")),
        privileged=boolean(at(body, "privileged")),
        capabilities=_names(select(linux, "capabilities.add")),
        devices=tuple(
            Device(text(at(device, "hostPath")), text(at(device, "containerPath")), device.key_span)
            for device in select(linux, "devices")
        ),
        mounts=tuple(_mounts(body, resource)),
        ports=tuple(
            Port(integer(at(port, "containerPort")), integer(at(port, "hostPort")), _protocol(port), port.key_span)
            for port in select(body, "portMappings")
        ),
        environment=_environment(body),
        confinement=tuple(
            text(option).map(lambda word: word.replace(":", "="))
            for option in select(body, "dockerSecurityOptions")
        ),
        sysctls=tuple(
            Sysctl(key.value, text(at(control, "value")), control.key_span)
            for control in select(body, "systemControls")
            if isinstance(key := text(at(control, "namespace")), Known)
        ),
        resources=_resources(body, resource),
    )


def _names(values: Iterable[Value]) -> tuple[Fact[str], ...]:
    return tuple(text(value).map(lambda name: name.upper().removeprefix("CAP_")) for value in values)


def _protocol(port: Value) -> str:
    found = text(at(port, "protocol"))
    return found.value.lower() if isinstance(found, Known) else "tcp"


def _environment(body: Value) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for entry in select(body, "environment"):
        name = text(at(entry, "name"))
        if isinstance(name, Known):
            found[name.value] = text(at(entry, "value"))
    for entry in select(body, "secrets"):
        name = text(at(entry, "name"))
        if isinstance(name, Known):
            found[name.value] = Unknown(name.value, "it is a secret", entry.entry_span)
    return found


def _mounts(body: Value, resource: Resource) -> Iterator[Mount]:
    """Mount points with the volumes that they name: blocks of the task, or members of Batch's own JSON."""
    volumes: dict[str, tuple[str, Fact[str]]] = {}
    for volume in [*select(resource.instance, "volume"), *select(body, "volumes")]:
        name = text(at(volume, "name"))
        if isinstance(name, Known):
            volumes[name.value] = _volume(volume)
    for point in select(body, "mountPoints"):
        name = text(at(point, "sourceVolume"))
        unknown: tuple[str, Fact[str]] = ("unknown", name)
        kind, source = volumes.get(name.value, unknown) if isinstance(name, Known) else unknown
        yield Mount(kind, source, text(at(point, "containerPath")), boolean(at(point, "readOnly")), point.key_span)
    for volume in select(body, "linuxParameters.tmpfs"):
        absent = Absent(volume.span)
        yield Mount("ephemeral", absent, text(at(volume, "containerPath")), absent, volume.key_span)


def _volume(volume: Value) -> tuple[str, Fact[str]]:
    """A host path; a volume of Docker, EFS or FSx, which lasts; else one that ends with the task."""
    path = first_text(volume, ("host_path", "host.sourcePath"), Absent(volume.span))
    if not isinstance(path, Absent):
        return "host", path
    lasting = ("efs_volume_configuration", "fsx_windows_file_server_volume_configuration", "efsVolumeConfiguration")
    if any(first(volume, name) is not None for name in lasting):
        return "volume", text(at(volume, "name"))
    docker = first(volume, "docker_volume_configuration")
    if docker is not None:
        scope = text(at(docker, "scope"))
        return ("volume" if isinstance(scope, Known) and scope.value == "shared" else "anonymous"), text(
            at(volume, "name")
        )
    return "ephemeral", Absent(volume.span)


def _resources(body: Value, resource: Resource) -> Resources:
    absent = Absent(body.span)
    required = {
        name.value: requirement
        for requirement in select(body, "resourceRequirements")
        if isinstance(name := text(at(requirement, "type")), Known)
    }
    cpu = amount(body, ("cpu 1024-units", "vcpus vCPU"), "cpu", absent)
    memory = amount(body, ("memory ecs",), "memory", absent)
    gpus: Fact[float] = absent
    if "VCPU" in required:
        cpu = amount(required["VCPU"], ("value vCPU",), "cpu", absent)
    if "MEMORY" in required:
        memory = amount(required["MEMORY"], ("value ecs",), "memory", absent)
    if "GPU" in required:
        gpus = amount(required["GPU"], ("value vCPU",), "cpu", absent)
    reserved = amount(body, ("memoryReservation ecs",), "memory", absent)
    return Resources(absent, cpu, memory, reserved, absent, gpus)


def _size(resource: Resource, containers: tuple[Container, ...]) -> tuple[Fact[float], Fact[float]]:
    """The task's own size, else that of the container that it is for."""
    vcpu = amount(resource.instance, resource.kind.paths("cpu"), "cpu", resource.absent)
    memory = amount(resource.instance, resource.kind.paths("memory"), "memory", resource.absent)
    purpose = primary(_name(resource), containers)
    size = purpose.resources if purpose is not None else None
    if size is None:
        return vcpu, memory
    return first_stated((vcpu, size.cpu_request), vcpu), first_stated(
        (memory, size.memory_limit, size.memory_request), memory
    )


def _host_access(resource: Resource) -> HostAccess:
    def is_host(name: str) -> Fact[bool]:
        return text(resource.instance.attribute(name)).map(lambda mode: mode == "host")

    absent = resource.absent
    return HostAccess(is_host("network_mode"), is_host("pid_mode"), is_host("ipc_mode"), absent, absent)


def _modes(resource: Resource) -> dict[str, Fact[str]]:
    """What Fargate asks of a task: its network mode and a size of its own."""
    attributes = {"network": "network_mode", "task-cpu": "cpu", "task-memory": "memory"}
    return {mode: text(resource.instance.attribute(name)) for mode, name in attributes.items()}


_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


def _placement(resource: Resource, services: list[Resource], relations: Relations) -> Placement:
    """The architecture that the task asks for, and the cluster that its service puts it into."""
    path = resource.kind.word("architecture")
    value = first(resource.instance, path) if path else None
    stated = None if value is None else text(value).map(lambda name: _ARCHITECTURES.get(name, name.lower()))
    path = resource.kind.word("os_build")
    family = stated_family(resource)
    return Placement(
        os=family if isinstance(family, Known) else None,
        architecture=stated,
        selectors=_capacity(services),
        host=_cluster(services, relations),
        os_build=first_text(resource.instance, (path,), resource.absent) if path else None,
    )


def _capacity(services: list[Resource]) -> dict[str, Fact[str]]:
    """The capacity provider of the first service that names one: each has instances of its own."""
    for service in services:
        stated = first_text(service.instance, ("capacity_provider_strategy.capacity_provider",), service.absent)
        if not isinstance(stated, Absent):
            return {"capacity-provider": stated}
    return {}


def _cluster(services: list[Resource], relations: Relations) -> str:
    """The address of the first service's cluster, else its name; empty where none is stated."""
    for service in services:
        target = next(relations.targets(service.instance, "cluster"), None)
        if target is not None:
            return target.address
        name = text(service.instance.attribute("cluster"))
        if isinstance(name, Known):
            return name.value
    return ""
