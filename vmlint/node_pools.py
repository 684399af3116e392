"""Which pools of nodes of a scan may take a pod: labels against selectors, taints against tolerations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from vmlint.catalog.kubernetes_kinds import names_pool, selector_meaning
from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.workload import Estate, Host, Workload


class SameEstate:
    """An estate by its identity: what is worked out for it is worked out once in a run."""

    __slots__ = ("estate",)

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameEstate) and other.estate is self.estate

    def __hash__(self) -> int:
        return id(self.estate)


@lru_cache(maxsize=1)
def _pools(same: SameEstate) -> tuple[Host, ...]:
    return tuple(same.estate.hosts_of("node-pool"))


def pools_that_may_take(workload: Workload, estate: Estate) -> tuple[Host, ...]:
    """The pools of the scan that nothing known keeps the pod from."""
    return tuple(pool for pool in _pools(SameEstate(estate)) if accepts(pool, workload) is not False)


def selected_pool(workload: Workload, estate: Estate) -> Host | None:
    """The one pool that a pod's selectors choose by a name or label of its own; None where none or several may be
    meant, and for a pod that selects nothing of a pool."""
    if not workload.placement.selectors:
        return None
    chosen = [pool for pool in pools_that_may_take(workload, estate) if _chooses(workload, pool)]
    return chosen[0] if len(chosen) == 1 else None


def _chooses(workload: Workload, pool: Host) -> bool:
    return any(_label(pool, key, wanted) is True for key, wanted in workload.placement.selectors.items())


def accepts(pool: Host, workload: Workload) -> bool | None:
    """Whether the scheduler may put the pod on a node of the pool; None where something unknown decides."""
    answers = [*_by_labels(pool, workload), *_by_taints(pool, workload), _by_system(pool, workload)]
    if False in answers:
        return False
    return None if None in answers else True


def _by_labels(pool: Host, workload: Workload) -> Iterator[bool | None]:
    for key, wanted in workload.placement.selectors.items():
        yield _label(pool, key, wanted)


def _label(pool: Host, key: str, wanted: Fact[str]) -> bool | None:
    if names_pool(key):
        return wanted.value == pool.name if isinstance(wanted, Known) else None
    match pool.labels.get(key), wanted:
        case Known(found), Known(value):
            return found == value
        case None, Known() if pool.labels and not selector_meaning(key) and "kubernetes.io/" not in key:
            return False
    # Labels that a platform sets by itself are not in the files.
    return None


def _by_taints(pool: Host, workload: Workload) -> Iterator[bool | None]:
    tolerations = workload.placement.tolerations
    if any(isinstance(toleration, Absent) for toleration in tolerations):
        return  # An empty key tolerates every taint.
    tolerated = {toleration.value for toleration in tolerations if isinstance(toleration, Known)}
    for taint in pool.taints:
        match taint:
            case Known(value):
                yield value.partition("=")[0].partition(":")[0] in tolerated
            case Unknown():
                yield None


def _by_system(pool: Host, workload: Workload) -> bool | None:
    system = pool.facts.get("os")
    if isinstance(system, Known) and isinstance(workload.os, Known):
        return system.value == workload.os.value.family or workload.os.value.family not in ("linux", "windows")
    return None
