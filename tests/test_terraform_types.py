"""The table of Terraform resource types: complete against the facts that were collected, and each family of facts
read from every row that states it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED
from vmlint.catalog.tables import table
from vmlint.catalog.terraform_types import ResourceType, extensions, image_paths, resource_type, user_data_paths
from vmlint.files import Files
from vmlint.model.fact import Known
from vmlint.model.workload import Workload
from vmlint.sources import terraform
from vmlint.sources.reading import Surroundings, Unit
from vmlint.sources.terraform.selection import steps

TYPES = sorted(table("terraform_types")["types"])
KINDS = {name: kind for name in TYPES if (kind := resource_type(name)) is not None}
SHARED_TABLE = SHARED / "catalog" / "terraform.yaml"

# Of the layers that make a workload, a template or a machine that hosts: what is no workload of its own here.
LEFT_OUT = {
    # A service or set is told by the task definition that it runs, an application by its deployment.
    "aws_ecs_service", "aws_ecs_task_set", "aws_lightsail_container_service", "azurerm_spring_cloud_app",
    # Something else is the workload: the machine, pool or project that they stand for.
    "aws_ecs_capacity_provider", "aws_lambda_capacity_provider", "azurerm_mssql_virtual_machine",
    "azurerm_virtual_machine_scale_set_standby_pool", "google_compute_instance_group", "azurerm_arc_machine",
    "azurerm_virtual_desktop_host_pool", "alicloud_ess_scaling_group", "rancher2_node_pool", "docker_compose",
    "rancher2_machine_config_v2", "vsphere_virtual_machine_class", "google_colab_runtime_template",
    "openstack_containerinfra_clustertemplate_v1", "lxd_profile", "incus_profile",
    # Plans, environments, name spaces and fabrics that others run in.
    "azurerm_service_plan", "azurerm_app_service_plan", "azurerm_app_service_environment_v3",
    "azurerm_container_app_environment", "azurerm_spring_cloud_service", "azurerm_dedicated_host_group",
    "azurerm_container_registry_agent_pool", "vsphere_resource_pool", "vsphere_namespace", "vsphere_vapp_container",
    "nomad_node_pool", "oci_core_cluster_network", "oci_functions_application", "oci_core_compute_cluster",
    "oci_core_compute_gpu_memory_cluster", "aws_emr_instance_fleet", "aws_sagemaker_endpoint_configuration",
    "google_gkeonprem_bare_metal_node_pool", "google_edgecontainer_node_pool",
    # Neither image nor size nor start-up is the user's.
    "aws_sagemaker_app", "aws_odb_cloud_vm_cluster", "google_oracle_database_cloud_vm_cluster",
    "nutanix_ndb_database", "azurerm_workloads_sap_three_tier_virtual_instance",
    "azurerm_workloads_sap_single_node_virtual_instance", "azurerm_spring_cloud_java_deployment", "heroku_app",
    "heroku_formation", "aws_bedrockagentcore_agent_runtime", "aws_bedrockagentcore_code_interpreter",
    "aws_bedrockagentcore_browser",
}  # fmt: skip


def claims() -> list[dict[str, Any]]:
    from ruamel.yaml import YAML

    found: list[dict[str, Any]] = YAML(typ="safe").load(SHARED_TABLE.read_text(encoding="utf-8"))["resources"]
    return found


@pytest.mark.skipif(not SHARED_TABLE.is_file(), reason="the collected facts are not there")
def test_every_collected_type_that_makes_a_workload_is_mapped() -> None:
    classes = {
        "container",
        "system-container",
        "sandboxed-container",
        "vm-container",
        "vm",
        "bare-metal",
        "host-pool",
    }
    missing = [
        row["type"]
        for row in claims()
        if row["layer"] in ("workload", "template", "pool")
        and row["substrate"] in classes
        and resource_type(row["type"]) is None
        and row["type"] not in LEFT_OUT
    ]
    assert missing == []
    known = {row["type"] for row in claims()}
    assert {name for name in LEFT_OUT if name not in known or resource_type(name) is not None} == set()


@pytest.mark.skipif(not SHARED_TABLE.is_file(), reason="the collected facts are not there")
def test_substrates_agree_with_the_collected_ones() -> None:
    # Models run on a managed instance of their own, Windows code on Azure App Service under Hyper-V isolation.
    arguable = {"aws_sagemaker_model", "azurerm_windows_web_app", "azurerm_windows_web_app_slot"}
    differing = {
        row["type"]: (row["substrate"], kind.row["substrate"][0])
        for row in claims()
        if (kind := resource_type(row["type"])) is not None
        and "substrate" in kind.row
        and row["substrate"] not in ("host-pool", "none", kind.row["substrate"][0])
        and row["type"] not in arguable
    }
    assert differing == {}


# Each family of facts


def body(assignments: dict[str, Any]) -> str:
    """Attributes and blocks as HCL: a mapping is a block, unless its keys are quoted."""
    lines = []
    for key, value in assignments.items():
        if isinstance(value, dict) and any(not re.fullmatch(r"[a-z_]\w*", name) for name in value):
            inner = ", ".join(f'"{name}" = "{item}"' for name, item in value.items())
            lines.append(f"{key} = {{ {inner} }}")
        elif isinstance(value, dict):
            lines.append(f"{key} {{\n{body(value)}\n}}")
        else:
            lines.append(f'{key} = "{value}"')
    return "\n".join(lines)


def at_path(path: str, value: Any) -> dict[str, Any]:
    """The attributes of a resource that has a value at a path."""
    made: Any = value
    for step in reversed(steps(path)):
        if step.startswith("["):
            name, _, wanted = step[1:-1].partition("=")
            made = {name: wanted, **made}
        else:
            made = {step: made}
    found: dict[str, Any] = made
    return found


def merged(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, value in two.items():
        standing = both.get(key)
        both[key] = merged(standing, value) if isinstance(standing, dict) and isinstance(value, dict) else value
    return both


def made(tmp_path: Path, kind: ResourceType, attributes: dict[str, Any]) -> Workload:
    required = kind.word("requires")
    if required:
        attributes = merged(at_path(required, "nginx"), attributes)
    (tmp_path / "main.tf").write_text(f'resource "{kind.name}" "it" {{\n{body(attributes)}\n}}\n')
    found = terraform.read(Unit("terraform", (str(tmp_path),)), Surroundings(Files(tmp_path)))
    assert found.problems == ()
    (workload,) = found.workloads
    return workload


def rows(*shapes: str, fact: str = "") -> list[str]:
    return [name for name, kind in KINDS.items() if kind.shape in shapes and (not fact or kind.paths(fact))]


MACHINES = ("machine", "template", "group", "node-pool")


@pytest.mark.parametrize("name", rows(*MACHINES, "system-container", "task", "batch", "group-of-containers"))
def test_substrate_of_every_type(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    found = made(tmp_path, kind, {})
    assert isinstance(found.substrate, Known) or any(row.get("decisive") for row in kind.rows("when"))
    if isinstance(found.substrate, Known):
        assert found.substrate.value.provider == kind.row["substrate"][2]
    assert found.role.name == "unknown"
    assert found.kind == name


@pytest.mark.parametrize("name", rows("machine", "template", "group", "node-pool", fact="image"))
def test_image_of_every_machine(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    found = made(tmp_path, kind, at_path(kind.paths("image")[0], "an-image"))
    assert found.machine is not None
    assert isinstance(found.machine.image, Known)
    assert found.machine.image.value == "an-image"
    assert found.machine.image.span.text.count("an-image") == 1


@pytest.mark.parametrize("name", rows("machine", "template", "group", fact="user_data"))
def test_user_data_of_every_machine(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    for path in kind.paths("user_data"):
        found = made(tmp_path, kind, at_path(path, r"#!/bin/sh\ndocker run -d redis:7"))
        assert found.machine is not None
        started = [(run.kind, run.name) for run in found.machine.runs]
        assert started == [("container", "redis:7")], path


@pytest.mark.parametrize("name", rows("machine", "group", "node-pool", "group-of-containers", fact="count"))
def test_count_of_every_type(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    found = made(tmp_path, kind, at_path(kind.paths("count")[0], "7"))
    assert isinstance(found.instances, Known)
    assert found.instances.value == 7


def amounts(fact: str) -> list[tuple[str, str]]:
    found = []
    for name, kind in KINDS.items():
        if kind.shape not in ("machine", "template", "group", "system-container", "task", "group-of-containers"):
            continue
        found += [
            (name, path) for path in kind.paths(fact)[:1] if "*" not in path and "memory_form" not in kind.row
        ]
    return found


@pytest.mark.parametrize(("name", "written"), amounts("memory"))
def test_memory_of_every_type_in_its_unit(name: str, written: str, tmp_path: Path) -> None:
    path, _, unit = written.partition(" ")
    numbers = {"bytes": 2 * 1024**3, "KiB": 2 * 1024**2, "MiB": 2048, "MB": 2000, "ecs": 2048, "GiB": 2, "GB": 2}
    given = numbers.get(unit, "2Gi" if unit == "k8s-quantity" else "2GiB")
    found = made(tmp_path, KINDS[name], at_path(path, given))
    assert isinstance(found.memory_mib, Known), written
    assert 1800 <= found.memory_mib.value <= 2048


@pytest.mark.parametrize(("name", "written"), amounts("cpu"))
def test_vcpu_of_every_type_in_its_unit(name: str, written: str, tmp_path: Path) -> None:
    path, _, unit = written.partition(" ")
    given = {"1024-units": 2048, "mCPU": 2000, "nano": 2_000_000_000, "cpuset": "0-1"}.get(unit, 2)
    found = made(tmp_path, KINDS[name], at_path(path, given))
    assert isinstance(found.vcpu, Known), written
    assert found.vcpu.value in (2, 4)


@pytest.mark.parametrize("name", rows(*MACHINES, "system-container", "task", "group-of-containers", fact="labels"))
def test_labels_of_every_type_declare(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    found = made(tmp_path, kind, at_path(kind.paths("labels")[0], {"vmlint:role": "database"}))
    assert isinstance(found.declarations.role, Known)
    assert found.declarations.role.value == "database"


@pytest.mark.parametrize("name", rows("group-of-containers"))
def test_containers_of_every_group(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    fields = kind.mapping("fields")
    if "image" not in fields:
        pytest.skip("the platform chooses the image")
    path = ".".join(part for part in (kind.word("containers"), fields["image"][0]) if part)
    found = made(tmp_path, kind, at_path(path, "nginx:1"))
    assert [image.value for image in found.images if isinstance(image, Known)] == ["nginx:1"]


def test_every_path_can_be_walked() -> None:
    """Paths of helpers too: images, scripts, extensions, attachments."""
    data = table("terraform_types")
    paths = [path for kind in data["images"] for path in image_paths(kind)]
    paths += [path for kind in data["user_data_resources"] for path in user_data_paths(kind) or ()]
    paths += [
        path for row in extensions().values() for part in ("settings", "script") for path in row.get(part, ())
    ]
    paths += [path for part in ("scaling", "balancing", "disks") for path in data[part].values()]
    assert paths
    assert all(steps(path) for path in paths)
