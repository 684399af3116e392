"""A task or pod is placed on Fargate and asks for what Fargate refuses: privilege, host paths, devices, GPUs, a
size that is not offered. It is rejected when it is registered or started.

ECS and EKS differ, and each is held to its own list. On ECS the pair of CPU and memory must be one of the
table.

Instead: drop the feature, or run the task on EC2 capacity.

Goes back to: Amazon ECS Developer Guide, task definition parameters for Fargate; Amazon EKS User Guide, Fargate
considerations.
"""

from collections.abc import Iterator

from vmlint.catalog.fargate import offers_size
from vmlint.catalog.substrates import limits
from vmlint.features import forbidden
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Severity, Undecided, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML503",
    name="fargate-cannot-run",
    summary="Fargate cannot give the workload what it asks for",
    severity=Severity.ERROR,
    guidance="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
    formats=("kubernetes", "terraform"),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions = jsonencode([{
    name  = "app"
    image = "example/app:1.4"
    privileged = true
  }])
}
""",
            at="privileged = true",
        ),
        Bad(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 8192
  container_definitions = jsonencode([{
    name  = "app"
    image = "example/app:1.4"
  }])
}
""",
            at="memory                   = 8192",
        ),
        Good(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions = jsonencode([{
    name  = "app"
    image = "example/app:1.4"
  }])
}
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  nodeSelector: {eks.amazonaws.com/compute-type: fargate}
  containers:
    - name: app
      image: example/app:1.4
      securityContext: {privileged: true}
""",
            at="privileged: true",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  nodeSelector: {eks.amazonaws.com/compute-type: fargate}
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
    ),
)

_PRODUCTS = frozenset({"ecs-fargate", "eks-fargate"})


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
    if isinstance(workload.substrate, Known) and workload.substrate.value.kind == "ecs-fargate":
        yield from _size(workload)


def _size(workload: Workload) -> Iterator[Outcome]:
    match workload.vcpu, workload.memory_mib:
        case Known(vcpu), Known(memory) as stated:
            if not offers_size(vcpu, memory):
                limit = limits("ecs-fargate")["size-pair"]
                yield Finding(
                    f"Fargate offers no task of {vcpu:g} vCPU and {memory / 1024:g} GiB.",
                    stated.span,
                    f"Take a pair of the table. ({limit.source})",
                    notes_from(stated.via),
                    evidence=f"{vcpu:g} {memory:g}",
                )
        case (Unknown() as unknown, _) | (_, Unknown() as unknown):
            yield Undecided(unknown, matters=False)
