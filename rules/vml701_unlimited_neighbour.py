"""A container on a shared kernel has no memory limit: when it grows, the kernel ends a process of a neighbour.

Told in the pedantic profile only: other linters say it as well.

Instead: a limit a little above what it needs.

Goes back to: Kubernetes documentation, Resource management; CIS Docker Benchmark 5.11.
"""

from collections.abc import Iterator

from vmlint.model.fact import Absent
from vmlint.model.finding import Finding, Severity
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import shares_kernel

RULE = Rule(
    id="VML701",
    name="unlimited-neighbour",
    summary="A container on a shared kernel has no memory limit",
    severity=Severity.NOTICE,
    guidance="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    pedantic=True,
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
""",
            at="app:",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    mem_limit: 256m
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
""",
            at="name: app",
            nth=2,
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
      resources:
        limits: {memory: 256Mi}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
}
""",
            at='resource "docker_container" "app"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  memory = 256
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if not shares_kernel(workload):
        return
    for container in workload.main_containers:
        if container.resources is None or isinstance(container.resources.memory_limit, Absent):
            yield Finding(
                f"`{container.name}` has no memory limit on a kernel that it shares.",
                container.span.first_line(),
                "Set a limit a little above what it needs.",
                subject=container.span,
                evidence="no memory limit",
            )
