"""Two workloads that share a kernel need opposite settings of it: transparent huge pages off for the one and on
for the other, or strict memory overcommit against none. The kernel has one value, and one of the two runs as
its vendor advises against.

A warning where both set it themselves, a notice where it is only what their engines ask for.

Instead: a pool of nodes for each, or a kernel of its own for one of them.

Goes back to: the engines' documentation on kernel settings (catalogue).
"""

from collections.abc import Iterator
from typing import TypeAlias

from vmlint.catalog import kernel
from vmlint.catalog.engines import engine
from vmlint.kernel_map import neighbours_by
from vmlint.model.finding import Finding, Note, Severity
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import command_line, image_text, is_privileged, role_span

RULE = Rule(
    id="VML205",
    name="conflicting-kernel-settings",
    summary="Two workloads on one kernel ask for opposite settings of it",
    severity=Severity.WARNING,
    guidance="https://redis.io/docs/latest/operate/oss_and_stack/management/admin/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  cache:
    image: redis:7
  docs:
    image: mongo:8.0
    volumes: [data:/data/db]
volumes:
  data:
""",
            at="image: mongo:8.0",
        ),
        Good(
            "compose.yaml",
            """
services:
  cache:
    image: redis:7
  docs:
    image: mongo:6.0
    volumes: [data:/data/db]
volumes:
  data:
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: cache
spec:
  containers:
    - name: cache
      image: redis:7
---
apiVersion: v1
kind: Pod
metadata:
  name: docs
spec:
  containers:
    - name: docs
      image: mongo:8.0
""",
            at="image: mongo:8.0",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: cache
spec:
  containers:
    - name: cache
      image: redis:7
---
apiVersion: v1
kind: Pod
metadata:
  name: docs
spec:
  nodeSelector: {pool: docs}
  containers:
    - name: docs
      image: mongo:8.0
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "cache" {
  name  = "cache"
  image = "redis:7"
}

resource "docker_container" "docs" {
  name  = "docs"
  image = "mongo:8.0"
}
""",
            at='image = "mongo:8.0"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "cache" {
  name  = "cache"
  image = "redis:7"
}

resource "docker_container" "docs" {
  name  = "docs"
  image = "mongo:6.0"
}
""",
        ),
    ),
)

# Values of one setting that exclude each other.
_OPPOSITE = {
    "thp": frozenset({"always", "never"}),
    "vm.overcommit_memory": frozenset({"1", "2"}),
}


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    own = dict(_demands(workload))
    if not own:
        return
    for demanded, others in neighbours_by(_demands, workload, context.estate):
        theirs = dict(demanded)
        name = next((name for name in own if {own[name][0], theirs.get(name, ("",))[0]} == _OPPOSITE[name]), "")
        other = next(others, None) if name else None
        if other is None or other.span.sort_key > workload.span.sort_key:
            continue  # One of the two tells it.
        both = own[name][1] and theirs[name][1]
        yield Finding(
            f"`{workload.name}` asks for {_setting(name)} = {own[name][0]} and `{other.name}` on the same kernel "
            f"for {theirs[name][0]}.",
            role_span(workload),
            "Give one of them a pool of nodes or a kernel of its own.",
            (Note(f"its neighbour `{other.name}`", role_span(other)),),
            severity=Severity.WARNING if both else Severity.NOTICE,
            evidence=f"{name} against {other.name}",
        )
        return


def _setting(name: str) -> str:
    return "transparent huge pages" if name == "thp" else name


Demands: TypeAlias = tuple[tuple[str, tuple[str, bool]], ...]


def _demands(workload: Workload) -> Demands:
    """For each setting that has opposites the value that the workload asks for, and whether it sets it itself."""
    found: dict[str, tuple[str, bool]] = {}
    fact = engine(workload.role.engine) if workload.role.engine else None
    if fact is not None:
        image = next((image_text(container) for container in workload.main_containers), "")
        found = {name: (str(value), False) for name, value in fact.kernel_settings(image).items()}
    stated = [*workload.sysctls, *(sysctl for container in workload.containers for sysctl in container.sysctls)]
    for container in workload.containers:
        for name, value in kernel.sysctls_set(command_line(container)):
            if value and is_privileged(container):
                found[name] = (value, True)
        if pages := kernel.huge_pages_set(command_line(container)):
            found["thp"] = (pages, True)
    for sysctl in stated:
        if hasattr(sysctl.value, "value"):
            found[sysctl.name] = (str(sysctl.value.value), True)
    return tuple((name, found[name]) for name in _OPPOSITE if name in found)
