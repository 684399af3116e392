"""A file or block server that lives in the kernel (knfsd, an iSCSI target) is started from a container with
privilege, SYS_ADMIN or the host's network. The server is the host's: it serves on after the container ends, and
its exports are the host's.

User-space servers (NFS-Ganesha, Samba) are not told.

Instead: a user-space server, or a virtual machine as the storage server.

Goes back to: nfsd(7); NFS-Ganesha documentation.
"""

from collections.abc import Iterator

from vmlint.catalog.image_kinds import image_is
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import capability, image_text, is_machine, is_privileged, on_host_network, starts

RULE = Rule(
    id="VML311",
    name="kernel-file-server",
    summary="A container starts a file server inside its host's kernel",
    severity=Severity.WARNING,
    guidance="https://man7.org/linux/man-pages/man7/nfsd.7.html",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: itsthenetwork/nfs-server-alpine:12
    privileged: true
""",
            at="image: itsthenetwork/nfs-server-alpine:12",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: dperson/samba:latest
    privileged: true
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
      image: erichough/nfs-server:2.2.1
      securityContext:
        capabilities:
          add: [SYS_ADMIN]
""",
            at="image: erichough/nfs-server:2.2.1",
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
      image: dperson/samba:latest
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name       = "app"
  image      = "itsthenetwork/nfs-server-alpine:12"
  privileged = true
}
""",
            at='image      = "itsthenetwork/nfs-server-alpine:12"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.main_containers:
        span = _evidence(container)
        allowed = is_privileged(container) or capability(container, "SYS_ADMIN", "ALL") is not None
        if span is not None and (allowed or on_host_network(workload)):
            yield Need(
                NeedKind.KERNEL,
                "modules",
                f"`{container.name}` starts a file server inside its host's kernel.",
                span,
                "Use a server in user space (NFS-Ganesha, Samba), or a virtual machine as the storage server.",
                subject=container.span,
                evidence="kernel server",
            )


def _evidence(container: Container) -> Span | None:
    if image_is("kernel-server", image_text(container)):
        return container.image.span
    return container.command_span if starts("kernel_server", container) else None
