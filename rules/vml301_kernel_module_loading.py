"""A container that loads kernel modules changes the kernel of its host, for everybody on it, and a fault in the
module is a fault of the host.

Told are the capability SYS_MODULE, `modprobe` or `insmod` in a command, and the host's `/lib/modules` mounted
into a workload that is privileged or whose trade needs modules (VPN, packet filter, iSCSI, QEMU). A mount of
`/lib/modules` alone is not told: some images only look up versions there. Kata loads the modules that its
`kernel_modules` annotation names into the guest's own kernel: that is met. Node agents are exempt.

Instead: load the module when the host is built (`/etc/modules-load.d`, a machine image) and drop the
capability, or run the workload in a virtual machine with a kernel of its own.

Goes back to: capabilities(7), CAP_SYS_MODULE; Kata Containers, how to load kernel modules.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.model.fact import Known, Origin
from vmlint.model.finding import Note, Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import any_privileged, capability, command_line, is_machine, mount_class

RULE = Rule(
    id="VML301",
    name="kernel-module-loading",
    summary="A container loads kernel modules into the kernel of its host",
    severity=Severity.ERROR,
    guidance="https://man7.org/linux/man-pages/man7/capabilities.7.html",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  vpn:
    image: linuxserver/wireguard:1.0.20210914
    cap_add:
      - NET_ADMIN
      - SYS_MODULE
""",
            at="SYS_MODULE",
        ),
        Good(
            "compose.yaml",
            """
services:
  vpn:
    image: linuxserver/wireguard:1.0.20210914
    cap_add:
      - NET_ADMIN
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: example/app:1.4
      command: [sh, -c, "modprobe br_netfilter && exec app"]
""",
            at='command: [sh, -c, "modprobe br_netfilter && exec app"]',
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: example/app:1.4
      command: [sh, -c, "exec app"]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "vpn" {
  name  = "vpn"
  image = "linuxserver/wireguard:1.0.20210914"
  capabilities {
    add = ["SYS_MODULE"]
  }
}
""",
            at='"SYS_MODULE"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "vpn" {
  name  = "vpn"
  image = "linuxserver/wireguard:1.0.20210914"
  capabilities {
    add = ["NET_ADMIN"]
  }
}
""",
        ),
    ),
)

_TRADES = frozenset({"network-infrastructure", "vm-host", "storage-server"})
_KATA_MODULES = "io.katacontainers.config.agent.kernel_modules"


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload) or _KATA_MODULES in workload.annotations:
        return
    for container in workload.containers:
        signs = list(_signs(workload, container))
        if not signs:
            continue
        what, span, via = signs[0]
        yield Need(
            NeedKind.KERNEL,
            "modules",
            f"`{container.name}` {what}: that changes a kernel which is not its own.",
            span,
            "Load the module when the host is built and drop this, or run it in a virtual machine.",
            notes_from(via) + tuple(Note(f"it also {also}", place) for also, place, _ in signs[1:]),
            subject=container.span,
            evidence=what,
        )


def _signs(workload: Workload, container: Container) -> Iterator[tuple[str, Span, tuple[Origin, ...]]]:
    if given := capability(container, "SYS_MODULE"):
        yield "may load kernel modules (SYS_MODULE)", given.span, given.via
    if kernel.does("modules", command_line(container)):
        yield "loads a kernel module", container.command_span, ()
    if any_privileged(workload) or workload.role.name in _TRADES:
        for mount in container.mounts:
            if mount_class(mount) == "modules":
                source = mount.source.value if isinstance(mount.source, Known) else "/lib/modules"
                yield f"is given the host's `{source}`", mount.span, mount.source.via
