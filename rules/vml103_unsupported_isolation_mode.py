"""An isolation mode is asked for that the platform does not have there: Hyper-V isolation by annotation in
Kubernetes, a HostProcess container that is not a Windows one. It is refused, or the line is ignored and the
isolation that was meant is not there.

Instead: for a kernel of its own in Kubernetes, a RuntimeClass that provides it; HostProcess for Windows only.

Goes back to: Kubernetes documentation, Windows containers, HostProcess; Microsoft Learn, Isolation modes.
"""

from collections.abc import Iterator

from vmlint.catalog import operating_systems
from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import declared, image_text, is_true

RULE = Rule(
    id="VML103",
    name="unsupported-isolation-mode",
    summary="The platform does not have the isolation mode that is asked for",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/tasks/configure-pod-container/create-hostprocess-pod/",
    formats=("kubernetes",),
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
