"""What runs other people's code (a notebook, a runner, a judge) shares its kernel with a database, a secret store
or an identity provider of the same deployment. A flaw in the kernel leads from the one to the other.

Same deployment is one Compose project, or one namespace and pool of nodes. `vmlint.dev/trust: trusted` on the
executor settles it.

Instead: a sandbox or a kernel of its own for the executor, or hosts of its own.

Goes back to: NIST SP 800-190 §4.3.4; Kubernetes documentation, Multi-tenancy.
"""

from collections.abc import Iterator

from vmlint.kernel_map import neighbours_by
from vmlint.model.finding import Confidence, Note, Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared, role_span

RULE = Rule(
    id="VML202",
    name="untrusted-neighbour",
    summary="What runs the code of others shares its kernel with a store",
    severity=Severity.WARNING,
    guidance="https://csrc.nist.gov/pubs/sp/800/190/final",
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  lab:
    image: jupyter/scipy-notebook:2023-10-20
  db:
    image: postgres:16
""",
            at="image: jupyter/scipy-notebook:2023-10-20",
        ),
        Good(
            "compose.yaml",
            """
services:
  lab:
    image: jupyter/scipy-notebook:2023-10-20
    runtime: runsc
  db:
    image: postgres:16
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: lab
spec:
  containers:
    - name: lab
      image: jupyter/scipy-notebook:2023-10-20
---
apiVersion: v1
kind: Pod
metadata:
  name: db
spec:
  containers:
    - name: db
      image: postgres:16
""",
            at="image: jupyter/scipy-notebook:2023-10-20",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: lab
spec:
  nodeSelector: {pool: labs}
  containers:
    - name: lab
      image: jupyter/scipy-notebook:2023-10-20
---
apiVersion: v1
kind: Pod
metadata:
  name: db
spec:
  containers:
    - name: db
      image: postgres:16
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "lab" {
  name  = "lab"
  image = "jupyter/scipy-notebook:2023-10-20"
}

resource "docker_container" "db" {
  name  = "db"
  image = "postgres:16"
}
""",
            at='image = "jupyter/scipy-notebook:2023-10-20"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "lab" {
  name  = "lab"
  image = "jupyter/scipy-notebook:2023-10-20"
  runtime = "runsc"
}

resource "docker_container" "db" {
  name  = "db"
  image = "postgres:16"
}
""",
        ),
    ),
)

_EXECUTORS = frozenset({"code-executor", "ci-runner"})
_STORES = frozenset({"database", "secret-store", "identity"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.role.name not in _EXECUTORS or declared(workload.declarations.trust) == "trusted":
        return
    if workload.role.confidence is Confidence.LOW:
        return
    for (role, namespace), others in neighbours_by(_store, workload, context.estate):
        if namespace == workload.namespace and (other := next(others, None)) is not None:
            yield Need(
                NeedKind.ISOLATION,
                "sandbox",
                f"`{workload.name}` runs the code of others and shares its kernel with `{other.name}` ({role}).",
                role_span(workload),
                "Put it in a sandbox or on hosts of its own, or declare it trusted.",
                (Note(f"its neighbour `{other.name}`", other.span.first_line()),),
                evidence=f"beside {role}",
            )
            return


def _store(workload: Workload) -> tuple[str, str] | None:
    """The role and namespace of what is worth keeping from the code of others."""
    return (workload.role.name, workload.namespace) if workload.role.name in _STORES else None
