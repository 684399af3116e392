"""A container uses hardware virtualisation of its host: /dev/kvm, vhost devices, QEMU or libvirt. Guests that it
starts are the host's guests, outside of what the container's limits and scheduler see, and a fault in the
kernel's KVM code is one of the host.

Under gVisor there is no such device (VML501). A virtual machine with nested virtualisation, or bare metal,
meets the need.

Instead: run the hypervisor on a host of its own, or the guest as a virtual machine of the platform (KubeVirt).

Goes back to: KubeVirt user guide; gVisor and Kata documentation on /dev/kvm.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.catalog.image_kinds import image_is
from vmlint.model.fact import Known, Origin
from vmlint.model.finding import Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine, is_privileged, starts

RULE = Rule(
    id="VML305",
    name="nested-virtualisation",
    summary="A container uses the hardware virtualisation of its host",
    severity=Severity.WARNING,
    guidance="https://kubevirt.io/user-guide/",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    devices:
      - /dev/kvm
""",
            at="/dev/kvm",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    devices:
      - /dev/dri
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
      volumeMounts:
        - {name: kvm, mountPath: /dev/kvm}
  volumes:
    - name: kvm
      hostPath: {path: /dev/kvm}
""",
            at="path: /dev/kvm",
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
      volumeMounts:
        - {name: gpu, mountPath: /dev/dri}
  volumes:
    - name: gpu
      hostPath: {path: /dev/dri}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  devices {
    host_path = "/dev/kvm"
  }
}
""",
            at="devices {",
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  devices {
    host_path = "/dev/dri"
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        for what, span, via in _signs(container):
            yield Need(
                NeedKind.DEVICES,
                "passthrough",
                f"`{container.name}` {what}: its guests are guests of the host.",
                span,
                "Run it on a host of its own, or the guest as a virtual machine of the platform.",
                notes_from(via),
                subject=container.span,
                evidence=what,
            )
            break  # One cause, one finding.


def _signs(container: Container) -> Iterator[tuple[str, Span, tuple[Origin, ...]]]:
    for device in container.devices:
        if isinstance(device.source, Known) and kernel.device_class(device.source.value)[0] == "kvm":
            yield f"is given {device.source.value}", device.span, device.source.via
    for mount in container.mounts:
        if isinstance(mount.source, Known) and kernel.device_class(mount.source.value)[0] == "kvm":
            yield f"is given {mount.source.value}", mount.span, mount.source.via
    if starts("hypervisor", container):
        yield "runs a hypervisor", container.command_span, ()
    if is_privileged(container) and image_is("emulator", image_text(container)):
        yield "runs a hypervisor", container.image.span, ()
