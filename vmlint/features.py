"""What a workload asks of its substrate that some substrates cannot do: the features of the catalogue's limits.

`used` names each with its place; the 5xx rules tell them, the recommendation avoids a product that lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.catalog import kernel, substrates
from vmlint.model.fact import Absent, Fact, Known, Origin, Unknown, value_or
from vmlint.model.record import record
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload


@record
class Use:
    """A feature (key of the catalogue's limits) that the workload uses, and what says so."""

    feature: str
    what: str
    span: Span
    via: tuple[Origin, ...] = ()
    subject: Span | None = None


def runs_on(workload: Workload, kind: str) -> bool:
    """Whether no limit of the product `kind` forbids the workload."""
    limits = substrates.limits(kind)
    if not limits:
        return True
    bound = (limits.get(use.feature) for use in _all(workload, limits))
    return not any(_binds(limit, workload) for limit in bound if limit is not None and not limit.by_setting)


def _binds(limit: substrates.Limit, workload: Workload) -> bool:
    """Whether a limit holds for the workload by the settings of its platform; a setting that is not known decides
    for it."""
    for settings, wanted in ((limit.only, True), (limit.unless, False)):
        for name, value in settings:
            match workload.modes.get(name):
                case Known(stated) if (stated.lower() == value) is not wanted:
                    return False
                case Absent() if wanted:
                    return False
                case Unknown():
                    return False
    return True


def _all(workload: Workload, limits: dict[str, substrates.Limit]) -> Iterator[Use]:
    yield from used(workload)
    if (size := limits.get("size")) is not None:
        yield from _oversize(workload, size)


def _oversize(workload: Workload, size: substrates.Limit) -> Iterator[Use]:
    """The declared size of an instance where it is more than the largest that the product has."""
    for fact, most, unit in (
        (workload.vcpu, size.vcpu, "vCPU"),
        (workload.memory_mib.map(lambda mib: mib / 1024), size.memory_gib, "GiB"),
    ):
        if isinstance(fact, Known) and most is not None and fact.value > most:
            yield Use("size", f"{fact.value:g} {unit}", fact.span, fact.via)
            return


def used(workload: Workload) -> Iterator[Use]:
    """The limited features that the workload is known to use, each at the text that says so."""
    if workload.daemon:
        yield Use("daemon-set", workload.kind, workload.span)
    if workload.host is not None:
        namespaces = (
            ("host-network", "host network", workload.host.network),
            ("host-pid", "host PID", workload.host.pid),
            ("host-ipc", "host IPC", workload.host.ipc),
        )
        for feature, what, fact in namespaces:
            if isinstance(fact, Known) and fact.value:
                yield Use(feature, what, fact.span, fact.via)
        if isinstance(workload.host.users, Known) and not workload.host.users.value:
            yield Use("user-namespace", "hostUsers: false", workload.host.users.span, workload.host.users.via)
    if isinstance(workload.os, Known) and workload.os.value.family == "windows":
        yield Use("windows", "Windows", workload.os.span, workload.os.via)
    yield from _of_modes(workload)
    if any(isinstance(sysctl.value, Known) for sysctl in workload.sysctls):
        yield Use("sysctl", f"sysctl {workload.sysctls[0].name}", workload.sysctls[0].span)
    architecture = workload.placement.architecture
    if isinstance(architecture, Known) and architecture.value in ("arm64", "aarch64"):
        yield Use("arm64", "arm64", architecture.span, architecture.via)
    for container in workload.containers:
        yield from _of_container(container, ecs=workload.kind.startswith("aws_ecs_"))


def _of_modes(workload: Workload) -> Iterator[Use]:
    """What a task leaves out or sets against what Fargate asks of it; the host's network is told as such."""
    match workload.modes.get("network"):
        case Known(mode) as stated if mode not in ("awsvpc", "host"):
            yield Use("network-mode", f"network mode {mode}", stated.span, stated.via)
        case Absent():
            yield Use("network-mode", "the default network mode", workload.span.first_line())
    for name, what in (("task-cpu", "CPU"), ("task-memory", "memory")):
        if isinstance(workload.modes.get(name), Absent):
            yield Use("task-size", f"no {what} of its own", workload.span.first_line())
            return


def _of_container(container: Container, ecs: bool) -> Iterator[Use]:
    subject = container.span
    if isinstance(container.privileged, Known) and container.privileged.value:
        yield Use("privileged", "privileged", container.privileged.span, container.privileged.via, subject)
    if isinstance(container.user, Known) and container.user.value.isdigit():
        yield Use("run-as-user", f"user {container.user.value}", container.user.span, container.user.via, subject)
    for capability in container.capabilities:
        if isinstance(capability, Known) and capability.value != "SYS_PTRACE":
            yield Use("capability", f"capability {capability.value}", capability.span, capability.via, subject)
    for confined in container.confinement:
        if isinstance(confined, Known) and confined.value.startswith("seccomp="):
            yield Use("seccomp", confined.value, confined.span, confined.via, subject)
    for device in container.devices:
        if isinstance(device.source, Known):
            path = device.source.value
            yield Use(_device_feature(path), f"device {path}", device.span, device.source.via, subject)
    yield from _of_mounts(container)
    for port in container.ports:
        # On ECS a host port that equals the container's own says nothing.
        same = (
            isinstance(port.number, Known) and isinstance(port.host, Known) and port.number.value == port.host.value
        )
        if isinstance(port.host, Known) and port.host.value and not (ecs and same):
            yield Use("host-port", f"host port {port.host.value}", port.span, port.host.via, subject)
    if container.resources is not None:
        yield from _stated("gpu", container.resources.gpus, subject)
        yield from _stated("huge-pages", container.resources.huge_pages, subject)


def _of_mounts(container: Container) -> Iterator[Use]:
    subject = container.span
    for mount in container.mounts:
        if mount.kind == "block":
            yield Use("raw-block", "a raw block volume", mount.span, subject=subject)
        if isinstance(mount.sub_path, Known):
            yield Use("sub-path", f"subPath {mount.sub_path.value}", mount.sub_path.span, subject=subject)
        if mount.kind != "host":
            continue
        source = value_or(mount.source, "")
        via = mount.source.via
        yield Use("host-path", f"host path {source}".strip(), mount.span, via, subject)
        handed = any(device.source == mount.source for device in container.devices)
        if source.startswith("/dev/") and kernel.mount_fact(source) is None and not handed:
            yield Use(_device_feature(source), f"host path {source}", mount.span, via, subject)
        if isinstance(mount.target, Known) and (mount.target.value + "/").startswith("/proc/"):
            yield Use("host-proc", f"a mount over {mount.target.value}", mount.span, via, subject)


def _device_feature(path: str) -> str:
    if path.startswith("/dev/nvidia"):
        return "gpu"
    return "kvm" if kernel.device_class(path)[0] == "kvm" else "host-device"


def _stated(feature: str, fact: Fact[float], subject: Span) -> Iterator[Use]:
    if isinstance(fact, Known) and fact.value:
        yield Use(feature, feature.replace("-", " "), fact.span, fact.via, subject)


def forbidden(workload: Workload, products: frozenset[str]) -> Iterator[tuple[Use, substrates.Limit]]:
    """What the workload uses and its own product, one of `products`, cannot do; each feature at one place once."""
    if not isinstance(workload.substrate, Known) or workload.substrate.value.kind not in products:
        return
    limits = substrates.limits(workload.substrate.value.kind)
    told: set[tuple[str, Span]] = set()
    for use in _all(workload, limits):
        limit = limits.get(use.feature)
        if limit is not None and _binds(limit, workload) and (use.feature, use.span) not in told:
            told.add((use.feature, use.span))
            yield use, limit
