"""A small virtual machine has one job, a packaged daemon that ships as a container image: a web server, a proxy, a
cache, an exporter, cron, a small database. Most of what it boots, patches and keeps in memory is its operating
system.

Small is at most 2 vCPU and 4 GiB (options), as declared; a machine whose size is not known is not told.
Databases are a notice: many have a machine of their own for good reasons. Never for container hosts, CI runners,
network infrastructure, demanding or restricted workloads, bastions, desktops, Windows machines, nor for what
needs a sandbox or more. Where the machine runs a container anyway, VML602 tells it.

Instead: run the daemon's image beside others on a container host or service.

Goes back to: Google Cloud, Migrate to Containers, VM fit; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import containers, daemons, hosts_more, is_small, size_text, stays_machine
from vmlint.model.fact import Unknown
from vmlint.model.finding import Severity, Undecided
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.record import record
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule


@record
class Options:
    """Up to which declared size a machine is small."""

    vcpu: float = 2
    memory_gib: float = 4


RULE = Rule(
    id="VML603",
    name="vm-for-one-daemon",
    summary="A small virtual machine has one packaged daemon as its only job",
    severity=Severity.WARNING,
    guidance="https://cloud.google.com/migrate/containers/docs/fit-assessment",
    formats=("terraform",),
    options=Options,
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "web" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y nginx
  EOT
}
""",
            at="nginx",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "web" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.2xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    apt-get install -y nginx
  EOT
}
""",
        ),
    ),
)

_ROLES = frozenset({"web-server", "reverse-proxy", "cache", "monitoring", "worker", "database"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or stays_machine(workload) or not machine.understood:
        return
    found = daemons(machine)
    if len(found) != 1 or found[0].role not in _ROLES or containers(machine) or hosts_more(machine):
        return
    options = context.options if isinstance(context.options, Options) else Options()
    small = is_small(workload, options.vcpu, options.memory_gib * 1024)
    if small is None:
        for fact in (workload.vcpu, workload.memory_mib):
            if isinstance(fact, Unknown):
                yield Undecided(fact, matters=False)
        return
    if small:
        daemon = found[0]
        yield Surplus(
            f"A virtual machine of {size_text(workload)} has one job, `{daemon.name}`.",
            daemon.span,
            SubstrateClass.CONTAINER,
            f"Run its image as {recommendation(SubstrateClass.CONTAINER, platform_of(workload))}.",
            severity=Severity.NOTICE if daemon.role == "database" else None,
            evidence=daemon.name,
        )
