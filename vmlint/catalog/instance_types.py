"""Sizes of machines by the name of their type: vCPU, memory, architecture, and what kind of machine it is.

A provider's names follow rules, so that a new type of a known family needs no row: its `forms` read numbers off the
name, its `ratios` give memory per vCPU, its `traits` the rest; exceptions are `types`. The tables are in
`data/instance_types.yaml`; all names there are in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmlint.catalog.tables import cache, table
from vmlint.model.record import record


@record
class InstanceSize:
    """`vcpu` as the guest sees them, `memory_mib` in MiB, `architecture` as `amd64` or `arm64`, `hypervisor` empty
    on bare metal or where the provider does not say."""

    vcpu: float
    memory_mib: float
    architecture: str
    bare_metal: bool
    gpus: int
    burstable: bool
    hypervisor: str
    source: str


@record
class TypeTraits:
    """What the name of a type tells even where its numbers are not known (a flexible shape, a new family)."""

    architecture: str
    bare_metal: bool
    gpus: int
    burstable: bool
    hypervisor: str


def provider_of_resource_type(resource_type: str) -> str | None:
    """The provider whose type names a Terraform resource uses: `aws_instance` is `aws`, `google_compute_instance`
    is `gcp`; None for a provider whose machines have no type names."""
    return _prefixes().get(resource_type.partition("_")[0])


def architecture_of(resource_type: str, name: str) -> str:
    """The architecture of a machine type by the Terraform type of what has it; empty where either is not known."""
    provider = provider_of_resource_type(resource_type)
    found = size(provider, name) if provider is not None else None
    return "" if found is None else found.architecture


@cache
def _prefixes() -> dict[str, str]:
    return {
        prefix: name for name, row in table("instance_types")["providers"].items() for prefix in row["resources"]
    }


@cache
def size(
    provider: str, name: str, ocpus: float | None = None, memory_gib: float | None = None
) -> InstanceSize | None:
    """The size of a provider's type; None for a name that the rules do not read.

    A flexible shape (OCI) says nothing of its size: `ocpus` and `memory_gib` are what its configuration asks for.
    """
    row = table("instance_types")["providers"].get(provider)
    if row is None:
        return None
    text = _plain(row, name)
    numbers = _flexible(row, text, ocpus, memory_gib) or _numbers(row, text)
    if numbers is None:
        return None
    traits = _traits(row, text)
    return InstanceSize(
        float(numbers[0]),
        float(round(numbers[1] * 1024)),
        traits.architecture,
        traits.bare_metal,
        traits.gpus,
        traits.burstable,
        traits.hypervisor,
        row["source"],
    )


@cache
def traits(provider: str, name: str) -> TypeTraits | None:
    """What the name of a type tells beside its numbers; None for an unknown provider."""
    row = table("instance_types")["providers"].get(provider)
    return None if row is None else _traits(row, _plain(row, name))


def _plain(row: Mapping[str, Any], name: str) -> str:
    """The name in the spelling of the tables: lower case, without a path before it or the prefix of a service."""
    text = name.strip().lower().rsplit("/", 1)[-1]
    return re.sub(row["strip"], "", text) if "strip" in row else text


def _flexible(
    row: Mapping[str, Any], text: str, ocpus: float | None, memory_gib: float | None
) -> tuple[float, float] | None:
    """vCPU and GiB of a flexible shape by what is asked of it."""
    for rule in row.get("flexible", ()):
        if re.fullmatch(rule["pattern"], text):
            if ocpus is None:
                return None
            return ocpus * rule["vcpu_per_ocpu"], ocpus * rule["gib_per_ocpu"] if memory_gib is None else memory_gib
    return None


def _numbers(row: Mapping[str, Any], text: str) -> tuple[float, float] | None:
    """vCPU and GiB: by the exceptions, else by the first form that fits and leads to both."""
    if text in row.get("types", ()):
        vcpu, gib = row["types"][text]
        return vcpu, gib
    for form in row.get("forms", ()):
        found = re.fullmatch(form["pattern"], text)
        if found is not None:
            return _by_form(row, form, text, {k: v for k, v in found.groupdict().items() if v is not None})
    return None


def _by_form(
    row: Mapping[str, Any], form: Mapping[str, Any], text: str, groups: Mapping[str, str]
) -> tuple[float, float] | None:
    """vCPU and GiB by a form. Its groups: `plan` (a key of its `plans`), `vcpu`, `full` (vCPU of the size that a
    constrained one goes back to), `times` and `size` (a multiple of a named size), `gpus`, `gib`, `mib`."""
    if "plan" in groups:
        plan_vcpu, gib = form["plans"][groups["plan"]]
        return float(groups.get("vcpu", plan_vcpu)), gib
    vcpu = _vcpu(row, form, groups)
    if vcpu is None:
        return None
    if "gib" in groups:
        return vcpu, float(groups["gib"])
    if "mib" in groups:
        return vcpu, float(groups["mib"]) / 1024
    ratio = form.get("gib_per_vcpu") or next(
        (r["gib_per_vcpu"] for r in row.get("ratios", ()) if re.fullmatch(r["pattern"], text)), None
    )
    return None if ratio is None else (vcpu, float(groups.get("full", vcpu)) * ratio)


def _vcpu(row: Mapping[str, Any], form: Mapping[str, Any], groups: Mapping[str, str]) -> float | None:
    if "vcpu" in groups:
        return float(groups["vcpu"]) * float(form.get("vcpu_per_unit", 1))
    if "full" in groups:
        return float(groups["full"])
    if "size" in groups:
        step = row["sizes"].get(groups["size"])
        return None if step is None else float(step * int(groups.get("times") or 1))
    if "gpus" in groups:
        return float(groups["gpus"]) * float(form["vcpu_per_gpu"])
    return float(form["vcpu"])


def _traits(row: Mapping[str, Any], text: str) -> TypeTraits:
    """Defaults of the provider, overridden by each rule that fits; the first to speak of a trait decides it."""
    said: dict[str, Any] = {}
    for rule in row.get("traits", ()):
        if not (rule.keys() - said.keys() - {"pattern"}):
            continue
        found = re.fullmatch(rule["pattern"], text)
        if found is None:
            continue
        for key, value in rule.items():
            said.setdefault(key, int(found[value]) if key == "gpus" and isinstance(value, str) else value)
    return TypeTraits(
        said.get("architecture", "amd64"),
        said.get("bare_metal", False),
        said.get("gpus", 0),
        said.get("burstable", False),
        "" if said.get("bare_metal") else said.get("hypervisor", row.get("hypervisor", "")),
    )
