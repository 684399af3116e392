"""System containers (LXD, Incus, Proxmox LXC) and the machines that the same resource types make."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.need import SubstrateClass
from vmlint.model.span import Span
from vmlint.model.value import Value, at, boolean, items, text
from vmlint.model.workload import Container, Device, HostAccess, Machine, Mount, Placement, Resources, Workload
from vmlint.sources.provisioning import analyse
from vmlint.sources.terraform.facts import Resource, declared, labels, multiplied, substrate, workload
from vmlint.sources.terraform.images import image, machine_os
from vmlint.sources.terraform.instances import Instance
from vmlint.sources.terraform.relations import Relations
from vmlint.sources.terraform.selection import amount, first, referred, select, truth


def instance(resource: Resource, relations: Relations) -> Workload:
    """An instance with its profiles: what it states itself goes first."""
    layers = [resource, *_profiles(resource, relations)]
    disk = image(resource)
    runs_on = substrate(resource)
    scripts = [value for layer in layers for value in layer.values("user_data")]
    ran = analyse(scripts)
    vcpu, memory = _amount(layers, "cpu"), _amount(layers, "memory")
    default = resource.kind.default("memory_mib")
    if isinstance(memory, Absent) and default is not None:
        memory = Known(default, resource.instance.span)
    found = labels(resource)
    is_machine = isinstance(runs_on, Known) and runs_on.value.cls is SubstrateClass.VM
    machine = Machine(
        image=disk,
        size=resource.absent,
        user_data=tuple(text(script) for script in scripts),
        runs=ran.runs,
        understood=ran.understood,
    )
    name = resource.text("name")
    return workload(
        resource,
        name=name.value if isinstance(name, Known) and name.value else resource.instance.name,
        substrate=runs_on,
        os=machine_os(resource, disk, ()),
        instances=multiplied(resource, resource.absent),
        vcpu=vcpu,
        memory_mib=memory,
        machine=machine if is_machine else None,
        containers=() if is_machine else (_container(layers, disk, vcpu, memory),),
        host=HostAccess.none(resource.instance.span),
        placement=Placement(host=_node(resource)),
        labels=found,
        declarations=declared(found),
    )


def _node(resource: Resource) -> str:
    """The node or server that the instance is put on, by its name or the name that would settle it."""
    match resource.text("node"):
        case Known(value):
            return value
        case Unknown(expression):
            return expression
    return "default"


def _profiles(resource: Resource, relations: Relations) -> Iterator[Resource]:
    """The profiles that the instance names, the last one first, as it overrides those before it; the default one
    where it names none."""
    row = resource.kind.mapping("profiles")
    if not row:
        return
    stated = first(resource.instance, row["path"])
    names: list[Instance] = []
    values = [value for found in select(resource.instance, row["path"]) for value in items(found)]
    candidates = relations.by_type.get(row["type"], [])
    for value in values:
        written = text(value)
        if isinstance(written, Known):
            names += [c for c in candidates if c.name == written.value or _is_named(c, written.value)]
        else:
            names += [target for target in referred(value, resource.instance.module) if target.type == row["type"]]
    if stated is None:
        names += [candidate for candidate in candidates if _is_named(candidate, "default")]
    for found in reversed(names):
        yield Resource(found, resource.kind, resource.root)


def _is_named(candidate: Instance, name: str) -> bool:
    found = text(candidate.attribute("name"))
    return isinstance(found, Known) and found.value == name


def _amount(layers: list[Resource], kind: str) -> Fact[float]:
    for layer in layers:
        found = amount(layer.instance, layer.kind.paths(kind), kind, layer.absent)
        if not isinstance(found, Absent):
            return found
    return layers[0].absent


def _privileged(layers: list[Resource]) -> Fact[bool]:
    """As the configuration says. Of a platform whose default is privileged, nothing written is so."""
    for layer in layers:
        condition = layer.kind.mapping("privileged")
        found = truth(layer.instance, condition, layer.absent)
        if not isinstance(found, Absent):
            return found
        if condition.get("negated"):
            return Known(True, layer.instance.span)
    return layers[0].absent


def _container(layers: list[Resource], disk: Fact[str], vcpu: Fact[float], memory: Fact[float]) -> Container:
    resource = layers[0]
    absent = resource.absent
    return Container(
        name=resource.instance.name,
        span=resource.instance.span,
        image=disk,
        privileged=_privileged(layers),
        mounts=tuple(mount for layer in layers for mount in _mounts(layer)),
        devices=tuple(device for layer in layers for device in _devices(layer)),
        capabilities=tuple(fact for layer in layers for fact in _module_loading(layer)),
        resources=Resources(vcpu, absent, memory, absent, absent, absent),
    )


def _module_loading(layer: Resource) -> Iterator[Fact[str]]:
    """`linux.kernel_modules`: the host loads modules for the container, as SYS_MODULE would."""
    path = layer.kind.word("kernel_modules")
    value = first(layer.instance, path) if path else None
    if value is not None:
        yield Known("SYS_MODULE", value.entry_span, value.via)


def _mounts(layer: Resource) -> Iterator[Mount]:
    row = layer.kind.mapping("mount_blocks")
    for block in select(layer.instance, row["path"]) if row else ():
        source = text(at(block, row["source"]))
        kind = "host" if isinstance(source, Known) and source.value.startswith("/") else "volume"
        yield Mount(kind, source, text(at(block, row["target"])), boolean(at(block, "read_only")), block.key_span)
    for block, properties in _lxd_devices(layer, "disk"):
        source = text(at(properties, "source"))
        target = text(at(properties, "path"))
        if isinstance(target, Known) and target.value == "/":
            continue
        named = isinstance(text(at(properties, "pool")), Known)
        kind = "volume" if named else "unknown" if isinstance(source, Unknown) else "host"
        yield Mount(kind, source, target, boolean(at(properties, "readonly")), _span(source, block))


def _span(source: Fact[str], block: Value) -> Span:
    return block.key_span if isinstance(source, Absent) else source.span


def _lxd_devices(layer: Resource, *kinds: str) -> Iterator[tuple[Value, Value]]:
    row = layer.kind.mapping("device_blocks")
    for block in select(layer.instance, row["path"]) if row else ():
        kind = text(at(block, row["kind"]))
        if isinstance(kind, Known) and kind.value in kinds:
            yield block, at(block, row["properties"])


def _devices(layer: Resource) -> Iterator[Device]:
    for block, properties in _lxd_devices(layer, "unix-char", "unix-block", "gpu", "usb", "pci"):
        source = text(at(properties, "source"))
        target = text(at(properties, "path"))
        yield Device(source if not isinstance(source, Absent) else target, target, block.key_span)
