"""An image of one operating system is placed on hosts of another: a Windows image on Linux, or the reverse. It
does not start.

Told where a selector, a constraint or the host's type contradicts the image, and for a pod without any selector
in a scan that has Windows and Linux pods both: the Windows one is an error, the Linux ones are notices. One
Compose engine is one operating system: where the project proves which, the images foreign to it are told. Names
mislead (`dockurr/windows` is a Linux image); the catalogue knows.

Instead: set `nodeSelector: {kubernetes.io/os: windows}`, the pool's or group's OS type, or take the image for
that system.

Goes back to: Kubernetes documentation, Windows containers; Microsoft, Windows container requirements.
"""

from collections.abc import Iterator

from vmlint.catalog import operating_systems
from vmlint.kernel_map import systems_beside
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import image_text, is_machine

RULE = Rule(
    id="VML101",
    name="foreign-os-image",
    summary="An image of one operating system is placed on hosts of another",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/concepts/windows/user-guide/#ensuring-os-specific-workloads-land-on-the-appropriate-container-host",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: mcr.microsoft.com/windows/servercore:ltsc2022
    deploy:
      placement:
        constraints:
          - node.platform.os == linux
""",
            at="image: mcr.microsoft.com/windows/servercore:ltsc2022",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: dockurr/windows:4.0
    deploy:
      placement:
        constraints:
          - node.platform.os == linux
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
    kubernetes.io/os: linux
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
            at="image: mcr.microsoft.com/windows/servercore:ltsc2022",
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
    kubernetes.io/os: windows
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
        ),
        Bad(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    node_selector = {
      "kubernetes.io/os" = "linux"
    }
    container {
      name  = "app"
      image = "mcr.microsoft.com/windows/servercore:ltsc2022"
    }
  }
}
""",
            at='image = "mcr.microsoft.com/windows/servercore:ltsc2022"',
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    node_selector = {
      "kubernetes.io/os" = "windows"
    }
    container {
      name  = "app"
      image = "mcr.microsoft.com/windows/servercore:ltsc2022"
    }
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    families = [(container, *found) for container in workload.containers if (found := _family(container))]
    host = workload.placement.os
    if isinstance(host, Known):
        wanted = host.value.strip().lower()
        for container, family, span in families:
            if wanted in ("linux", "windows") and family != wanted:
                yield _told(container, family, wanted, span, Severity.ERROR, host)
        return
    if workload.format != "kubernetes" or host is not None:
        return
    own = _own_family(workload)
    if families and systems_beside(workload, context.estate) >= {"windows", "linux"}:
        container, family, span = families[0]
        if family == own:
            yield _told(container, own, "any", span, _UNSELECTED[own], None)


# A Windows image that lands on Linux does not start; most schedulers' first choice is right for a Linux one.
_UNSELECTED = {"windows": Severity.ERROR, "linux": Severity.NOTICE}


def _family(container: Container) -> tuple[str, Span] | None:
    """The family that the image or the platform states, and where."""
    platform = container.platform
    if isinstance(platform, Known) and platform.value.lower().startswith(("windows", "linux")):
        return platform.value.lower().partition("/")[0], platform.span
    fact = operating_systems.of_image(image_text(container))
    return None if fact is None or fact.family == "other" else (fact.family, container.image.span)


def _own_family(workload: Workload) -> str:
    if any((found := _family(container)) and found[0] == "windows" for container in workload.containers):
        return "windows"
    return "linux"


def _told(
    container: Container, family: str, host: str, span: Span, severity: Severity, selector: Known[str] | None
) -> Finding:
    where = "hosts of either system, without a selector" if host == "any" else f"{host.capitalize()} hosts"
    return Finding(
        f"`{container.name}` is a {family.capitalize()} image and is placed on {where}.",
        span,
        f"Select {family.capitalize()} hosts (`kubernetes.io/os: {family}`, the OS type), or take another image.",
        notes_from(selector.via) if selector is not None else (),
        severity=severity,
        subject=container.span,
        evidence=f"{family} on {host}",
    )
