"""A live cluster through standard input, and kinds of the user's own from the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]


def item(kind: str, name: str, spec: dict[str, Any], *, owner: tuple[str, str] | None = None, **labels: str) -> Any:
    """An object as `kubectl get -o json` prints it, with what a scan must not read."""
    meta: dict[str, Any] = {
        "name": name,
        "namespace": "shop",
        "labels": labels,
        "managedFields": [{"fieldsV1": {"f:spec": {"f:hostPID": {}}}, "manager": "kubectl"}],
    }
    if owner is not None:
        meta["ownerReferences"] = [
            {"apiVersion": "apps/v1", "kind": owner[0], "name": owner[1], "controller": True}
        ]
    version = {"Pod": "v1", "Node": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    status = {
        "phase": "Running",
        "containerStatuses": [{"image": "other", "securityContext": {"privileged": True}}],
    }
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec, "status": status}


POD = {"containers": [{"name": "c", "image": "nginx:1.27"}]}
OWNED = {"replicas": 2, "template": {"spec": POD}}


def dump(*items: Any) -> bytes:
    listed = {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}}
    return json.dumps(listed, indent=4).encode()


def workloads(done: Outcome) -> list[tuple[str, int | None]]:
    return [(w["address"], w["instances"]) for w in json.loads(done.out)["workloads"]]


def test_what_a_controller_of_the_dump_made_is_counted_once(vmlint: Run) -> None:
    done = vmlint(
        "scan", "--format", "json", "-",
        stdin=dump(
            item("Deployment", "web", OWNED),
            item("ReplicaSet", "web-7f", OWNED, owner=("Deployment", "web")),
            item("ReplicaSet", "web-6b", {**OWNED, "replicas": 0}, owner=("Deployment", "web")),
            item("Pod", "web-7f-a", POD, owner=("ReplicaSet", "web-7f")),
            item("Pod", "web-7f-b", POD, owner=("ReplicaSet", "web-7f")),
            item("Pod", "alone", POD),
        ),
    )  # fmt: skip
    assert done.code == 0, done.out
    assert workloads(done) == [("Deployment/shop/web", 2), ("Pod/shop/alone", 1)]


def test_a_replica_set_that_is_not_in_the_dump_is_called_after_its_deployment(vmlint: Run) -> None:
    pod = item("Pod", "web-7f-a", POD, owner=("ReplicaSet", "web-7f"), **{"pod-template-hash": "7f"})
    done = vmlint("scan", "--format", "json", "-", stdin=dump(item("Deployment", "web", OWNED), pod))
    assert workloads(done) == [("Deployment/shop/web", 2)]


def test_pods_alone_are_as_many_as_their_controllers(vmlint: Run) -> None:
    privileged = {"containers": [{"name": "c", "image": "nginx", "securityContext": {"privileged": True}}]}
    done = vmlint(
        "scan", "--format", "json", "-",
        stdin=dump(
            item("Pod", "web-1", privileged, owner=("ReplicaSet", "web")),
            item("Pod", "web-2", privileged, owner=("ReplicaSet", "web")),
            item("Pod", "kube-proxy-node1", POD, owner=("Node", "node1")),
            item("Node", "node1", {}),
        ),
    )  # fmt: skip
    assert done.code == 1
    assert workloads(done) == [("Pod/shop/web-1", 2), ("Pod/shop/kube-proxy-node1", 1)]
    findings = json.loads(done.out)["findings"]
    assert [(f["rule"], f["workload"]) for f in findings] == [("VML404", "Pod/shop/web-1")]


def test_dumps_of_one_folder_are_one_cluster(vmlint: Run) -> None:
    Path("deployments.json").write_bytes(dump(item("Deployment", "web", OWNED)))
    Path("pods.json").write_bytes(
        dump(item("Pod", "web-7f-a", POD, owner=("ReplicaSet", "web-7f"), **{"pod-template-hash": "7f"}))
    )
    assert workloads(vmlint("scan", "--format", "json", ".")) == [("Deployment/shop/web", 2)]


def test_a_broken_dump_is_told(vmlint: Run) -> None:
    done = vmlint("scan", "--format", "json", "-", stdin=dump(item("Pod", "a", POD))[:-40])
    assert done.code == 3
    assert len(json.loads(done.out)["unreadable"]) == 1


# Kinds of the user's own

GADGET = """
apiVersion: example.org/v1
kind: Gadget
metadata: {name: g}
spec:
  copies: 3
  pod: {spec: {containers: [{name: c, image: postgres, securityContext: {privileged: true}}]}}
"""


def configured(text: str) -> None:
    Path("gadget.yaml").write_text(GADGET)
    Path(".vmlint.yaml").write_text(text)


def test_a_kind_of_the_users_own(vmlint: Run) -> None:
    configured("kinds: []\n")
    assert workloads(vmlint("scan", "--format", "json", ".")) == []
    configured(
        "kinds:\n- {group: example.org, kind: Gadget, pods: [spec.pod.spec], count: [spec.copies], role: database, "
        "durable: true}\n"
    )
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 1
    (workload,) = json.loads(done.out)["workloads"]
    assert (workload["address"], workload["instances"], workload["role"]["name"]) == ("Gadget/g", 3, "database")
    assert [f["rule"] for f in json.loads(done.out)["findings"]] == ["VML404"]


def test_a_kind_of_the_users_own_in_terraform(vmlint: Run) -> None:
    Path("main.tf").write_text(
        'resource "kubernetes_manifest" "g" {\n  manifest = { apiVersion = "example.org/v1", kind = "Gadget", '
        'metadata = { name = "g" }, spec = { copies = 2, pod = { containers = [{ image = "nginx" }] } } }\n}\n'
    )
    Path(".vmlint.yaml").write_text(
        "kinds:\n- {group: example.org, kind: Gadget, pods: [spec.pod], count: [spec.copies]}\n"
    )
    (workload,) = json.loads(vmlint("scan", "--format", "json", ".").out)["workloads"]
    assert (workload["address"], workload["instances"]) == ("kubernetes_manifest.g", 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("kinds:\n- {kind: A, pod: [spec]}\n", "2: there is no key `pod`; did you mean `pods`?"),
        ("kinds:\n- {kind: A, role: databse}\n", "2: there is no `databse`; did you mean `database`?"),
        ("kinds:\n- kind: A\n  group: b\n", "2: it must say one of pods, containers, image, role"),
        ("kinds:\n- {pods: [spec]}\n", "2: 'kind' is a required property"),
        ("kinds:\n- {kind: A, pods: spec}\n", "2: 'spec' is not of type 'array'"),
        ("kind: []\n", "1: there is no key `kind`; did you mean `kinds`?"),
    ],
)
def test_a_wrong_kind_is_told_at_its_line(vmlint: Run, text: str, told: str) -> None:
    configured(text)
    done = vmlint("scan", ".")
    assert (done.code, f".vmlint.yaml:{told}" in done.err) == (2, True), done.err
