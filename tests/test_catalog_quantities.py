"""Amounts as the platforms write them: known values, and laws between units."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.catalog import quantities
from vmlint.catalog.quantities import (
    cpu_count,
    docker_cpus,
    docker_memory_mib,
    ecs_cpu,
    ecs_memory_mib,
    human_memory_mib,
    kubernetes_cpu,
    kubernetes_memory_mib,
    lxd_memory_mib,
    memory_mib,
)

READERS = [
    docker_cpus,
    docker_memory_mib,
    ecs_cpu,
    ecs_memory_mib,
    human_memory_mib,
    kubernetes_cpu,
    kubernetes_memory_mib,
    lxd_memory_mib,
]


@pytest.mark.parametrize(
    ("reader", "text", "amount"),
    [
        (kubernetes_cpu, "500m", 0.5),
        (kubernetes_cpu, "2", 2),
        (kubernetes_cpu, "1.5", 1.5),
        (kubernetes_cpu, "100000u", 0.1),
        (kubernetes_memory_mib, "1Gi", 1024),
        (kubernetes_memory_mib, "1G", 953.67431640625),
        (kubernetes_memory_mib, "128974848", 123),
        (kubernetes_memory_mib, "1e3", 1000 / 1048576),
        (kubernetes_memory_mib, "1E3", 1000 / 1048576),
        (kubernetes_memory_mib, "1Ei", 2**40),
        (kubernetes_memory_mib, "512Ki", 0.5),
        (kubernetes_memory_mib, "1048576000m", 1),
        (docker_memory_mib, "300M", 300),
        (docker_memory_mib, "1gb", 1024),
        (docker_memory_mib, "1.5g", 1536),
        (docker_memory_mib, "512k", 0.5),
        (docker_memory_mib, "2GiB", 2048),
        (docker_memory_mib, "67108864", 64),
        (docker_memory_mib, "1048576b", 1),
        (docker_cpus, "0.5", 0.5),
        (docker_cpus, "2", 2),
        (lxd_memory_mib, "2GiB", 2048),
        (lxd_memory_mib, "2GB", 2e9 / 1048576),
        (human_memory_mib, "512mib", 512),
        (human_memory_mib, "1.0 gib", 1024),
        (human_memory_mib, "512 MiB", 512),
        (ecs_cpu, "1024", 1),
        (ecs_cpu, "256", 0.25),
        (ecs_cpu, "1 vCPU", 1),
        (ecs_cpu, ".5 vcpu", 0.5),
        (ecs_memory_mib, "2048", 2048),
        (ecs_memory_mib, "2 GB", 2048),
        (ecs_memory_mib, "3GB", 3072),
    ],
)
def test_amounts(reader: Callable[[str], float | None], text: str, amount: float) -> None:
    assert reader(text) == pytest.approx(amount)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "lots", "-1", "1e999", "9e307Ei", "nan", "inf", "1 potato", "${var.memory}", "0x10", "1.2.3", "--1"],
)
def test_what_is_no_amount(reader: Callable[[str], float | None], text: str) -> None:
    assert reader(text) is None


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (kubernetes_memory_mib, "1GiB"),
        (kubernetes_memory_mib, "1gi"),
        (kubernetes_memory_mib, "1 GB"),
        (docker_cpus, "500m"),
        (lxd_memory_mib, "50%"),
        (ecs_cpu, "1 core"),
    ],
)
def test_a_platform_refuses_the_units_of_others(reader: Callable[[str], float | None], text: str) -> None:
    assert reader(text) is None


@pytest.mark.parametrize("reader", READERS)
@given(text=st.text(max_size=20))
def test_any_text_gives_an_amount_or_nothing(reader: Callable[[str], float | None], text: str) -> None:
    amount = reader(text)
    assert amount is None or 0 <= amount < float("inf")


@given(st.integers(min_value=0, max_value=10**6))
def test_units_agree(number: int) -> None:
    assert kubernetes_memory_mib(f"{number}Gi") == kubernetes_memory_mib(f"{number * 1024}Mi") == number * 1024
    assert kubernetes_cpu(f"{number * 1000}m") == pytest.approx(kubernetes_cpu(str(number)) or 0)
    assert (
        docker_memory_mib(f"{number}g") == docker_memory_mib(f"{number * 1024}m") == lxd_memory_mib(f"{number}GiB")
    )
    assert ecs_memory_mib(f"{number} GB") == ecs_memory_mib(str(number * 1024))
    assert ecs_cpu(str(number * 1024)) == ecs_cpu(f"{number} vCPU")


@given(st.integers(min_value=1, max_value=10**6), st.sampled_from("kMGTP"))
def test_decimal_units_are_less_than_binary_ones(number: int, unit: str) -> None:
    decimal = kubernetes_memory_mib(f"{number}{unit}")
    binary = kubernetes_memory_mib(f"{number}{unit.upper()}i")
    assert decimal is not None
    assert binary is not None
    assert decimal < binary


@given(st.integers(min_value=0, max_value=10**5), st.integers(min_value=0, max_value=10**5))
def test_more_is_more(one: int, other: int) -> None:
    for reader, unit in (
        (kubernetes_memory_mib, "Mi"),
        (docker_memory_mib, "m"),
        (human_memory_mib, "mib"),
        (ecs_cpu, ""),
    ):
        less, more = sorted((one, other))
        assert (reader(f"{less}{unit}") or 0) <= (reader(f"{more}{unit}") or 0)


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("2048", "MiB", 2048),
        ("2048", "MB", 2048),
        ("4", "GiB", 4096),
        ("1073741824", "bytes", 1024),
        ("1Gi", "k8s-quantity", 1024),
        ("1.0 gib", "human-string", 1024),
        ("512m", "docker", 512),
        ("2GB", "lxd", 2e9 / 1048576),
        ("2 GB", "ecs", 2048),
        ("some", "MiB", None),
    ],
)
def test_memory_in_the_unit_of_an_attribute(text: str, unit: str, amount: float | None) -> None:
    assert memory_mib(text, unit) == (None if amount is None else pytest.approx(amount))


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("4", "vcpu", 4),
        ("500m", "k8s-quantity", 0.5),
        ("512", "1024-units", 0.5),
        ("2000000000", "nano", 2),
        ("50", "percent", 0.5),
        ("x", "vcpu", None),
    ],
)
def test_processors_in_the_unit_of_an_attribute(text: str, unit: str, amount: float | None) -> None:
    assert cpu_count(text, unit) == amount


def test_every_unit_of_a_number_is_positive() -> None:
    assert all(factor > 0 for factor in quantities.MEMORY_UNITS.values())
