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

from vmlint.catalog import architectures, operating_systems, substrates
from vmlint.kernel_map import is_pod, systems_beside
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
        Bad(
            "main.tf",
            """
resource "azurerm_container_group" "app" {
  name                = "app"
  location            = "westeurope"
  resource_group_name = "apps"
  os_type             = "Linux"
  container {
    name   = "app"
    image  = "mcr.microsoft.com/windows/servercore:ltsc2022"
    cpu    = 1
    memory = 2
  }
}
""",
            at='image  = "mcr.microsoft.com/windows/servercore:ltsc2022"',
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    families = [(container, *found) for container in workload.containers if (found := _family(container))]
    host = _host(workload)
    if host is not None:
        wanted = host.value.strip().lower()
        for container, family, span in families:
            if wanted in ("linux", "windows") and family != wanted:
                yield _told(container, family, wanted, span, Severity.ERROR, host)
        return
    if workload.placement.os is not None or not is_pod(workload):
        return
    if systems_beside(workload, context.estate) >= {"windows", "linux"}:
        own = workload.os.value.family if isinstance(workload.os, Known) else ""
        stated = next(((c, span) for c, family, span in families if family == own), None)
        first = next(iter(workload.main_containers), None)
        if stated is None and own == "linux" and first is not None and isinstance(first.image, Known):
            stated = first, first.image.span
        if stated is not None and own in _UNSELECTED:
            yield _told(stated[0], own, "any", stated[1], _UNSELECTED[own], None)


# A Windows image that lands on Linux does not start; most schedulers' first choice is right for a Linux one.
_UNSELECTED = {"windows": Severity.ERROR, "linux": Severity.NOTICE}


def _host(workload: Workload) -> Known[str] | None:
    """The system of the hosts: by a selector or the platform's setting, else by an architecture that only Linux
    hosts have, or a runtime class that only Linux has."""
    placed, substrate = workload.placement, workload.substrate
    if isinstance(placed.os, Known):
        return placed.os
    architecture, asked = placed.architecture, placed.runtime_class
    if isinstance(architecture, Known) and is_pod(workload) and _only_linux_has(architecture.value):
        return architecture.map(lambda _: "linux")
    if not isinstance(asked, Known) or not isinstance(substrate, Known) or not substrate.value.certain:
        return None
    offers_windows = "windows" in substrates.offer(substrate.value.kind).guest_os
    return None if offers_windows else asked.map(lambda _: "linux")


def _only_linux_has(architecture: str) -> bool:
    return architectures.architecture(architecture) not in ("", "amd64")


def _family(container: Container) -> tuple[str, Span] | None:
    """The family that the image or the platform states, and where."""
    platform = container.platform
    if isinstance(platform, Known) and platform.value.lower().startswith(("windows", "linux")):
        return platform.value.lower().partition("/")[0], platform.span
    fact = operating_systems.of_image(image_text(container))
    return None if fact is None or fact.family == "other" else (fact.family, container.image.span)


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
