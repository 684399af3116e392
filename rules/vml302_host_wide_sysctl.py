"""A container sets a kernel setting that belongs to no namespace: it holds for the whole host and for everybody on
it, and the last to set it wins.

Told are `sysctl -w` and writes below /proc/sys of what is not namespaced, in a privileged container or init
container, `sysctls` of that kind, and `net.*` with the host's network. Namespaced settings (`net.*`,
`kernel.shm*`, `kernel.msg*`, `kernel.sem`, `fs.mqueue.*`) are fine in a namespace of their own; those among
them that a kubelet does not allow by itself are a notice. Node agents are exempt.

Instead: set it when the host is built, on the pool of nodes that this workload is sent to; or give it a kernel
of its own.

Goes back to: Kubernetes documentation, Using sysctls in a Kubernetes cluster.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.model.finding import Finding, Severity
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Sysctl, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import command_line, is_machine, is_privileged, on_host_network

RULE = Rule(
    id="VML302",
    name="host-wide-sysctl",
    summary="A container sets a kernel setting for its whole host",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    sysctls:
      vm.max_map_count: 262144
""",
            at="vm.max_map_count: 262144",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    sysctls:
      net.core.somaxconn: 1024
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
      command: [sh, -c, "sysctl -w vm.max_map_count=262144"]
      securityContext:
        privileged: true
""",
            at='command: [sh, -c, "sysctl -w vm.max_map_count=262144"]',
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  securityContext:
    sysctls:
      - {name: kernel.shm_rmid_forced, value: "1"}
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name    = "app"
  image   = "example/app:1.4"
  sysctls = {
    "vm.overcommit_memory" = "1"
  }
}
""",
            at='"vm.overcommit_memory" = "1"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name    = "app"
  image   = "example/app:1.4"
  sysctls = {
    "net.ipv4.ip_forward" = "1"
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    host_network = on_host_network(workload)
    for sysctl in workload.sysctls:
        yield from _stated(workload, None, sysctl, host_network)
    for container in workload.containers:
        for sysctl in container.sysctls:
            yield from _stated(workload, container, sysctl, host_network)
        written = [
            name
            for name, _ in kernel.sysctls_set(command_line(container))
            if not kernel.sysctl_is_namespaced(name, host_network)
        ]
        if written and is_privileged(container):
            yield _need(workload, container, sorted(set(written)), container.command_span)


def _stated(
    workload: Workload, container: Container | None, sysctl: Sysctl, host_network: bool
) -> Iterator[Outcome]:
    if not kernel.sysctl_is_namespaced(sysctl.name, host_network):
        yield _need(workload, container, [sysctl.name], sysctl.span)
    elif workload.format == "kubernetes" and not kernel.sysctl_is_safe(sysctl.name):
        yield Finding(
            f"`{workload.name}` sets {sysctl.name}, which a kubelet refuses unless it is told to allow it.",
            sysctl.span,
            "Allow it on the pool of nodes that this workload is sent to (`allowedUnsafeSysctls`).",
            severity=Severity.NOTICE,
            evidence=sysctl.name,
        )


def _need(workload: Workload, container: Container | None, names: list[str], span: Span) -> Need:
    # A user-space kernel keeps the setting from the host.
    sandboxed = workload.substrate_class is SubstrateClass.SANDBOXED_CONTAINER
    return Need(
        NeedKind.KERNEL,
        "shared" if sandboxed else "own",
        f"`{workload.name if container is None else container.name}` sets {' and '.join(names)} for its host.",
        span,
        "Set it when the host is built, on the nodes that this is sent to, or give it a kernel of its own.",
        subject=None if container is None else container.span,
        evidence=",".join(names),
    )
