"""A container is handed a raw device of its host: a disk, memory, a PCI device, the whole USB bus. Whoever writes
to it writes past every file system and permission.

Not raw: graphics cards, device plugins, FUSE, tun, sound, terminals, SGX, and block volumes that a storage
engine claims. A privileged container has all devices anyway, and VML404 tells that. Node agents are exempt.

Instead: a volume, a device plugin for the one device, or a virtual machine with the device passed through.

Goes back to: CIS Docker Benchmark 5.17; Kubernetes documentation, Device plugins.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.model.fact import Fact, Known, Origin
from vmlint.model.finding import Note, Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine

RULE = Rule(
    id="VML306",
    name="raw-device-access",
    summary="A container is handed a raw device of its host",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    devices:
      - /dev/sda:/dev/sda
""",
            at="/dev/sda:/dev/sda",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    devices:
      - /dev/snd:/dev/snd
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
        - {name: disk, mountPath: /dev/nvme0n1}
  volumes:
    - name: disk
      hostPath: {path: /dev/nvme0n1}
""",
            at="path: /dev/nvme0n1",
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
        - {name: fuse, mountPath: /dev/fuse}
  volumes:
    - name: fuse
      hostPath: {path: /dev/fuse}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  devices {
    host_path = "/dev/mem"
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
    host_path = "/dev/null"
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
        raw = list(_raw(container))
        if not raw:
            continue
        path, means, span, via = raw[0]
        yield Need(
            NeedKind.DEVICES,
            "passthrough",
            f"`{container.name}` is handed {path}: {means}.",
            span,
            "Use a volume or a device plugin, or a virtual machine with the device passed through.",
            notes_from(via) + tuple(Note(f"and {other}: {what}", place) for other, what, place, _ in raw[1:]),
            subject=container.span,
            evidence=",".join(sorted({one[0] for one in raw})),
        )


def _raw(container: Container) -> Iterator[tuple[str, str, Span, tuple[Origin, ...]]]:
    handed: list[tuple[Fact[str], Span]] = [(device.source, device.span) for device in container.devices]
    handed += [(mount.source, mount.span) for mount in container.mounts if mount.kind == "host"]
    for source, span in handed:
        if isinstance(source, Known):
            cls, means = kernel.device_class(source.value)
            if cls == "raw":
                yield source.value, means, span, source.via
