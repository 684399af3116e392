"""One Compose service, merged and interpolated, as a workload."""

from __future__ import annotations

from collections.abc import Callable

from vmlint.catalog import operating_systems, quantities, substrates
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated, value_or
from vmlint.model.need import SubstrateClass
from vmlint.model.record import replace
from vmlint.model.value import (
    Missing,
    Scalar,
    Sequence,
    Unresolved,
    Value,
    at,
    boolean,
    entries,
    integer,
    items,
    number,
    text,
)
from vmlint.model.workload import (
    Container,
    Declarations,
    HostAccess,
    Mount,
    OperatingSystem,
    Placement,
    Resources,
    Substrate,
    Sysctl,
    Workload,
)
from vmlint.sources import declarations
from vmlint.sources.compose import engine, mounts
from vmlint.sources.compose.merge import as_mapping
from vmlint.sources.compose.project import Project, Service


def workload(service: Service, project: Project, host: Known[str] | None) -> Workload | None:
    """The workload of a service; None where it runs nothing (`scale: 0`). `host` is the proven OS of the engine."""
    body = service.body
    instances = _instances(body)
    if isinstance(instances, Known) and instances.value == 0:
        return None
    container = _container(service, project)
    system = _operating_system(body, container, project, host)
    labels = project.labels(service)
    mode = text(at(body, "deploy", "mode"))
    resources = container.resources or Resources.none(service.span)
    return Workload(
        address=f"service/{service.name}",
        name=service.name,
        format="compose",
        kind="service",
        span=service.span,
        substrate=_substrate(body, service, system),
        os=system,
        instances=instances,
        vcpu=first_stated((resources.cpu_limit, resources.cpu_request), Absent(service.span)),
        memory_mib=first_stated((resources.memory_limit, resources.memory_request), Absent(service.span)),
        containers=(container,),
        host=_host_access(body, service, project),
        placement=_placement(body, project, host),
        declarations=_declarations(body, project, labels),
        labels=labels,
        unit=project.path,
        modes={"isolation": text(at(body, "isolation"))},
        daemon=isinstance(mode, Known) and mode.value.startswith("global"),
        gaps=service.gaps,
    )


def _instances(body: Value) -> Fact[int]:
    mode = text(at(body, "deploy", "mode"))
    if isinstance(mode, Known) and mode.value.startswith("global"):
        return Absent(mode.span)
    stated: Fact[int] = first_stated(
        (integer(at(body, "scale")), integer(at(body, "deploy", "replicas"))), Absent(body.span)
    )
    if isinstance(stated, Known) and stated.value < 0:
        return Unknown(str(stated.value), "it is no number of containers", stated.span, stated.via)
    return Known(1, body.key_span) if isinstance(stated, Absent) else stated


def _container(service: Service, project: Project) -> Container:
    body = service.body
    built = project.built(service)
    container = Container(
        name=service.name,
        span=service.span,
        image=_image(at(body, "image")),
        entrypoint=_words(at(body, "entrypoint")),
        arguments=_words(at(body, "command")),
        user=_unless_empty(text(at(body, "user"))),
        privileged=boolean(at(body, "privileged")),
        platform=text(at(body, "platform")),
        capabilities=_capabilities(at(body, "cap_add")),
        devices=mounts.devices(body),
        mounts=_mounts(service, project),
        ports=mounts.ports(body),
        environment=project.environment(service),
        confinement=_confinement(body),
        sysctls=tuple(
            Sysctl(name, text(value), value.entry_span) for name, value in entries(as_mapping(at(body, "sysctls")))
        ),
        resources=_resources(body),
    )
    return container if built is None else built.beneath(container)


def _unless_empty(fact: Fact[str]) -> Fact[str]:
    return Absent(fact.span, fact.via) if isinstance(fact, Known) and not fact.value else fact


def _image(value: Value) -> Fact[str]:
    """The image as written. Of one with unknown parts the prefix goes on behind an unknown registry or folder,
    which stands there as it is written: `${REGISTRY}/postgres:` tells as much as `postgres:`."""
    fact = text(value)
    if not isinstance(value, Unresolved) or not isinstance(fact, Unknown):
        return fact
    known = ""
    for part, following in zip(value.parts, (*value.parts[1:], ""), strict=True):
        if isinstance(part, str):
            known += part
        elif isinstance(following, str) and "/" in following:
            known += part.expression
        else:
            break
    return replace(fact, prefix=known)


def _mounts(service: Service, project: Project) -> tuple[Mount, ...]:
    """The service's own mounts and those of `volumes_from`."""
    found = list(mounts.mounts(service.body, project.volumes))
    for item in items(at(service.body, "volumes_from")):
        name = value_or(text(item), "").partition(":")[0]
        for other in project.services:
            if other.name == name:
                found += mounts.mounts(other.body, project.volumes)
    return tuple(found)


def _words(value: Value) -> Fact[tuple[str, ...]]:
    """`command` and `entrypoint`: a list as it is, a string split as a shell would. An unknown word is dropped
    from a list, whose other words are known all the same."""
    match value:
        case Sequence():
            words = (text(item) for item in value.items)
            return Known(
                tuple(word.value for word in words if isinstance(word, Known)), value.entry_span, value.via
            )
        case Scalar() | Unresolved(parts=[_, *_]):
            line = (
                "".join(p for p in value.parts if isinstance(p, str))
                if isinstance(value, Unresolved)
                else value.text
            )
            return Known(_shell_words(line), value.entry_span, value.via)
        case _:
            fact = text(value)
            return fact if isinstance(fact, Unknown) else Absent(value.span)


def _shell_words(line: str) -> tuple[str, ...]:
    import shlex

    try:
        return tuple(shlex.split(line))
    except ValueError:
        return ("/bin/sh", "-c", line)


def _capabilities(value: Value) -> tuple[Fact[str], ...]:
    return tuple(text(item).map(lambda name: name.upper().removeprefix("CAP_")) for item in items(value))


def _confinement(body: Value) -> tuple[Fact[str], ...]:
    found = [
        text(item).map(lambda option: option.replace(":", "=", 1).lower())
        for item in items(at(body, "security_opt"))
    ]
    match text(at(body, "userns_mode")):
        case Known(value="host") as mode:
            found.append(mode.map(lambda _: "userns=host"))
    return tuple(found)


def _resources(body: Value) -> Resources:
    limits, reserved = at(body, "deploy", "resources", "limits"), at(body, "deploy", "resources", "reservations")

    def cpus(*values: Value) -> Fact[float]:
        return _converted(values, quantities.docker_cpus, "a number of CPUs")

    def memory(*values: Value) -> Fact[float]:
        return _converted(values, quantities.docker_memory_mib, "an amount of memory")

    absent = Absent(body.span)
    return Resources(
        cpu_limit=first_stated(
            (cpus(at(limits, "cpus"), at(body, "cpus"), at(body, "cpu_count")), _quota(body)), absent
        ),
        cpu_request=cpus(at(reserved, "cpus")),
        memory_limit=memory(at(limits, "memory"), at(body, "mem_limit")),
        memory_request=memory(at(reserved, "memory"), at(body, "mem_reservation")),
        huge_pages=absent,
        gpus=_gpus(body, reserved),
    )


def _quota(body: Value) -> Fact[float]:
    """Cores as a share of time: microseconds of every period, of 100 ms where none is stated."""
    quota, period = number(at(body, "cpu_quota")), value_or(number(at(body, "cpu_period")), 100_000.0)
    if isinstance(quota, Known) and (quota.value <= 0 or period <= 0):
        return Absent(quota.span, quota.via)
    return quota.map(lambda microseconds: microseconds / period)


def _converted(values: tuple[Value, ...], convert: Callable[[str], float | None], expected: str) -> Fact[float]:
    """The first of several keys that is stated, as an amount; what does not convert is unknown."""
    stated = first_stated([text(value) for value in values], Absent(values[0].span))
    if not isinstance(stated, Known):
        return stated
    amount = convert(stated.value)
    if amount is None:
        return Unknown(stated.value, f"it is not {expected}", stated.span, stated.via)
    if amount <= 0:
        return Absent(stated.span, stated.via)  # zero is no limit, as for the engine
    return Known(amount, stated.span, stated.via)


def _gpus(body: Value, reserved: Value) -> Fact[float]:
    for device in items(at(reserved, "devices")):
        if any(value_or(text(c), "") == "gpu" for c in items(at(device, "capabilities"))):
            count = text(at(device, "count"))
            known = isinstance(count, Known) and count.value.isdigit()
            return Known(
                float(count.value) if known and isinstance(count, Known) else 1.0, device.span.first_line()
            )
    stated = at(body, "gpus")
    return Absent(body.span) if not isinstance(stated, Scalar | Sequence) else Known(1.0, stated.entry_span)


def _host_access(body: Value, service: Service, project: Project) -> HostAccess:
    def shares(key: str) -> Fact[bool]:
        mode = text(at(body, key))
        if isinstance(mode, Unknown) and not "host".startswith(mode.prefix):
            return Known(False, mode.span, mode.via)  # `container:${NAME}`, whoever that is
        return mode.map(lambda mode: mode == "host")

    network = shares("network_mode")
    if isinstance(network, Absent):
        network = _joins_host(body, project) or network
    return HostAccess(network, shares("pid"), shares("ipc"), shares("cgroup"), Absent(service.span))


def _joins_host(body: Value, project: Project) -> Fact[bool] | None:
    """Whether one of the service's networks is the host's, which Swarm predefines under that name."""
    for name, value in entries(as_mapping(at(body, "networks"))):
        network = at(project.root, "networks", name)
        external = at(network, "external")
        called = first_stated((text(at(external, "name")), text(at(network, "name"))), Known(name, value.span))
        declared = not isinstance(external, Missing)
        if (declared and value_or(called, "") == "host") or (name == "host" and isinstance(network, Missing)):
            return Known(True, value.key_span)
    return None


def _operating_system(
    body: Value, container: Container, project: Project, host: Known[str] | None
) -> Fact[OperatingSystem]:
    for image in (container.image, container.base_image):
        match image:
            case Known(value=reference, span=span) | Unknown(prefix=reference, span=span) if reference:
                found = operating_systems.of_image(reference)
                if found is not None:
                    return Known(OperatingSystem(found.family, found.distribution, found.release), span)
    match container.platform:
        case Known(value=platform, span=span) if platform.lower().startswith("windows"):
            return Known(OperatingSystem("windows"), span)
        case Known(value=platform, span=span) if platform.lower().startswith(("wasi", "wasm")):
            return Known(OperatingSystem("other"), span)
    own = {sign.value: sign for sign in engine.service_signs(body, project.volumes)}
    if "windows" in own and "linux" not in own:
        return Known(OperatingSystem("windows"), own["windows"].span)
    if host is not None and host.value == "windows" and "linux" not in own:
        return Known(OperatingSystem("windows"), host.span, host.via)
    return Known(OperatingSystem("linux"), body.key_span)


def _substrate(body: Value, service: Service, system: Fact[OperatingSystem]) -> Fact[Substrate]:
    windows = isinstance(system, Known) and system.value.family == "windows"
    handler = at(as_mapping(at(body, "annotations")), "run.oci.handler")
    runtime = first_stated((text(at(body, "runtime")), text(handler)), Absent(body.span))
    match runtime:
        case Known(value=name, span=span) if name.strip():
            fact = substrates.of_runtime(name)
            if fact is not None:
                return Known(Substrate(fact.cls, "Docker", fact.runtime, fact.kind, span), span, runtime.via)
            return Known(
                Substrate(SubstrateClass.CONTAINER, "Docker", name, "runc", span, False), span, runtime.via
            )
        case Unknown():
            return runtime
    isolation = text(at(body, "isolation"))
    if windows and isinstance(isolation, Known) and isolation.value.lower() == "hyperv":
        kind, name, span = "hyper-v-container", "Hyper-V isolation", isolation.span
    elif windows and isinstance(isolation, Unknown):
        return isolation
    elif windows:
        kind, name, span = "windows-process", "process isolation", isolation.span
    elif isinstance(system, Known) and system.value.family == "other":
        kind, name, span = "wasm", "WebAssembly", system.span
    else:
        kind, name, span = "runc", "runc", service.span
    return Known(Substrate(substrates.substrate_class(kind), "Docker", name, kind, span), span)


def _placement(body: Value, project: Project, host: Known[str] | None) -> Placement:
    selectors: dict[str, Fact[str]] = {}
    for item in items(at(body, "deploy", "placement", "constraints")):
        fact = text(item)
        if isinstance(fact, Known):
            key, separator, value = fact.value.partition("==")
            if separator:
                selectors[key.strip()] = Known(value.strip(), fact.span, fact.via)
    platform = text(at(body, "platform"))
    architecture = platform.map(lambda text: text.split("/")[1] if "/" in text else "")
    return Placement(
        selectors=selectors,
        os=selectors.get("node.platform.os", host),
        architecture=architecture if isinstance(architecture, Known) and architecture.value else None,
        host=project.path,
    )


def _declarations(body: Value, project: Project, labels: dict[str, Fact[str]]) -> Declarations:
    own = {key: text(value) for key, value in entries(at(body, "x-vmlint"))}
    of_file = {key: text(value) for key, value in entries(at(project.root, "x-vmlint"))}
    annotations = [(key, text(value)) for key, value in entries(as_mapping(at(body, "annotations")))]
    return declarations.merged(
        declarations.from_mapping(own),
        declarations.from_labels([*labels.items(), *annotations]),
        declarations.from_mapping(of_file),
    )
