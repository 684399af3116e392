"""Substrates: what each product offers and cannot run, and how to ask for it.

A product is the key that `Substrate.kind` holds (`runc`, `kata`, `ecs-fargate`). Data: `data/substrates.yaml`.
"""

from __future__ import annotations

import re

from vmlint.catalog.tables import cache, table
from vmlint.model.need import Offer, SubstrateClass
from vmlint.model.record import record


@record
class RuntimeFact:
    """What a runtime's, RuntimeClass's or handler's name stands for."""

    cls: SubstrateClass
    kind: str
    runtime: str
    source: str


@record
class Limit:
    """Something that a product cannot run. `vcpu` and `memory_gib` bound the feature `size`; `unless` and `only`
    are settings of the workload's platform by which the limit falls away or alone holds; `by_setting` is what
    a move to the product sets anew."""

    feature: str
    message: str
    source: str
    vcpu: float | None = None
    memory_gib: float | None = None
    unless: tuple[tuple[str, str], ...] = ()
    only: tuple[tuple[str, str], ...] = ()
    by_setting: bool = False


def substrate_class(kind: str) -> SubstrateClass:
    """The class of a product; raises KeyError for a name that is none."""
    return SubstrateClass(table("substrates")["products"][kind]["class"])


def product_name(kind: str) -> str:
    """The product in the field's words: `Kata Containers`."""
    row = table("substrates")["products"].get(kind)
    return kind if row is None else str(row["name"])


def is_service(kind: str) -> bool:
    """Whether a product is a service that runs containers without hosts of one's own."""
    return bool(table("substrates")["products"].get(kind, {}).get("service", False))


@cache
def offer(kind: str) -> Offer:
    """What a product offers; a class name is the plain product of that class."""
    tables = table("substrates")
    row = tables["products"].get(kind, {"class": kind})
    levels = {**tables["classes"][row["class"]], **row.get("offers", {})}
    return Offer(
        levels["isolation"], levels["kernel"], levels["userland"], levels["resources"], levels["devices"],
        frozenset(levels["guest_os"]),
    )  # fmt: skip


@cache
def of_runtime(name: str) -> RuntimeFact | None:
    """The substrate that a runtime, RuntimeClass or handler of this name gives; None where nobody knows it."""
    for row in table("substrates")["runtimes"]:
        if re.fullmatch(row["pattern"], name.strip(), re.IGNORECASE):
            kind = row["product"]
            return RuntimeFact(substrate_class(kind), kind, row["name"], row["source"])
    return None


@cache
def limits(kind: str) -> dict[str, Limit]:
    """What a product cannot run, by feature."""
    return {
        row["feature"]: Limit(
            row["feature"],
            row["message"],
            row["source"],
            row.get("vcpu"),
            row.get("memory_gib"),
            tuple(row.get("unless", {}).items()),
            tuple(row.get("only", {}).items()),
            bool(row.get("by_setting", False)),
        )
        for row in table("substrates")["limits"].get(kind, ())
    }


def overhead_mib(kind: str) -> float | None:
    """Memory that an instance costs beyond the workload's own, in MiB, where its vendor states it."""
    amount = table("substrates")["products"].get(kind, {}).get("overhead_mib")
    return None if amount is None else float(amount)


def recommendation(cls: SubstrateClass, platform: str) -> str:
    """How to ask for a class on a platform: `kubernetes`, `compose`, `ecs`, with `windows-` in front, or any
    other."""
    words = table("substrates")["recommendations"][cls.value]
    return str(words.get(platform, words["any"]))
