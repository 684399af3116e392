"""The user declares that a workload must be isolated by hardware, and its virtual machine shares the physical host
with others' machines.

A dedicated host, dedicated tenancy or bare metal meets it. A boundary weaker than a hypervisor is VML401's.

Instead: `tenancy = "host"` or "dedicated", a sole-tenant node, a bare-metal size; or correct the declaration.

Goes back to: NIST SP 800-125A; AWS documentation, Dedicated Hosts.
"""

from collections.abc import Iterator

from vmlint.model.fact import Known
from vmlint.model.finding import Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.placement import offer_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared

RULE = Rule(
    id="VML411",
    name="hardware-isolation-not-met",
    summary="Isolation by hardware is declared, and the host is shared",
    severity=Severity.ERROR,
    guidance="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/dedicated-hosts-overview.html",
    security=True,
    examples=(
        Bad(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  tags = {
    "vmlint:isolation" = "hardware"
  }
}
""",
            at='"vmlint:isolation" = "hardware"',
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  tenancy       = "host"
  tags = {
    "vmlint:isolation" = "hardware"
  }
}
""",
        ),
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: kata-runtime
    labels:
      vmlint.dev/isolation: hardware
""",
            at="vmlint.dev/isolation: hardware",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    runtime: kata-runtime
    labels:
      vmlint.dev/isolation: hypervisor
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/isolation: hardware
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: example/app:1.4
""",
            at="vmlint.dev/isolation: hardware",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/isolation: hypervisor
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
    ),
)

_DEDICATED = frozenset({"dedicated", "host"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    stated = workload.declarations.isolation
    offer = offer_of(workload)
    if not isinstance(stated, Known) or declared(stated) != "hardware" or offer is None:
        return
    tenancy = workload.machine.tenancy if workload.machine is not None else None
    if offer.isolation != "hypervisor" or declared(tenancy) in _DEDICATED:
        return
    yield Need(
        NeedKind.ISOLATION,
        "hardware",
        f"`{workload.name}` must be isolated by hardware and shares its host with others.",
        stated.span,
        "Use a dedicated host or bare metal, or correct the declaration.",
        notes_from(stated.via),
        evidence="hardware",
    )
