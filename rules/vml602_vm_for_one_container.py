"""A virtual machine starts, runs one container or two, and does nothing else. The container already says what is
to be run; the machine around it adds a guest operating system to patch and a boot to wait for.

The evidence is the user data, a `gce-container-declaration` (even where its value is not known), or the units
of a container-optimised system. Never for container hosts, CI runners, network infrastructure, demanding or
restricted workloads, bastions, desktops, Windows machines, nor for what needs a sandbox or more; nor where the
script also installs services or joins a cluster. Replaces VML603.

Instead: run the same image on a container service (Cloud Run, ECS, Container Instances, a cluster).

Goes back to: Google Cloud, Migrate to Containers, VM fit; NIST SP 800-190 §4.5.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import containers, daemons, hosts_more, size_text, stays_machine
from vmlint.model.fact import Known
from vmlint.model.finding import Note, Severity, notes_from
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Machine, Started, Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML602",
    name="vm-for-one-container",
    summary="A virtual machine does nothing but run a container or two",
    severity=Severity.WARNING,
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
    docker run -d -p 80:80 nginx:1.27
  EOT
}
""",
            at="nginx:1.27",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.8xlarge"
  user_data     = <<-EOT
    #!/bin/bash
    docker run -d -p 80:80 nginx:1.27
  EOT
}
""",
        ),
    ),
)

_AT_MOST = 2


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or stays_machine(workload) or not machine.understood:
        return
    started = containers(machine)
    if not 1 <= len(started) <= _AT_MOST or hosts_more(machine) or _serves_itself(workload):
        return
    names = " and ".join(f"`{one.name}`" for one in started if one.name) or "one container"
    size = size_text(workload)
    yield Surplus(
        f"A virtual machine{f' of {size}' if size else ''} does nothing but run {names}.",
        started[0].span,
        SubstrateClass.CONTAINER,
        f"Run the image as {recommendation(SubstrateClass.CONTAINER, platform_of(workload))} on a managed service.",
        (*(Note("and this one", other.span) for other in started[1:]), *_chain(machine, started)),
        evidence=",".join(sorted(one.name for one in started)),
    )


def _chain(machine: Machine, started: tuple[Started, ...]) -> tuple[Note, ...]:
    """The definitions through which an image came that is not written where it is started."""
    if all(one.name in one.span.text for one in started):
        return ()
    return tuple(
        note for script in machine.user_data if isinstance(script, Known) for note in notes_from(script.via)
    )


def _serves_itself(workload: Workload) -> bool:
    """Whether services are installed beside the containers (VML204); their engine is none."""
    assert workload.machine is not None
    return any(daemon.role not in _BESIDE for daemon in daemons(workload.machine))


_BESIDE = frozenset({"container-host", "monitoring", "logging", "worker", "node-agent"})
