"""`vmlint catalog KIND NAME`: what is known of a thing, with the source."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Outcome
from vmlint.catalog.entries import entries, kinds, nearest

Run = Callable[..., Outcome]
TODAY = datetime.date(2026, 6, 1)

KNOWN = [
    ("image", "bitnami/postgresql:16", {"role": "database", "engine": "postgresql"}),
    ("image", "centos:7", {"operating system": "linux centos 7", "end of support": "2024-06-30 (1.9 years ago)"}),
    ("image", "mcr.microsoft.com/windows/servercore:ltsc2019", {"operating system": "windows windows-server 2019"}),
    ("type", "aws/m5.large", {"provider": "aws", "vCPU": 2.0, "memory": "8192 MiB"}),
    ("type", "Standard_D4s_v5", {"provider": "azure", "vCPU": 4.0}),
    ("os", "debian-stretch-hvm-x86_64-gp2", {"distribution": "debian", "release": "9"}),
    ("os", "windows9Server64Guest", {"family": "windows"}),
    ("runtime-class", "kata-qemu", {"class": "vm-container", "substrate": "kata"}),
    ("substrate", "gvisor", {"isolation": "sandbox", "overhead": "20 MiB"}),
    ("substrate", "vm", {"class": "vm"}),
    ("engine", "mongodb", {"name": "MongoDB", "data directory": ["/data/db"]}),
    ("command", "celery -A app worker", {"role": "worker", "program": "celery"}),
    ("package", "nfs-kernel-server", {"role": "storage-server"}),
    ("name", "orders-db", {"of": "a workload", "role": "database"}),
    ("chart", "bitnami/redis", {"role": "cache"}),
    ("port", "5432", {"engine": "postgresql"}),
    ("capability", "cap_sys_admin", {"reaches": "host"}),
    ("mount", "/var/run/docker.sock", {"class": "socket"}),
    ("device", "/dev/sda1", {"class": "raw"}),
    ("sysctl", "vm.max_map_count", {"namespaced": False}),
    ("kind", "cluster.postgresql.cnpg.io", {"role": "database"}),
    ("terraform", "aws_instance", {"shape": "machine"}),
]


@pytest.mark.parametrize(("kind", "name", "facts"), KNOWN, ids=[f"{row[0]} {row[1]}" for row in KNOWN])
def test_what_is_known(kind: str, name: str, facts: dict[str, object]) -> None:
    found = entries(kind, name, TODAY)
    assert facts.items() <= found[0].items()
    assert all(entry["source"] for entry in found)


def test_every_kind_is_tried() -> None:
    assert {row[0] for row in KNOWN} == set(kinds())


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in ("sysctl", "command")])
def test_what_is_not_known(kind: str) -> None:
    assert entries(kind, "qqqq-zzzz", TODAY) == []


@given(st.sampled_from(sorted(kinds())), st.text(max_size=30))
def test_no_name_fails(kind: str, name: str) -> None:
    assert all(entry["source"] for entry in entries(kind, name, TODAY))


def test_a_name_of_two_providers_has_two_entries() -> None:
    assert [entry["provider"] for entry in entries("type", "m1.small", TODAY)] == ["aws", "openstack"]


def test_the_nearest_name() -> None:
    assert nearest("image", "acme/nginks:1") == "nginx"
    assert nearest("engine", "postgres") == "postgresql"
    assert nearest("port", "1") == ""


class TestCommand:
    def test_text(self, vmlint: Run) -> None:
        done = vmlint("catalog", "type", "aws/t3.micro")
        assert done.code == 0
        assert "memory:       1024 MiB\n" in done.out
        assert "burstable:    yes\n" in done.out
        assert "source:       Amazon EC2 User Guide" in done.out

    def test_json(self, vmlint: Run) -> None:
        done = vmlint("catalog", "image", "redis:7", "--format", "json")
        told = json.loads(done.out)
        assert (told["kind"], told["name"], told["entries"][0]["role"]) == ("image", "redis:7", "cache")

    def test_without_arguments_the_kinds_are_listed(self, vmlint: Run) -> None:
        done = vmlint("catalog")
        assert done.code == 0
        assert [line.split()[0] for line in done.out.splitlines()] == list(kinds())

    def test_what_is_unknown(self, vmlint: Run) -> None:
        done = vmlint("catalog", "image", "nginks")
        assert (done.code, done.out) == (1, "")
        assert done.err == "vmlint knows no image nginks; did you mean nginx?\n"

    @pytest.mark.parametrize("arguments", [("bogus", "x"), ("image",), ("os", "x", "--today", "now")])
    def test_wrong_use(self, vmlint: Run, arguments: tuple[str, ...]) -> None:
        assert vmlint("catalog", *arguments).code == 2

    def test_the_day_is_given(self, vmlint: Run) -> None:
        assert "years ago" not in vmlint("catalog", "os", "debian:12", "--today", "2028-06-01").out
        assert "(1.0 years ago)" in vmlint("catalog", "os", "debian:12", "--today", "2029-06-30").out

    def test_the_configuration_counts(self, vmlint: Run, tmp_path: Path) -> None:
        row = "{match: acme/warehouse, role: database}"
        (tmp_path / ".vmlint.yaml").write_text(f"images:\n  - {row}\n")
        assert "role:       database" in vmlint("catalog", "image", "acme/warehouse").out
        assert vmlint("catalog", "--no-config", "image", "acme/warehouse").code == 1
