"""What several rules ask of a workload, answered in one place.

Every answer is about what is known: an unknown part is a plain no here, and the rule that depends on it says so
itself with `Undecided`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from vmlint.catalog import commands, kernel
from vmlint.catalog.images import ImageFact, image, image_by_prefix
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.need import SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Mount, Workload

_MACHINES = (SubstrateClass.VM, SubstrateClass.BARE_METAL)


def is_machine(workload: Workload) -> bool:
    """Whether it is known to be a virtual machine or bare metal."""
    return workload.substrate_class in _MACHINES


def shares_kernel(workload: Workload) -> bool:
    """Whether its host's kernel is known to run its system calls."""
    cls = workload.substrate_class
    return cls is not None and cls.shares_kernel


def is_true(fact: Fact[bool] | None) -> bool:
    return isinstance(fact, Known) and fact.value


def is_privileged(container: Container) -> bool:
    return is_true(container.privileged) or is_true(container.host_process)


def any_privileged(workload: Workload) -> bool:
    return any(is_privileged(container) for container in workload.containers)


def has_own_users(workload: Workload) -> bool:
    """Whether root inside is nobody outside: `hostUsers: false`, or a runtime that always remaps."""
    if isinstance(workload.substrate, Known) and workload.substrate.value.kind == "sysbox":
        return True
    users = workload.host.users if workload.host is not None else None
    return isinstance(users, Known) and not users.value


def on_host_network(workload: Workload) -> bool:
    return workload.host is not None and is_true(workload.host.network)


def capability(container: Container, *names: str) -> Known[str] | None:
    """The first capability of these names that the container is given."""
    for fact in container.capabilities:
        if isinstance(fact, Known) and fact.value in names:
            return fact
    return None


def command_line(container: Container) -> str:
    """The known words of entrypoint and arguments, with a blank between."""
    return " ".join(container.command)


def starts(kind: str, container: Container) -> bool:
    """Whether one of the programs that the command runs is of a kind of `catalog.kernel.does`. Flags and operands
    that only name such a program do not count."""
    for simple in commands.simple_commands(container.command):
        if simple[0].startswith("-"):
            continue
        operand = simple[1] if len(simple) > 1 and "/" not in simple[1] else ""
        if kernel.does(kind, f"{simple[0]} {operand}".strip()):
            return True
    return False


def image_text(container: Container) -> str:
    """The image as far as it is known."""
    match container.image:
        case Known(value):
            return value
        case Unknown(prefix=prefix):
            return prefix
    return ""


def image_fact(container: Container) -> ImageFact | None:
    """What the container's image is, by its reference or the known beginning of it."""
    match container.image:
        case Known(value):
            return image(value)
        case Unknown(prefix=prefix) if prefix:
            return image_by_prefix(prefix)
    return None


def nameless_image(container: Container) -> Unknown | None:
    """The image where nothing of its name is known, nor what it is built from: an unknown tag or registry leaves
    the name, in front of the unknown part or in a folder behind it."""
    image = container.image
    if not isinstance(image, Unknown) or container.base_image is not None:
        return None
    named = (image.prefix and not image.prefix.endswith("/")) or re.search(r"\}/[\w.-]", image.span.text)
    return None if named else image


def mount_class(mount: Mount) -> str:
    """The catalogue's class of the path of the host that is mounted; empty for a path that is nobody's business."""
    if mount.kind not in ("host", "pipe", "unknown"):
        return ""
    if isinstance(mount.source, Known):
        return _mount_class(mount.source.value)
    # A target that is a control socket tells even where the source is unresolved.
    if isinstance(mount.target, Known) and _mount_class(mount.target.value) == "socket":
        return "socket" if _is_socket_file(mount.target.value) else ""
    return ""


@cache
def _mount_class(path: str) -> str:
    fact = kernel.mount_fact(path)
    return "" if fact is None else fact.cls


def _is_socket_file(path: str) -> bool:
    return path.endswith(".sock") or "pipe" in path


def control_sockets(container: Container) -> Iterator[Mount]:
    """The mounts by which the container controls an engine of its host."""
    return (mount for mount in container.mounts if mount_class(mount) == "socket")


def vcpu_of(workload: Workload) -> float | None:
    """Declared cores of one instance."""
    return workload.vcpu.value if isinstance(workload.vcpu, Known) else None


def memory_of(workload: Workload) -> float | None:
    """Declared memory of one instance in MiB."""
    return workload.memory_mib.value if isinstance(workload.memory_mib, Known) else None


def declared(fact: Fact[str] | None) -> str:
    """A declaration in lower case; empty where none is known."""
    return fact.value.strip().lower() if isinstance(fact, Known) else ""


def role_span(workload: Workload) -> Span:
    """The text that gives the workload its role: the image of that role, else the first evidence, else itself."""
    for container in workload.main_containers:
        fact = image_fact(container)
        if fact is not None and fact.role == workload.role.name:
            return container.image.span
    return workload.role.evidence[0].span if workload.role.evidence else workload.span


def database_image(container: Container) -> ImageFact | None:
    """What the container's own or its base image is, where that is a database."""
    base = container.base_image
    facts = (image_fact(container), image(base.value) if isinstance(base, Known) else None)
    return next((fact for fact in facts if fact is not None and fact.role == "database" and fact.engine), None)


def hosts_containers(container: Container) -> bool:
    """Whether its image is that of a container engine or of a cluster in a container."""
    fact = image_fact(container)
    return fact is not None and fact.role == "container-host"
