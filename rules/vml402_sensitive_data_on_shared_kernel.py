"""A store of restricted data (a database, a secret store, an identity provider, an object store) shares a kernel
with other workloads: one kernel flaw in a neighbour is enough to read it.

Only told where the sensitivity is declared: `vmlint.dev/sensitivity: restricted`, or a label or tag in common
use such as `data-classification: pci`, which counts with medium confidence. Nothing is guessed from names.

Instead: give the store a kernel of its own (Kata, Fargate, Hyper-V isolation or a virtual machine), or declare
what the data really is.

Goes back to: NIST SP 800-190 §4.3.4; PCI SSC Guidance for Containers and Container Orchestration Tools (2022).
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML402",
    name="sensitive-data-on-shared-kernel",
    summary="A store of restricted data shares the kernel of its host",
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
      vmlint.dev/sensitivity: restricted
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data:
""",
            at="vmlint.dev/sensitivity: restricted",
        ),
        Good(
            "compose.yaml",
            """
services:
  db:
    image: postgres:16
    labels:
      vmlint.dev/sensitivity: internal
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
  name: db
  labels:
    vmlint.dev/sensitivity: restricted
spec:
  containers:
    - name: db
      image: postgres:16
""",
            at="vmlint.dev/sensitivity: restricted",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: db
  labels:
    vmlint.dev/sensitivity: restricted
spec:
  runtimeClassName: kata
  containers:
    - name: db
      image: postgres:16
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "db" {
  name  = "db"
  image = "postgres:16"
  labels {
    label = "vmlint.dev/sensitivity"
    value = "restricted"
  }
}
""",
            at='value = "restricted"',
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "db" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.medium"
  tags = {
    "vmlint:role"        = "database"
    "vmlint:sensitivity" = "restricted"
  }
}
""",
        ),
    ),
)

STORES = frozenset({"database", "secret-store", "identity", "object-store"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.role.name not in STORES:
        return
    match workload.declarations.sensitivity:
        case Known(value) as fact if value.strip().lower() == "restricted":
            # A user-space kernel is not the host's: only a shared one is told.
            sandboxed = workload.substrate_class is SubstrateClass.SANDBOXED_CONTAINER
            yield Need(
                NeedKind.ISOLATION,
                "sandbox" if sandboxed else "hypervisor",
                f"`{workload.name}` ({workload.role.name}) holds restricted data on a kernel that it shares.",
                fact.span,
                "Give it a kernel of its own: "
                f"{recommendation(SubstrateClass.VM_CONTAINER, platform_of(workload))}, or a virtual machine.",
                notes_from(fact.via),
                evidence="restricted",
            )
        case Unknown() as unknown:
            yield Undecided(unknown)
