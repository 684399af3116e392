"""A container is given a part of its host that means control of it: an engine's control socket, the host's own
folders in a writable way, or its credentials.

A read-only socket is still control, because requests are written to it, not to the file; and it is control
under any boundary, a hypervisor included. `/etc/localtime` and the like are harmless. Under Kata `/dev`,
`/proc` and `/sys` are the guest's own. The socket of an engine in the same pod is not the host's: a warning. The
host's folders mounted read-only are told in the pedantic profile. Node agents are exempt.

Instead: a socket proxy that allows the few calls that are needed, or an API token with a role; a folder of the
workload's own instead of the host's.

Goes back to: CIS Docker Benchmark 5.5 and 5.31; NSA/CISA Kubernetes Hardening Guide; MITRE ATT&CK T1611.
"""

from collections.abc import Iterator

from vmlint.catalog import kernel
from vmlint.model.fact import Known, Unknown, value_or
from vmlint.model.finding import Finding, Severity, Undecided, notes_from
from vmlint.model.need import Need, NeedKind, SubstrateClass
from vmlint.model.span import Span
from vmlint.model.workload import Container, Mount, Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import hosts_containers, is_machine, is_true, mount_class

RULE = Rule(
    id="VML406",
    name="host-control-mount",
    summary="A container is given control of its host through a mount",
    severity=Severity.ERROR,
    guidance="https://attack.mitre.org/techniques/T1611/",
    exempt_roles=NODE_AGENT,
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    volumes:
      - /var/run/docker.sock:/var/run/docker.sock:ro
""",
            at="/var/run/docker.sock:/var/run/docker.sock:ro",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    volumes:
      - /etc/localtime:/etc/localtime:ro
      - ./data:/data
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      volumeMounts:
        - {name: host, mountPath: /host}
  volumes:
    - name: host
      hostPath: {path: /}
""",
            at="path: /",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      volumeMounts:
        - {name: data, mountPath: /data}
  volumes:
    - name: data
      hostPath: {path: /srv/app}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  volumes {
    host_path      = "/var/run/docker.sock"
    container_path = "/var/run/docker.sock"
  }
}
""",
            at='host_path      = "/var/run/docker.sock"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "example/app:1.4"
  volumes {
    host_path      = "/srv/app"
    container_path = "/data"
  }
}
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      volumeMounts:
        - {name: socket, mountPath: /var/run}
    - name: engine
      image: docker:27-dind
      volumeMounts:
        - {name: socket, mountPath: /var/run}
  volumes:
    - name: socket
      emptyDir: {}
""",
            at="mountPath: /var/run",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if is_machine(workload):
        return
    told: set[tuple[Span, str]] = set()
    engines = [container for container in workload.containers if hosts_containers(container)]
    for container in workload.containers:
        if engines and container not in engines:
            yield from _of_engine_beside(container)
        for mount in container.mounts:
            for outcome in _of_mount(workload, container, mount, context):
                key = (mount.source.span, mount_class(mount))
                if isinstance(outcome, Undecided) or key not in told:
                    yield outcome
                    told.add(key)


def _of_engine_beside(container: Container) -> Iterator[Outcome]:
    """The socket of an engine in the same pod: not the host's, and control of what that engine runs."""
    for mount in container.mounts:
        target = value_or(mount.target, "")
        fact = kernel.mount_fact(target) if mount.kind == "ephemeral" else None
        if fact is not None and fact.cls == "socket":
            yield Finding(
                f"`{container.name}` holds the socket of the container engine beside it (`{target}`).",
                mount.span,
                "Give it an interface that allows only the calls that it needs.",
                severity=Severity.WARNING,
                evidence=target,
            )
            return


def _of_mount(workload: Workload, container: Container, mount: Mount, context: Context) -> Iterator[Outcome]:
    cls = mount_class(mount)
    path = value_or(mount.source, value_or(mount.target, ""))
    if cls == "cgroup":
        # With the target that an init system wants, VML303 tells it.
        wanted = isinstance(mount.target, Known) and kernel.normal_path(mount.target.value) == "/sys/fs/cgroup"
        cls = "" if wanted else "system"
    fact = kernel.mount_fact(path)
    if cls not in ("socket", "credential", "system") or fact is None:
        return
    if fact.guest and workload.substrate_class is SubstrateClass.VM_CONTAINER:
        return
    writable = not is_true(mount.read_only)
    if cls == "system" and not writable:
        if context.pedantic:
            yield _told(workload, container, mount, f"may read `{path}` of its host", Severity.NOTICE)
        return
    if cls == "system" and isinstance(mount.read_only, Unknown):
        yield Undecided(mount.read_only)
        return
    way = "holds" if cls != "system" else "may write"
    yield _told(workload, container, mount, f"{way} `{path}` of its host ({fact.means})", Severity.ERROR)


def _told(workload: Workload, container: Container, mount: Mount, what: str, severity: Severity) -> Outcome:
    message = f"`{container.name}` {what}."
    advice = "Give it a folder of its own, or an interface that allows only the calls that it needs."
    notes = notes_from(mount.source.via)
    evidence = str(value_or(mount.source, value_or(mount.target, "")))
    if workload.substrate_class in (None, SubstrateClass.CONTAINER, SubstrateClass.SYSTEM_CONTAINER):
        return Need(
            NeedKind.ISOLATION,
            "hypervisor",
            message,
            mount.span,
            advice,
            notes,
            severity=severity,
            evidence=evidence,
        )
    # No boundary holds what is handed through it.
    return Finding(message, mount.span, advice, notes, severity=severity, evidence=evidence)
