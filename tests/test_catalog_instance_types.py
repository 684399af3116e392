"""Machine types: published sizes come out, names follow their rules, and every row is sound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.catalog.compile import source_table
from vmlint.catalog.fargate import offers_size
from vmlint.catalog.instance_types import (
    provider_of_resource_type,
    size,
    traits,
)
from vmlint.catalog.tables import table

GATHERED = Path(__file__).parent.parent.parent / "shared" / "catalog" / "instance_types.yaml"

# Provider, type, vCPU, MiB as the providers publish them.
PUBLISHED = [
    ("aws", "t2.micro", 1, 1024),
    ("aws", "t3.medium", 2, 4096),
    ("aws", "m5.large", 2, 8192),
    ("aws", "c5n.9xlarge", 36, 98304),
    ("aws", "r6g.medium", 1, 8192),
    ("aws", "i3.metal", 72, 524288),
    ("aws", "db.t3.micro", 2, 1024),
    ("aws", "m7i.metal-24xl", 96, 393216),
    ("azure", "Standard_B2s", 2, 4096),
    ("azure", "Standard_DS1_v2", 1, 3584),
    ("azure", "Standard_D2_v3", 2, 8192),
    ("azure", "Standard_D4_v2", 8, 28672),
    ("azure", "Standard_E64-16s_v3", 16, 442368),
    ("azure", "Standard_A2_v2", 2, 4096),
    ("azure", "standard_f4s_v2", 4, 8192),
    ("gcp", "f1-micro", 1, 614),
    ("gcp", "e2-micro", 2, 1024),
    ("gcp", "n1-standard-1", 1, 3840),
    ("gcp", "zones/europe-west1-b/machineTypes/n2-highmem-4", 4, 32768),
    ("gcp", "custom-4-8192", 4, 8192),
    ("gcp", "n2-custom-6-20480", 6, 20480),
    ("gcp", "e2-custom-small-3072", 2, 3072),
    ("gcp", "a2-highgpu-1g", 12, 87040),
    ("digitalocean", "s-1vcpu-2gb", 1, 2048),
    ("digitalocean", "c-8", 8, 16384),
    ("hetzner", "cpx21", 3, 4096),
    ("linode", "g6-nanode-1", 1, 1024),
    ("oci", "VM.Standard2.4", 8, 61440),
    ("scaleway", "DEV1-S", 2, 2048),
    ("scaleway", "POP2-2C-8G", 2, 8192),
    ("vultr", "vc2-1c-0.5gb", 1, 512),
    ("openstack", "m1.small", 1, 2048),
    ("openstack", "s3.large.2", 2, 4096),
    ("openstack", "SCS-2V:8:20", 2, 8192),
    ("alicloud", "ecs.t6-c1m2.large", 2, 4096),
    ("tencentcloud", "S5.MEDIUM4", 2, 4096),
    ("ibm", "bx2-2x8", 2, 8192),
    ("upcloud", "1xCPU-1GB", 1, 1024),
    ("kubevirt", "u1.medium", 1, 4096),
    ("kubevirt", "cx1.2xlarge", 8, 16384),
    ("kubevirt", "n1.large", 4, 8192),
]

LISTS = source_table(Path(__file__).parent / "data" / "published_types.yaml")


def _patterns() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, row in table("instance_types")["providers"].items():
        for section in ("forms", "ratios", "traits", "flexible"):
            for rule in row.get(section, ()):
                yield f"{name}/{section}/{rule['pattern']}", rule


@pytest.mark.parametrize(("provider", "name", "vcpu", "mib"), PUBLISHED)
def test_published_sizes(provider: str, name: str, vcpu: float, mib: float) -> None:
    found = size(provider, name)
    assert found is not None
    assert (found.vcpu, found.memory_mib) == (vcpu, mib)
    assert found.source


@pytest.mark.parametrize("provider", LISTS)
def test_published_lists(provider: str) -> None:
    """vCPU equal, memory within two in a hundred: the providers' pages round."""
    assert LISTS[provider]["source"].startswith("https://")
    wrong = {}
    for name, (vcpu, gib) in LISTS[provider]["types"].items():
        found = size(provider, name)
        if found is None or found.vcpu != vcpu or abs(found.memory_mib / 1024 - gib) > max(gib / 50, 0.1):
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("aws", ""),
        ("aws", "large"),
        ("aws", "x9z.large"),
        ("aws", "m5.xxlarge"),
        ("aws", "${var.type}"),
        ("no", "m5.large"),
    ],
)
def test_what_is_no_known_type_has_no_size(provider: str, name: str) -> None:
    assert size(provider, name) is None


@pytest.mark.parametrize(
    ("provider", "name", "trait", "value"),
    [
        ("aws", "m6g.large", "architecture", "arm64"),
        ("aws", "g4dn.xlarge", "architecture", "amd64"),
        ("aws", "im4gn.large", "architecture", "arm64"),
        ("aws", "c5.metal", "bare_metal", True),
        ("aws", "c5.metal", "hypervisor", ""),
        ("aws", "t3a.small", "burstable", True),
        ("aws", "m4.large", "hypervisor", "Xen"),
        ("aws", "p3.16xlarge", "gpus", 8),
        ("azure", "Standard_D2ps_v5", "architecture", "arm64"),
        ("azure", "Standard_D2s_v5_Promo", "architecture", "amd64"),
        ("azure", "Standard_B1ms", "burstable", True),
        ("gcp", "t2a-standard-4", "architecture", "arm64"),
        ("gcp", "c3-standard-192-metal", "bare_metal", True),
        ("gcp", "a2-highgpu-8g", "gpus", 8),
        ("hetzner", "cax11", "architecture", "arm64"),
        ("oci", "VM.Standard.A1.Flex", "architecture", "arm64"),
        ("oci", "BM.Standard.E5.192", "bare_metal", True),
        ("equinix", "c3.small.x86", "bare_metal", True),
    ],
)
def test_traits(provider: str, name: str, trait: str, value: object) -> None:
    found = traits(provider, name)
    assert found is not None
    assert getattr(found, trait) == value


def test_a_flexible_shape_has_the_size_that_is_asked_of_it() -> None:
    assert size("oci", "VM.Standard.E4.Flex") is None
    asked = size("oci", "VM.Standard.E4.Flex", ocpus=2, memory_gib=12)
    assert asked is not None
    assert (asked.vcpu, asked.memory_mib) == (4, 12288)
    default = size("oci", "VM.Standard.A1.Flex", ocpus=2)
    assert default is not None
    assert (default.vcpu, default.memory_mib) == (2, 12288)


@given(
    family=st.sampled_from(["c5", "m5", "m6g", "r5", "r7iz", "c8i-flex", "i4i", "x2idn", "m99a"]),
    times=st.integers(min_value=2, max_value=96),
)
def test_a_type_grows_with_its_multiplier(family: str, times: int) -> None:
    one, many = size("aws", f"{family}.xlarge"), size("aws", f"{family}.{times}xlarge")
    assert one is not None
    assert many is not None
    assert many.vcpu == times * one.vcpu
    assert many.memory_mib == times * one.memory_mib


@given(
    number=st.sampled_from([2, 4, 8, 16, 32, 48]),
    family=st.sampled_from(["D#s_v5", "E#as_v5", "F#s_v2", "D#s_v99"]),
)
def test_azure_memory_is_in_proportion(number: int, family: str) -> None:
    whole, least = (
        size("azure", "Standard_" + family.replace("#", str(number))),
        size("azure", "Standard_" + family.replace("#", "2")),
    )
    assert whole is not None
    assert least is not None
    assert whole.memory_mib * 2 == least.memory_mib * number


@given(st.sampled_from(list(table("instance_types")["providers"])), st.text(max_size=30))
def test_any_text_is_read_without_an_error(provider: str, name: str) -> None:
    found = size(provider, name)
    assert found is None or (found.vcpu >= 0 and found.memory_mib >= 0)


def test_a_constrained_size_keeps_its_memory() -> None:
    whole, part = size("azure", "Standard_M128ms"), size("azure", "Standard_M128-32ms")
    assert whole is not None
    assert part is not None
    assert (part.vcpu, part.memory_mib) == (32, whole.memory_mib)


def test_providers_of_resource_types() -> None:
    assert provider_of_resource_type("aws_instance") == "aws"
    assert provider_of_resource_type("azurerm_linux_virtual_machine") == "azure"
    assert provider_of_resource_type("google_compute_instance") == "gcp"
    assert provider_of_resource_type("hcloud_server") == "hetzner"
    assert provider_of_resource_type("vsphere_virtual_machine") is None


@pytest.mark.parametrize(
    ("vcpu", "mib", "valid"),
    [
        (0.25, 512, True),
        (0.25, 1024, True),
        (0.25, 1536, False),
        (0.25, 4096, False),
        (0.5, 512, False),
        (1, 2048, True),
        (1, 1024, False),
        (4, 30720, True),
        (8, 17408, False),
        (8, 20480, True),
        (16, 122880, True),
        (16, 131072, False),
        (3, 4096, False),
        (32, 65536, False),
    ],
)
def test_fargate_sizes(vcpu: float, mib: float, valid: bool) -> None:
    assert offers_size(vcpu, mib) is valid


def test_every_provider_has_a_source_and_resources_of_its_own() -> None:
    seen: set[str] = set()
    for name, row in table("instance_types")["providers"].items():
        assert row["source"], name
        assert row["resources"], name
        assert seen.isdisjoint(row["resources"])
        seen.update(row["resources"])
        assert all(key == key.lower() for key in row.get("types", ())), name


def test_no_pattern_stands_twice() -> None:
    places = [place for place, rule in _patterns()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("place", "rule"), list(_patterns()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_pattern_compiles_and_can_be_followed(place: str, rule: dict[str, Any]) -> None:
    groups = re.compile(rule["pattern"]).groupindex
    provider = table("instance_types")["providers"][place.split("/")[0]]
    if "/forms/" in place:
        assert groups.keys() & {"plan", "vcpu", "full", "size", "gpus"} or "vcpu" in rule
        assert ("plan" in groups) == ("plans" in rule)
        assert "size" not in groups or provider["sizes"]
        assert "gpus" not in groups or rule["vcpu_per_gpu"]
        for vcpu, gib in rule.get("plans", {}).values():
            assert vcpu > 0
            assert gib > 0
    if isinstance(rule.get("gpus"), str):
        assert rule["gpus"] in groups


def test_plans_are_what_their_pattern_admits() -> None:
    for place, rule in _patterns():
        for plan in rule.get("plans", ()):
            alternatives = rule["pattern"].split("(?P<plan>", 1)[1]
            inner = alternatives[: alternatives.index(")")]
            assert re.fullmatch(inner, plan), f"{place}: {plan}"


@pytest.mark.skipif(not GATHERED.exists(), reason="the gathered lists of types are not beside the checkout")
def test_rules_give_the_gathered_lists_of_types() -> None:
    """Over the types that the providers list: vCPU equal, memory within one in a hundred (lists round)."""
    from ruamel.yaml import YAML

    gathered = YAML(typ="safe").load(GATHERED.read_text(encoding="utf-8"))
    wrong, total = [], 0
    for provider, name, vcpu, gib in _listed(gathered):
        total += 1
        found = size(provider, name)
        if found is None or found.vcpu != vcpu or abs(found.memory_mib / 1024 - gib) > max(gib / 80, 0.01):
            wrong.append((provider, name, vcpu, gib, found))
    assert total > 1500
    assert not wrong


def _listed(gathered: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    yield from _listed_aws(gathered["aws"])
    yield from _listed_azure(gathered["azure"])
    yield from _listed_gcp(gathered["gcp"])
    for provider in ("aws", "azure", "gcp"):
        for name, row in gathered[provider]["exceptions"].items():
            yield provider, name, row["vcpu"], row["memory_gib"]
    for provider in ("hetzner", "linode", "oci", "scaleway"):
        for name, row in gathered[provider]["types"].items():
            yield provider, name, row["vcpu"], row["memory_gib"]


def _listed_aws(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    plain = {"medium": 1, "large": 2, "xlarge": 4}
    for family, row in rows["families"].items():
        for step in row["sizes"]:
            if f"{family}.{step}" not in rows["exceptions"]:
                vcpu = plain.get(step) or 4 * int(re.sub(r"\D", "", step))
                yield "aws", f"{family}.{step}", vcpu, vcpu * row["gib_per_vcpu"]


def _listed_azure(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    for row in rows["groups"]:
        if isinstance(row["gib_per_vcpu"], str) or row["family"] in ("G", "GS") or not row["gib_per_vcpu"]:
            continue
        for number in row["numbers"]:
            parts = [f"Standard_{row['family']}{number}{row['features']}"]
            parts += [str(row["accelerator"])] if "accelerator" in row else []
            parts += [row["version"]] if row["version"] != "v1" or row["family"] == "NG" else []
            if "_".join(parts) not in rows["exceptions"]:
                yield "azure", "_".join(parts), number, number * row["gib_per_vcpu"]


def _listed_gcp(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    for row in rows["series"]:
        for number in row["sizes"]:
            suffix = "g" if "vcpu_per_gpu" in row else ""
            name = f"{row['series']}-{row['class']}-{number}{suffix}"
            if name not in rows["exceptions"]:
                vcpu = number * row.get("vcpu_per_gpu", 1)
                yield "gcp", name, vcpu, vcpu * row["gib_per_vcpu"]
