"""Which workloads share a kernel, as far as the files tell.

The map is careful: two workloads are put on one kernel only where the files put them together (one Compose
project, one folder of manifests with the same node selectors and tolerations, one pool of nodes that both select,
one named cluster or host). Where it cannot tell, a workload is alone and the map says why.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from vmlint.files import folder_of
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.need import SubstrateClass
from vmlint.model.record import record
from vmlint.model.workload import Estate, Host, Workload
from vmlint.node_pools import SameEstate, pools_that_may_take, selected_pool
from vmlint.traits import declared, shares_kernel


@record
class Kernel:
    """What runs the system calls of one or more workloads: one kernel, or the like kernels of a pool of nodes.

    `key` is its identity in the estate; `kind` is `compose-engine`, `docker-host`, `nodes`, `node-pool`,
    `cluster`, `system-container-host`, `own` or `sandbox`; `name` says which in the field's words; `host` is the
    address of the pool where the scan has it."""

    key: tuple[str, ...]
    kind: str
    name: str
    host: str = ""

    @property
    def shared(self) -> bool:
        return self.kind not in ("own", "sandbox")


@record
class Group:
    """A kernel with the workloads that it runs, in the order of the scan. `doubts` say what the files leave open;
    `machine` is the machine or pool of them whose kernel it is, where the scan has it."""

    kernel: Kernel
    workloads: tuple[Workload, ...]
    doubts: tuple[str, ...] = ()
    machine: Workload | None = None


@record
class Alone:
    """A workload on a shared kernel of which the files do not say whose else it is."""

    workload: Workload
    reason: str


@record
class KernelMap:
    groups: tuple[Group, ...]
    alone: tuple[Alone, ...]


def kernel_map(estate: Estate) -> KernelMap:
    """All workloads of an estate by their kernels; shared ones first, then those of one's own. A pool's machines
    are the kernel of what selects it, and stand with it."""
    groups: dict[tuple[str, ...], tuple[Kernel, list[Workload]]] = {}
    alone: list[Alone] = []
    pools = {pool.address: pool for pool in estate.hosts_of("node-pool")}
    machines: dict[str, Workload] = {}
    for workload in estate.workloads:
        if workload.address in pools and workload.machine is not None:
            machines[workload.address] = workload
            continue
        kernel = kernel_of(workload, estate)
        if isinstance(kernel, Kernel):
            groups.setdefault(kernel.key, (kernel, []))[1].append(workload)
        else:
            alone.append(Alone(workload, kernel))
    selected = {kernel.host for kernel, _ in groups.values()}
    for address, pool in pools.items():
        if address not in selected:
            groups[("pool", address)] = (_of_pool(pool), [])
    found = [
        Group(kernel, tuple(workloads), tuple(_doubts(kernel, workloads, estate)), machines.get(kernel.host))
        for kernel, workloads in groups.values()
    ]
    return KernelMap(tuple(sorted(found, key=lambda group: not group.kernel.shared)), tuple(alone))


def _of_pool(pool: Host) -> Kernel:
    return Kernel(("pool", pool.address), "node-pool", f"node pool {pool.name}", pool.address)


def _doubts(kernel: Kernel, workloads: list[Workload], estate: Estate) -> Iterator[str]:
    """What the files leave open about a group: which pool takes it, which of several like hosts."""
    if kernel.kind == "nodes" and workloads:
        pools = [pool.name for pool in pools_that_may_take(workloads[0], estate)]
        if pools:
            yield f"not told: which of the node pools {', '.join(pools)} takes them"
    if kernel.kind == "compose-engine" and kernel.key[2:]:
        yield "not told: whether services without a constraint run on the same nodes"


def kernel_of(workload: Workload, estate: Estate) -> Kernel | str:
    """The kernel that runs a workload; where the files do not tell which, the reason."""
    if isinstance(workload.substrate, Unknown):
        return f"its substrate is not known: {workload.substrate.expression} would settle it"
    if not shares_kernel(workload):
        sandboxed = workload.substrate_class is SubstrateClass.SANDBOXED_CONTAINER
        place = (workload.format, workload.span.path, workload.address)
        return Kernel(("own", *place), "sandbox" if sandboxed else "own", workload.address)
    if workload.format == "compose":
        return _of_compose(workload)
    if is_pod(workload):
        return _of_pod(workload, estate)
    return _of_terraform(workload)


def is_pod(workload: Workload) -> bool:
    """Whether Kubernetes places it, written as a manifest or in Terraform."""
    return workload.format == "kubernetes" or (
        isinstance(workload.substrate, Known) and workload.substrate.value.provider == "Kubernetes"
    )


def _of_compose(workload: Workload) -> Kernel:
    """One engine runs a project; the nodes of a Swarm are told apart by constraints."""
    project = workload.placement.host or workload.unit
    wanted = _selectors(workload)
    where = f" on nodes with {', '.join(wanted)}" if wanted else ""
    return Kernel(("compose", project, *wanted), "compose-engine", f"the engine of {project}{where}")


def _of_pod(workload: Workload, estate: Estate) -> Kernel:
    pool = selected_pool(workload, estate)
    if pool is not None:
        return _of_pool(pool)
    scope = scope_of(workload)
    wanted, tolerated = _selectors(workload), _tolerated(workload)
    name = f"nodes of {scope or '.'}" + (f" with {', '.join(wanted)}" if wanted else "")
    if tolerated:
        name += f" and the taints {', '.join(tolerated)}" if wanted else f" with the taints {', '.join(tolerated)}"
    return Kernel(("nodes", scope, *wanted, "|", *tolerated), "nodes", name)


def scope_of(workload: Workload) -> str:
    """What is given to one cluster together: a folder of manifests (once for each overlay that uses it: these are
    other clusters), a root module."""
    if workload.format == "terraform":
        return workload.unit
    folder = folder_of(workload.span.path)
    return f"{folder} in {folder_of(workload.unit)}" if workload.call_chain else folder


def _of_terraform(workload: Workload) -> Kernel | str:
    placed = workload.placement
    if workload.kind.startswith("docker_"):
        name = placed.host or "the default provider"
        return Kernel(("docker", workload.unit, placed.host), "docker-host", f"the Docker host of {name}")
    if not placed.host:
        return "nothing in the scan says which host or cluster runs it"
    wanted = _selectors(workload)
    where = f" ({', '.join(wanted)})" if wanted else ""
    if workload.substrate_class is SubstrateClass.SYSTEM_CONTAINER:
        assert isinstance(workload.substrate, Known)
        provider = workload.substrate.value.provider
        key = ("host", workload.kind.split("_")[0], workload.unit, placed.host)
        return Kernel(key, "system-container-host", f"the {provider} host {placed.host}")
    return Kernel(("cluster", placed.host, *wanted), "cluster", f"the instances of {placed.host}{where}")


def _selectors(workload: Workload) -> tuple[str, ...]:
    """Selectors as `key=value`; a value that is not known by the name that would settle it: the same name is the
    same value."""
    return tuple(sorted(f"{key}={_settled(fact)}" for key, fact in workload.placement.selectors.items()))


def _settled(fact: Fact[str]) -> str:
    match fact:
        case Known(value):
            return value
        case Unknown(expression):
            return f"?{expression}"
    return ""


def _tolerated(workload: Workload) -> tuple[str, ...]:
    return tuple(sorted({f.value for f in workload.placement.tolerations if isinstance(f, Known)}))


Trait: TypeAlias = Callable[[Workload], Hashable]
"""Something of a workload by which its neighbours are told apart; what is false of it is left out."""


def neighbours_by(trait: Trait, workload: Workload, estate: Estate) -> Iterator[tuple[Any, Iterator[Workload]]]:
    """The other workloads on the same kernel by a trait, each group in the order of the scan, without those that it
    keeps apart from. Groups are made once for an estate, and only those that are asked for are looked through: an
    estate of thousands has few traits."""
    kernel = kernel_of(workload, estate)
    if not isinstance(kernel, Kernel) or not kernel.shared:
        return
    for found, others in _by_kernel(SameEstate(estate), trait).get(kernel.key, {}).items():
        yield (
            found,
            (o for o in others if o is not workload and not _apart(workload, o) and not _apart(o, workload)),
        )


def level_of(workload: Workload) -> tuple[str, str] | None:
    """Declared sensitivity and tenant, each empty where not known; None where neither is: only declared workloads
    can be of different sensitivity or tenants."""
    level = declared(workload.declarations.sensitivity), declared(workload.declarations.tenant)
    return level if any(level) else None


def levels_beside(workload: Workload, estate: Estate) -> Iterator[tuple[tuple[str, str], Iterator[Workload]]]:
    """The declared workloads that nothing keeps from the same kernel, by level: of pods those of the same scope
    without a dedicating taint and selector, or with a pool that may take both; else the plain neighbours."""
    if not is_pod(workload) or not shares_kernel(workload):
        yield from neighbours_by(level_of, workload, estate)
        return
    for level, pods in _pods_by_level(SameEstate(estate)).items():
        yield level, (other for other in pods if other is not workload and _may_meet(workload, other, estate))


def _may_meet(one: Workload, other: Workload, estate: Estate) -> bool:
    if _apart(one, other) or _apart(other, one):
        return False
    pools, others = pools_that_may_take(one, estate), pools_that_may_take(other, estate)
    same_scope = one.format == other.format and scope_of(one) == scope_of(other)
    if selected_pool(one, estate) is not None or selected_pool(other, estate) is not None:
        common = {pool.address for pool in pools} & {pool.address for pool in others}
        both = selected_pool(one, estate) is not None and selected_pool(other, estate) is not None
        return bool(common) and (same_scope or both)
    return same_scope and not _contradict(one, other) and _dedicated(one) == _dedicated(other)


def _contradict(one: Workload, other: Workload) -> bool:
    """Whether a label that both select has different known values."""
    theirs = other.placement.selectors
    return any(
        isinstance(fact, Known) and isinstance(found := theirs.get(key), Known) and fact.value != found.value
        for key, fact in one.placement.selectors.items()
    )


def _dedicated(workload: Workload) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The selectors and taints that make nodes its own; a selector without a toleration keeps nobody else away."""
    tolerated = _tolerated(workload)
    return (_selectors(workload), tolerated) if tolerated and workload.placement.selectors else None


def _apart(one: Workload, other: Workload) -> bool:
    """Whether a required anti-affinity of the one keeps the other off its nodes."""
    return any(
        wanted and all(_same(fact, other.labels.get(key)) for key, fact in wanted.items())
        for wanted in one.placement.apart
    )


def _same(one: Fact[str], other: Fact[str] | None) -> bool:
    return isinstance(one, Known) and isinstance(other, Known) and one.value == other.value


def systems_beside(workload: Workload, estate: Estate) -> frozenset[str]:
    """The families of operating systems of the pods in the same folder: the set that one cluster is given."""
    return _systems(SameEstate(estate)).get(scope_of(workload), frozenset())


@lru_cache(maxsize=4)
def _by_kernel(same: SameEstate, trait: Trait) -> dict[tuple[str, ...], dict[Hashable, list[Workload]]]:
    found: dict[tuple[str, ...], dict[Hashable, list[Workload]]] = {}
    for workload in same.estate.workloads:
        if told := trait(workload):
            kernel = kernel_of(workload, same.estate)
            if isinstance(kernel, Kernel) and kernel.shared:
                found.setdefault(kernel.key, {}).setdefault(told, []).append(workload)
    return found


@lru_cache(maxsize=1)
def _pods_by_level(same: SameEstate) -> dict[tuple[str, str], list[Workload]]:
    found: dict[tuple[str, str], list[Workload]] = {}
    for workload in same.estate.workloads:
        if (level := level_of(workload)) and is_pod(workload) and shares_kernel(workload):
            found.setdefault(level, []).append(workload)
    return found


@lru_cache(maxsize=1)
def _systems(same: SameEstate) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for workload in same.estate.workloads:
        if is_pod(workload) and workload.containers and isinstance(workload.os, Known):
            found.setdefault(scope_of(workload), set()).add(workload.os.value.family)
    return {scope: frozenset(families) for scope, families in found.items()}
