"""Clusters and node pools: hosts of the estate, and the machines of a pool as a workload that hosts containers."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.fact import Absent, Fact, Known
from vmlint.model.value import entries, text
from vmlint.model.workload import Host, Machine, Workload
from vmlint.sources.terraform.facts import (
    Resource,
    declared,
    labels,
    multiplied,
    stated_count,
    stated_family,
    substrate,
    workload,
)
from vmlint.sources.terraform.images import image, machine_os
from vmlint.sources.terraform.machines import either, sizes
from vmlint.sources.terraform.relations import Relations
from vmlint.sources.terraform.selection import first_text, select


def read(resource: Resource, relations: Relations) -> Iterator[Workload | Host]:
    """The host, and for a pool its machines."""
    if resource.kind.shape == "cluster":
        yield _host(resource, resource.kind.word("host") or "cluster")
        return
    yield _host(resource, "node-pool")
    yield _machines(resource, relations.template_of(resource) or resource)


def _host(resource: Resource, kind: str) -> Host:
    stated = {
        name: first_text(resource.instance, tuple(paths), resource.absent)
        for name, paths in resource.kind.mapping("facts").items()
    }
    facts = {name: fact for name, fact in stated.items() if not isinstance(fact, Absent)}
    family: Fact[str] = stated_family(resource)
    if kind == "node-pool":
        facts["os"] = family if isinstance(family, Known) else Known("linux", resource.instance.span)
        size = resource.text("size")
        if isinstance(size, Known):
            facts["size"] = size
    found: dict[str, Fact[str]] = {}
    path = resource.kind.word("host_labels")
    for value in select(resource.instance, path) if path else ():
        for key, item in entries(value):
            found.setdefault(key, text(item))
    name = text(resource.instance.attribute("name"))
    return Host(
        address=resource.instance.address,
        name=name.value if isinstance(name, Known) else resource.instance.name,
        kind=kind,
        span=resource.instance.span,
        labels=found,
        taints=tuple(text(value) for value in resource.values("taints")),
        facts=facts,
    )


def _machines(resource: Resource, made_from: Resource) -> Workload:
    """The machines of a pool; what its template states goes after its own."""
    disk, size = either(image(resource), image(made_from)), either(resource.text("size"), made_from.text("size"))
    default = resource.kind.word("default_size")
    if default and isinstance(size, Absent):
        size = Known(default, resource.instance.span)
    vcpu, memory = sizes(resource, made_from, size)
    found = {**labels(made_from), **labels(resource)}
    return workload(
        resource,
        substrate=substrate(resource),
        os=machine_os(resource, disk, ()),
        instances=multiplied(resource, stated_count(resource)),
        vcpu=vcpu,
        memory_mib=memory,
        machine=Machine(image=disk, size=size),
        labels=found,
        declarations=declared(found),
        kind_role="container-host",
    )
