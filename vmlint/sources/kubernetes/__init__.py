"""Kubernetes: manifests to workloads and hosts."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.catalog import kubernetes_kinds
from vmlint.files import Refusal
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Value
from vmlint.model.workload import Host, Workload
from vmlint.sources.kubernetes.companions import Companions, companions
from vmlint.sources.kubernetes.hosts import host
from vmlint.sources.kubernetes.kustomize import patched_by
from vmlint.sources.kubernetes.linking import link
from vmlint.sources.kubernetes.machines import machine
from vmlint.sources.kubernetes.manifests import Manifest, looks_like, manifests
from vmlint.sources.kubernetes.workloads import workload
from vmlint.sources.reading import Reading, Surroundings, Unit
from vmlint.syntax import yaml

__all__ = ["link", "looks_like", "read", "read_objects"]


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads and hosts of one manifest file."""
    path = unit.paths[0]
    source = surroundings.files.text(path)
    if isinstance(source, Refusal):
        span = SourceText(path, "").whole()
        return Reading(problems=(Problem(ProblemKind.UNREADABLE, source.message, span),))
    parsed = yaml.parse(source)
    found = read_objects((document.root for document in parsed.documents), path)
    duplicates = tuple(
        Problem(ProblemKind.UNREADABLE, f'the key "{key.text}" is set twice; the last one is read', key)
        for key in parsed.duplicates
    )
    problems = (*found.problems, *parsed.problems, *duplicates)
    if found.workloads:
        kustomization = patched_by(path, surroundings.files)
        if kustomization:
            # The object itself stands in another file, and is reported there.
            skipped = tuple(_patch(item, kustomization) for item in found.workloads)
            return Reading((), found.hosts, (*problems, *skipped), frozenset({path}))
    return Reading(found.workloads, found.hosts, problems, frozenset({path}))


def _patch(item: Workload, kustomization: str) -> Problem:
    message = f"{item.address} is a patch of {kustomization}, which nobody applied"
    return Problem(ProblemKind.SKIPPED, message, item.span)


def read_objects(roots: Iterable[Value], unit: str) -> Reading:
    """The workloads and hosts of manifest objects, wherever they come from."""
    workloads: list[Workload] = []
    hosts: list[Host] = []
    problems: list[Problem] = []
    objects = [manifest for root in roots for manifest in manifests(root)]
    beside = companions(objects)
    for manifest in objects:
        found = _workload(manifest, unit, beside)
        if found is not None:
            workloads.append(found)
            continue
        known = host(manifest)
        if known is not None:
            hosts.append(known)
            continue
        if kubernetes_kinds.kind(manifest.group, manifest.kind) is not None:
            message = f"{manifest.address} makes no pod by what it says: a patch, or a part of another object"
            problems.append(Problem(ProblemKind.SKIPPED, message, manifest.span))
            continue
        by = kubernetes_kinds.rendered_by(manifest.group, manifest.kind)
        if by:
            message = f"{manifest.address} is not rendered: {by} would tell what it runs"
            problems.append(Problem(ProblemKind.SKIPPED, message, manifest.span))
    return Reading(tuple(workloads), tuple(hosts), tuple(problems))


def _workload(manifest: Manifest, unit: str, beside: Companions) -> Workload | None:
    kind = kubernetes_kinds.kind(manifest.group, manifest.kind)
    if kind is None:
        return None
    make = machine if kind.shape == "kubevirt" else workload
    return make(manifest, kind, unit, beside)
