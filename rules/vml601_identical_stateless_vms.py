"""Three or more identical virtual machines run one stateless service. Each carries a guest operating system to
boot, patch and pay for; replicas of a container share one.

Only with positive evidence of what the machines run (user data, image, declaration), a known count, a web,
application, worker or cache role and no durable disks. Never for container hosts, CI runners, network
infrastructure, demanding or restricted workloads, bastions, desktops, Windows machines, nor for what needs a
sandbox or more. Sizes are as declared; nothing is claimed about use.

Instead: one container image and a replicated service (a Deployment, an ECS service, a Compose service with
replicas).

Goes back to: Google Cloud, Migrate to Containers, VM fit; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import has_evidence, size_text, stays_machine
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Severity, Undecided, notes_from
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML601",
    name="identical-stateless-vms",
    summary="Identical virtual machines run one stateless service",
    severity=Severity.WARNING,
    guidance="https://cloud.google.com/migrate/containers/docs/fit-assessment",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "web" {
  count         = 3
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get update
    apt-get install -y nginx
  EOT
}
""",
            at="3",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "web" {
  count         = 2
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get update
    apt-get install -y nginx
  EOT
}
""",
        ),
    ),
)

_ROLES = frozenset({"web-server", "app-server", "application", "worker", "cache"})
_FROM = 3


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if stays_machine(workload) or workload.role.name not in _ROLES or not has_evidence(workload):
        return
    if workload.machine is None or workload.machine.durable_disks:
        return
    match workload.instances:
        case Known(count) as fact if count >= _FROM:
            size = size_text(workload)
            yield Surplus(
                f"{count:g} identical virtual machines{f' of {size} each' if size else ''} run one "
                f"{workload.role.name}: replicas of a container would serve.",
                fact.span,
                SubstrateClass.CONTAINER,
                f"Make it one image and a service with {count:g} replicas: "
                f"{recommendation(SubstrateClass.CONTAINER, platform_of(workload))} each.",
                notes_from(fact.via),
                evidence="identical machines",
            )
        case Unknown() as unknown:
            yield Undecided(unknown, matters=False)
