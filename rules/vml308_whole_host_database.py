"""A database engine that its vendor supports or sizes for a whole host (SAP HANA, Oracle Database, Db2, Teradata
…) shares a kernel. It sets the kernel's memory up for itself, counts the host's cores for its licence, and its
vendor's support asks for a host of its own.

On a kernel of its own (Kata, a virtual machine) it is met. Free editions for development are told too: suppress
the finding there, with that reason.

Instead: a virtual machine or a dedicated host, sized by the vendor's guide.

Goes back to: the vendors' installation and support notes (catalogue).
"""

from collections.abc import Iterator

from vmlint.catalog.engines import engine
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import role_span

RULE = Rule(
    id="VML308",
    name="whole-host-database",
    summary="A database that its vendor sizes for a whole host shares a kernel",
    severity=Severity.WARNING,
    guidance="https://phoenixnap.com/kb/containers-vs-vms",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: container-registry.oracle.com/database/enterprise:19.3.0.0
""",
            at="image: container-registry.oracle.com/database/enterprise:19.3.0.0",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: postgres:16
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: icr.io/db2_community/db2:11.5
""",
            at="image: icr.io/db2_community/db2:11.5",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: icr.io/db2_community/db2:11.5
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "saplabs/hanaexpress:2.00"
}
""",
            at='image = "saplabs/hanaexpress:2.00"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "postgres:16"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    found = engine(workload.role.engine) if workload.role.engine else None
    if workload.role.name == "database" and found is not None and found.whole_host:
        yield Need(
            NeedKind.KERNEL,
            "own",
            f"{found.name} is sized by its vendor for a whole host; `{workload.name}` shares a kernel.",
            role_span(workload),
            f"Run it on a virtual machine or a host of its own. ({found.source})",
            evidence=found.key,
        )
