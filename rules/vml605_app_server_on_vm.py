"""A virtual machine holds one application server (Tomcat, WildFly, Liberty, IIS, Passenger …) for one application.
The application ships as an image of that server as well; the machine adds an operating system to keep.

A notice only: sessions, licences and habits keep many of these where they are. Never for container hosts, CI
runners, network infrastructure, demanding or restricted workloads, bastions, desktops, Windows roles (Active
Directory, remote desktops, file servers), nor for what needs a sandbox or more.

Instead: the vendor's image of the server with the application in it.

Goes back to: phoenixNAP, Containers vs Virtual Machines (Java containers); Google Cloud, Migrate to Containers.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import containers, daemons, hosts_more, size_text, stays_machine
from vmlint.model.finding import Severity
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML605",
    name="app-server-on-vm",
    summary="A virtual machine holds one application server for one application",
    severity=Severity.NOTICE,
    guidance="https://cloud.google.com/migrate/containers/docs/fit-assessment",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y tomcat9
  EOT
}
""",
            at="tomcat9",
        ),
        Bad(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = "<powershell>Install-WindowsFeature -Name Web-Server</powershell>"
}
""",
            at="Web-Server",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "dc" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.large"
  user_data     = "<powershell>Install-WindowsFeature -Name AD-Domain-Services</powershell>"
}
""",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y tomcat9 postgresql
  EOT
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or stays_machine(workload, windows=False) or containers(machine) or hosts_more(machine):
        return
    found = daemons(machine)
    if len(found) == 1 and found[0].role == "app-server":
        size = size_text(workload)
        yield Surplus(
            f"A virtual machine{f' of {size}' if size else ''} holds one application server, `{found[0].name}`.",
            found[0].span,
            SubstrateClass.CONTAINER,
            f"Run its image as {recommendation(SubstrateClass.CONTAINER, platform_of(workload))}.",
            evidence=found[0].name,
        )
