"""One container runs several services of its own, under a supervisor or by a shell line that starts two daemons.
One of them can fail unseen, they share one set of limits and logs, and neither scales without the other.

A pod with several containers is not told: that is how it is meant. Images that their vendor builds so (omnibus
packages) are a notice: the choice is not the user's.

Instead: one container per service; or a system container or a virtual machine where they belong together.

Goes back to: Docker documentation, Run multiple processes in a container; NIST SP 800-190 §4.5.
"""

from collections.abc import Iterator

from vmlint.catalog import commands
from vmlint.catalog.image_kinds import image_is
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine, starts

RULE = Rule(
    id="VML203",
    name="many-services-in-one-container",
    summary="One container runs several services of its own",
    severity=Severity.WARNING,
    guidance="https://docs.docker.com/engine/containers/multi-service_container/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    command: [supervisord, -n]
""",
            at="command: [supervisord, -n]",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    command: [gunicorn, app:main]
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
      image: example/app:1.4
      command: [sh, -c, "redis-server & nginx"]
""",
            at='command: [sh, -c, "redis-server & nginx"]',
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
      image: nginx:1.27
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  command = ["supervisord", "-n"]
}
""",
            at='command = ["supervisord", "-n"]',
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
    if is_machine(workload):
        return
    for container in workload.main_containers:
        vendor = image_is("many-services", image_text(container))
        span = container.image.span if vendor else _evidence(container)
        if span is not None:
            yield Need(
                NeedKind.USERLAND,
                "full-os",
                f"`{container.name}` runs several services in one container.",
                span,
                "Give each service a container of its own, or use a system container or a virtual machine.",
                severity=Severity.NOTICE if vendor else None,
                subject=container.span,
                evidence="several services",
            )


def _evidence(container: Container) -> Span | None:
    if starts("supervisor", container):
        return container.command_span
    facts = [_served(simple) for simple in commands.simple_commands(container.command)]
    servers = {fact.program for fact in facts if fact is not None and fact.kind == "server" and fact.role}
    return container.command_span if len(servers) > 1 else None


def _served(simple: tuple[str, ...]) -> commands.CommandFact | None:
    """What one command serves; `service NAME start` serves what NAME is."""
    if simple[0] == "service" and len(simple) > 2 and simple[2] in ("start", "restart"):
        return commands.package(simple[1])
    return commands.command(simple)
