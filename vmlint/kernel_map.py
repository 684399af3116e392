"""Which workloads share a kernel, as far as the files tell.

The map is careful: two workloads are put on one kernel only where the files put them together (one Compose
project, one folder of manifests with the same node selectors, one named cluster or host). Where it cannot tell, a
workload is alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import lru_cache

from vmlint.files import folder_of
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.workload import Estate, Workload
from vmlint.traits import shares_kernel


def kernel_of(workload: Workload) -> Hashable | None:
    """What names the kernel (or the pool of like kernels) that runs the workload; None where nothing tells, and for
    a workload with a kernel of its own."""
    if not shares_kernel(workload):
        return None
    placed = workload.placement
    selectors = frozenset((key, _settled(fact)) for key, fact in placed.selectors.items())
    if workload.format == "compose":
        return ("compose", placed.host or workload.unit)
    if workload.format == "kubernetes":
        return ("kubernetes", folder_of(workload.span.path), selectors, dedicated(workload))
    if placed.host:
        return (workload.kind, placed.host)
    return ("docker", workload.unit) if workload.kind.startswith("docker_") else None


def _settled(fact: Fact[str]) -> str:
    """The value of a selector, or the name that would settle it: the same name is the same value."""
    match fact:
        case Known(value):
            return value
        case Unknown(expression):
            return f"?{expression}"
    return ""


def dedicated(workload: Workload) -> frozenset[str]:
    """The taints that the workload tolerates: with a selector they give it a pool of its own."""
    return frozenset(fact.value for fact in workload.placement.tolerations if isinstance(fact, Known))


def neighbours(workload: Workload, estate: Estate) -> Iterator[Workload]:
    """The other workloads on the same kernel, in the order of the scan."""
    kernel = kernel_of(workload)
    if kernel is not None:
        yield from (w for w in _by_kernel(_Same(estate)).get((workload.format, kernel), ()) if w is not workload)


def systems_beside(workload: Workload, estate: Estate) -> frozenset[str]:
    """The families of operating systems of the pods in the same folder: the set that one cluster is given."""
    return _systems(_Same(estate)).get(folder_of(workload.span.path), frozenset())


class _Same:
    """An estate by its identity: what is worked out for it is worked out once in a run."""

    __slots__ = ("estate",)

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.estate is self.estate

    def __hash__(self) -> int:
        return id(self.estate)


@lru_cache(maxsize=1)
def _by_kernel(same: _Same) -> dict[tuple[str, Hashable], list[Workload]]:
    found: dict[tuple[str, Hashable], list[Workload]] = {}
    for workload in same.estate.workloads:
        kernel = kernel_of(workload)
        if kernel is not None:
            found.setdefault((workload.format, kernel), []).append(workload)
    return found


@lru_cache(maxsize=1)
def _systems(same: _Same) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for workload in same.estate.workloads:
        if workload.format == "kubernetes" and workload.containers and isinstance(workload.os, Known):
            found.setdefault(folder_of(workload.span.path), set()).add(workload.os.value.family)
    return {folder: frozenset(families) for folder, families in found.items()}
