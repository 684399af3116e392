"""A container's purpose is that people log in to it: an SSH server, a remote desktop, VNC. Users, sessions,
packages and cron jobs gather in it, and none of that survives the next image or has the isolation between users
that an operating system gives.

A login that stands beside a service is not told, only one that is the purpose: by the image, the command, or a
name such as `sshd` together with its port. `vmlint.dev/trust: trusted` says that its one user is the operator: then
it is a notice.

Instead: a system container (LXD, Incus) or a virtual machine; for debugging, `exec` into the container from
outside.

Goes back to: NIST SP 800-190 §4.4.2; CIS Docker Benchmark 5.6.
"""

from collections.abc import Iterator

from vmlint.catalog.image_kinds import image_is
from vmlint.catalog.kernel import is_login
from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import value_or
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.placement import platform_of
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared, image_fact, image_text, is_machine, starts

RULE = Rule(
    id="VML304",
    name="login-server-in-container",
    summary="A container's purpose is a login, a desktop or a remote screen",
    severity=Severity.WARNING,
    guidance="https://csrc.nist.gov/pubs/sp/800/190/final",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: linuxserver/openssh-server:9.6
""",
            at="image: linuxserver/openssh-server:9.6",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
""",
        ),
        Bad("compose.yaml", 'services:\n  sshd:\n    build: .\n    ports: ["2222:22"]\n', at='"2222:22"'),
        Good("compose.yaml", 'services:\n  sshd:\n    build: .\n    ports: ["2222:80"]\n'),
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
      image: ubuntu:24.04
      command: [/usr/sbin/sshd, -D]
""",
            at="command: [/usr/sbin/sshd, -D]",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: ubuntu:24.04
      command: [app, --listen, "8080"]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "linuxserver/rdesktop:latest"
}
""",
            at='image = "linuxserver/rdesktop:latest"',
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

# A login in these is the purpose; in others it stands beside one.
_PURPOSE = frozenset({"base-os", "desktop", "unknown"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.main_containers:
        span = _evidence(workload, container)
        if span is not None:
            yield Need(
                NeedKind.USERLAND,
                "full-os",
                f"`{container.name}` is there to be logged in to.",
                span,
                f"Use {recommendation(SubstrateClass.SYSTEM_CONTAINER, platform_of(workload))} "
                "or a virtual machine.",
                severity=Severity.NOTICE if declared(workload.declarations.trust) == "trusted" else None,
                subject=container.span,
                evidence="login",
            )


def _evidence(workload: Workload, container: Container) -> Span | None:
    fact = image_fact(container)
    if image_is("login-gateway", image_text(container)):
        return None
    if image_is("login", image_text(container)) or (
        fact is not None and fact.role == "desktop" and not fact.generic
    ):
        return container.image.span
    if workload.role.name not in _PURPOSE:
        return None
    if starts("login", container):
        return container.command_span
    return next((p.span for p in container.ports if is_login(workload.name, value_or(p.number, 0))), None)
