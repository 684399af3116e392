"""Machines, the templates that they are made from, and groups of them."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.catalog import instance_types
from vmlint.catalog.terraform_types import extensions, machine_names, user_data_paths
from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.value import Scalar, Unresolved, Value, boolean, items, text
from vmlint.model.workload import Device, Machine, Workload
from vmlint.sources.provisioning import Provisioned, analyse
from vmlint.sources.terraform.facts import (
    Resource,
    declared,
    labels,
    multiplied,
    stated_count,
    substrate,
    workload,
)
from vmlint.sources.terraform.images import image, machine_os
from vmlint.sources.terraform.instances import Instance
from vmlint.sources.terraform.relations import Relations
from vmlint.sources.terraform.selection import amount, first, holds, referred, select, truth


def machine(resource: Resource, relations: Relations) -> Workload:
    """One machine, or as many as count makes."""
    return _machine(resource, resource, relations)


def group(resource: Resource, relations: Relations) -> Workload:
    """A group with the facts of its template."""
    template = relations.template_of(resource)
    return _machine(resource, template or resource, relations)


def _machine(own: Resource, made_from: Resource, relations: Relations) -> Workload:
    """`own` has the counts and relations, `made_from` the machine's facts; what `own` states goes first."""
    disk = either(image(own), image(made_from))
    # A mix of types is no size: the template's own goes first.
    size = either(made_from.text("size"), own.text("size"))
    scripts = [*_scripts(own), *(_scripts(made_from) if made_from is not own else ())]
    given = tuple(text(script) for script in scripts)
    ran = _provisioned(own, made_from, scripts, relations)
    found = {**labels(made_from), **labels(own)}
    vcpu, memory = sizes(own, made_from, size)
    condition = own.kind.mapping("forwards") or made_from.kind.mapping("forwards")
    return workload(
        own,
        substrate=substrate(made_from if made_from.kind.rows("when") else own),
        os=machine_os(made_from, disk, given),
        instances=_instances(own),
        vcpu=vcpu,
        memory_mib=memory,
        labels=found,
        declarations=declared(found),
        machine=Machine(
            image=disk,
            size=size,
            names=tuple(_names(own)),
            user_data=given,
            runs=ran.runs,
            understood=ran.understood,
            durable_disks=_has_disks(own, made_from, relations),
            devices=_devices(made_from),
            tenancy=either(own.text("tenancy"), made_from.text("tenancy")),
            ip_forward=_forwards(made_from, condition, relations),
            nested_virtualisation=_nested(made_from),
            scaled=_scaled(own, relations),
            load_balanced=_balanced(own, relations),
        ),
    )


def _names(own: Resource) -> Iterator[str]:
    """What the platform calls a machine, as far as it is known."""
    for path in machine_names():
        value = first(own.instance, path)
        if isinstance(value, Unresolved):
            yield "-".join(part for part in value.parts if isinstance(part, str)).strip("-")
        elif isinstance(value, Scalar):
            yield value.text


def either(one: Fact[str], two: Fact[str]) -> Fact[str]:
    return two if isinstance(one, Absent) or (isinstance(one, Unknown) and isinstance(two, Known)) else one


def _instances(own: Resource) -> Fact[int]:
    if own.kind.shape == "template":
        return own.absent
    return multiplied(own, stated_count(own))


def sizes(own: Resource, made_from: Resource, size: Fact[str]) -> tuple[Fact[float], Fact[float]]:
    """vCPU and MiB of one machine: as stated, else by its type, else what the provider takes."""
    vcpu: Fact[float] = own.absent
    memory: Fact[float] = own.absent
    for resource in (own, made_from):
        if isinstance(vcpu, Absent):
            vcpu = amount(resource.instance, resource.kind.paths("cpu"), "cpu", own.absent)
        if isinstance(memory, Absent):
            memory = _memory(resource)
    provider = made_from.kind.word("sizes") or own.kind.word("sizes")
    if provider and isinstance(size, Known):
        ocpus = amount(made_from.instance, made_from.kind.paths("ocpus"), "cpu", own.absent)
        found = instance_types.size(
            provider,
            size.value,
            ocpus.value if isinstance(ocpus, Known) else None,
            memory.value / 1024 if isinstance(memory, Known) else None,
        )
        if found is not None:
            vcpu = Known(found.vcpu, size.span, size.via) if isinstance(vcpu, Absent) else vcpu
            memory = Known(found.memory_mib, size.span, size.via) if isinstance(memory, Absent) else memory
    elif isinstance(size, Unknown):
        vcpu = size if isinstance(vcpu, Absent) else vcpu
        memory = size if isinstance(memory, Absent) else memory
    return _or_default(vcpu, made_from, "vcpu"), _or_default(memory, made_from, "memory_mib")


def _memory(resource: Resource) -> Fact[float]:
    """Memory in the unit of the row; of a type with two forms, in the unit that the form or an attribute names."""
    paths = resource.kind.paths("memory")
    form = resource.kind.mapping("memory_form")
    named = first(resource.instance, resource.kind.word("memory_unit")) if form else None
    unit = text(named) if named is not None else None
    if isinstance(unit, Known):
        paths = tuple(f"{path.split(' ')[0]} {unit.value}" for path in paths)
    elif form and holds(resource.instance, form) is True:
        paths = tuple(f"{path.split(' ')[0]} {form['unit']}" for path in paths)
    return amount(resource.instance, paths, "memory", resource.absent)


def _or_default(found: Fact[float], resource: Resource, name: str) -> Fact[float]:
    default = resource.kind.default(name)
    if isinstance(found, Absent) and default is not None:
        return Known(default, resource.instance.span)
    return found


def _scripts(resource: Resource) -> list[Value]:
    """The user data; where it refers to a resource that holds the text, that text."""
    found: list[Value] = []
    for value in resource.values("user_data"):
        found += _texts(value, resource)
    return found


def _texts(value: Value, resource: Resource, hops: int = 3) -> Iterator[Value]:
    unknown = isinstance(value, Unresolved) and not value.parts and value.content is None
    targets = referred(value, resource.instance.module) if unknown and hops else []
    for target in targets:
        kind = f"data.{target.type}" if target.mode == "data" else target.type
        paths = user_data_paths(kind)
        if paths is None:
            continue
        inner = Resource(target, resource.kind, resource.root)
        for path in paths:
            for text_value in select(target, path):
                yield from _texts(text_value, inner, hops - 1)
        return
    yield value


def _provisioned(own: Resource, made_from: Resource, scripts: list[Value], relations: Relations) -> Provisioned:
    pair = [own] if made_from is own else [own, made_from]
    container = [value for resource in pair for value in resource.written("container_declaration")]
    settings: list[Value] = []
    extra = list(scripts)
    for extension in [*relations.naming(own, "extensions")]:
        row = extensions()[extension.type]
        settings += [value for path in row.get("settings", ()) for value in select(extension, path)]
        extra += [value for path in row.get("script", ()) for value in select(extension, path)]
    for inline in ("extension.settings", "extension.protected_settings"):
        settings += select(own.instance, inline) if own.kind.word("extensions") else []
    for provisioner in select(own.instance, "provisioner"):
        if provisioner.tag and "remote-exec" in provisioner.tag:
            extra += select(provisioner, "inline")
    found = analyse(extra, container, settings)
    remote = any(True for resource in pair for _ in resource.written("remote_script"))
    return Provisioned(found.runs, found.understood and not remote)


def _devices(resource: Resource) -> tuple[Device, ...]:
    name = resource.kind.word("device_name")
    absent = resource.absent
    found = []
    for value in resource.values("devices"):
        named = first(value, name) if name else value
        source = text(named) if named is not None else absent
        found.append(Device(source, absent, value.key_span))
    return tuple(found)


def _has_disks(own: Resource, made_from: Resource, relations: Relations) -> bool:
    stated = any(True for resource in (own, made_from) for _ in resource.values("disks"))
    return stated or any(True for _ in relations.naming(own, "disks"))


def _nested(resource: Resource) -> Fact[bool]:
    value = resource.value("nested")
    if value is None:
        return resource.absent
    found = text(value)
    if isinstance(found, Known) and found.value == "enabled":
        return Known(True, found.span, found.via)
    return boolean(value)


def _forwards(resource: Resource, condition: dict[str, object], relations: Relations) -> Fact[bool]:
    """Whether the machine, or a network interface that it is given, forwards packets."""
    own = truth(resource.instance, condition, resource.absent)
    interfaces = resource.kind.mapping("interfaces")
    if not interfaces or not isinstance(own, Absent):
        return own
    for interface in relations.targets(resource.instance, interfaces["path"]):
        for name in interfaces["forwards"]:
            found = boolean(interface.attribute(name))
            if isinstance(found, Known) and found.value:
                return found
    return own


def _scaled(own: Resource, relations: Relations) -> Fact[bool]:
    return _told_by(own, own.kind.mapping("scales"), next(relations.naming(own, "scaling"), None))


def _balanced(own: Resource, relations: Relations) -> Fact[bool]:
    for value in own.values("balanced"):
        for item in items(value):
            return Known(True, item.entry_span)
        if not isinstance(value, Unresolved):
            return Known(True, value.entry_span)
    return _told_by(own, {}, next(relations.naming(own, "balancing"), None))


def _told_by(own: Resource, condition: dict[str, object], other: Instance | None) -> Fact[bool]:
    if other is not None:
        return Known(True, other.span)
    return truth(own.instance, condition, own.absent)
