"""Groups of containers that a cloud runs without hosts of one's own: ACI, Cloud Run, Container Apps and their kin.

The row's `containers` is the path of the container blocks (the resource itself where empty), `fields` where each
fact stands in one of them."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.value import Mapping, Sequence, Unresolved, Value, at, boolean, entries, integer, items, text
from vmlint.model.workload import Container, HostAccess, Mount, Placement, Port, Resources, Workload
from vmlint.sources.terraform.facts import (
    Resource,
    container_os,
    declared,
    labels,
    multiplied,
    stated_count,
    stated_family,
    substrate,
    words,
    workload,
)
from vmlint.sources.terraform.images import resolved
from vmlint.sources.terraform.selection import amount, first, select, whole


def group(resource: Resource) -> Workload | None:
    """The workload; None where the attribute that makes it one is not there."""
    required = resource.kind.word("requires")
    if required and first(resource.instance, required) is None:
        return None
    made = tuple(_containers(resource))
    main = [container for container in made if container.kind == "main"]
    found = labels(resource)
    name = text(resource.instance.attribute("name"))
    family = stated_family(resource)
    return workload(
        resource,
        name=name.value if isinstance(name, Known) and name.value else resource.instance.name,
        substrate=substrate(resource),
        os=container_os(resource, [container.image for container in main]),
        instances=multiplied(resource, stated_count(resource)),
        vcpu=_total(resource, "cpu", main),
        memory_mib=_total(resource, "memory", main),
        containers=made,
        host=HostAccess.none(resource.instance.span),
        placement=Placement(os=family if isinstance(family, Known) else None),
        modes={
            name: text(resource.instance.attribute(str(path)))
            for name, path in resource.kind.mapping("modes").items()
        },
        labels=found,
        declarations=declared(found),
    )


def _containers(resource: Resource) -> Iterator[Container]:
    path = resource.kind.word("containers")
    bodies = select(resource.instance, path) if path else [resource.instance.body]
    for also in resource.kind.paths("also"):
        bodies += select(resource.instance, also)
    for body in bodies:
        yield _container(body, resource, "main")
    for path in resource.kind.paths("init"):
        for body in select(resource.instance, path):
            yield _container(body, resource, "init")


def _container(body: Value, resource: Resource, kind: str) -> Container:
    fields = resource.kind.mapping("fields")

    def value(name: str) -> Value | None:
        return next((found for path in fields.get(name, ()) if (found := whole(body, path)) is not None), None)

    absent = Absent(body.span)
    name = value("name")
    image, privileged = value("image"), value("privileged")
    named = text(name) if name is not None else absent
    cpu = amount(body, tuple(fields.get("cpu", ())), "cpu", absent)
    memory = amount(body, tuple(fields.get("memory", ())), "memory", absent)
    limit = amount(body, tuple(fields.get("cpu_limit", ())), "cpu", absent)
    memory_limit = amount(body, tuple(fields.get("memory_limit", ())), "memory", absent)
    port = value("port")
    return Container(
        name=named.value if isinstance(named, Known) else resource.instance.name,
        span=body.key_span if isinstance(body, Mapping | Sequence) else body.entry_span,
        image=_image(image, body, resource),
        kind=kind,
        entrypoint=words(value("command")),
        arguments=words(value("arguments")),
        privileged=boolean(privileged) if privileged is not None else absent,
        mounts=tuple(_mounts(body, fields)),
        ports=() if port is None else (Port(integer(port), absent, "tcp", port.entry_span),),
        environment=_environment(body, fields),
        resources=Resources(
            first_stated((limit, cpu), absent),
            cpu,
            first_stated((memory_limit, memory), absent),
            memory,
            absent,
            absent,
        ),
    )


def _image(image: Value | None, body: Value, resource: Resource) -> Fact[str]:
    if image is not None:
        return resolved(image, resource.instance.module).map(_of_stack)
    return body.as_fact() if isinstance(body, Unresolved) else Absent(body.span)


def _of_stack(written: str) -> str:
    """App Service writes `DOCKER|nginx:1` for an image and `TOMCAT|9.0` for a stack of its own."""
    stack, bar, rest = written.partition("|")
    return written if not bar else rest if stack.upper() == "DOCKER" else f"{stack.lower()}:{rest}"


def _mounts(body: Value, fields: dict[str, list[str]]) -> Iterator[Mount]:
    for path in fields.get("volume", ()):
        for block in select(body, path):
            absent = Absent(block.span)
            kept = [found for name in fields["volume_durable"] if (found := first(block, name)) is not None]
            passing = any(first(block, name) is not None for name in fields["volume_ephemeral"])
            source = text(kept[0]) if kept else absent
            kind = "volume" if kept else "ephemeral" if passing else "unknown"
            yield Mount(
                kind,
                source,
                text(at(block, str(fields["volume_path"]))),
                boolean(at(block, "read_only")),
                block.key_span,
            )


def _environment(body: Value, fields: dict[str, list[str]]) -> dict[str, Fact[str]]:
    found: dict[str, Fact[str]] = {}
    for path in fields.get("environment", ()):
        for value in select(body, path):
            for key, item in entries(value):
                found[key] = text(item)
    for path in fields.get("environment_list", ()):
        for value in select(body, path):
            for item in items(value):
                _entry(item, found)
            _entry(value, found)
    return found


def _entry(item: Value, found: dict[str, Fact[str]]) -> None:
    name = text(at(item, "name")) if isinstance(item, Mapping) else Absent(item.span)
    if isinstance(name, Known):
        found[name.value] = text(at(item, "value"))


def _total(resource: Resource, name: str, containers: list[Container]) -> Fact[float]:
    """The group's own size, else the sum of its containers'."""
    stated = amount(resource.instance, resource.kind.paths(name), name, resource.absent)
    if not isinstance(stated, Absent):
        return stated
    total: Fact[float] = resource.absent
    for container in containers:
        sizes = container.resources
        fact: Fact[float] = resource.absent
        if sizes is not None:
            fact = sizes.cpu_limit if name == "cpu" else sizes.memory_limit
        if isinstance(fact, Unknown):
            return fact
        if isinstance(fact, Known):
            total = Known(fact.value + (total.value if isinstance(total, Known) else 0), fact.span, fact.via)
    return total
