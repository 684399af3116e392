"""Terraform: evaluated resources to workloads and hosts.

Which types make what is data (`catalog/data/terraform_types.yaml`); `READERS` has one reader for each shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.catalog.terraform_types import is_read, resource_type
from vmlint.evaluation.terraform.modules import load_root, roots
from vmlint.files import folder_of
from vmlint.model.finding import Problem
from vmlint.model.workload import Host, Workload
from vmlint.sources.reading import Reading, Surroundings, Unit
from vmlint.sources.terraform.facts import Resource
from vmlint.sources.terraform.instances import Instance
from vmlint.sources.terraform.relations import Relations

_ENDINGS = (".tf", ".tf.json", ".tofu", ".tofu.json")


def is_terraform_name(path: str) -> bool:
    return path.endswith(_ENDINGS)


def units(paths: Iterable[str], surroundings: Surroundings, plans: Sequence[str] = ()) -> list[Unit]:
    """The root modules of these files: a folder that another one calls counts through its callers only. A plan or
    state of one of them is read with it, others stand for themselves."""
    folders = sorted({folder_of(path) for path in paths if is_terraform_name(path)})
    chosen = roots(folders, surroundings.files)
    owners: dict[str, str] = {}
    if plans and chosen:
        from vmlint.sources import plan

        owners = plan.owners(plans, chosen, surroundings.files)
    found = [Unit("terraform", (root, *(path for path in plans if owners.get(path) == root))) for root in chosen]
    return [*found, *(Unit("plan", (path,)) for path in plans if path not in owners)]


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads and hosts of a root module and all modules below it."""
    settings = surroundings.settings
    folder, *plans = unit.paths
    root = load_root(
        folder,
        surroundings.files,
        settings.variables,
        settings.variable_files,
        strict=settings.strict,
        environment=settings.environment,
    )
    written = list(root.resources(is_read))
    instances: Sequence[Instance] = written
    problems: list[Problem] = []
    if plans:
        from vmlint.sources import plan

        instances, problems = plan.joined(plans, written, root, surroundings.files)
    found = made(instances, folder, settings.kinds)
    workloads = list(found.workloads)
    problems += found.problems
    left = root.gaps
    if left:
        from vmlint.sources.terraform import gaps

        # Of a module that is not at hand a plan may tell the resources.
        told = gaps.calls(instance.address for instance in instances) if plans else set()
        for filled in gaps.read_all([gap for gap in left if gap.call_address not in told], folder):
            if isinstance(filled, Problem):
                problems.append(filled)
            else:
                workloads.append(filled)
    problems += root.problems
    read_files = root.paths | set(plans)
    return Reading(tuple(_told_apart(workloads)), found.hosts, tuple(dict.fromkeys(problems)), read_files)


def made(instances: Sequence[Instance], root: str, kinds: tuple[Kind, ...] = ()) -> Reading:
    """What resource instances come to; `root` names what is deployed together, `kinds` are the user's own of
    Kubernetes objects."""
    workloads: list[Workload] = []
    hosts: list[Host] = []
    problems: list[Problem] = []
    relations = Relations(instances)
    for instance in instances:
        kind = resource_type(instance.type) if instance.mode == "managed" else None
        if kind is None:
            continue
        resource = Resource(instance, kind, root, kinds)
        for found in _reader(kind.shape)(resource, relations):
            match found:
                case Host():
                    hosts.append(found)
                case Problem():
                    problems.append(found)
                case _:
                    workloads.append(found)
    return Reading(tuple(workloads), tuple(hosts), tuple(problems))


Found = Iterator[Workload | Host | Problem]


def _reader(shape: str) -> Callable[[Resource, Relations], Found]:
    """The reader of a shape; modules of readers are imported when a scan needs them."""
    match shape:
        case "machine" | "template" | "group":
            return _machines
        case "container" | "service":
            return _docker
        case "system-container":
            return _system_container
        case "task" | "batch":
            return _tasks
        case "group-of-containers":
            return _container_group
        case "node-pool" | "cluster":
            return _clusters
        case "manifest" | "helm" | "kubernetes":
            return _kubernetes
        case "job":
            return _nomad
    raise ValueError(shape)


def _machines(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import machines

    if resource.kind.shape != "template" and resource.kind.paths("template"):
        yield machines.group(resource, relations)
    elif resource.kind.shape != "template" or not relations.is_used(resource):
        yield machines.machine(resource, relations)


def _docker(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import docker

    yield docker.container(resource) if resource.kind.shape == "container" else docker.service(resource)


def _system_container(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import system_containers

    yield system_containers.instance(resource, relations)


def _tasks(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import tasks

    yield tasks.task(resource, relations)


def _container_group(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import container_groups

    found = container_groups.group(resource)
    if found is not None:
        yield found


def _clusters(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import clusters

    yield from clusters.read(resource, relations)


def _kubernetes(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import kubernetes

    yield from kubernetes.read(resource)


def _nomad(resource: Resource, relations: Relations) -> Found:
    from vmlint.sources.terraform import nomad

    yield from nomad.read(resource)


def _told_apart(workloads: list[Workload]) -> Iterator[Workload]:
    """Instances of a module call with for_each keep their address; what has one place and one address twice is
    told once."""
    seen: set[tuple[str, object]] = set()
    for workload in workloads:
        key = (workload.address, workload.span)
        if key not in seen:
            seen.add(key)
            yield workload
