"""What shares a kernel: the relation, and `vmlint map`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from vmlint import kernel_map

POOL = """
resource "google_container_node_pool" "{name}" {{
  name    = "{name}"
  cluster = "main"
  node_config {{
    machine_type = "e2-standard-4"
    labels       = {{ tier = "{name}" }}
    {taint}
  }}
}}
"""
TAINT = 'taint {\n      key    = "tier"\n      value  = "secure"\n      effect = "NO_SCHEDULE"\n    }'


def pod(name: str, spec: str = "", labels: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\nspec:\n"
        f"  containers: [{{name: a, image: example/app:1}}]\n{spec}---\n"
    )


Map = Callable[[dict[str, str]], dict[str, Any]]


@pytest.fixture
def mapped(tmp_path: Path, vmlint: Callable[..., Outcome]) -> Map:
    def run(files: dict[str, str]) -> dict[str, Any]:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        found: dict[str, Any] = json.loads(vmlint("map", "--format", "json", ".").out)
        return found

    return run


def shared(found: dict[str, Any]) -> dict[str, list[str]]:
    return {
        kernel["name"]: [workload["address"] for workload in kernel["workloads"]]
        for kernel in found["kernels"]
        if kernel["shared"]
    }


def test_a_compose_project_is_one_engine_and_a_sandbox_is_apart(mapped: Map) -> None:
    found = mapped(
        {"compose.yaml": "services:\n  a: {image: x}\n  b: {image: y}\n  c: {image: z, runtime: runsc}\n"}
    )
    assert shared(found) == {"the engine of compose.yaml": ["service/a", "service/b"]}
    assert [k["kind"] for k in found["kernels"]] == ["compose-engine", "sandbox"]


def test_manifests_and_resources_meet_on_the_pool_that_both_select(mapped: Map) -> None:
    found = mapped(
        {
            "infra/main.tf": POOL.format(name="apps", taint="")
            + POOL.format(name="secure", taint=TAINT)
            + 'resource "kubernetes_pod" "web" {\n  metadata {\n    name = "web"\n  }\n  spec {\n'
            '    node_selector = { tier = "apps" }\n    container {\n      name  = "w"\n'
            '      image = "nginx:1.27"\n'
            "    }\n  }\n}\n",
            "k8s/apps.yaml": pod("shop", "  nodeSelector: {cloud.google.com/gke-nodepool: apps}\n")
            + pod("vault", "  nodeSelector: {tier: secure}\n  tolerations: [{key: tier, operator: Exists}]\n")
            + pod("lost", "  nodeSelector: {tier: secure}\n")
            + pod("any"),
        }
    )
    groups = shared(found)
    assert groups["node pool apps"] == ["kubernetes_pod.web", "Pod/shop"]
    assert groups["node pool secure"] == ["Pod/vault"]
    assert groups["nodes of k8s"] == ["Pod/any"]
    (loose,) = [kernel for kernel in found["kernels"] if kernel["name"] == "nodes of k8s"]
    assert loose["doubts"] == ["not told: which of the node pools apps takes them"]


def test_a_pool_that_nothing_selects_is_shown(mapped: Map) -> None:
    assert shared(mapped({"main.tf": POOL.format(name="idle", taint="")})) == {"node pool idle": []}


def test_docker_and_lxd_hosts_by_provider_and_node(mapped: Map) -> None:
    container = 'resource "docker_container" "{0}" {{\n  name  = "{0}"\n  image = "x"\n{1}}}\n'
    instance = 'resource "lxd_instance" "{0}" {{\n  name  = "{0}"\n  image = "ubuntu:24.04"\n{1}}}\n'
    found = mapped(
        {
            "main.tf": container.format("a", "")
            + container.format("b", "")
            + container.format("c", "  provider = docker.other\n")
            + instance.format("d", '  remote = "one"\n')
            + instance.format("e", '  remote = "one"\n')
        }
    )
    assert list(shared(found).values()) == [
        ["docker_container.a", "docker_container.b"],
        ["docker_container.c"],
        ["lxd_instance.d", "lxd_instance.e"],
    ]


TASK = """
resource "aws_ecs_task_definition" "{0}" {{
  family                = "{0}"
  container_definitions = jsonencode([{{ name = "a", image = "example/app:1" }}])
}}
resource "aws_ecs_service" "{0}" {{
  name            = "{0}"
  cluster         = "main"
  task_definition = aws_ecs_task_definition.{0}.arn
  {1}
}}
"""


def test_tasks_by_cluster_and_capacity_provider(mapped: Map) -> None:
    provider = 'capacity_provider_strategy {\n    capacity_provider = "spot"\n  }'
    found = mapped(
        {
            "main.tf": TASK.format("a", "")
            + TASK.format("b", "")
            + TASK.format("c", provider)
            + TASK.format("d", "").split('resource "aws_ecs_service"')[0]
        }
    )
    assert list(shared(found).values()) == [
        ["aws_ecs_task_definition.a", "aws_ecs_task_definition.b"],
        ["aws_ecs_task_definition.c"],
    ]
    (alone,) = found["undecided"]
    assert alone["address"] == "aws_ecs_task_definition.d"
    assert "nothing in the scan says" in alone["reason"]


def test_a_machine_has_a_kernel_of_its_own_and_names_what_it_starts(mapped: Map) -> None:
    found = mapped(
        {
            "main.tf": 'resource "aws_instance" "a" {\n  ami = "ami-1"\n  instance_type = "t3.small"\n'
            '  user_data = "#!/bin/sh\\ndocker run -d nginx:1.27"\n}\n'
        }
    )
    (kernel,) = found["kernels"]
    assert kernel["kind"] == "own"
    assert kernel["workloads"][0]["starts"] == ["nginx:1.27"]


RESTRICTED, PUBLIC = "vmlint.dev/sensitivity: restricted", "vmlint.dev/sensitivity: public"
SECURE = "  nodeSelector: {tier: secure}\n"
DEDICATED = SECURE + "  tolerations: [{key: tier, operator: Exists}]\n"
ANTI = (
    "  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: "
    "kubernetes.io/hostname, labelSelector: {matchLabels: {app: blog}}}]}}\n"
)


@pytest.mark.parametrize(
    ("spec", "pools", "meet"),
    [
        ("", False, True),
        (SECURE, False, True),
        (DEDICATED, False, False),
        (ANTI, False, False),
        (DEDICATED, True, False),
        (SECURE.replace("secure", "apps"), True, True),
    ],
    ids=["plain", "a selector alone", "selector and taint", "anti-affinity", "tainted pool", "open pool"],
)
def test_sensitivities_meet_unless_something_keeps_them_apart(
    spec: str, pools: bool, meet: bool, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    text = pod("pay", spec, RESTRICTED) + pod("blog", "", f"{PUBLIC}, app: blog")
    (tmp_path / "pods.yaml").write_text(text, encoding="utf-8")
    if pools:
        both = POOL.format(name="apps", taint="") + POOL.format(name="secure", taint=TAINT)
        (tmp_path / "main.tf").write_text(both, encoding="utf-8")
    found = json.loads(vmlint("scan", "--select", "VML201", "--format", "json", ".").out)["findings"]
    assert [finding["workload"] for finding in found] == (["Pod/pay"] if meet else [])


@pytest.mark.parametrize(
    "service",
    [
        "{image: 'example/app:1', labels: {vmlint.dev/sensitivity: restricted}}",
        "{image: 'example/app:1', labels: {vmlint.dev/tenant: one}}",
        "{image: 'jupyter/scipy-notebook:1'}",
        "{image: 'redis:7'}",
        "{image: 'postgres:16'}",
    ],
)
def test_many_alike_on_one_kernel_are_not_compared_with_each_other(
    service: str, tmp_path: Path, vmlint: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    monkeypatch.setattr(kernel_map, "_apart", lambda one, other: bool(compared.append(1)))
    many = 60
    text = "services:\n" + "".join(f"  s{number}: {service}\n" for number in range(many))
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    chosen = ("--select", "VML201", "--select", "VML202", "--select", "VML205")
    assert vmlint("scan", *chosen, ".").code == 0
    assert len(compared) <= 4 * many


def test_text_and_mermaid(tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services:\n  a: {image: nginx}\n  b: {image: redis}\n", encoding="utf-8"
    )
    assert vmlint("map", ".").out == (
        "The engine of compose.yaml\n"
        "  service/a (web-server)  compose.yaml:2\n"
        "  service/b (cache)  compose.yaml:3\n"
        "\n"
        "2 workloads on 1 shared kernel, 0 with one of their own, 0 that cannot be told.\n"
    )
    assert vmlint("map", "--format", "mermaid", ".").out == (
        "flowchart LR\n"
        '  subgraph k0["The engine of compose.yaml"]\n'
        '    w0["service/a (web-server)"]\n'
        '    w1["service/b (cache)"]\n'
        "  end\n"
    )


def test_what_cannot_be_read_is_told_and_the_rest_is_drawn(tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  a: {image: nginx}\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("apiVersion: v1\nkind: Pod\nspec: [\n", encoding="utf-8")
    outcome = vmlint("map", ".")
    assert outcome.code == 3
    assert "service/a" in outcome.out
    assert "broken.yaml" in outcome.err
