"""A database keeps its state where the container's end takes it away: no volume, claim or host path covers its
data directory, or what covers it is an emptyDir, a tmpfs or an image's anonymous volume.

The directory is resolved as the engine does: by its flags, its environment (PGDATA), its image's vendor and
release. A mount above it covers it. Caches, brokers, routers and clients are not told, nor storage that an
operator or platform gives of its own accord, nor system containers and virtual machines, whose root disk stays.
A database that is only a fixture of tests is right to be without: suppress the finding there, with that reason.

Instead: a named volume or claim on the data directory.

Goes back to: the engines' image documentation (catalogue); Kubernetes documentation, Persistent Volumes.
"""

import re
from collections.abc import Iterator

from vmlint.catalog.engines import Engine, engine
from vmlint.catalog.kernel import normal_path
from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.finding import Confidence, Finding, Severity, Undecided
from vmlint.model.need import SubstrateClass
from vmlint.model.workload import Container, Mount, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import database_image, image_text

RULE = Rule(
    id="VML703",
    name="database-without-durable-volume",
    summary="A database keeps its data where the container's end takes it away",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/storage/persistent-volumes/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  db:
    image: postgres:16
""",
            at="image: postgres:16",
        ),
        Good(
            "compose.yaml",
            "services:\n  postgres:\n    build: ./db\n    volumes: [data:/srv/db]\nvolumes:\n  data: {}\n",
        ),
        Good(
            "compose.yaml",
            """
services:
  db:
    image: postgres:16
    volumes:
      - data:/var/lib/postgresql/data
volumes:
  data:
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  containers:
    - name: db
      image: mongo:7
      volumeMounts:
        - {name: data, mountPath: /data/db}
  volumes:
    - name: data
      emptyDir: {}
""",
            at="mountPath: /data/db",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  containers:
    - name: db
      image: mongo:7
      volumeMounts:
        - {name: data, mountPath: /data/db}
  volumes:
    - name: data
      persistentVolumeClaim: {claimName: db}
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "db" {
  name  = "db"
  image = "mysql:8.4"
}
""",
            at='image = "mysql:8.4"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "db" {
  name  = "db"
  image = "mysql:8.4"
  volumes {
    volume_name    = "data"
    container_path = "/var/lib/mysql"
  }
}
""",
        ),
    ),
)

_CLASSES = (SubstrateClass.CONTAINER, SubstrateClass.SANDBOXED_CONTAINER, SubstrateClass.VM_CONTAINER)
_DURABLE = frozenset({"host", "volume", "block", "unknown"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.role.name != "database" or workload.durable or workload.substrate_class not in _CLASSES:
        return
    for container in workload.main_containers:
        found = _engine_of(workload, container)
        if found is None or not found.keeps_data(container.command) or _may_keep_elsewhere(workload, container):
            continue
        moved = [container.environment.get(name) for name in found.variables]
        unknown = next((fact for fact in moved if isinstance(fact, Unknown)), None)
        if unknown is not None:
            yield Undecided(unknown, matters=False)
            continue
        windows = isinstance(workload.os, Known) and workload.os.value.family == "windows"
        yield from _told(container, found, windows)


def _may_keep_elsewhere(workload: Workload, container: Container) -> bool:
    """Whether its image is one that only a name tells of, with a volume somewhere: it may be built to keep its data
    there."""
    told = database_image(container) is not None or workload.role.confidence > Confidence.LOW
    return not told and any(mount.kind in _DURABLE for mount in container.mounts)


def _engine_of(workload: Workload, container: Container) -> Engine | None:
    fact = database_image(container)
    if fact is not None:
        return engine(fact.engine)
    alone = len(workload.main_containers) == 1
    return engine(workload.role.engine) if alone and workload.role.engine else None


def _told(container: Container, found: Engine, windows: bool) -> Iterator[Outcome]:
    environment = {name: fact.value for name, fact in container.environment.items() if isinstance(fact, Known)}
    directories = found.data_directories(image_text(container), environment, container.command, container.files)
    # Images of one engine differ: a volume on the directory of another vendor is a miss rather than an alarm.
    usual = found.data if set(directories) - set(environment.values()) else ()
    covering = [mount for mount in container.mounts if _covers(mount, (*directories, *usual))]
    if not directories or any(mount.kind in _DURABLE for mount in covering):
        return
    for mount in container.mounts:
        if isinstance(mount.target, Unknown) and mount.kind in _DURABLE:
            yield Undecided(mount.target, matters=False)
            return
    transient = next((mount for mount in covering if mount.kind in ("ephemeral", "anonymous")), None)
    stated = container.span.first_line() if isinstance(container.image, Absent) else container.image.span
    shown = next((folder for folder in directories if (folder[1:2] == ":") == windows), directories[0])
    what = "lies on a volume that ends with the container" if transient else "has no durable volume"
    yield Finding(
        f"The data directory of {found.name} ({shown}) {what}.",
        transient.span if transient else stated,
        f"Mount a named volume or claim on {shown}.",
        subject=container.span,
        evidence=f"{found.key} {shown}",
    )


def _covers(mount: Mount, directories: tuple[str, ...]) -> bool:
    """Whether a mount is the data directory, above it, or the part of it that its owner chose to keep."""
    if not isinstance(mount.target, Known) or mount.kind == "config":
        return False
    target = _folded(mount.target.value)
    return any(
        target == folder or folder.startswith(target.rstrip("/") + "/") or target.startswith(folder + "/")
        for folder in map(_folded, directories)
    )


def _folded(path: str) -> str:
    path = normal_path(path)
    return path.lower() if re.match(r"[A-Za-z]:", path) else path
