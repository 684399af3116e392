"""Rules that judge a workload by other objects of the scan: pools of nodes, profiles, managed sandboxes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

POOL = """
resource "google_container_node_pool" "apps" {
  name    = "apps"
  cluster = "main"
  node_config {
    machine_type = "%s"
    labels       = { tier = "apps" }
    %s
  }
}
"""
AZURE_POOL = """
resource "azurerm_kubernetes_cluster_node_pool" "apps" {
  name                  = "apps"
  kubernetes_cluster_id = "main"
  vm_size               = "Standard_D4s_v5"
  %s
}
"""
PROFILE = """
resource "aws_eks_fargate_profile" "shop" {
  cluster_name           = "main"
  fargate_profile_name   = "shop"
  pod_execution_role_arn = "role"
  selector {
    namespace = "shop"
  }
}
"""
STATIC = 'kubelet_config {\n      cpu_manager_policy = "static"\n    }'
WINDOWS = "mcr.microsoft.com/windows/servercore:ltsc2022"


def pod(spec: str = "", container: str = "", image: str = "example/app:1") -> str:
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: app, namespace: shop}\nspec:\n"
        f"  containers:\n    - name: app\n      image: {image}\n{container}{spec}"
    )


def limits(text: str) -> str:
    return f"      resources: {{limits: {{{text}}}}}\n"


ON_APPS = "  nodeSelector: {tier: apps}\n"
ON_WINDOWS = "  nodeSelector: {kubernetes.io/os: windows}\n"
GUARANTEED = limits("cpu: 2, memory: 4Gi")
CASES = [
    ("most of a node", POOL % ("e2-standard-4", ""), pod(ON_APPS, limits("memory: 14Gi")), ["VML307"]),
    ("a part of a node", POOL % ("e2-standard-16", ""), pod(ON_APPS, limits("memory: 14Gi")), []),
    ("a node that it does not select", POOL % ("e2-standard-4", ""), pod("", limits("memory: 14Gi")), []),
    ("whole CPUs, static policy", POOL % ("e2-standard-16", STATIC), pod("", GUARANTEED), ["VML307"]),
    ("parts of CPUs", POOL % ("e2-standard-16", STATIC), pod("", limits("cpu: 500m, memory: 4Gi")), []),
    ("no policy", POOL % ("e2-standard-16", ""), pod("", GUARANTEED), []),
    ("an image for other nodes", POOL % ("t2a-standard-4", ""), pod(ON_APPS, "", "amd64/nginx:1.27"), ["VML106"]),
    ("an image for the nodes", POOL % ("e2-standard-4", ""), pod(ON_APPS, "", "amd64/nginx:1.27"), []),
    (
        "an older build", AZURE_POOL % 'os_type = "Windows"\n  os_sku = "Windows2019"',
        pod(ON_WINDOWS, "", WINDOWS), ["VML102"],
    ),
    (
        "the same build", AZURE_POOL % 'os_type = "Windows"\n  os_sku = "Windows2022"',
        pod(ON_WINDOWS, "", WINDOWS), [],
    ),
    ("no GKE Sandbox", POOL % ("e2-standard-4", ""), pod("  runtimeClassName: gvisor\n"), ["VML410"]),
    (
        "GKE Sandbox", POOL % ("e2-standard-4", 'sandbox_config {\n      sandbox_type = "gvisor"\n    }'),
        pod("  runtimeClassName: gvisor\n"), [],
    ),
    ("no pod sandboxing", AZURE_POOL % "", pod("  runtimeClassName: kata-vm-isolation\n"), ["VML410"]),
    (
        "pod sandboxing", AZURE_POOL % 'workload_runtime = "KataVmIsolation"',
        pod("  runtimeClassName: kata-vm-isolation\n"), [],
    ),
    ("host network on Fargate", PROFILE, pod("  hostNetwork: true\n"), ["VML503"]),
    ("larger than Fargate", PROFILE, pod("", limits("cpu: 4, memory: 121Gi")), ["VML307", "VML503"]),
    ("on Fargate", PROFILE, pod(), []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("infrastructure", "manifest", "rules"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_the_estate_says_of_a_pod(
    infrastructure: str, manifest: str, rules: list[str], tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    (tmp_path / "main.tf").write_text(infrastructure, encoding="utf-8")
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "pod.yaml").write_text(manifest, encoding="utf-8")
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [f["rule"] for f in report["findings"] if f["workload"] == "Pod/shop/app"] == rules


NAMELESS = [
    ("{image: '${IMAGE}'}", "undecided", "${IMAGE}"),
    ("{image: '${REGISTRY}${NAME}:1'}", "undecided", "${REGISTRY}"),
    ("{image: 'example.com/${NAME}:1'}", "undecided", "${NAME}"),
    # A tag or a registry leaves the name; other evidence gives the role; a declaration settles it.
    ("{image: 'example/thing:${TAG}'}", "ok", ""),
    ("{image: '${REGISTRY}/thing:1'}", "ok", ""),
    ("{image: '${CACHE_IMAGE}'}", "ok", ""),
    ("{image: '${IMAGE}', command: [celery, worker]}", "ok", ""),
    ("{image: '${IMAGE}', labels: {vmlint.dev/role: application}}", "ok", ""),
    ("{image: '${IMAGE}', labels: {vmlint.dev/trust: trusted}}", "ok", ""),
    # A boundary holds whatever it is.
    ("{image: '${IMAGE}', runtime: runsc}", "ok", ""),
    ("{image: '${IMAGE}', runtime: kata-runtime}", "ok", ""),
    # What is told otherwise decides.
    ("{image: '${IMAGE}', privileged: true}", "under-placed", "${IMAGE}"),
]


@pytest.mark.parametrize(("service", "verdict", "name"), NAMELESS)
def test_a_container_of_which_nothing_tells_what_it_is(
    service: str, verdict: str, name: str, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    (tmp_path / "compose.yaml").write_text(f"services:\n  foo: {service}\n", encoding="utf-8")
    found = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [workload["verdict"] for workload in found["workloads"]] == [verdict]
    listed = vmlint("scan", "--show-undecided", ".").out
    assert (f"VML403 service/foo: {name} " in listed) is bool(name)


def test_an_unknown_registry_of_terraform_leaves_the_name(tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    text = (
        'variable "image" {}\n'
        'resource "docker_container" "one" {\n  name  = "one"\n  image = var.image\n}\n'
        'resource "docker_container" "two" {\n  name  = "two"\n  image = "${var.image}/two:1"\n}\n'
    )
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    found = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [workload["verdict"] for workload in found["workloads"]] == ["undecided", "ok"]
