"""An isolation mode is asked for that the platform does not have there: Hyper-V isolation by annotation in
Kubernetes, `isolation: hyperv` or `process` on a Linux service of Compose, a HostProcess container that is not a
Windows one. It is refused, or the line is ignored and the isolation that was meant is not there.

Instead: for a kernel of its own in Kubernetes, a RuntimeClass that provides it; HostProcess for Windows only.

Goes back to: Kubernetes documentation, Windows containers, HostProcess; Microsoft Learn, Isolation modes.
"""

from collections.abc import Iterator

from vmlint.catalog import operating_systems, windows
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared, image_fact, image_text, is_true

RULE = Rule(
    id="VML103",
    name="unsupported-isolation-mode",
    summary="The platform does not have the isolation mode that is asked for",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
    formats=("compose", "kubernetes"),
    # The mode is what says that the engine is of another system than the image.
    subsumes=frozenset({"VML101"}),
    examples=(
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  annotations:
    experimental.windows.kubernetes.io/isolation-type: hyperv
spec:
  os: {name: windows}
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
            at="experimental.windows.kubernetes.io/isolation-type: hyperv",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  os: {name: windows}
  containers:
    - name: app
      image: mcr.microsoft.com/windows/servercore:ltsc2022
""",
        ),
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: debian:12
    isolation: hyperv
""",
            at="isolation: hyperv",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: mcr.microsoft.com/windows/servercore:ltsc2022
    isolation: hyperv
""",
        ),
    ),
)

_ISOLATION = "experimental.windows.kubernetes.io/isolation-type"


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    asked = workload.annotations.get(_ISOLATION)
    if isinstance(asked, Known) and declared(asked) == "hyperv":
        yield Finding(
            "Kubernetes has no Hyper-V isolation: the annotation was an experiment and is ignored.",
            asked.span,
            "Use a RuntimeClass that provides a kernel of its own.",
            notes_from(asked.via),
            evidence="hyperv",
        )
    mode = workload.modes.get("isolation")
    if isinstance(mode, Known) and declared(mode) in ("hyperv", "process") and _is_linux(workload):
        yield Finding(
            f"`{workload.name}` is a Linux service, and Linux has no isolation mode `{mode.value}`.",
            mode.span,
            "Drop it; for a kernel of its own set a runtime that gives one (`runtime: io.containerd.kata.v2`).",
            notes_from(mode.via),
            subject=next((container.span for container in workload.main_containers), None),
            evidence=mode.value,
        )
    for container in workload.containers:
        host_process = container.host_process
        if not isinstance(host_process, Known) or not is_true(host_process):
            continue
        fact = operating_systems.of_image(image_text(container))
        selected = declared(workload.placement.os)
        if selected == "linux" or (fact is not None and fact.family == "linux" and selected != "windows"):
            yield Finding(
                f"`{container.name}` is a HostProcess container and no Windows one.",
                host_process.span,
                "HostProcess exists on Windows only.",
                notes_from(host_process.via),
                subject=container.span,
                evidence="hostProcess",
            )


def _is_linux(workload: Workload) -> bool:
    """Whether its platform or an image that the catalogue knows is Linux; any other name proves nothing."""
    for container in workload.containers:
        platform = container.platform
        if isinstance(platform, Known):
            return platform.value.lower().startswith("linux")
        fact = operating_systems.of_image(image_text(container))
        if fact is not None:
            return fact.family == "linux"
        known = image_fact(container)
        if known is not None and "windows" not in image_text(container).lower():
            return windows.build_of_image(image_text(container)) is None
    return False
