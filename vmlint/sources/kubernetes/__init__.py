"""Kubernetes: manifests to workloads and hosts."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.catalog import kubernetes_kinds
from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.files import Refusal
from vmlint.model.fact import Known
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record, replace
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Value
from vmlint.model.workload import Host, Workload
from vmlint.sources.kubernetes.companions import Companions, companions, shared
from vmlint.sources.kubernetes.documents import documents
from vmlint.sources.kubernetes.hosts import host
from vmlint.sources.kubernetes.linking import link
from vmlint.sources.kubernetes.machines import machine
from vmlint.sources.kubernetes.manifests import Manifest, looks_like, manifests
from vmlint.sources.kubernetes.nodes import nodes
from vmlint.sources.kubernetes.ownership import Makers, makers, without_owned
from vmlint.sources.kubernetes.pointers import pointer
from vmlint.sources.kubernetes.shapes import lacks_pods, misshapen
from vmlint.sources.kubernetes.workloads import workload
from vmlint.sources.reading import Reading, Surroundings, Unit

__all__ = ["link", "looks_like", "read", "read_objects"]


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads and hosts of the manifests of one folder. Each file completes the others: its ConfigMaps,
    autoscalers and instance types hold for all, where two do not contradict each other."""
    files = [_parsed(path, surroundings) for path in (*unit.paths, *unit.beside)]
    around = shared(companions(file.objects) for file in files)
    own = surroundings.settings.kinds
    there = makers((manifest for file in files for manifest in file.objects), own)
    workloads: list[Workload] = []
    hosts: list[Host] = []
    problems: list[Problem] = []
    for file in files:
        found = _of_objects(file.objects, file.path, around, own, there)
        workloads += found.workloads
        hosts += found.hosts
        problems += (*found.problems, *file.problems) if file.path not in unit.beside else ()
    paths = frozenset(file.path for file in files if file.is_read and file.path in unit.paths)
    return Reading(tuple(workloads), tuple(hosts), tuple(problems), paths)


@record
class _File:
    path: str
    objects: tuple[Manifest, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_read: bool = True


def _parsed(path: str, surroundings: Surroundings) -> _File:
    source = surroundings.files.text(path)
    if isinstance(source, Refusal):
        return _File(path, (), (Problem(ProblemKind.UNREADABLE, source.message, SourceText(path, "").whole()),))
    roots, problems = documents(source)
    objects = tuple(manifest for root in roots for manifest in manifests(root))
    # The description of a chart has an `apiVersion` and is no object, nor is a template that nobody rendered.
    broken = any(problem.kind is ProblemKind.UNREADABLE for problem in problems)
    is_read = bool(objects) or broken or any(looks_like(root) for root in roots)
    problems += [problem for root in roots if (problem := _unnamed(root)) is not None]
    return _File(path, objects, tuple(problems), is_read)


def _unnamed(root: Value) -> Problem | None:
    """An object that says all but what it is: `kind` or `apiVersion` is left out or misspelt."""
    if not isinstance(root, Mapping) or not {"metadata", "spec"} <= root.entries.keys():
        return None
    lacking = [key for key in ("apiVersion", "kind") if key not in root.entries]
    if len(lacking) != 1:
        return None
    message = f"it has a `metadata` and a `spec` and no `{lacking[0]}`: the API server would not take it"
    return Problem(ProblemKind.UNREADABLE, message, root.span.first_line())


def read_objects(roots: Iterable[Value], unit: str, own: tuple[Kind, ...] = ()) -> Reading:
    """The workloads and hosts of manifest objects, wherever they come from; `own` are kinds of the user's own."""
    objects = tuple(manifest for root in roots for manifest in manifests(root))
    return _of_objects(objects, unit, Companions(), own, makers(objects, own))


def _of_objects(
    objects: tuple[Manifest, ...], unit: str, around: Companions, own: tuple[Kind, ...], there: Makers
) -> Reading:
    workloads: list[Workload] = []
    hosts: list[Host] = []
    problems: list[Problem] = []
    beside = companions(objects).over(around)
    for manifest, copies in without_owned(objects, there):
        kind = kubernetes_kinds.kind(manifest.group, manifest.kind, own)
        refused = misshapen(manifest, kind)
        problems += refused
        if kind is not None and kind.shape in ("pool", "machine"):
            for made in nodes(manifest, kind, unit, beside):
                (hosts if isinstance(made, Host) else workloads).append(made)  # type: ignore[arg-type]
            continue
        found = _workload(manifest, kind, unit, beside)
        if found is not None:
            workloads.append(found if copies == 1 else replace(found, instances=Known(copies, found.span)))
            continue
        known = host(manifest)
        if known is not None:
            hosts.append(known)
        elif not refused and (passed_over := _passed_over(manifest, kind)) is not None:
            problems.append(passed_over)
    return Reading(tuple(workloads), tuple(hosts), tuple(problems))


def _passed_over(manifest: Manifest, kind: Kind | None) -> Problem | None:
    """Why an object that speaks of workloads is none; None for any other object."""
    if kind is None:
        return pointer(manifest)
    if lacks_pods(manifest, kind):
        message = f"{manifest.address} selects pods and has no containers: the API server would not take it"
        return Problem(ProblemKind.UNREADABLE, message, manifest.span)
    message = f"{manifest.address} makes no pod by what it says: a patch, or a part of another object"
    return Problem(ProblemKind.SKIPPED, message, manifest.span)


def _workload(manifest: Manifest, kind: Kind | None, unit: str, beside: Companions) -> Workload | None:
    if kind is None:
        return None
    make = machine if kind.shape == "kubevirt" else workload
    return make(manifest, kind, unit, beside)
