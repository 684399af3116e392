"""Terraform resources as workloads: every system of the guidance article, and what placement asks of the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from vmlint.files import Files
from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.workload import Host, Machine, Workload
from vmlint.sources import terraform
from vmlint.sources.reading import Reading, Surroundings, Unit

FIXTURES = Path(__file__).parent / "fixtures" / "terraform"


@cache
def reading(case: str) -> Reading:
    folder = FIXTURES / case
    return terraform.read(Unit("terraform", (str(folder),)), Surroundings(Files(folder)))


@cache
def workloads(case: str) -> dict[str, Workload]:
    return {workload.address: workload for workload in reading(case).workloads}


def of_text(tmp_path: Path, text: str) -> dict[str, Workload]:
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    found = terraform.read(Unit("terraform", (str(tmp_path),)), Surroundings(Files(tmp_path)))
    return {workload.address: workload for workload in found.workloads}


def value(fact: Fact[Any] | None) -> Any:
    return fact.value if isinstance(fact, Known) else None


def machine(workload: Workload) -> Machine:
    assert workload.machine is not None
    return workload.machine


# case, address, class, provider, product, OS family, instances, vCPU, MiB
SYSTEMS = [
    ("vsphere", "vsphere_virtual_machine.erp", "vm", "VMware vSphere", "vm", "linux", 1, 4, 8192),
    ("vsphere", "vsphere_virtual_machine.ad", "vm", "VMware vSphere", "vm", "windows", 1, 2, 4096),
    ("virtualbox", "virtualbox_vm.bench", "vm", "Oracle VirtualBox", "vm", "linux", 2, 1, 1024),
    ("virtualbox", "virtualbox_vm.plain", "vm", "Oracle VirtualBox", "vm", "linux", 1, 2, 512),
    ("xen", "xenorchestra_vm.ledger", "vm", "Xen", "vm", "linux", 1, 4, 8192),
    ("hyper-v", "hyperv_machine_instance.file_server", "vm", "Hyper-V", "vm", "windows", 1, 2, 4096),
    ("kvm", "libvirt_domain.edge", "vm", "KVM", "vm", "linux", 1, 2, 2048),
    ("kvm", 'proxmox_virtual_environment_vm.node["a"]', "vm", "KVM", "vm", "linux", 1, 4, 4096),
    ("ec2", "aws_instance.web", "vm", "AWS EC2", "vm", "linux", 3, 2, 2048),
    ("ec2", "aws_instance.metal", "bare-metal", "AWS EC2", "bare-metal", "linux", 1, 96, 393216),
    ("ec2", "aws_autoscaling_group.worker", "vm", "AWS EC2", "vm", "linux", 4, 2, 4096),
    ("docker", "docker_container.db", "container", "Docker", "runc", "linux", 1, None, 512),
    ("docker", "docker_container.sandboxed", "sandboxed-container", "Docker", "gvisor", "linux", 1, None, None),
    ("docker", "docker_container.tomcat", "container", "Docker", "runc", "linux", 1, None, None),
    ("ecs", "aws_ecs_task_definition.api", "container", "AWS ECS", "ecs-ec2", "linux", 2, 0.25, 512),
    ("ecs", "aws_ecs_task_definition.text", "container", "AWS ECS", "ecs-ec2", "linux", None, None, 64),
    ("fargate", "aws_ecs_task_definition.job", "vm-container", "AWS ECS", "ecs-fargate", "linux", None, 1, 2048),
    ("fargate", "aws_ecs_task_definition.both", "vm-container", "AWS ECS", "ecs-fargate", "linux", 3, 0.5, 1024),
    ("lxd", "lxd_instance.shell", "system-container", "LXD", "lxd", "linux", 1, 2, 2048),
    ("lxd", "lxd_instance.machine", "vm", "LXD", "vm", "linux", 1, 4, 4096),
    ("lxd", "proxmox_lxc.dns", "system-container", "Proxmox VE", "proxmox-lxc", "linux", 1, 1, 256),
    ("windows-containers", "azurerm_container_group.iis", "vm-container", "Azure Container Instances", "aci",
     "windows", 1, 2, 4096),
    ("windows-containers", "docker_service.isolated", "vm-container", "Docker Swarm", "hyper-v-container",
     "windows", 1, None, None),
    ("windows-containers", "docker_service.process", "container", "Docker Swarm", "windows-process",
     "windows", 1, None, None),
    ("azure", "azurerm_kubernetes_cluster_node_pool.win", "vm", "Microsoft Azure", "vm", "windows", 2, 4, 16384),
    ("google", "google_compute_instance_group_manager.cache", "vm", "Google Compute Engine", "vm", "linux", 3, 2,
     2048),
    ("google", "google_cloud_run_v2_service.plain", "sandboxed-container", "Google Cloud Run", "cloud-run", "linux",
     1, 2, 512),
    ("google", "google_cloud_run_v2_service.second", "vm-container", "Google Cloud Run", "cloud-run-gen2", "linux",
     1, None, None),
    ("kubernetes", "kubernetes_deployment_v1.web", "sandboxed-container", "Kubernetes", "gvisor", "linux", 2, 0.5,
     1024),
    ("kubernetes", "kubectl_manifest.db", "container", "Kubernetes", "runc", "linux", 1, None, None),
    ("kubernetes", "helm_release.broker", "container", "Kubernetes", "runc", "linux", 3, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("case", "address", "cls", "provider", "product", "family", "instances", "vcpu", "memory"), SYSTEMS
)
def test_system(
    case: str,
    address: str,
    cls: str,
    provider: str,
    product: str,
    family: str,
    instances: int | None,
    vcpu: float | None,
    memory: float | None,
) -> None:
    workload = workloads(case)[address]
    substrate = workload.substrate
    assert isinstance(substrate, Known)
    assert (substrate.value.cls.value, substrate.value.provider, substrate.value.kind) == (cls, provider, product)
    assert isinstance(workload.os, Known)
    assert workload.os.value.family == family
    assert (value(workload.instances), value(workload.vcpu), value(workload.memory_mib)) == (
        instances,
        vcpu,
        memory,
    )
    assert workload.format == "terraform"


@pytest.mark.parametrize("case", sorted(path.name for path in FIXTURES.iterdir()))
def test_fixture_is_read_whole(case: str) -> None:
    found = reading(case)
    assert found.workloads
    assert not found.problems
    assert any(path.endswith("main.tf") for path in found.files)


# Machines


def test_image_by_data_source_has_its_origin() -> None:
    image = machine(workloads("ec2")["aws_instance.web"]).image
    assert isinstance(image, Known)
    assert image.value == "al2023-ami-2023.*-x86_64"
    assert 'data "aws_ami" "amazon"' in [origin.label for origin in image.via]


def test_user_data_of_a_file() -> None:
    found = machine(workloads("ec2")["aws_instance.web"])
    assert [(run.kind, run.name) for run in found.runs] == [("package", "nginx"), ("service", "nginx")]
    assert found.understood


def test_template_of_a_group_is_no_workload_of_its_own() -> None:
    assert "aws_launch_template.worker" not in workloads("ec2")
    assert "aws_launch_template.spare" in workloads("ec2")
    assert "google_compute_instance_template.used" not in workloads("google")
    assert isinstance(workloads("google")["google_compute_instance_template.alone"].instances, Absent)


def test_group_has_its_templates_facts_and_relations() -> None:
    found = machine(workloads("ec2")["aws_autoscaling_group.worker"])
    assert [(run.kind, run.name) for run in found.runs] == [("container", "ghcr.io/acme/worker:1")]
    assert value(found.scaled) is True
    assert value(found.load_balanced) is True


def test_cloud_init_disk_is_followed() -> None:
    found = machine(workloads("kvm")["libvirt_domain.edge"])
    assert [(run.kind, run.name) for run in found.runs] == [("package", "haproxy")]


def test_devices_handed_to_a_machine() -> None:
    found = machine(workloads("kvm")['proxmox_virtual_environment_vm.node["b"]'])
    assert [value(device.source) for device in found.devices] == ["hostpci0"]


def test_forwarding_interface_and_extension() -> None:
    assert value(machine(workloads("azure")["azurerm_linux_virtual_machine.nva"]).ip_forward) is True
    web = machine(workloads("azure")["azurerm_linux_virtual_machine.web"])
    assert [(run.kind, run.name) for run in web.runs] == [("package", "apache2")]
    assert web.understood


def test_remote_script_is_not_understood() -> None:
    assert not machine(workloads("google")["google_compute_instance.hidden"]).understood


def test_container_declaration() -> None:
    found = machine(workloads("google")["google_compute_instance_group_manager.cache"])
    assert [(run.kind, run.name) for run in found.runs] == [("container", "redis:7")]


def test_tags_declare() -> None:
    assert value(workloads("ec2")["aws_instance.web"].declarations.sensitivity) == "restricted"
    assert value(workloads("xen")["xenorchestra_vm.ledger"].declarations.role) == "database"
    assert value(workloads("docker")["docker_container.db"].declarations.isolation) == "hypervisor"


# Containers


def test_docker_container() -> None:
    workload = workloads("docker")["docker_container.db"]
    (container,) = workload.containers
    assert value(container.image) == "postgres:16"
    assert value(container.privileged) is True
    assert [value(name) for name in container.capabilities] == ["SYS_ADMIN"]
    assert [(mount.kind, value(mount.source)) for mount in container.mounts] == [("host", "/var/run/docker.sock")]
    assert workload.host is not None
    assert value(workload.host.pid) is True


def test_privilege_of_system_containers() -> None:
    found = {
        name: workload.containers[0].privileged
        for name, workload in workloads("lxd").items()
        if workload.containers
    }
    assert value(found["lxd_instance.shell"]) is True, "the profile says so"
    assert value(found["proxmox_lxc.dns"]) is False
    assert value(found["proxmox_lxc.open"]) is True, "the provider's default"


def test_task_containers_and_their_places() -> None:
    workload = workloads("ecs")["aws_ecs_task_definition.api"]
    assert [value(container.image) for container in workload.containers] == [
        "nginx:1.27",
        "envoyproxy/envoy:v1.31.0",
    ]
    assert [(mount.kind, value(mount.source)) for mount in workload.containers[0].mounts] == [
        ("host", "/var/run/docker.sock")
    ]
    privileged = workloads("ecs")["aws_ecs_task_definition.text"].containers[0].privileged
    assert isinstance(privileged, Known)
    assert privileged.span.text == '"privileged": true'


def test_definitions_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        'variable "c" {}\nresource "aws_ecs_task_definition" "x" {\n  container_definitions = var.c\n}\n',
    )
    (container,) = found["aws_ecs_task_definition.x"].containers
    assert isinstance(container.privileged, Unknown)
    assert container.privileged.expression == "var.c"


def test_kubernetes_resources() -> None:
    workload = workloads("kubernetes")["kubernetes_deployment_v1.web"]
    assert value(workload.containers[0].privileged) is True
    assert workload.host is not None
    assert value(workload.host.pid) is True
    assert workload.name == "web"


def test_chart_of_a_release() -> None:
    workload = workloads("kubernetes")["helm_release.broker"]
    assert workload.chart == "rabbitmq"
    assert value(workload.containers[0].image) == "bitnami/rabbitmq:4.0"


# Hosts and unknowns


def test_node_pool_is_a_host() -> None:
    hosts: tuple[Host, ...] = reading("azure").hosts
    assert [(host.kind, host.name, value(host.facts["os"])) for host in hosts] == [("node-pool", "win", "windows")]
    assert workloads("azure")["azurerm_kubernetes_cluster_node_pool.win"].kind_role == "container-host"


def test_unknown_stays_unknown(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
variable "runtime" {}
variable "type" {}
variable "n" {}
resource "docker_container" "x" {
  image   = "nginx"
  runtime = var.runtime
}
resource "lxd_instance" "y" {
  image = "ubuntu:24.04"
  type  = var.type
}
resource "aws_instance" "z" {
  count         = var.n
  ami           = "ami-1"
  instance_type = var.type
}
resource "aws_instance" "none" {
  count = 0
}
""",
    )
    assert set(found) == {"docker_container.x", "lxd_instance.y", "aws_instance.z"}
    assert isinstance(found["docker_container.x"].substrate, Unknown)
    assert isinstance(found["lxd_instance.y"].substrate, Unknown)
    assert isinstance(found["aws_instance.z"].substrate, Known)
    assert isinstance(found["aws_instance.z"].instances, Unknown)
    assert isinstance(found["aws_instance.z"].vcpu, Unknown)


def test_called_module_counts_through_its_caller(tmp_path: Path) -> None:
    inner = tmp_path / "vm"
    inner.mkdir()
    (inner / "main.tf").write_text(
        'variable "type" {}\nresource "aws_instance" "this" {\n  ami = "ami-1"\n  instance_type = var.type\n}\n',
        encoding="utf-8",
    )
    found = of_text(tmp_path, 'module "a" {\n  source = "./vm"\n  type = "t3.small"\n  count = 2\n}\n')
    workload = found["module.a.aws_instance.this"]
    assert value(workload.instances) == 2
    assert value(workload.memory_mib) == 2048
    assert [span.text for span in workload.call_chain] == ['module "a"']
    units = terraform.units([str(tmp_path / "main.tf"), str(inner / "main.tf")], Surroundings(Files(tmp_path)))
    assert [unit.paths for unit in units] == [(str(tmp_path),)]


def test_module_that_is_not_at_hand_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('module "net" {\n  source = "acme/network/aws"\n}\n', encoding="utf-8")
    found = terraform.read(Unit("terraform", (str(tmp_path),)), Surroundings(Files(tmp_path)))
    assert [problem.span.text for problem in found.problems] == ['module "net"']
    assert "acme/network/aws" in found.problems[0].message


def test_module_that_is_known_by_name_is_a_machine(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
module "web" {
  source        = "terraform-aws-modules/ec2-instance/aws"
  version       = "5.0"
  count         = 2
  instance_type = "t3.small"
  user_data     = "#!/bin/sh\\napt-get install -y nginx"
}
""",
    )
    workload = found["module.web"]
    assert isinstance(workload.substrate, Known)
    assert workload.substrate.value.cls.value == "vm"
    assert (value(workload.instances), value(workload.vcpu), value(workload.memory_mib)) == (2, 2, 2048)
    assert [run.name for run in machine(workload).runs] == ["nginx"]
    assert workload.gaps


def test_tasks_of_one_cluster_have_one_host(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
resource "aws_ecs_cluster" "main" {
  name = "main"
}
resource "aws_ecs_task_definition" "a" {
  family = "a"
  container_definitions = jsonencode([{ name = "a", image = "nginx" }])
}
resource "aws_ecs_service" "a" {
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.a.arn
}
""",
    )
    assert found["aws_ecs_task_definition.a"].placement.host == "aws_ecs_cluster.main"


def test_unknown_metadata_is_no_container_declaration(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
variable "metadata" {}
variable "declaration" {}
resource "google_compute_instance" "any" {
  metadata = var.metadata
}
resource "google_compute_instance" "container" {
  metadata = { gce-container-declaration = var.declaration }
}
""",
    )
    unknown = machine(found["google_compute_instance.any"])
    assert not unknown.runs
    assert not unknown.understood
    assert [run.kind for run in machine(found["google_compute_instance.container"]).runs] == ["container"]


def test_values_of_a_wrong_kind_decide_nothing(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
resource "proxmox_lxc" "odd" {
  unprivileged = "perhaps"
}
resource "aws_ecs_task_definition" "odd" {
  container_definitions = "no json ["
}
resource "docker_container" "odd" {
  image = null
}
resource "lxd_instance" "odd" {
  config = "none"
}
resource "azurerm_container_group" "odd" {
  container = 5
}
resource "helm_release" "odd" {
  chart  = var.nowhere
  values = ["{{ broken"]
}
""",
    )
    assert len(found) == 6
    assert isinstance(found["proxmox_lxc.odd"].containers[0].privileged, Unknown)
    assert isinstance(found["aws_ecs_task_definition.odd"].containers[0].image, Unknown)
    assert found["helm_release.odd"].gaps


def test_remote_commands_of_a_provisioner(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
resource "hcloud_server" "web" {
  image       = "debian-12"
  server_type = "cx22"
  provisioner "remote-exec" {
    inline = ["apt-get install -y caddy", "systemctl start caddy"]
  }
  provisioner "local-exec" {
    command = "docker run redis:7"
  }
}
""",
    )
    runs = machine(found["hcloud_server.web"]).runs
    assert [(run.kind, run.name) for run in runs] == [("package", "caddy"), ("service", "caddy")]


def test_commands_are_whole(tmp_path: Path) -> None:
    found = of_text(
        tmp_path,
        """
resource "docker_container" "a" {
  image      = "alpine:3.20"
  entrypoint = ["/bin/sh", "-c"]
  command    = ["sleep 1", "x"]
}
resource "azurerm_container_group" "b" {
  container {
    image    = "alpine:3.20"
    commands = ["/bin/sh", "-c", "run"]
  }
}
resource "aws_ecs_task_definition" "c" {
  container_definitions = jsonencode([{ image = "alpine:3.20", command = ["a", "b"] }])
}
""",
    )
    assert found["docker_container.a"].containers[0].command == ("/bin/sh", "-c", "sleep 1", "x")
    assert found["azurerm_container_group.b"].containers[0].command == ("/bin/sh", "-c", "run")
    assert found["aws_ecs_task_definition.c"].containers[0].command == ("a", "b")


@pytest.mark.parametrize(
    "body",
    [
        'node_properties = jsonencode({nodeRangeProperties = [{container = {image = "nginx:1", memory = 64}}]})',
        'ecs_properties = jsonencode({taskProperties = [{containers = [{image = "nginx:1", memory = 64}]}]})',
        'eks_properties {\n pod_properties {\n containers {\n image = "nginx:1"\n }\n }\n }',
    ],
)
def test_jobs_of_several_nodes_tasks_and_pods(tmp_path: Path, body: str) -> None:
    found = of_text(tmp_path, f'resource "aws_batch_job_definition" "j" {{\n name = "j"\n {body}\n}}\n')
    (container,) = found["aws_batch_job_definition.j"].containers
    assert value(container.image) == "nginx:1"


def test_what_a_task_can_do_without_is_not_what_it_is_for(tmp_path: Path) -> None:
    text = """
resource "aws_ecs_task_definition" "t" {
  family = "t"
  container_definitions = jsonencode([
    { name = "tracer", image = "acme/tracer", cpu = 32, memory = 64, essential = false },
    { name = "app", image = "acme/app", cpu = 512, memory = 1024 },
  ])
}
"""
    task = of_text(tmp_path, text)["aws_ecs_task_definition.t"]
    assert (value(task.vcpu), value(task.memory_mib)) == (0.5, 1024)
    assert [container.name for container in task.containers] == ["app", "tracer"]


def test_launch_template_of_a_node_group(tmp_path: Path) -> None:
    text = """
resource "aws_launch_template" "l" {
  image_id      = "bottlerocket-aws-k8s-1.33"
  instance_type = "m5.large"
}
resource "aws_eks_node_group" "n" {
  cluster_name = "c"
  scaling_config { desired_size = 2 }
  launch_template { id = aws_launch_template.l.id }
}
"""
    found = of_text(tmp_path, text)
    assert list(found) == ["aws_eks_node_group.n"]
    assert value(found["aws_eks_node_group.n"].memory_mib) == 8192


def test_what_may_be_present_is_unknown(tmp_path: Path) -> None:
    text = """
variable "windows" {}
variable "metadata" {}
resource "google_compute_instance" "a" {
  machine_type = "e2-small"
  metadata     = var.metadata
}
resource "azurerm_virtual_machine" "b" {
  vm_size = "Standard_B2s"
  dynamic "os_profile_windows_config" {
    for_each = var.windows
    content {}
  }
}
"""
    for workload in of_text(tmp_path, text).values():
        assert value(workload.os).family == "linux"


def test_app_service_names_images_and_stacks(tmp_path: Path) -> None:
    text = "".join(
        f'resource "azurerm_app_service" "{name}" {{\n site_config {{\n linux_fx_version = "{stack}"\n }}\n}}\n'
        for name, stack in (("a", "DOCKER|nginx:1"), ("b", "TOMCAT|9.0-java11"))
    )
    found = of_text(tmp_path, text)
    images = {name: [value(image) for image in workload.images] for name, workload in found.items()}
    assert images == {"azurerm_app_service.a": ["nginx:1"], "azurerm_app_service.b": ["tomcat:9.0-java11"]}


def test_names_that_the_platform_knows_a_machine_by(tmp_path: Path) -> None:
    text = """
variable "prefix" {}
resource "aws_instance" "this" {
  instance_type = "t3.small"
  tags          = { Name = "${var.prefix}-postgres" }
}
"""
    from vmlint.roles import assign

    workload = of_text(tmp_path, text)["aws_instance.this"]
    assert machine(workload).names == ("postgres",)
    assert assign(workload).name == "database"


def test_units_of_ignition(tmp_path: Path) -> None:
    text = """
data "ignition_systemd_unit" "web" {
  name    = "web.service"
  content = "[Service]\\nExecStart=/usr/bin/podman run --rm nginx:1\\n"
}
data "ignition_config" "it" {
  systemd = [data.ignition_systemd_unit.web.rendered]
}
resource "aws_instance" "core" {
  instance_type = "t3.small"
  user_data     = data.ignition_config.it.rendered
}
"""
    found = machine(of_text(tmp_path, text)["aws_instance.core"])
    assert [(run.kind, run.name) for run in found.runs] == [("container", "nginx:1")]


def test_stack_script_of_a_machine(tmp_path: Path) -> None:
    text = """
resource "linode_stackscript" "web" {
  script = "#!/bin/sh\\napt-get install -y nginx\\n"
}
resource "linode_instance" "web" {
  image          = "linode/debian12"
  type           = "g6-nanode-1"
  stackscript_id = linode_stackscript.web.id
}
"""
    found = machine(of_text(tmp_path, text)["linode_instance.web"])
    assert [(run.kind, run.name) for run in found.runs] == [("package", "nginx")]


def test_machines_of_a_counted_call_are_one_workload(tmp_path: Path) -> None:
    text = """
module "web" {
  count         = 3
  source        = "terraform-aws-modules/ec2-instance/aws"
  name          = "web-${count.index}"
  instance_type = "t3.small"
}
"""
    found = of_text(tmp_path, text)
    assert list(found) == ["module.web"]
    assert value(found["module.web"].instances) == 3
