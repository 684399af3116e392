"""A workload is placed on Kata Containers and asks for what a guest behind a hypervisor cannot give: the host's
network, processes or IPC, the host's devices by path, a bind mount over /proc.

The pod is refused, or starts and does not see what it was meant to see. Features and sources are the
catalogue's; Kata's own list of limitations is where they come from.

Instead: drop the feature, or run this workload on the default runtime in a node pool of its own.

Goes back to: Kata Containers, docs/Limitations.md.
"""

from collections.abc import Iterator

from vmlint.features import forbidden
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML502",
    name="kata-cannot-run",
    summary="Kata Containers cannot give the workload what it asks for",
    severity=Severity.ERROR,
    guidance="https://github.com/kata-containers/kata-containers/blob/main/docs/Limitations.md",
    formats=("compose", "kubernetes", "terraform"),
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: io.containerd.kata.v2
    network_mode: host
""",
            at="network_mode: host",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: io.containerd.kata.v2
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  runtimeClassName: kata
  hostNetwork: true
  containers:
    - name: app
      image: example/app:1.4
""",
            at="hostNetwork: true",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  hostNetwork: true
  containers:
    - name: app
      image: example/app:1.4
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
    runtime_class_name = "kata"
    host_network       = true
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
""",
            at="host_network       = true",
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    runtime_class_name = "kata"
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
""",
        ),
    ),
)

_PRODUCTS = frozenset({"kata", "kata-micro", "aks-pod-sandboxing", "eks-nitro-sandbox"})


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
