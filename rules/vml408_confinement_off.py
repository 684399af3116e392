"""A container's confinement is switched off: no seccomp filter, no AppArmor or SELinux profile, an unmasked /proc.
What is left between it and the kernel is namespaces alone.

A sandbox or a kernel of its own meets the need: there the host's confinement is another one. A privileged
container has none of it anyway, and VML404 tells that. Node agents are exempt.

Instead: keep the runtime's default profile, or write one that allows the calls that are missing.

Goes back to: Kubernetes Pod Security Standards (baseline); Docker documentation, Seccomp security profiles.
"""

from collections.abc import Iterator

from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Note, Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine

RULE = Rule(
    id="VML408",
    name="confinement-off",
    summary="The confinement of a container is switched off",
    severity=Severity.WARNING,
    guidance="https://docs.docker.com/engine/security/seccomp/",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    security_opt:
      - seccomp=unconfined
""",
            at="seccomp=unconfined",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    security_opt:
      - no-new-privileges:true
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
        procMount: Unmasked
""",
            at="procMount: Unmasked",
        ),
        Good(
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
        seccompProfile: {type: RuntimeDefault}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name          = "app"
  image         = "example/app:1.4"
  security_opts = ["apparmor=unconfined"]
}
""",
            at='"apparmor=unconfined"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name          = "app"
  image         = "example/app:1.4"
  security_opts = ["no-new-privileges:true"]
}
""",
        ),
    ),
)

_OFF = frozenset({"unconfined", "disable", "disabled", "unmasked", "spc_t"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        off: list[Known[str]] = []
        for fact in container.confinement:
            match fact:
                case Known(value) if value.lower().replace(":", "=").rsplit("=", 1)[-1] in _OFF:
                    off.append(fact)
                case Unknown():
                    yield Undecided(fact, matters=False)
        if not off:
            continue
        first, *others = off
        yield Need(
            NeedKind.ISOLATION,
            "sandbox",
            f"The confinement of `{container.name}` is switched off ({first.value}).",
            first.span,
            "Keep the runtime's default profile, or write one that allows the calls that are missing.",
            notes_from(first.via) + tuple(Note(f"and {fact.value}", fact.span) for fact in others),
            subject=container.span,
            evidence=",".join(sorted(fact.value for fact in off)),
        )
