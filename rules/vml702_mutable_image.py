"""An image has no tag, or `latest`: what runs tomorrow is not what was tested, and two hosts can run two things
under one name.

Told in the pedantic profile only: other linters say it as well. A digest or any other tag is fine.

Instead: a release's tag, or a digest.

Goes back to: Kubernetes documentation, Images; NIST SP 800-190 §4.1.
"""

from collections.abc import Iterator

from vmlint.catalog.references import is_placeholder, parse
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine

RULE = Rule(
    id="VML702",
    name="mutable-image",
    summary="An image without a fixed tag is no snapshot",
    severity=Severity.NOTICE,
    guidance="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    pedantic=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: nginx
""",
            at="image: nginx",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: nginx:1.27
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
      image: nginx:latest
""",
            at="image: nginx:latest",
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
  image = "nginx"
}
""",
            at='image = "nginx"',
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
    for container in workload.containers:
        image = container.image
        if not isinstance(image, Known) or not image.value or is_placeholder(image.value):
            continue
        reference = parse(image.value)
        if not reference.digest and reference.tag in ("", "latest"):
            yield Finding(
                f"`{image.value}` has no fixed tag.",
                image.span,
                "Name a release's tag or a digest.",
                notes_from(image.via),
                subject=container.span,
                evidence=image.value,
            )
