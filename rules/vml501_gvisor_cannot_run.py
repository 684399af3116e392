"""A workload is placed on gVisor and asks for what its user-space kernel does not have: a raw block volume, a
custom device, /dev/kvm. It starts and fails, or does not start.

Features and sources are the catalogue's. GPUs and TPUs that gVisor supports are not told.

Instead: Kata Containers or a virtual machine for what needs devices; drop the feature where it is not needed.

Goes back to: gVisor documentation, Compatibility.
"""

from collections.abc import Iterator

from vmlint.features import forbidden
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML501",
    name="gvisor-cannot-run",
    summary="gVisor cannot give the workload what it asks for",
    severity=Severity.ERROR,
    guidance="https://gvisor.dev/docs/user_guide/compatibility/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: runsc
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
    runtime: runsc
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
  runtimeClassName: gvisor
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
  runtimeClassName: gvisor
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name    = "app"
  image   = "example/app:1.4"
  runtime = "runsc"
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
  name    = "app"
  image   = "example/app:1.4"
  runtime = "runsc"
}
""",
        ),
    ),
)

_PRODUCTS = frozenset({"gvisor"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    for use, limit in forbidden(workload, _PRODUCTS):
        yield Finding(
            f"{substrate_name(workload)} cannot run `{workload.name}` with {use.what}: {limit.message}.",
            use.span,
            f"Drop it. ({limit.source})",
            notes_from(use.via),
            subject=use.subject,
            evidence=use.feature,
        )
