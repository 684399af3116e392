"""Manifests of one folder complete each other; a named file is read with its folder and reported alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vmlint.cli import cli

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {%scontainers: [{name: c, image: %s%s}]}\n"
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {PGDATA: %s}\n"
DATABASE = (
    "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n"
    "  volumeClaimTemplates: [{metadata: {name: d}}]\n  template: {spec: {containers: [{name: c, "
    "image: 'postgres:17', envFrom: [{configMapRef: {name: m}}], volumeMounts: [{name: d, mountPath: /pg}]}]}}\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**texts: str) -> None:
    for name, text in texts.items():
        Path(f"{name}.yaml").write_text(text)


def scan(*arguments: str, code: int | None = None, stdin: str | None = None) -> Any:
    done = CliRunner().invoke(cli, ["scan", "--format", "json", *arguments], input=stdin)
    assert code is None or done.exit_code == code, done.output
    return json.loads(done.stdout)


def rules(report: Any) -> list[str]:
    return sorted({finding["rule"] for finding in report["findings"]})


def test_a_config_map_of_another_file_tells_where_the_data_is() -> None:
    write(db=DATABASE, settings=SETTINGS % "/pg/data")
    assert rules(scan(".")) == []
    write(settings=SETTINGS % "/var/lib/other")
    assert rules(scan(".")) == ["VML703"]


def test_two_config_maps_of_one_name_are_either() -> None:
    write(db=DATABASE, settings=SETTINGS % "/pg/data", other=SETTINGS % "/elsewhere")
    assert rules(scan(".")) == ["VML703"]  # the image's own directory, which no volume covers
    write(db=DATABASE + "---\n" + SETTINGS % "/pg/data")
    assert rules(scan(".")) == []  # its own file's goes first


def test_a_named_file_is_read_with_its_folder_and_reported_alone() -> None:
    write(
        pod=POD % ("a", "runtimeClassName: safe, ", "nginx", ""),
        classes="apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: safe}\nhandler: runsc\n",
        other=POD % ("b", "", "nginx", ", securityContext: {privileged: true}"),
        broken="apiVersion: v1\nkind: Pod\nspec: [\n",
    )
    report = scan("pod.yaml", code=0)
    assert [(w["address"], w["substrate"]["class"]) for w in report["workloads"]] == [
        ("Pod/a", "sandboxed-container")
    ]
    assert report["summary"]["files"] == 1
    assert rules(scan(".", code=1)) == ["VML404"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"metadata": {"name": "a"}, "spec": {"containers": [{"image": "nginx"}]}, %s}'),
        ("a.json", '[{"metadata": {"name": "a"}, "spec": {"containers": [{"image": "nginx"}]}, %s}]'),
        ("a.yaml", '{"metadata": {"name": "a"}, "spec": {"containers": [{"image": "nginx"}]}, \n%s}'),
        ("a.yaml", '# set in\n\n  %s\n  metadata: {"name": "a"}\n  spec: {"containers": [{"image": "nginx"}]}\n'),
    ],
)
def test_a_manifest_is_known_wherever_its_keys_stand(name: str, text: str) -> None:
    separator = "\n  " if "# set in" in text else ", "
    Path(name).write_text(text % separator.join(('"apiVersion": "v1"', '"kind": "Pod"')))
    assert [w["address"] for w in scan(".", code=0)["workloads"]] == ["Pod/a"]


def test_other_json_is_passed_over() -> None:
    Path("a.json").write_text('{"x": {"apiVersion": "1", "kind": "k"}}')
    Path("b.json").write_text('{"x": "apiVersion", ')
    assert scan(".", code=3)["summary"]["files"] == 0


SCALED = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web%s}\n"
    "spec: {%stemplate: {spec: {containers: [{image: nginx}]}}}\n"
)
SCALER = (
    "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: s%s}\n"
    "spec: {minReplicas: 4, scaleTargetRef: {kind: Deployment, name: web}}\n"
)


@pytest.mark.parametrize(
    ("deployment", "scalers", "count"),
    [
        (SCALED % ("", ""), [SCALER % ""], 4),
        (SCALED % (", namespace: a", ""), [SCALER % ", namespace: a"], 4),
        (SCALED % (", namespace: a", ""), [SCALER % ", namespace: b"], 1),
        (SCALED % ("", "replicas: 2, "), [SCALER % ""], 2),
        (SCALED % ("", ""), [SCALER % "", SCALER % ""], 1),
    ],
)
def test_an_autoscaler_of_another_folder(deployment: str, scalers: list[str], count: int) -> None:
    write(web=deployment)
    for number, text in enumerate(scalers):
        Path(f"scaling{number}").mkdir()
        Path(f"scaling{number}/s.yaml").write_text(text)
    assert [w["instances"] for w in scan(".")["workloads"]] == [count]


@pytest.mark.parametrize(
    ("image", "file", "path", "told"),
    [
        ("mysql:8", "[mysqld]\\ndatadir = /data/db\\n", "/data/db", []),
        ("mysql:8", "[mysqld]\\n# datadir = /other\\nport = 1\\n", "/var/lib/mysql", []),
        ("mysql:8", "[mysqld]\\ndatadir = /elsewhere\\n", "/data/db", ["VML703"]),
        ("mongo:7", "storage:\\n  dbPath: /data/own\\n", "/data/own", []),
        ("postgres:16", "data_directory = '/pg/data'\\n", "/pg", []),
    ],
)
def test_a_configuration_file_tells_where_the_data_is(image: str, file: str, path: str, told: list[str]) -> None:
    write(
        config=f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {{my.cnf: "{file}"}}\n',
        db="apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n"
        "  volumeClaimTemplates: [{metadata: {name: d}}]\n"
        "  template: {spec: {volumes: [{name: c, configMap: {name: m}}], "
        f"containers: [{{name: c, image: '{image}', volumeMounts: [{{name: d, mountPath: {path}}}, "
        "{name: c, mountPath: /etc/conf}]}]}}\n",
    )
    assert rules(scan(".")) == told
