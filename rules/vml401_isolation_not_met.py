"""The user declares how strong the isolation of a workload must be, and its substrate's boundary is weaker: for
example a database that must be fully isolated and runs in a container on a shared kernel.

A declaration (`vmlint.dev/isolation`, `x-vmlint: {isolation: …}`, the tag `vmlint:isolation`, the
configuration) states intent and is never guessed. Levels, weakest first: process, sandbox, hypervisor,
hardware.

Instead: move the workload to a substrate with that boundary (gVisor for `sandbox`; Kata, Fargate, Hyper-V
isolation or a virtual machine for `hypervisor`; a dedicated host for `hardware`), or correct the declaration.

Goes back to: NIST SP 800-190 §4.3.4 and §4.5; phoenixNAP, Containers vs Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.workload import Workload
from vmlint.placement import offer_of, platform_of, substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML401",
    name="isolation-not-met",
    summary="The declared isolation is stronger than the boundary of the substrate",
    severity=Severity.ERROR,
    guidance="https://csrc.nist.gov/pubs/sp/800/190/final",
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  db:
    image: postgres:16
    labels:
      vmlint.dev/isolation: hypervisor
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data:
""",
            at="vmlint.dev/isolation: hypervisor",
        ),
        Good(
            "compose.yaml",
            """
services:
  db:
    image: postgres:16
    runtime: io.containerd.kata.v2
    labels:
      vmlint.dev/isolation: hypervisor
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data:
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
    vmlint.dev/isolation: hypervisor
spec:
  containers:
    - name: app
      image: example/app:1.4
""",
            at="vmlint.dev/isolation: hypervisor",
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
        Bad(
            "main.tf",
            """
resource "docker_container" "db" {
  name  = "db"
  image = "postgres:16"
  labels {
    label = "vmlint.dev/isolation"
    value = "hypervisor"
  }
}
""",
            at='value = "hypervisor"',
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "db" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.medium"
  tags = {
    "vmlint:isolation" = "hypervisor"
  }
}
""",
        ),
    ),
)

_CLASS_FOR = {
    "sandbox": SubstrateClass.SANDBOXED_CONTAINER,
    "hypervisor": SubstrateClass.VM_CONTAINER,
    "hardware": SubstrateClass.BARE_METAL,
}

# How a level is asked for, and how it is had.
_ASKED = {"process": "processes", "sandbox": "a sandbox", "hypervisor": "a hypervisor", "hardware": "hardware"}
_HAD = {
    "process": "shares a kernel",
    "sandbox": "has a sandbox",
    "hypervisor": "has a hypervisor",
    "hardware": "has hardware of its own",
}


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    match workload.declarations.isolation:
        case Known(value) as fact:
            level = value.strip().lower()
        case Unknown() as unknown:
            yield Undecided(unknown)
            return
        case _:
            return
    offer = offer_of(workload)
    if level == "hardware" and offer is not None and offer.isolation == "hypervisor":
        return  # VML411 tells it.
    advice = recommendation(_CLASS_FOR.get(level, SubstrateClass.CONTAINER), platform_of(workload))
    yield Need(
        NeedKind.ISOLATION,
        level,
        f"`{workload.name}` must be isolated by {_ASKED.get(level, level)}{_boundary(workload)}.",
        fact.span,
        f"Use {advice}, or correct the declaration.",
        notes_from(fact.via),
        evidence=level,
    )


def _boundary(workload: Workload) -> str:
    """What isolates it now, where that is known."""
    offer = offer_of(workload)
    if offer is None:
        return ""
    return f", and {_HAD[offer.isolation]} ({substrate_name(workload)})"
