"""What substrates offer and cannot run, and the runtimes that lead to them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from vmlint.catalog.substrates import (
    limits,
    of_runtime,
    offer,
    overhead_mib,
    product_name,
    recommendation,
    substrate_class,
)
from vmlint.catalog.tables import table
from vmlint.model.need import LEVELS, NeedKind, SubstrateClass

TABLES: dict[str, Any] = table("substrates")
PRODUCTS = list(TABLES["products"])


@pytest.mark.parametrize("kind", [*PRODUCTS, *SubstrateClass])
def test_every_offer_is_made_of_known_levels(kind: str) -> None:
    found = offer(kind)
    for need in (NeedKind.ISOLATION, NeedKind.KERNEL, NeedKind.USERLAND, NeedKind.RESOURCES, NeedKind.DEVICES):
        assert getattr(found, need.value) in LEVELS[need]
    assert found.guest_os <= {"linux", "windows", "other", "unknown"}
    assert found.guest_os


def test_isolation_grows_from_container_to_bare_metal() -> None:
    """Along the classes by cost; a system container is no stronger than a container."""
    strengths = [LEVELS[NeedKind.ISOLATION].index(offer(cls).isolation) for cls in SubstrateClass]
    assert strengths == sorted(strengths)
    for need in (NeedKind.RESOURCES, NeedKind.DEVICES):
        levels = [LEVELS[need].index(getattr(offer(cls), need.value)) for cls in SubstrateClass]
        assert levels == sorted(levels)


@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_product_is_as_its_class_bounds_it(kind: str) -> None:
    cls = substrate_class(kind)
    assert offer(kind).guest_os <= offer(cls).guest_os
    assert offer(kind).isolation == offer(cls).isolation
    assert product_name(kind)


@pytest.mark.parametrize(
    ("kind", "need", "level", "met"),
    [
        ("runc", NeedKind.ISOLATION, "sandbox", False),
        ("gvisor", NeedKind.ISOLATION, "sandbox", True),
        ("gvisor", NeedKind.ISOLATION, "hypervisor", False),
        ("kata", NeedKind.KERNEL, "own", True),
        ("kata", NeedKind.KERNEL, "modules", False),
        ("vm", NeedKind.KERNEL, "modules", True),
        ("lxd", NeedKind.USERLAND, "full-os", True),
        ("ecs-fargate", NeedKind.GUEST_OS, "windows", True),
        ("eks-fargate", NeedKind.GUEST_OS, "windows", False),
        ("runc", NeedKind.GUEST_OS, "other", False),
        ("wasm", NeedKind.GUEST_OS, "other", True),
        ("windows-process", NeedKind.GUEST_OS, "linux", False),
        ("bare-metal", NeedKind.ISOLATION, "hardware", True),
        ("vm", NeedKind.ISOLATION, "hardware", False),
    ],
)
def test_offers(kind: str, need: NeedKind, level: str, met: bool) -> None:
    assert offer(kind).meets(need, level) is met


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("runc", "runc"),
        ("io.containerd.runc.v2", "runc"),
        ("nvidia", "runc"),
        ("gvisor", "gvisor"),
        ("runsc-kvm", "gvisor"),
        ("kata", "kata"),
        ("Kata-Containers", "kata"),
        ("kata-qemu-nvidia-gpu", "kata"),
        ("io.containerd.kata.v2", "kata"),
        ("kata-fc", "kata-micro"),
        ("kata-clh-runtime-rs", "kata-micro"),
        ("kata-vm-isolation", "aks-pod-sandboxing"),
        ("sysbox-runc", "sysbox"),
        ("wasmtime-spin-v2", "wasm"),
        ("kuasar-wasm", "wasm"),
        ("quark", "user-space-kernel"),
        ("runhcs-wcow-process", "windows-process"),
        ("runhcs-wcow-hypervisor-17763", "hyper-v-container"),
    ],
)
def test_runtimes(name: str, kind: str) -> None:
    found = of_runtime(name)
    assert found is not None
    assert found.kind == kind
    assert found.cls is substrate_class(kind)
    assert found.source


@pytest.mark.parametrize("name", ["", "secure", "my-kata", "untrusted", "katana", "gvisors"])
def test_a_name_that_nobody_knows_is_no_runtime(name: str) -> None:
    assert of_runtime(name) is None


@pytest.mark.parametrize("row", TABLES["runtimes"], ids=lambda row: row["sample"])
def test_each_runtime_row_is_reached_by_its_sample(row: dict[str, Any]) -> None:
    found = next(
        other for other in TABLES["runtimes"] if re.fullmatch(other["pattern"], row["sample"], re.IGNORECASE)
    )
    assert found is row
    assert row["product"] in TABLES["products"]


def test_limits_have_messages_sources_and_stand_once() -> None:
    for kind, rows in TABLES["limits"].items():
        assert kind in TABLES["products"]
        assert len({row["feature"] for row in rows}) == len(rows)
        assert limits(kind).keys() == {row["feature"] for row in rows}
        for limit in limits(kind).values():
            assert limit.message
            assert limit.message[-1] != "."
            assert limit.source
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", limit.feature)
    assert limits("runc") == {}


@pytest.mark.parametrize(
    ("kind", "feature"),
    [
        ("gvisor", "kvm"),
        ("gvisor", "raw-block"),
        ("kata", "host-network"),
        ("kata-micro", "sub-path"),
        ("ecs-fargate", "privileged"),
        ("eks-fargate", "daemon-set"),
        ("aci", "host-path"),
        ("windows-process", "host-pid"),
        ("hyper-v-container", "host-device"),
        ("cloud-run-gen2", "tcp-service"),
        ("app-runner", "size"),
    ],
)
def test_what_a_product_cannot_run(kind: str, feature: str) -> None:
    assert feature in limits(kind)


def test_sizes_bound_what_serverless_products_run() -> None:
    size = limits("cloud-run")["size"]
    assert (size.vcpu, size.memory_gib) == (8, 32)


def test_overheads_are_stated_with_their_source() -> None:
    for kind, row in TABLES["products"].items():
        assert ("overhead_mib" in row) == ("overhead_source" in row), kind
        assert overhead_mib(kind) is None or (overhead_mib(kind) or 0) > 0
    assert overhead_mib("kata") == 320
    assert overhead_mib("runc") is None
    assert overhead_mib("nobody knows") is None


def test_every_row_has_a_source() -> None:
    for section in ("classes", "products", "recommendations"):
        for name, row in TABLES[section].items():
            assert row["source"], (section, name)
    assert {*TABLES["classes"]} == {cls.value for cls in SubstrateClass}
    assert all(row["source"] for row in TABLES["runtimes"])


@pytest.mark.parametrize(
    ("cls", "platform", "words"),
    [
        (SubstrateClass.VM_CONTAINER, "kubernetes", "RuntimeClass for Kata"),
        (SubstrateClass.SANDBOXED_CONTAINER, "compose", "runsc"),
        (SubstrateClass.VM_CONTAINER, "windows-compose", "isolation: hyperv"),
        (SubstrateClass.VM_CONTAINER, "ecs", "Fargate"),
        (SubstrateClass.VM, "", "a virtual machine"),
        (SubstrateClass.VM, "no such platform", "a virtual machine"),
    ],
)
def test_recommendations_speak_the_platform_s_words(cls: SubstrateClass, platform: str, words: str) -> None:
    assert words in recommendation(cls, platform)


def test_every_class_can_be_recommended_anywhere() -> None:
    for cls in SubstrateClass:
        for platform in ("kubernetes", "compose", "windows-compose", "ecs", ""):
            assert recommendation(cls, platform)
