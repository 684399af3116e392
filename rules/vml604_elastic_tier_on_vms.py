"""A stateless web or application tier behind a load balancer is scaled by whole virtual machines. Each step boots
an operating system; a container starts in the time that a machine needs to find its disk.

Only with positive evidence of what the tier runs, a scaling policy or scheduled action, a load balancer, and no
durable disks. May stand beside VML601. Never for container hosts, CI runners, network infrastructure, demanding
or restricted workloads, bastions, desktops, Windows machines, nor for what needs a sandbox or more. Nothing is
claimed about use.

Instead: a replicated service that scales by load (a Deployment with an autoscaler, an ECS service, Cloud Run).

Goes back to: phoenixNAP, Containers vs Virtual Machines; Google Cloud, Migrate to Containers, VM fit.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import has_evidence, stays_machine
from vmlint.model.fact import Known
from vmlint.model.finding import Severity, notes_from
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML604",
    name="elastic-tier-on-vms",
    summary="A stateless tier is scaled by whole virtual machines",
    severity=Severity.WARNING,
    guidance="https://cloud.google.com/migrate/containers/docs/fit-assessment",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_launch_template" "web" {
  image_id      = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  user_data = base64encode(<<-EOT
    #!/bin/bash
    apt-get install -y nginx
  EOT
  )
}

resource "aws_autoscaling_group" "web" {
  min_size          = 1
  max_size          = 6
  target_group_arns = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"]
  launch_template {
    id = aws_launch_template.web.id
  }
}

resource "aws_autoscaling_policy" "web" {
  name                   = "cpu"
  autoscaling_group_name = aws_autoscaling_group.web.name
  policy_type            = "TargetTrackingScaling"
}
""",
            at='resource "aws_autoscaling_policy" "web"',
        ),
        Good(
            "main.tf",
            """
resource "aws_launch_template" "web" {
  image_id      = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  user_data = base64encode(<<-EOT
    #!/bin/bash
    apt-get install -y nginx
  EOT
  )
}

resource "aws_autoscaling_group" "web" {
  min_size          = 1
  max_size          = 6
  target_group_arns = ["arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"]
  launch_template {
    id = aws_launch_template.web.id
  }
}
""",
        ),
    ),
)

_ROLES = frozenset({"web-server", "app-server", "application", "reverse-proxy"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or stays_machine(workload) or machine.durable_disks:
        return
    if workload.role.name not in _ROLES or not has_evidence(workload):
        return
    match machine.scaled, machine.load_balanced:
        case Known(True) as scaled, Known(True):
            yield Surplus(
                f"The {workload.role.name} tier `{workload.name}` is scaled by whole virtual machines.",
                scaled.span,
                SubstrateClass.CONTAINER,
                f"Scale {recommendation(SubstrateClass.CONTAINER, platform_of(workload))} by load instead.",
                notes_from(scaled.via),
                evidence="scaled",
            )
