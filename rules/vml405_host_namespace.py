"""A workload shares the host's process or IPC namespace: it sees, signals and traces what else runs there, and
reads its environment and shared memory.

The host's network or cgroup namespace alone is common and told in the pedantic profile only, as a notice. A
kernel of its own or a sandbox meets the need. Node agents are exempt.

Instead: drop the line; share a namespace with the one container that is meant (`pid: service:NAME`,
`shareProcessNamespace`).

Goes back to: Kubernetes Pod Security Standards (baseline, host namespaces); CIS Docker Benchmark 5.16 and 5.17.
"""

from collections.abc import Iterator

from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine

RULE = Rule(
    id="VML405",
    name="host-namespace",
    summary="A container shares a namespace of its host",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    pid: host
""",
            at="pid: host",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    network_mode: host
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  hostIPC: true
  containers:
    - name: app
      image: example/app:1.4
""",
            at="hostIPC: true",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  hostNetwork: true
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name     = "app"
  image    = "example/app:1.4"
  pid_mode = "host"
}
""",
            at='pid_mode = "host"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.host is None or is_machine(workload):
        return
    host = workload.host
    for name, fact, grave in (
        ("process", host.pid, True),
        ("IPC", host.ipc, True),
        ("network", host.network, False),
        ("cgroup", host.cgroup, False),
    ):
        if not grave and not context.pedantic:
            continue
        match fact:
            case Known(True):
                yield Need(
                    NeedKind.ISOLATION,
                    "sandbox",
                    f"`{workload.name}` shares the {name} namespace of its host.",
                    fact.span,
                    "Drop it, or share a namespace with the one container that is meant.",
                    notes_from(fact.via),
                    severity=Severity.WARNING if grave else Severity.NOTICE,
                    evidence=f"host {name}",
                )
            case Unknown():
                yield Undecided(fact, matters=grave)
