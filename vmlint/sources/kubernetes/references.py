"""Objects that run what another object describes: a Rollout its Deployment, a TaskRun its Task."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.files import folder_of
from vmlint.model.fact import Unknown, first_stated
from vmlint.model.record import replace
from vmlint.model.workload import Workload
from vmlint.sources import declarations

MAX_HOPS = 4
"""From a run over its pipeline to the tasks; more is a circle."""


def resolved(workloads: Iterable[Workload]) -> list[Workload]:
    """The workloads with what they refer to, in the same order. A definition that another object runs counts there;
    one that nobody runs is a workload itself."""
    found = list(workloads)
    if not any(workload.refers for workload in found):
        return found
    by_name: dict[str, list[Workload]] = {}
    for workload in found:
        by_name.setdefault(f"{workload.kind}/{workload.name}", []).append(workload)
    used: set[int] = set()
    made = [_complete(workload, by_name, used, MAX_HOPS) for workload in found]
    return [whole for own, whole in zip(found, made, strict=True) if not (own.definition and id(own) in used)]


def _complete(workload: Workload, by_name: dict[str, list[Workload]], used: set[int], hops: int) -> Workload:
    for name in workload.refers:
        target = _nearest(workload, by_name.get(name.value, []))
        if target is None:
            if workload.kind_role or workload.containers:
                continue  # what the kind says is enough to go by
            gap = Unknown(name.value, "it is not in this scan", name.span, name.via)
            workload = replace(workload, gaps=(*workload.gaps, gap))
            continue
        used.add(id(target))
        inner = _complete(target, by_name, used, hops - 1) if hops else target
        workload = _with(workload, inner)
    return workload


def _nearest(workload: Workload, candidates: list[Workload]) -> Workload | None:
    """The object of this name in the same namespace: in the same file, else folder, else the only one."""

    def may_be(other: Workload) -> bool:
        return other is not workload and (
            not other.namespace or not workload.namespace or other.namespace == workload.namespace
        )

    path = workload.span.path
    near = [other for other in candidates if may_be(other)]
    for beside in (
        [other for other in near if other.span.path == path],
        [other for other in near if folder_of(other.span.path) == folder_of(path)],
        near,
    ):
        if beside:
            return beside[0] if len(beside) == 1 or beside is not near else None
    return None


def _with(workload: Workload, target: Workload) -> Workload:
    """The workload with the target's containers; of what it says itself nothing changes."""
    placed = workload.placement
    own = bool(workload.containers or placed.selectors or placed.runtime_class is not None)
    changed = replace(
        workload,
        containers=(*workload.containers, *target.containers),
        vcpu=first_stated((workload.vcpu, target.vcpu), workload.vcpu),
        memory_mib=first_stated((workload.memory_mib, target.memory_mib), workload.memory_mib),
        sysctls=(*workload.sysctls, *target.sysctls),
        declarations=declarations.merged(workload.declarations, target.declarations),
        labels={**target.labels, **workload.labels},
        kind_role=workload.kind_role or target.kind_role,
        durable=workload.durable or target.durable,
        gaps=(*workload.gaps, *target.gaps),
    )
    if own:
        return changed
    return replace(changed, host=target.host, placement=target.placement, os=target.os, substrate=target.substrate)
