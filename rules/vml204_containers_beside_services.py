"""A virtual machine's user data starts containers and installs native services too. Two ways of deployment,
patching and isolation share one kernel, and the native service has the host.

Monitoring, log and hardening agents, command-line tools of the cloud and the container runtime itself are not
services.

Instead: one purpose per host: the service as a container too, or on a machine of its own.

Goes back to: NIST SP 800-190 §4.5 (container-specific host OS, one purpose per host).
"""

from collections.abc import Iterator

from vmlint.machines import containers, daemons
from vmlint.model.finding import Finding, Note, Severity
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML204",
    name="containers-beside-services",
    summary="A virtual machine runs containers and native services side by side",
    severity=Severity.WARNING,
    guidance="https://csrc.nist.gov/pubs/sp/800/190/final",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y mysql-server
    docker run -d -p 80:80 example/app:1.4
  EOT
}
""",
            at="mysql-server",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y docker.io telegraf
    docker run -d -p 80:80 example/app:1.4
  EOT
}
""",
        ),
    ),
)

_NO_SERVICE = frozenset({"container-host", "monitoring", "logging", "node-agent", "worker", "mail"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None:
        return
    started = containers(machine)
    services = [daemon for daemon in daemons(machine) if daemon.role not in _NO_SERVICE]
    if started and services:
        yield Finding(
            f"`{workload.name}` runs `{services[0].name}` on the host beside containers.",
            services[0].span,
            "Run it as a container too, or give it a machine of its own.",
            (Note("the container", started[0].span),),
            evidence=services[0].name,
        )
