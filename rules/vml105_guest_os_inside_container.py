"""A container boots another operating system inside itself, by emulation or a hypervisor: QEMU, a Windows or macOS
image for containers, an Android emulator. That is a virtual machine wearing a container: it needs the host's
/dev/kvm or runs at emulation speed, and neither scheduler knows its guest.

Instead: a virtual machine on the platform itself (KubeVirt in a cluster, libvirt or a cloud instance outside).

Goes back to: KubeVirt user guide; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.image_kinds import image_is
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine, starts

RULE = Rule(
    id="VML105",
    name="guest-os-inside-container",
    summary="A container boots another operating system inside itself",
    severity=Severity.WARNING,
    guidance="https://kubevirt.io/user-guide/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: dockurr/windows:4.0
""",
            at="image: dockurr/windows:4.0",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: mcr.microsoft.com/windows/nanoserver:ltsc2022
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
      command: [qemu-system-x86_64, -m, "2048"]
""",
            at='command: [qemu-system-x86_64, -m, "2048"]',
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
      command: [qemu-img, info, disk.qcow2]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "sickcodes/docker-osx:latest"
}
""",
            at='image = "sickcodes/docker-osx:latest"',
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        span = _evidence(container)
        if span is not None:
            yield Need(
                NeedKind.KERNEL,
                "modules",
                f"`{container.name}` boots another operating system: a virtual machine inside a container.",
                span,
                "Run it as a virtual machine of the platform (KubeVirt, libvirt, a cloud instance).",
                subject=container.span,
                evidence="guest",
            )


def _evidence(container: Container) -> Span | None:
    if image_is("emulator", image_text(container)):
        return container.image.span
    return container.command_span if starts("hypervisor", container) else None
