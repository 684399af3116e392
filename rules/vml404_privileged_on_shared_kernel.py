"""A privileged container has every capability, every device and no confinement: on a kernel that it shares with
its host, nothing stands between it and the host.

The same flag under a hypervisor reaches the guest's kernel only, and a user namespace of the pod's own takes
the host's devices and files out of reach: there it is a notice or a warning. Node agents (CNI, CSI, device
plugins) are there to reach into their host and are not told in the default profile.

Instead: name the one capability or device that is needed; where privilege is really needed (Docker in Docker,
kernel tests, untrusted builds), give the workload a kernel of its own: Kata, Hyper-V isolation, or a virtual
machine.

Goes back to: Kubernetes Pod Security Standards (baseline); NIST SP 800-190 §4.4.3; MITRE ATT&CK T1611.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.workload import Container, Workload
from vmlint.placement import platform_of, substrate_name
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import has_own_users, is_machine

RULE = Rule(
    id="VML404",
    name="privileged-on-shared-kernel",
    summary="A privileged container shares the kernel of its host",
    severity=Severity.ERROR,
    guidance="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
    exempt_roles=NODE_AGENT,
    subsumes=frozenset({"VML407", "VML408", "VML306"}),
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            "services:\n  app:\n    image: nginx:1.27\n    privileged: true\n",
            at="privileged: true",
        ),
        Good("compose.yaml", "services:\n  app:\n    image: nginx:1.27\n    cap_add: [NET_BIND_SERVICE]\n"),
        Bad(
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - name: app\n"
            "      image: nginx:1.27\n      securityContext:\n        privileged: true\n",
            at="privileged: true",
        ),
        Good(
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec:\n  containers:\n    - name: app\n"
            "      image: nginx:1.27\n      securityContext:\n        privileged: false\n",
        ),
        Bad(
            "main.tf",
            'resource "docker_container" "app" {\n  name       = "app"\n  image      = "nginx:1.27"\n'
            "  privileged = true\n}\n",
            at="privileged = true",
        ),
        Good("main.tf", 'resource "docker_container" "app" {\n  name  = "app"\n  image = "nginx:1.27"\n}\n'),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    if not workload.containers:
        # Its containers are written where nobody could read them.
        for gap in workload.gaps:
            yield Undecided(gap, matters=workload.substrate_class in (None, *_SHARED))
    for container in workload.containers:
        for fact, what in (
            (container.privileged, "privileged"),
            (container.host_process, "a HostProcess container"),
        ):
            match fact:
                case Known(True):
                    yield from _told(workload, container, fact, what)
                case Unknown():
                    yield Undecided(fact, matters=workload.substrate_class in (None, *_SHARED))


_SHARED = (SubstrateClass.CONTAINER, SubstrateClass.SYSTEM_CONTAINER)


def _told(workload: Workload, container: Container, fact: Known[bool], what: str) -> Iterator[Outcome]:
    notes = notes_from(fact.via)
    contained = workload.substrate_class in (SubstrateClass.SANDBOXED_CONTAINER, SubstrateClass.VM_CONTAINER)
    if contained:
        yield Finding(
            f"`{container.name}` is {what}, which {substrate_name(workload)} keeps from the host's kernel.",
            fact.span,
            "Drop the flag and name the capabilities that are needed.",
            notes,
            severity=Severity.NOTICE,
            subject=container.span,
            evidence=what,
        )
        return
    own_users = has_own_users(workload)
    yield Need(
        NeedKind.ISOLATION,
        "hypervisor",
        f"`{container.name}` is {what} on a kernel that it shares with its host"
        + (", if in a user namespace of its own." if own_users else "."),
        fact.span,
        "Name the capabilities or devices that it needs instead, or give it a kernel of its own: "
        f"{recommendation(SubstrateClass.VM_CONTAINER, platform_of(workload))}.",
        notes,
        severity=Severity.WARNING if own_users else None,
        subject=container.span,
        evidence=what,
    )
