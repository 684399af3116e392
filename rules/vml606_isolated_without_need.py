"""A small workload that is declared trusted runs in a micro virtual machine of its own, whose fixed overhead is
more memory than the workload has. The boundary is paid for and nobody asks for it.

Only where trust is declared, the size is at most 0.25 vCPU or 256 MiB, and the overhead is one that the
runtime's vendor states.

Instead: the default runtime.

Goes back to: Kata Containers, RuntimeClass overhead (podFixed); Kubernetes documentation, Pod Overhead.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import overhead_mib, recommendation
from vmlint.model.fact import Known
from vmlint.model.finding import Severity, notes_from
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Workload
from vmlint.placement import platform_of, substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared, memory_of, vcpu_of

RULE = Rule(
    id="VML606",
    name="isolated-without-need",
    summary="A small, trusted workload pays for a boundary that nobody asks for",
    severity=Severity.NOTICE,
    guidance="https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: kata-runtime
    mem_limit: 128m
    labels:
      vmlint.dev/trust: trusted
""",
            at="runtime: kata-runtime",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: kata-runtime
    mem_limit: 128m
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/trust: trusted
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: example/app:1.4
      resources:
        limits: {memory: 128Mi}
""",
            at="runtimeClassName: kata",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/trust: trusted
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: example/app:1.4
      resources:
        limits: {memory: 4Gi}
""",
        ),
        Bad(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
    labels = {
      "vmlint.dev/trust" = "trusted"
    }
  }
  spec {
    runtime_class_name = "kata"
    container {
      name  = "app"
      image = "example/app:1.4"
      resources {
        limits = {
          memory = "128Mi"
        }
      }
    }
  }
}
""",
            at='runtime_class_name = "kata"',
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
    labels = {
      "vmlint.dev/trust" = "trusted"
    }
  }
  spec {
    runtime_class_name = "kata"
    container {
      name  = "app"
      image = "example/app:1.4"
      resources {
        limits = {
          memory = "2Gi"
        }
      }
    }
  }
}
""",
        ),
    ),
)

_VCPU = 0.25
_MIB = 256


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.substrate_class is not SubstrateClass.VM_CONTAINER or not isinstance(workload.substrate, Known):
        return
    substrate = workload.substrate
    overhead, memory, vcpu = overhead_mib(substrate.value.kind), memory_of(workload), vcpu_of(workload)
    if (
        declared(workload.declarations.trust) != "trusted"
        or overhead is None
        or memory is None
        or overhead <= memory
    ):
        return
    if memory <= _MIB or (vcpu is not None and vcpu <= _VCPU):
        yield Surplus(
            f"`{workload.name}` has {memory:g} MiB, and {substrate_name(workload)} costs {overhead:g} MiB more.",
            substrate.span,
            SubstrateClass.CONTAINER,
            f"Use {recommendation(SubstrateClass.CONTAINER, platform_of(workload))}.",
            notes_from(substrate.via),
            evidence=substrate.value.kind,
        )
