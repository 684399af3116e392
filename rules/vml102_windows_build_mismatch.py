"""A Windows image's base build does not run on the build of the host that is named: under process isolation the
two must be equal, under Hyper-V isolation the host must be at least as new.

Silent where the scan names no host build. Where it does and the image's tag names none (`latest`), the tag is
what would settle it: undecided.

Instead: take the image for the host's build, or Hyper-V isolation for an older one.

Goes back to: Microsoft Learn, Windows container version compatibility.
"""

from collections.abc import Iterator

from vmlint.catalog import windows
from vmlint.kernel_map import is_pod
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Note, Severity, Undecided
from vmlint.model.workload import Workload
from vmlint.node_pools import pools_that_may_take
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine

RULE = Rule(
    id="VML102",
    name="windows-build-mismatch",
    summary="A Windows image does not run on the build of its host",
    severity=Severity.ERROR,
    guidance="https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility",
    formats=("kubernetes", "terraform"),
    examples=(
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  nodeSelector:
    kubernetes.io/os: windows
    node.kubernetes.io/windows-build: 10.0.17763
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
            at="image: mcr.microsoft.com/windows/servercore:ltsc2022",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  nodeSelector:
    kubernetes.io/os: windows
    node.kubernetes.io/windows-build: 10.0.17763
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2019
""",
        ),
        Bad(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  runtime_platform {
    operating_system_family = "WINDOWS_SERVER_2019_CORE"
  }
  container_definitions = jsonencode([{
    name  = "app"
    image = "mcr.microsoft.com/windows/servercore:ltsc2022"
  }])
}
""",
            at='image = "mcr.microsoft.com/windows/servercore:ltsc2022"',
        ),
        Good(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  runtime_platform {
    operating_system_family = "WINDOWS_SERVER_2022_CORE"
  }
  container_definitions = jsonencode([{
    name  = "app"
    image = "mcr.microsoft.com/windows/servercore:ltsc2022"
  }])
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    windows_pod = isinstance(workload.os, Known) and workload.os.value.family == "windows"
    host = _host_build(workload, context)
    if host is None or not windows_pod or is_machine(workload):
        return
    build, selector = host
    hyperv = isinstance(workload.substrate, Known) and workload.substrate.value.kind == "hyper-v-container"
    for container in workload.containers:
        if not isinstance(container.image, Known):
            continue
        image = windows.build_of_image(container.image.value)
        if image is None:
            fact = container.image
            yield Undecided(Unknown(fact.value, "its tag names no Windows build", fact.span, fact.via))
        elif windows.runs_on(image, build, "hyperv" if hyperv else "process") is False:
            yield Finding(
                f"`{container.name}` is built on {windows.build_name(image)} and its host is "
                f"{windows.build_name(build)}.",
                container.image.span,
                f"Take the image for the host's build, or Hyper-V isolation. ({windows.source()})",
                (Note("the host's build", selector.span),),
                subject=container.span,
                evidence=f"{image} on {build}",
            )


def _host_build(workload: Workload, context: Context) -> tuple[int, Known[str]] | None:
    """By a selector or the task's platform; else by the only pools of nodes that may take the pod, where all are of
    one build."""
    stated = [workload.placement.os_build, *workload.placement.selectors.values()]
    for fact in stated:
        if isinstance(fact, Known) and (build := windows.build_of_host(fact.value)) is not None:
            return build, fact
    if not is_pod(workload):
        return None
    pools = [pool.facts.get("os_build") for pool in pools_that_may_take(workload, context.estate)]
    known = [fact for fact in pools if isinstance(fact, Known)]
    builds = {windows.build_of_host(fact.value) for fact in known}
    if len(known) == len(pools) and len(builds) == 1 and (build := builds.pop()) is not None:
        return build, known[0]
    return None
