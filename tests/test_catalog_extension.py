"""Rows of a user's configuration lie over the catalogue: images, RuntimeClasses, machine types."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import ROOT, Outcome
from vmlint.catalog import images, instance_types, substrates
from vmlint.catalog.extension import schemas
from vmlint.catalog.tables import extend

Run = Callable[..., Outcome]

ROWS: dict[str, Any] = {
    "source": "acme/.vmlint.yaml",
    "images": [
        {"match": "registry.example.com/billing/ledger-store", "role": "database", "engine": "postgresql"},
        {"match": ["fastlane-runner", "internal-ci/"], "role": "ci-runner"},
        {"match": "nginx", "role": "reverse-proxy"},
        {"match": "agent", "role": "monitoring", "trait": "agent"},
    ],
    "runtime-classes": [{"name": "fortress*", "product": "kata"}, {"name": "gvisor", "product": "runc"}],
    "instance-types": [
        {"provider": "openstack", "name": "Acme.Gold", "vcpu": 4, "memory-gib": 12, "gpus": 1, "bare-metal": True},
        {"provider": "aws", "name": "m5.large", "vcpu": 3, "memory-gib": 9},
    ],
}


@pytest.fixture
def extended() -> Iterator[None]:
    extend(ROWS)
    yield
    extend({})


def role(text: str) -> tuple[str, str]:
    fact = images.image(text)
    return (fact.role, fact.source) if fact is not None else ("", "")


def test_rows_are_what_the_schemas_allow() -> None:
    for section, schema in schemas().items():
        assert list(Draft202012Validator(schema).iter_errors(ROWS[section])) == []


@pytest.mark.usefixtures("extended")
def test_images_win_against_ours() -> None:
    mine = "acme/.vmlint.yaml"
    assert role("registry.example.com/billing/ledger-store:3") == ("database", mine)
    assert role("fastlane-runner@sha256:00") == ("ci-runner", mine)
    assert role("quay.io/internal-ci/anything") == ("ci-runner", mine)
    assert role("nginx:1") == ("reverse-proxy", mine)
    assert role("acme/agent") == ("monitoring", mine)
    assert role("portainer/agent")[0] == "node-agent"
    assert role("postgres:16")[0] == "database"


@pytest.mark.usefixtures("extended")
def test_runtime_classes() -> None:
    fortress, gvisor = substrates.of_runtime("fortress-2"), substrates.of_runtime("gvisor")
    assert fortress is not None
    assert gvisor is not None
    assert (fortress.kind, gvisor.kind) == ("kata", "runc")
    assert substrates.of_runtime("my-fortress") is None


@pytest.mark.usefixtures("extended")
def test_machine_types() -> None:
    gold, large = instance_types.size("openstack", "acme.gold"), instance_types.size("aws", "m5.large")
    assert gold is not None
    assert large is not None
    assert (gold.vcpu, gold.memory_mib, gold.gpus, gold.bare_metal) == (4, 12288, 1, True)
    assert (large.vcpu, large.memory_mib) == (3, 9216)


def test_nothing_of_it_stays_behind() -> None:
    before = role("nginx")
    extend(ROWS)
    assert role("nginx") != before
    extend({})
    assert role("nginx") == before
    assert instance_types.size("openstack", "acme.gold") is None


def test_every_memory_of_the_catalogue_can_be_forgotten() -> None:
    """What is read off the tables is kept by `vmlint.catalog.tables.cache`, so that an extension takes effect."""
    for path in sorted((ROOT / "vmlint" / "catalog").glob("*.py")):
        if path.stem == "tables":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and node.module == "functools"), path.name


CONFIG = """\
images:
  - {match: registry.example.com/acme/warehouse, role: database, engine: postgresql}
runtime-classes:
  - {name: fortress, product: kata}
instance-types:
  - {provider: openstack, name: acme.gold, vcpu: 4, memory-gib: 12}
"""
FILES = {
    "compose.yaml": "services:\n  store:\n    image: registry.example.com/acme/warehouse:3\n",
    "app.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\n"
        "spec: {runtimeClassName: fortress, containers: [{name: a, image: nginx:1}]}\n"
    ),
    "main.tf": 'resource "openstack_compute_instance_v2" "gold" {\n  flavor_name = "acme.gold"\n}\n',
}


def workloads(vmlint: Run, *options: str) -> dict[str, Any]:
    done = vmlint("scan", "--format", "json", *options, ".")
    return {workload["address"]: workload for workload in json.loads(done.out)["workloads"]}


def test_a_scan_reads_them(vmlint: Run, tmp_path: Path) -> None:
    for name, text in {**FILES, ".vmlint.yaml": CONFIG}.items():
        (tmp_path / name).write_text(text)
    found = workloads(vmlint)
    assert found["service/store"]["role"] == {"name": "database", "confidence": "high"}
    assert found["Pod/shop"]["substrate"]["class"] == "vm-container"
    assert found["openstack_compute_instance_v2.gold"]["memory_mib"] == 12288
    without = workloads(vmlint, "--no-config")
    assert without["Pod/shop"]["substrate"]["class"] != "vm-container"
    assert without["openstack_compute_instance_v2.gold"]["memory_mib"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("imagess: []", "there is no key `imagess`; did you mean `images`?"),
        ("images: [{match: x, role: databse}]", "there is no `databse`; did you mean `database`?"),
        ("images: [{match: x}]", "it must say one of role, trait"),
        ("images: [{role: cache}]", "'match' is a required property"),
        ("images: [{match: x, role: cache, engin: redis}]", "there is no key `engin`; did you mean `engine`?"),
        ("runtime-classes: [{name: x, product: kate}]", "there is no `kate`; did you mean `kata`?"),
        ("instance-types: [{provider: awss, name: x, vcpu: 1, memory-gib: 1}]", "did you mean `aws`?"),
        ("instance-types: [{provider: aws, name: x, vcpu: 0, memory-gib: 1}]", "less than or equal to"),
        ("instance-types: 3", "is not of type 'array'"),
        ("images: [{match: [], role: cache}]", "[] should be non-empty"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(vmlint: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "compose.yaml").write_text(FILES["compose.yaml"])
    (tmp_path / ".vmlint.yaml").write_text(f"# Ours.\n{text}\n")
    done = vmlint("scan", ".")
    assert done.code == 2
    assert ".vmlint.yaml:2: " in done.err
    assert message in done.err
