"""Code that its operator did not write runs on a kernel that is shared: notebooks, online judges, function
runners, web IDEs, public CI runners. The kernel's whole system-call surface is open to it.

Told are workloads declared untrusted, workloads whose role is to execute other people's code, and CI runners:
these last as a notice, as a warning where they are privileged or hold the control socket of an engine, because
most run code of the house, and as an error where they are declared shared (`vmlint.dev/sensitivity: public`,
`vmlint.dev/tenant: shared`). `vmlint.dev/trust: trusted` settles it the other way. Where the image is not known and
nothing else tells what a container is for, the rule is undecided and names the image's variable.

Instead: a sandbox (gVisor), or a kernel of its own where it also needs privilege (Kata, a virtual machine).

Goes back to: Kubernetes documentation, Multi-tenancy (sandboxing containers); MITRE ATT&CK T1611.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import (
    any_privileged,
    control_sockets,
    declared,
    hosts_containers,
    is_privileged,
    nameless_image,
    role_span,
    starts,
)

RULE = Rule(
    id="VML403",
    name="untrusted-code-on-shared-kernel",
    summary="Code of others runs on the kernel of its host",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/security/multi-tenancy/#sandboxing-containers",
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  lab:
    image: jupyter/scipy-notebook:2023-10-20
""",
            at="image: jupyter/scipy-notebook:2023-10-20",
        ),
        Good(
            "compose.yaml",
            """
services:
  lab:
    image: jupyter/scipy-notebook:2023-10-20
    runtime: runsc
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/trust: untrusted
spec:
  containers:
    - name: app
      image: example/app:1.4
""",
            at="vmlint.dev/trust: untrusted",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
  labels:
    vmlint.dev/trust: untrusted
spec:
  runtimeClassName: gvisor
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "lab" {
  name  = "lab"
  image = "jupyter/scipy-notebook:2023-10-20"
}
""",
            at='image = "jupyter/scipy-notebook:2023-10-20"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "lab" {
  name    = "lab"
  image   = "jupyter/scipy-notebook:2023-10-20"
  runtime = "runsc"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    trust = workload.declarations.trust
    if isinstance(trust, Unknown):
        yield Undecided(trust)
        return
    if isinstance(trust, Known) and declared(trust) == "untrusted":
        yield _need(workload, "is declared untrusted", trust.span, Severity.ERROR, trust)
        return
    if declared(trust) == "trusted":
        return
    if workload.role.name == "code-executor":
        severity = Severity.ERROR if any_privileged(workload) else Severity.WARNING
        yield _need(workload, "runs code that its operator did not write", role_span(workload), severity)
    elif workload.role.name == "ci-runner" and (shared := _declared_shared(workload)) is not None:
        yield _need(workload, "runs the code of everybody's pipelines", shared.span, Severity.ERROR, shared)
    elif workload.role.name == "ci-runner":
        holds = any(True for container in workload.containers for _ in control_sockets(container))
        severity = Severity.WARNING if holds or _runs_privileged(workload) else Severity.NOTICE
        yield _need(workload, "runs the code of pipelines", role_span(workload), severity)
    elif workload.role.name == "unknown" and workload.substrate_class is SubstrateClass.CONTAINER:
        # An executor, a runner or anything else: the image alone would say.
        unknown = (image for container in workload.main_containers if (image := nameless_image(container)))
        if (image := next(unknown, None)) is not None:
            yield Undecided(image)


def _declared_shared(workload: Workload) -> Known[str] | None:
    """The declaration by which a runner is open to others: its sensitivity is public, or its tenant everybody."""
    stated = workload.declarations
    if isinstance(stated.sensitivity, Known) and declared(stated.sensitivity) == "public":
        return stated.sensitivity
    if isinstance(stated.tenant, Known) and declared(stated.tenant) in ("shared", "public"):
        return stated.tenant
    return None


def _runs_privileged(workload: Workload) -> bool:
    """Whether what runs the pipelines is privileged; an engine beside it is VML310's."""
    return any(
        is_privileged(container) and not starts("engine", container) and not hosts_containers(container)
        for container in workload.containers
    )


def _need(workload: Workload, what: str, span: Span, severity: Severity, fact: Known[str] | None = None) -> Need:
    privileged = any_privileged(workload)
    cls = SubstrateClass.VM_CONTAINER if privileged else SubstrateClass.SANDBOXED_CONTAINER
    # Privilege inside a sandbox is VML404's notice; here the question is the boundary `process`.
    contained = workload.substrate_class is SubstrateClass.SANDBOXED_CONTAINER
    return Need(
        NeedKind.ISOLATION,
        "hypervisor" if privileged and not contained else "sandbox",
        f"`{workload.name}` {what}, on a kernel that it shares{', and is privileged' if privileged else ''}.",
        span,
        f"Use {recommendation(cls, platform_of(workload))}"
        + (", or declare it trusted." if workload.role.name in ("code-executor", "ci-runner") else "."),
        notes_from(fact.via) if fact is not None else (),
        severity=severity,
        evidence=workload.role.name if fact is None else "untrusted",
    )
