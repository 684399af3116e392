"""A machine has hardware of its own (dedicated tenancy, a dedicated host) and nothing in the files asks for it: no
declared isolation or sensitivity, no engine or system that is licensed by the host, no device.

A notice: contracts and licences are not in the files. Say it with `vmlint.dev/isolation: hardware`.

Instead: shared tenancy.

Goes back to: AWS documentation, Dedicated Instances; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.engines import engine
from vmlint.machines import is_demanding, wants_boundary
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared

RULE = Rule(
    id="VML607",
    name="dedicated-hardware-without-need",
    summary="A machine has hardware of its own that nothing asks for",
    severity=Severity.NOTICE,
    guidance="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-instance.html",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  tenancy       = "dedicated"
}
""",
            at='tenancy       = "dedicated"',
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  tenancy       = "dedicated"
  tags = {
    "vmlint:isolation" = "hardware"
  }
}
""",
        ),
    ),
)

_DEDICATED = frozenset({"dedicated", "host"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or not isinstance(machine.tenancy, Known) or declared(machine.tenancy) not in _DEDICATED:
        return
    found = engine(workload.role.engine) if workload.role.engine else None
    licensed = found is not None and found.whole_host
    windows = isinstance(workload.os, Known) and workload.os.value.family == "windows"
    if licensed or windows or machine.devices or wants_boundary(workload) or is_demanding(workload):
        return
    yield Finding(
        f"`{workload.name}` has hardware of its own, and nothing in the files asks for it.",
        machine.tenancy.span,
        "Use shared tenancy, or declare the isolation that it is for.",
        notes_from(machine.tenancy.via),
        evidence="dedicated",
    )
