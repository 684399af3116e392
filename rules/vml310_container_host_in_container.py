"""A container hosts containers: Docker in Docker, kind, k3s or k0s in a container, or a worker that starts
containers itself. Inside a privileged container the inner engine has the kernel of the outer host.

On an unprivileged system container (LXD with nesting, Sysbox) it is a notice: they are made for it. A kernel of
its own (Kata, a virtual machine) meets the need.

Instead: build with a tool that needs no engine (BuildKit rootless, Buildah), run the inner engine in Sysbox, or
make the container host a virtual machine.

Goes back to: Docker image documentation (docker:dind needs --privileged); NIST SP 800-190 §4.5.
"""

from collections.abc import Iterator

from vmlint.catalog.commands import configures_engine
from vmlint.catalog.image_kinds import image_is
from vmlint.catalog.substrates import recommendation
from vmlint.model.finding import Severity
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.placement import platform_of
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_fact, image_text, is_machine, is_privileged, starts

RULE = Rule(
    id="VML310",
    name="container-host-in-container",
    summary="A container hosts containers on the kernel of its own host",
    severity=Severity.ERROR,
    guidance="https://hub.docker.com/_/docker",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  engine:
    image: docker:27-dind
    privileged: true
""",
            at="image: docker:27-dind",
        ),
        Good(
            "compose.yaml",
            """
services:
  client:
    image: docker:27-cli
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: build}
spec:
  containers:
    - name: engine
      image: docker:27-dind
      securityContext:
        privileged: true
""",
            at="image: docker:27-dind",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: build}
spec:
  runtimeClassName: kata
  containers:
    - name: engine
      image: docker:27-dind
      securityContext:
        privileged: true
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "engine" {
  name       = "engine"
  image      = "docker:27-dind"
  privileged = true
}
""",
            at='image      = "docker:27-dind"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "client" {
  name  = "client"
  image = "docker:27-cli"
}
""",
        ),
        Bad(
            "compose.yaml",
            """
services:
  lab:
    image: example/lab-cluster:1.4
    privileged: true
    environment:
      K3S_KUBECONFIG_MODE: "644"
""",
            at='K3S_KUBECONFIG_MODE: "644"',
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    for container in workload.containers:
        span = _evidence(workload, container)
        privileged = is_privileged(container)
        if span is None or (not privileged and not _serves(workload, container)):
            continue
        yield Need(
            NeedKind.KERNEL,
            "own",
            f"`{container.name}` hosts containers{' and is privileged' if privileged else ''}.",
            span,
            f"Use {recommendation(SubstrateClass.SYSTEM_CONTAINER, platform_of(workload))}, "
            "a virtual machine, or a builder that needs no engine.",
            severity=_severity(workload, privileged),
            subject=container.span,
            evidence="container host",
        )


def _serves(workload: Workload, container: Container) -> bool:
    """Without privilege only an engine's own command or image tells: a client or worker may have it elsewhere."""
    worker = image_fact(container)
    return starts("engine", container) or (
        worker is not None
        and worker.role == "container-host"
        and image_is("starts-containers", image_text(container))
    )


def _evidence(workload: Workload, container: Container) -> Span | None:
    fact = image_fact(container)
    of_role = fact is not None and fact.role == "container-host" and workload.role.name != "worker"
    if of_role or image_is("starts-containers", image_text(container)):
        return container.image.span
    if starts("engine", container):
        return container.command_span
    if is_privileged(container) and (told := _engine_setting(container)) is not None:
        return told
    if workload.role.name == "container-host" and len(workload.main_containers) == 1 and container.kind == "main":
        return container.image.span
    return None


def _engine_setting(container: Container) -> Span | None:
    """A variable by which an engine or a node of a cluster is configured, whatever the image's name."""
    return next((fact.span for name, fact in container.environment.items() if configures_engine(name)), None)


def _severity(workload: Workload, privileged: bool) -> Severity:
    match workload.substrate_class:
        case SubstrateClass.SYSTEM_CONTAINER if not privileged:
            return Severity.NOTICE
        case SubstrateClass.SANDBOXED_CONTAINER:
            return Severity.NOTICE
        case _:
            return Severity.ERROR if privileged else Severity.WARNING
