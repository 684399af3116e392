"""A Windows container asks for what exists on Linux only: the host's network, process or IPC namespace, Linux
capabilities, seccomp, huge pages. The platform refuses it or ignores the line, and what was meant does not
happen.

Instead: HostProcess containers for what must reach the host; drop the rest.

Goes back to: Kubernetes documentation, Windows containers (compatibility and limitations).
"""

from collections.abc import Iterator

from vmlint.features import forbidden
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_true

RULE = Rule(
    id="VML505",
    name="windows-container-cannot-run",
    summary="A Windows container asks for what exists on Linux only",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/concepts/windows/intro/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: mcr.microsoft.com/windows/servercore:ltsc2022
    pid: host
""",
            at="pid: host",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: mcr.microsoft.com/windows/servercore:ltsc2022
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
  os: {name: windows}
  hostPID: true
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
            at="hostPID: true",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  os: {name: windows}
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
        ),
        Bad(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    host_pid = true
    node_selector = {
      "kubernetes.io/os" = "windows"
    }
    container {
      name  = "app"
      image = "mcr.microsoft.com/windows/servercore:ltsc2022"
    }
  }
}
""",
            at="host_pid = true",
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    node_selector = {
      "kubernetes.io/os" = "windows"
    }
    container {
      name  = "app"
      image = "mcr.microsoft.com/windows/servercore:ltsc2022"
    }
  }
}
""",
        ),
    ),
)

_PRODUCTS = frozenset({"windows-process", "hyper-v-container"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if any(is_true(container.host_process) for container in workload.containers):
        return  # It must have the host's network, and Windows ignores the rest.
    for use, limit in forbidden(workload, _PRODUCTS):
        yield Finding(
            f"{substrate_name(workload)} cannot run `{workload.name}` with {use.what}: {limit.message}.",
            use.span,
            f"Drop it; what must reach the host is a HostProcess container. ({limit.source})",
            notes_from(use.via),
            subject=use.subject,
            evidence=use.feature,
        )
