"""A workload names a runtime class or a runtime that nobody knows and that the scan does not define. If it does not
exist the pod waits for ever and the engine refuses the container; if it does, what isolation it gives cannot be
told, and a misspelt one gives none. A key that is a mistaken spelling of the field (`runtime-class:`) is dropped by
the API server: nobody provides it.

Instead: correct the name, put the RuntimeClass beside the workloads that use it, or say in `.vmlint.yaml` what it
is (`runtime-classes`).

Goes back to: Kubernetes documentation, Runtime Class; Docker documentation, Alternative container runtimes.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import of_runtime
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Severity, Undecided, notes_from
from vmlint.model.workload import Substrate, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML409",
    name="unknown-runtime-class",
    summary="Nobody knows the runtime class that should isolate the workload",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/containers/runtime-class/",
    security=True,
    examples=(
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  runtimeClassName: gvsior
  containers:
    - name: app
      image: example/app:1.4
""",
            at="runtimeClassName: gvsior",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  runtimeClassName: kata-qemu
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
    runtime_class_name = "gvsior"
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
""",
            at='runtime_class_name = "gvsior"',
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    runtime_class_name = "kata-qemu"
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
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
  runtime-class: gvisor
  containers:
    - name: app
      image: example/app:1.4
""",
            at="runtime-class: gvisor",
        ),
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: rusnc
""",
            at="runtime: rusnc",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: crun
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name    = "app"
  image   = "example/app:1.4"
  runtime = "rusnc"
}
""",
            at='runtime = "rusnc"',
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    mistaken = workload.placement.misspelt
    if mistaken is not None:
        yield Finding(
            f"`{workload.name}` asks for a runtime class under a key that does not exist: "
            "it runs on the default runtime.",
            mistaken.span,
            "Write `runtimeClassName`.",
            evidence="misspelt key",
        )
    match workload.placement.runtime_class:
        case Known(name) as fact if name:
            defined = any(host.name == name for host in context.estate.hosts_of("runtime-class"))
            if of_runtime(name) is None and not defined:
                yield Finding(
                    f"`{name}` is no runtime class that is known or defined in this scan.",
                    fact.span,
                    "Correct the name, or put its RuntimeClass beside the workload.",
                    notes_from(fact.via),
                    evidence=name,
                )
        case Unknown() as unknown:
            yield Undecided(unknown, matters=False)
        case _ if isinstance(workload.substrate, Known) and _is_unheard_of(workload.substrate.value):
            runtime = workload.substrate.value.runtime
            yield Finding(
                f"`{runtime}` is no container runtime that is known.",
                workload.substrate.span,
                "Correct the name, or say in the configuration what it is.",
                notes_from(workload.substrate.via),
                evidence=runtime,
            )


def _is_unheard_of(substrate: Substrate) -> bool:
    """Whether it is an engine's runtime whose name says nothing."""
    return substrate.provider == "Docker" and not substrate.certain and of_runtime(substrate.runtime) is None
