"""Kinds of Kubernetes objects that make workloads, and what labels of nodes mean.

Data: `data/kubernetes_kinds.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmlint.catalog.tables import cache, table
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.record import record


@record
class Kind:
    """One row; the fields are the columns, as the table's head describes them."""

    kind: str
    group: str = ""
    pods: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    spec: tuple[str, ...] = ()
    base: str = ""
    image: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    count: tuple[str, ...] = ()
    counted: Any = None
    fixed: int = 0
    least: tuple[str, ...] = ()
    role: str = ""
    daemon_role: str = ""
    daemon_if: Any = None
    added: Any = None
    only_with: str = ""
    unless: Any = None
    refers: tuple[dict[str, str], ...] = ()
    template: bool = False
    product: str = ""
    product_if: Any = None
    parameters: str = ""
    vm: tuple[str, ...] = ()
    machine: Any = None
    shape: str = ""
    durable: bool = False
    daemon: bool = False
    job: bool = False
    builtin: bool = False
    source: str = ""


@cache
def _rows() -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["group"], row["kind"]): row for row in table("kubernetes_kinds")["kinds"]}


def kind(group: str, name: str, own: tuple[Kind, ...] = ()) -> Kind | None:
    """The row of a kind in an API group (empty for the core group); None for what makes no workload. A user's `own`
    kinds go first."""
    for row in own:
        if (row.group, row.kind) == (group, name):
            return row
    return _known(group, name)


@cache
def _known(group: str, name: str) -> Kind | None:
    group = table("kubernetes_kinds")["groups"].get(group, group)
    row = _rows().get((group, name))
    if row is None:
        return None
    return of_row(row)


def of_row(row: Mapping[str, Any]) -> Kind:
    """A row of the table, or of a user's configuration, as a kind."""
    columns: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Kind(**columns)


def machine_set(group: str, name: str) -> dict[str, str]:
    """Where a kind that makes machines from a template names it (`template`) and their number (`count`)."""
    rows = table("kubernetes_kinds")["machine_sets"]
    return next((row for row in rows if (row["group"], row["kind"]) == (group, name)), {})


def rendered_by(group: str, name: str) -> tuple[str, tuple[str, ...]]:
    """Who renders the workloads that an object only points to, and the paths at which it says from what; empty for
    any other kind."""
    for row in table("kubernetes_kinds")["unrendered"]:
        if row["group"] == group and row["kind"] == name:
            return str(row["by"]), tuple(row["names"])
    return "", ()


def selector_meaning(key: str) -> str:
    """`os`, `architecture`, `windows_build` or `os_sku` for a node label that states one; else empty."""
    rows = table("kubernetes_kinds")["selectors"]
    return next((m for m in ("os", "architecture", "windows_build", "os_sku") if key in rows[m]), "")


def names_pool(key: str) -> bool:
    """Whether a node label's value is the name of the node's pool."""
    return key in table("kubernetes_kinds")["selectors"]["pool_names"]


@record
class ManagedSandbox:
    """A RuntimeClass that a cloud makes on the node pools of one type that ask for it. `values` are those of the
    pool's sandbox setting that do."""

    name: str
    pools: tuple[str, ...]
    values: tuple[str, ...]

    def may_be_on(self, address: str) -> bool:
        """Whether a pool, by its address in Terraform, is of a type that can have it."""
        return any(part in self.pools for part in address.split("."))

    def is_given_by(self, setting: Fact[str] | None) -> bool:
        """Whether a pool's setting gives it; one that is not known may."""
        match setting:
            case Known(value):
                return value.lower() in self.values
            case Unknown():
                return True
        return False


def managed_sandbox(runtime_class: str) -> ManagedSandbox | None:
    """The cloud's sandbox that a RuntimeClass name stands for; None for a class of one's own."""
    for row in table("kubernetes_kinds")["managed_sandboxes"]:
        if runtime_class in row["classes"]:
            return ManagedSandbox(row["name"], tuple(row["pools"]), tuple(row["values"]))
    return None


def family_of_sku(value: str) -> str:
    """`windows` or `linux` for a value of a label that names a node's OS product (`Windows2022`, `AzureLinux`);
    empty where it names neither."""
    families = table("kubernetes_kinds")["selectors"]["sku_families"]
    lowered = value.lower()
    return next((str(f) for f, names in families.items() if lowered.startswith(tuple(names))), "")


def misspells_runtime_class(key: str) -> bool:
    """Whether a key of a pod spec is a mistaken spelling of `runtimeClassName`."""
    return key in table("kubernetes_kinds")["runtime_class_misspelt"]["keys"]


def product_of_label(key: str, value: str) -> str:
    """The substrate product that a selector, label or toleration puts a pod on; else empty."""
    for row in table("kubernetes_kinds")["selectors"]["products"]:
        if row["key"] == key and row["value"] in ("*", value):
            return str(row["product"])
    return ""


def volume_kind(source: str) -> str:
    """What a volume of this source is: `ephemeral`, `config`, `host`, else `volume` (durable)."""
    rows = table("kubernetes_kinds")["volumes"]
    return next((kind for kind in ("ephemeral", "config", "host") if source in rows[kind]), "volume")


def device_class(name: str) -> str:
    """`gpu` for a DeviceClass of a driver whose devices are GPUs; else empty."""
    return "gpu" if name in table("kubernetes_kinds")["device_classes"]["gpu"] else ""


def device_resource(name: str) -> str:
    """`gpu` or `kvm` for a device plugin's resource; else empty."""
    rows = table("kubernetes_kinds")["device_resources"]
    if name.startswith("nvidia.com/mig-"):
        return "gpu"
    return next((kind for kind in ("gpu", "kvm") if name in rows[kind]), "")
