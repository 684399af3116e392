"""A machine has hardware of its own (dedicated tenancy, a dedicated host, bare metal) and nothing in the files asks
for it: no declared isolation or sensitivity, no engine or system that is licensed by the host, no device, no size.

A notice: contracts and licences are not in the files. Say it with `vmlint.dev/isolation: hardware`.

Instead: shared tenancy.

Goes back to: AWS documentation, Dedicated Instances; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.engines import engine
from vmlint.machines import stays_machine
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.need import SubstrateClass
from vmlint.model.workload import Substrate, Workload
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
        Bad(
            "main.tf",
            """
resource "scaleway_baremetal_server" "app" {
  name  = "app"
  offer = "EM-A115X-SSD"
  os    = "d17d6872-0412-45d9-a198-af82c34d3c5c"
}
""",
            at='resource "scaleway_baremetal_server" "app"',
        ),
    ),
)

_DEDICATED = frozenset({"dedicated", "host"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None:
        return
    found = engine(workload.role.engine) if workload.role.engine else None
    licensed = found is not None and found.whole_host
    if licensed or stays_machine(workload):
        return
    tenancy = machine.tenancy
    if isinstance(tenancy, Known) and declared(tenancy) in _DEDICATED:
        yield _told(workload, tenancy, "dedicated")
    elif isinstance(workload.substrate, Known) and workload.substrate_class is SubstrateClass.BARE_METAL:
        yield _told(workload, workload.substrate, "bare metal")


def _told(workload: Workload, fact: Known[str] | Known[Substrate], evidence: str) -> Finding:
    return Finding(
        f"`{workload.name}` has hardware of its own, and nothing in the files asks for it.",
        fact.span,
        "Use shared tenancy, or declare the isolation that it is for.",
        notes_from(fact.via),
        evidence=evidence,
    )
