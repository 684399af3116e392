"""A container is given a capability that reaches beyond its namespaces: SYS_ADMIN, SYS_RAWIO, SYS_BOOT, BPF,
PERFMON, DAC_READ_SEARCH, MAC_ADMIN, all of them, or SYS_PTRACE beside the host's processes.

NET_ADMIN acts in the container's own network namespace and is told in the pedantic profile only. SYS_MODULE is
VML301's. A sandbox or a kernel of its own meets the need. Node agents are exempt.

Instead: drop ALL and add the one that is needed; many uses of SYS_ADMIN have a smaller capability or a device
plugin of their own.

Goes back to: capabilities(7); Kubernetes Pod Security Standards (baseline, capabilities).
"""

from collections.abc import Iterator

from vmlint.catalog.kernel import capability_meaning, capability_reach
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Note, Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Container, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine, is_true

RULE = Rule(
    id="VML407",
    name="host-reaching-capability",
    summary="A container is given a capability that reaches its host",
    severity=Severity.WARNING,
    guidance="https://man7.org/linux/man-pages/man7/capabilities.7.html",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    cap_add:
      - SYS_ADMIN
""",
            at="SYS_ADMIN",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    cap_add:
      - NET_ADMIN
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      securityContext:
        capabilities:
          add: [SYS_ADMIN]
""",
            at="SYS_ADMIN",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  runtimeClassName: gvisor
  containers:
    - name: app
      image: example/app:1.4
      securityContext:
        capabilities:
          add: [SYS_ADMIN]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  capabilities {
    add = ["ALL"]
  }
}
""",
            at='"ALL"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  capabilities {
    add = ["NET_BIND_SERVICE"]
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        reaching: list[Known[str]] = []
        network: list[Known[str]] = []
        for fact in container.capabilities:
            match fact:
                case Known(value):
                    if _reaches(workload, value):
                        reaching.append(fact)
                    elif capability_reach(value) == "network":
                        network.append(fact)
                case Unknown():
                    yield Undecided(fact, matters=False)
        if reaching:
            yield _need(container, reaching, Severity.WARNING)
        elif network and context.pedantic:
            yield _need(container, network, Severity.NOTICE)


def _reaches(workload: Workload, name: str) -> bool:
    reach = capability_reach(name)
    host_pid = workload.host is not None and is_true(workload.host.pid)
    return reach == "host" or (reach == "with-host-pid" and host_pid)


def _need(container: Container, facts: list[Known[str]], severity: Severity) -> Need:
    first, *others = facts
    return Need(
        NeedKind.ISOLATION,
        "sandbox",
        f"`{container.name}` is given {first.value}: {capability_meaning(first.value)}.",
        first.span,
        "Drop it, or name the smaller capability that does.",
        notes_from(first.via)
        + tuple(Note(f"and {f.value}: {capability_meaning(f.value)}", f.span) for f in others),
        severity=severity,
        subject=container.span,
        evidence=",".join(sorted({fact.value for fact in facts})),
    )
