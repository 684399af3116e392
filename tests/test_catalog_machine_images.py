"""Machine images as providers name them: the system that the name states, and what such a machine is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmlint.catalog.compile import source_table
from vmlint.catalog.names import by_disk_image
from vmlint.catalog.operating_systems import of_machine_image

ROWS = source_table(Path(__file__).parent / "data" / "known_machine_images.yaml")["rows"]


@pytest.mark.parametrize(("name", "system", "role"), ROWS, ids=[row[0] for row in ROWS])
def test_known_machine_images(name: str, system: str, role: str) -> None:
    fact, purpose = of_machine_image(name), by_disk_image(name)
    assert fact is not None
    assert " ".join((fact.family, fact.distribution, fact.release)).startswith(system)
    assert (purpose.role if purpose is not None else "none") == role


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("Windows_Server-1809-English-Core-EKS_Optimized-1.27-*", "1809"),
        ("suse-sles-15-sp5-v20230620-hvm-ssd-x86_64", "15"),
        ("SUSE sles-12-sp5 gen2", "12"),
        ("centos-cloud/centos-7", "7"),
        ("ubuntu_jammy", "22.04"),
    ],
)
def test_releases(name: str, release: str) -> None:
    fact = of_machine_image(name)
    assert fact is not None
    assert fact.release == release
