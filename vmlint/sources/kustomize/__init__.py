"""Kustomize: overlays understood without running anything. A kustomization that no other one uses is a unit; what
it makes of its bases is reported at the places that set the values."""

from __future__ import annotations

from vmlint.files import Files, Refusal
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import replace
from vmlint.model.span import SourceText, Span
from vmlint.model.workload import Workload
from vmlint.sources.kubernetes import read_objects
from vmlint.sources.kubernetes.documents import documents
from vmlint.sources.kustomize.build import build
from vmlint.sources.kustomize.kustomization import is_named_so, load
from vmlint.sources.kustomize.objects import Resource
from vmlint.sources.kustomize.scope import units
from vmlint.sources.reading import Reading, Surroundings, Unit

__all__ = ["is_named_so", "read", "stands_in", "units"]


def stands_in(path: str, files: Files) -> bool:
    """Whether a file of such a name is one of kustomize's, readable or not, and no other tool's object."""
    source = files.text(path)
    return isinstance(source, SourceText) and (load(path, files) is not None or bool(documents(source)[1]))


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads and hosts that the kustomization of a unit makes."""
    path, files = unit.paths[0], surroundings.files
    source = files.text(path)
    if isinstance(source, Refusal):
        span = SourceText(path, "").whole()
        return Reading(problems=(Problem(ProblemKind.UNREADABLE, source.message, span),))
    _, broken = documents(source)
    if load(path, files) is None:
        if not broken:
            broken = [Problem(ProblemKind.UNREADABLE, "it holds no kustomization", source.whole().first_line())]
        return Reading(problems=tuple(broken), files=frozenset({path}))
    built = build(path, files)
    found = read_objects((resource.body for resource in built.resources), path, surroundings.settings.kinds)
    origins = {_identity(resource): resource for resource in built.resources}
    workloads = tuple(_with_origin(workload, origins) for workload in found.workloads)
    problems = () if unit.beside else (*broken, *built.problems, *found.problems)
    return Reading(workloads, found.hosts, problems, built.files)


def _identity(resource: Resource) -> tuple[Span, str, str]:
    return resource.body.span.first_line(), resource.namespace, resource.name


def _with_origin(workload: Workload, origins: dict[tuple[Span, str, str], Resource]) -> Workload:
    resource = origins.get((workload.span, workload.namespace, workload.name))
    if resource is None:
        return workload
    return replace(workload, call_chain=resource.chain, parts=resource.parts)
