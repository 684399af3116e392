"""An application container runs an init system: systemd or /sbin/init as its command, an image built around one,
or the tree of control groups mounted for it. That workload wants a whole operating system's userland.

An application container has no init of its own, no consoles, no cgroup delegation, and stops its services
unordered; the flags that make systemd start there take the boundary down. Small reapers (tini, dumb-init, s6)
are no init systems in this sense. On a `vm-container` it is a notice: the kernel is its own, the userland still
is not.

Instead: a system container (LXD, Incus, Sysbox) or a virtual machine; or run the one service itself as the
command.

Goes back to: systemd, Container Interface; Sysbox user guide, system containers.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.catalog.image_kinds import image_is
from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import Known
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.placement import platform_of
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine, mount_class, starts

RULE = Rule(
    id="VML303",
    name="init-system-in-container",
    summary="A container runs an init system and the userland of a whole operating system",
    severity=Severity.WARNING,
    guidance="https://systemd.io/CONTAINER_INTERFACE/",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  host:
    image: example/app:1.4
    command: /sbin/init
""",
            at="command: /sbin/init",
        ),
        Good(
            "compose.yaml",
            """
services:
  host:
    image: example/app:1.4
    init: true
    command: [tini, --, app]
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: ipa}
spec:
  containers:
    - name: ipa
      image: quay.io/freeipa/freeipa-server:fedora-39
""",
            at="image: quay.io/freeipa/freeipa-server:fedora-39",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      command: [dumb-init, app]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "host" {
  name    = "host"
  image   = "ubuntu:24.04"
  command = ["/sbin/init"]
}
""",
            at='command = ["/sbin/init"]',
        ),
        Good(
            "main.tf",
            """
resource "lxd_instance" "host" {
  name  = "host"
  image = "ubuntu:24.04"
}
""",
        ),
    ),
)

# Their reading of the control groups is their trade, no sign of an init.
_READERS = frozenset({"monitoring", "logging", "container-host"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        sign = _sign(workload, container)
        if sign is None:
            continue
        what, span, confidence = sign
        contained = workload.substrate_class is SubstrateClass.VM_CONTAINER
        yield Need(
            NeedKind.USERLAND,
            "full-os",
            f"`{container.name}` {what}: it wants the userland of a whole operating system.",
            span,
            f"Use {recommendation(SubstrateClass.SYSTEM_CONTAINER, platform_of(workload))} or a virtual machine, "
            "or run the one service itself as the command.",
            severity=Severity.NOTICE if contained else None,
            confidence=confidence,
            subject=container.span,
            evidence=what,
        )


def _sign(workload: Workload, container: Container) -> tuple[str, Span, str] | None:
    if starts("init", container):
        return "runs an init system as its command", container.command_span, "high"
    if image_is("init", image_text(container)):
        return "is built around systemd", container.image.span, "high"
    if workload.role.name in _READERS:
        return None
    for mount in container.mounts:
        same = isinstance(mount.target, Known) and kernel.normal_path(mount.target.value) == "/sys/fs/cgroup"
        if mount_class(mount) == "cgroup" and same:
            return "is given the tree of control groups, as an init system needs it", mount.span, "medium"
    return None
