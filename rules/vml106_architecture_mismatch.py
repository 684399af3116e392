"""An image or service is declared for one processor architecture and placed on hosts of another. It does not
start, or runs under emulation at a fraction of the speed.

Only what is declared counts: a platform, an architecture-specific repository or tag, the name of a disk image on
one side; a node selector, a constraint, a task's platform, the size of a machine or of the pool that is selected on
the other. An image that names no architecture usually holds
several and is not told.

Instead: the multi-architecture image, or hosts of the declared architecture.

Goes back to: OCI image specification, platform; Kubernetes documentation, well-known labels.
"""

from collections.abc import Iterator

from vmlint.catalog import architectures, instance_types
from vmlint.kernel_map import is_pod
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Note, Severity, notes_from
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.node_pools import selected_pool
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine

RULE = Rule(
    id="VML106",
    name="architecture-mismatch",
    summary="An image is for another processor architecture than its hosts",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-arch",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    platform: linux/arm64
    deploy:
      placement:
        constraints:
          - node.platform.arch == x86_64
""",
            at="platform: linux/arm64",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    platform: linux/arm64
    deploy:
      placement:
        constraints:
          - node.platform.arch == aarch64
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
  nodeSelector:
    kubernetes.io/arch: amd64
  containers:
    - name: app
      image: arm64v8/nginx:1.27
""",
            at="image: arm64v8/nginx:1.27",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  nodeSelector:
    kubernetes.io/arch: arm64
  containers:
    - name: app
      image: nginx:1.27
""",
        ),
        Bad(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  runtime_platform {
    cpu_architecture = "ARM64"
  }
  container_definitions = jsonencode([{
    name  = "app"
    image = "amd64/nginx:1.27"
  }])
}
""",
            at='image = "amd64/nginx:1.27"',
        ),
        Good(
            "main.tf",
            """
resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024
  memory                   = 2048
  runtime_platform {
    cpu_architecture = "ARM64"
  }
  container_definitions = jsonencode([{
    name  = "app"
    image = "nginx:1.27"
  }])
}
""",
        ),
        Bad(
            "main.tf",
            """
resource "google_compute_instance" "app" {
  name         = "app"
  machine_type = "t2a-standard-2"
  boot_disk {
    initialize_params {
      image = "ubuntu-os-cloud/ubuntu-2404-noble-amd64-v20250101"
    }
  }
}
""",
            at='image = "ubuntu-os-cloud/ubuntu-2404-noble-amd64-v20250101"',
        ),
        Good(
            "main.tf",
            """
resource "google_compute_instance" "app" {
  name         = "app"
  machine_type = "e2-standard-2"
  boot_disk {
    initialize_params {
      image = "ubuntu-os-cloud/ubuntu-2404-noble-amd64-v20250101"
    }
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.machine is not None:
        yield from _of_machine(workload)
        return
    host = _host(workload, context)
    if is_machine(workload) or host is None:
        return
    wanted = architectures.architecture(host.value)
    for container in workload.containers:
        stated = _stated(container)
        if stated is None or not wanted or stated[0] in ("", wanted):
            continue
        own, span = stated
        yield Finding(
            f"`{container.name}` is for {own} and is placed on {wanted} hosts.",
            span,
            "Take the image for several architectures, or select hosts of its own.",
            (Note("the hosts", host.span), *notes_from(host.via)),
            subject=container.span,
            evidence=f"{own} on {wanted}",
        )


def _of_machine(workload: Workload) -> Iterator[Outcome]:
    """A disk image whose name states another architecture than the machine's size has."""
    assert workload.machine is not None
    image, size = workload.machine.image, workload.machine.size
    if not isinstance(image, Known) or not isinstance(size, Known):
        return
    own, has = architectures.of_disk_image(image.value), instance_types.architecture_of(workload.kind, size.value)
    if own and has and own != has:
        yield Finding(
            f"The disk image of `{workload.name}` is for {own} and its size {size.value} is {has}.",
            image.span,
            "Take the image for that architecture, or a size of the image's.",
            (Note("the size", size.span), *notes_from(image.via)),
            evidence=f"{own} on {has}",
        )


def _host(workload: Workload, context: Context) -> Known[str] | None:
    """The architecture of the hosts: by a selector, a constraint or the task's platform, else by the size of the
    one pool that a pod selects."""
    stated = workload.placement.selectors.get("node.platform.arch", workload.placement.architecture)
    if isinstance(stated, Known):
        return stated
    pool = selected_pool(workload, context.estate) if is_pod(workload) else None
    size = pool.facts.get("size") if pool is not None else None
    if pool is None or not isinstance(size, Known):
        return None
    resource_type = pool.address.split(".")[-2] if "." in pool.address else ""
    found = instance_types.architecture_of(resource_type, size.value)
    return size.map(lambda _: found) if found else None


def _stated(container: Container) -> tuple[str, Span] | None:
    platform = container.platform
    if isinstance(platform, Known) and "/" in platform.value:
        return architectures.architecture(platform.value.split("/")[1]), platform.span
    if isinstance(container.image, Known):
        return architectures.of_image(image_text(container)), container.image.span
    return None
