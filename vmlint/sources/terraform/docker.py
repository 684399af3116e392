"""`docker_container` and `docker_service`, in the vocabulary of Compose."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Value, at, boolean, entries, integer, items, text
from vmlint.model.workload import (
    Container,
    Device,
    HostAccess,
    Mount,
    Placement,
    Port,
    Resources,
    Sysctl,
    Workload,
)
from vmlint.sources.terraform.facts import (
    Resource,
    container_os,
    declared,
    labels,
    multiplied,
    stated_count,
    substrate,
    words,
    workload,
)
from vmlint.sources.terraform.images import resolved
from vmlint.sources.terraform.selection import amount, first, select, whole


def container(resource: Resource) -> Workload:
    """A `docker_container`."""
    body: Value = resource.instance.body
    image = _image(first(body, "image"), resource)
    resources = _resources(resource)
    made = Container(
        name=resource.instance.name,
        span=resource.instance.span,
        image=image,
        entrypoint=words(whole(body, "entrypoint")),
        arguments=words(whole(body, "command")),
        user=text(at(body, "user")),
        privileged=boolean(at(body, "privileged")),
        platform=text(at(body, "platform")),
        capabilities=_capabilities(body, "capabilities.add"),
        devices=tuple(_devices(body, resource)),
        mounts=tuple(_mounts(body, resource)),
        ports=tuple(_ports(body, "ports", "internal", "external", resource)),
        environment=_environment(body, "env"),
        confinement=tuple(text(option) for option in select(body, "security_opts")),
        sysctls=tuple(
            Sysctl(key, text(value), value.entry_span)
            for found in select(body, "sysctls")
            for key, value in entries(found)
        ),
        resources=resources,
    )
    found = labels(resource)
    return workload(
        resource,
        name=_name(body, resource),
        substrate=substrate(resource),
        os=container_os(resource, [made.platform or resource.absent, image]),
        instances=multiplied(resource, resource.absent),
        vcpu=resources.cpu_limit,
        memory_mib=resources.memory_limit,
        containers=(made,),
        host=_host_access(body, resource.instance.span),
        placement=_placement(made, resource),
        labels=found,
        declarations=declared(found),
    )


def _name(body: Value, resource: Resource) -> str:
    name = text(at(body, "name"))
    return name.value if isinstance(name, Known) and name.value else resource.instance.name


def _image(value: Value | None, resource: Resource) -> Fact[str]:
    return resource.absent if value is None else resolved(value, resource.instance.module)


def _placement(made: Container, resource: Resource) -> Placement:
    host = _provider(resource)
    platform = made.platform
    if not isinstance(platform, Known):
        return Placement(host=host)
    system, _, architecture = platform.value.partition("/")
    stated: Fact[str] = Known(architecture.split("/")[0], platform.span) if architecture else resource.absent
    return Placement(os=Known(system, platform.span), architecture=stated, host=host)


def _provider(resource: Resource) -> str:
    """The provider configuration that the resource names: each speaks to one Docker host."""
    match text(resource.instance.attribute("provider")):
        case Known(value):
            return value
        case Unknown(expression):
            return expression
    return ""


def _capabilities(body: Value, path: str) -> tuple[Fact[str], ...]:
    return tuple(text(value).map(lambda name: name.upper().removeprefix("CAP_")) for value in select(body, path))


def _devices(body: Value, resource: Resource) -> Iterator[Device]:
    for block in select(body, "devices"):
        yield Device(text(at(block, "host_path")), text(at(block, "container_path")), block.key_span)
    for block in select(body, "device_requests"):
        yield Device(Known("gpu", block.key_span), resource.absent, block.key_span)


def _mounts(body: Value, resource: Resource) -> Iterator[Mount]:
    for block in select(body, "volumes"):
        host, volume = text(at(block, "host_path")), text(at(block, "volume_name"))
        source, kind = (volume, "volume") if isinstance(host, Absent) else (host, _kind_of_source(host))
        if isinstance(source, Absent):
            kind = "anonymous" if isinstance(text(at(block, "from_container")), Absent) else "volume"
        yield Mount(
            kind, source, text(at(block, "container_path")), boolean(at(block, "read_only")), _place(block, source)
        )
    for block in [*select(body, "mounts")]:
        yield mount(block)
    for found in select(body, "tmpfs"):
        for key, value in entries(found):
            yield Mount(
                "ephemeral", resource.absent, Known(key, value.entry_span), resource.absent, value.entry_span
            )


def _place(block: Value, source: Fact[str]) -> Span:
    return block.key_span if isinstance(source, Absent) else source.span


def _kind_of_source(source: Fact[str]) -> str:
    """A path of the host, a pipe of Windows, or a volume's name."""
    written = source.value if isinstance(source, Known) else source.prefix if isinstance(source, Unknown) else ""
    if written.startswith(("\\\\.\\pipe\\", "//./pipe/")):
        return "pipe"
    if not written and isinstance(source, Unknown):
        return "host"
    return "host" if written.startswith(("/", ".", "~", "$", "\\")) or written[1:2] == ":" else "volume"


def mount(block: Value) -> Mount:
    """A `mounts` block of both types: `type`, `source`, `target`."""
    kind, source = text(at(block, "type")), text(at(block, "source"))
    word = kind.value if isinstance(kind, Known) else "unknown"
    known = {"bind": "host", "volume": "volume", "tmpfs": "ephemeral", "npipe": "pipe"}.get(word, "unknown")
    if known == "volume" and isinstance(source, Absent):
        known = "anonymous"
    return Mount(known, source, text(at(block, "target")), boolean(at(block, "read_only")), _place(block, source))


def _ports(body: Value, path: str, inside: str, outside: str, resource: Resource) -> Iterator[Port]:
    for block in select(body, path):
        protocol = text(at(block, "protocol"))
        word = protocol.value.lower() if isinstance(protocol, Known) else "tcp"
        yield Port(integer(at(block, inside)), integer(at(block, outside)), word, block.key_span)


def _environment(body: Value, path: str) -> dict[str, Fact[str]]:
    """A list of `KEY=value`, or a mapping."""
    found: dict[str, Fact[str]] = {}
    for value in select(body, path):
        for key, item in entries(value):
            found[key] = text(item)
        for item in items(value):
            fact = text(item)
            written = fact.value if isinstance(fact, Known) else fact.prefix if isinstance(fact, Unknown) else ""
            key, separator, rest = written.partition("=")
            if separator:
                found[key] = fact if isinstance(fact, Unknown) else Known(rest, fact.span, fact.via)
    return found


def _resources(resource: Resource) -> Resources:
    absent = resource.absent
    body = resource.instance
    return Resources(
        cpu_limit=amount(body, ("cpus vCPU",), "cpu", absent),
        cpu_request=absent,
        memory_limit=amount(body, ("memory MiB",), "memory", absent),
        memory_request=amount(body, ("memory_reservation MiB",), "memory", absent),
        huge_pages=absent,
        gpus=absent,
    )


def _host_access(body: Value, span: Span) -> HostAccess:
    def is_host(name: str) -> Fact[bool]:
        return text(at(body, name)).map(lambda mode: mode == "host")

    users = is_host("userns_mode")
    return HostAccess(
        is_host("network_mode"), is_host("pid_mode"), is_host("ipc_mode"), is_host("cgroupns_mode"), users
    )


def service(resource: Resource) -> Workload:
    """A `docker_service`: a service of a swarm."""
    body: Value = resource.instance.body
    spec = first(body, "task_spec.container_spec")
    inner: Value = body if spec is None else spec
    image = _image(first(inner, "image"), resource)
    absent = resource.absent
    limit = "task_spec.resources.limits"
    reserved = "task_spec.resources.reservation"
    resources = Resources(
        cpu_limit=amount(body, (f"{limit}.nano_cpus nano",), "cpu", absent),
        cpu_request=amount(body, (f"{reserved}.nano_cpus nano",), "cpu", absent),
        memory_limit=amount(body, (f"{limit}.memory_bytes bytes",), "memory", absent),
        memory_request=amount(body, (f"{reserved}.memory_bytes bytes",), "memory", absent),
        huge_pages=absent,
        gpus=absent,
    )
    made = Container(
        name=resource.instance.name,
        span=resource.instance.span,
        image=image,
        entrypoint=words(whole(inner, "command")),
        arguments=words(whole(inner, "args")),
        user=text(at(inner, "user")),
        capabilities=_capabilities(inner, "cap_add"),
        mounts=tuple(mount(block) for block in select(inner, "mounts")),
        ports=tuple(_ports(body, "endpoint_spec.ports", "target_port", "published_port", resource)),
        environment=_environment(inner, "env"),
        confinement=tuple(_swarm_confinement(inner)),
        sysctls=tuple(
            Sysctl(key, text(value), value.entry_span)
            for found in select(inner, "sysctl")
            for key, value in entries(found)
        ),
        resources=resources,
    )
    found = labels(resource)
    everywhere = first(body, "mode.global")
    daemon = everywhere is not None and boolean(everywhere) != Known(False, everywhere.entry_span, everywhere.via)
    return workload(
        resource,
        name=_name(body, resource),
        substrate=substrate(resource),
        os=container_os(resource, [image]),
        instances=absent if daemon else multiplied(resource, stated_count(resource)),
        vcpu=resources.cpu_limit if not isinstance(resources.cpu_limit, Absent) else resources.cpu_request,
        memory_mib=resources.memory_limit
        if not isinstance(resources.memory_limit, Absent)
        else resources.memory_request,
        containers=(made,),
        host=HostAccess.none(resource.instance.span),
        labels=found,
        declarations=declared(found),
        daemon=daemon,
    )


def _swarm_confinement(spec: Value) -> Iterator[Fact[str]]:
    disabled = first(spec, "privileges.se_linux_context.disable")
    if disabled is not None:
        stated = boolean(disabled)
        if isinstance(stated, Known) and stated.value:
            yield Known("label=disable", stated.span, stated.via)
        elif isinstance(stated, Unknown):
            yield stated
