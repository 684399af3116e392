"""Helm: charts are rendered only where that is asked for, in a copy and within bounds, and what they make is
reported at the lines that make it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from vmlint import rendering
from vmlint.files import Files
from vmlint.model.span import SourceText
from vmlint.rendering import copied, program, put, run, workspace
from vmlint.sources.charts import chart_of, outermost
from vmlint.sources.helm.alignment import aligned
from vmlint.sources.helm.layout import Layout
from vmlint.syntax import yaml

Run = Callable[..., Outcome]
Write = Callable[[dict[str, str]], None]

needs_helm = pytest.mark.skipif(not shutil.which("helm"), reason="helm is not installed")

DEPLOYMENT = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Chart.Name }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    metadata:
      labels: {app: web}
    spec:
      {{- with .Values.runtime }}
      runtimeClassName: {{ . }}
      {{- end }}
      containers:
      {{- range .Values.containers }}
        - name: {{ .name }}
          image: "{{ .image }}"
          securityContext:
            privileged: {{ .privileged | default false }}
      {{- end }}
        - name: sidecar
          image: busybox:1.36
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}
"""
VALUES = """\
enabled: true
replicas: 3
containers:
- {name: web, image: "nginx:1.27"}
- {name: agent, image: "busybox:1.36", privileged: true}
resources:
  limits:
    memory: 128Mi
"""
CHART = {
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "web/values.yaml": VALUES,
    "web/templates/deployment.yaml": DEPLOYMENT,
    "web/templates/NOTES.txt": "Thank you.\n",
    "web/templates/tests/test.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n"
        "spec: {containers: [{name: t, image: busybox}]}\n"
    ),
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def files(texts: dict[str, str]) -> None:
        for path, text in texts.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)

    return files


def report(done: Outcome) -> dict[str, Any]:
    return dict(json.loads(done.out))


def scan(vmlint: Run, *arguments: str) -> dict[str, Any]:
    return report(vmlint("scan", "--format", "json", "--render", *arguments))


# Without a helm, or without --render


def test_without_rendering_a_chart_is_one_notice(vmlint: Run, write: Write) -> None:
    """Its dependencies are a part of it."""
    sub = {f"web/charts/sub/{path.partition('/')[2]}": text for path, text in CHART.items()}
    write({**CHART, **sub})
    (notice,) = report(vmlint("scan", "--format", "json", "."))["findings"]
    assert notice["rule"] == "VML902"
    assert notice["message"] == "2 templates of the chart web are not rendered."


def test_without_helm_the_chart_is_told_all_the_same(
    vmlint: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(CHART)
    monkeypatch.setenv("PATH", "")
    done = vmlint("scan", "--format", "json", "--render", ".")
    assert done.code == 0
    (notice,) = report(done)["findings"]
    assert notice["rule"] == "VML902"
    assert notice["message"] == "a template of the chart web is not rendered: helm is not installed."


def test_values_without_rendering_are_a_mistake(vmlint: Run, write: Write) -> None:
    write(CHART)
    done = vmlint("scan", "--values", "web/values.yaml", ".")
    assert done.code == 2
    assert "--values" in done.err


def test_the_inventory_lists_what_nobody_rendered(vmlint: Run, write: Write) -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r}\n"
        "spec: {chart: {spec: {chart: redis}}}\n"
    )
    write({**CHART, "release.yaml": release})
    out = vmlint("inventory", ".").out
    assert "Not rendered" in out
    assert "release.yaml:1: HelmRelease/r is not rendered: Flux, or `helm template`" in out
    assert "a template of the chart web is not rendered" in out
    assert "HelmRelease/r" in vmlint("scan", "-v", ".").err


# Rendered


@needs_helm
def test_what_a_chart_makes_is_reported_at_its_template(vmlint: Run, write: Write) -> None:
    write(CHART)
    found = scan(vmlint, ".")
    (workload,) = found["workloads"]
    assert workload["address"] == "Deployment/release-name-web"
    assert (workload["file"], workload["line"]) == ("web/templates/deployment.yaml", 2)
    assert workload["instances"] == 3
    assert workload["images"] == ["nginx:1.27", "busybox:1.36", "busybox:1.36"]
    (finding,) = [f for f in found["findings"] if f["rule"] == "VML404"]
    assert (finding["file"], finding["line"]) == ("web/templates/deployment.yaml", 20)
    assert found["summary"]["files"] >= 2
    assert not found["unreadable"]


@needs_helm
def test_values_of_the_command_line_count_and_are_evidence(vmlint: Run, write: Write) -> None:
    write({**CHART, "prod.yaml": "runtime: kata\n", "off.yaml": "enabled: false\n"})
    (workload,) = scan(vmlint, "--values", "prod.yaml", ".")["workloads"]
    assert workload["substrate"]["class"] == "vm-container"
    assert scan(vmlint, "--values", "prod.yaml", "--values", "off.yaml", ".")["workloads"] == []
    trace = vmlint("why", "--render", "--values", "prod.yaml", "release-name-web", ".")
    assert "prod.yaml:1" in trace.out
    assert "release-name-web" in vmlint("inventory", "--render", ".").out


@needs_helm
@pytest.mark.parametrize("named", ["web/templates/deployment.yaml", "web/values.yaml", "web/Chart.yaml", "web"])
def test_a_named_file_is_read_with_its_chart(vmlint: Run, write: Write, named: str) -> None:
    write({**CHART, "web/templates/other.yaml": DEPLOYMENT.replace("}}-{{", "}}-other-{{")})
    names = {w["name"] for w in scan(vmlint, named)["workloads"]}
    both = {"release-name-web", "release-name-other-web"}
    assert names == ({"release-name-web"} if named.endswith("deployment.yaml") else both)


@needs_helm
def test_dependencies_are_rendered_once_and_by_their_parent(vmlint: Run, write: Write) -> None:
    sub = {f"web/charts/sub/{path.partition('/')[2]}": text for path, text in CHART.items()}
    sub["web/charts/sub/Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 0.1.0\n"
    write({**CHART, **sub, "web/values.yaml": VALUES + "sub: {replicas: 7}\n"})
    found = {w["name"]: w for w in scan(vmlint, ".")["workloads"]}
    assert found.keys() == {"release-name-web", "release-name-sub"}
    assert found["release-name-sub"]["instances"] == 7
    assert found["release-name-sub"]["file"] == "web/charts/sub/templates/deployment.yaml"


@needs_helm
def test_a_dependency_in_an_archive_has_the_place_that_names_it(vmlint: Run, write: Write, tmp_path: Path) -> None:
    sub = {path.replace("web/", "sub/", 1): text for path, text in CHART.items()}
    sub["sub/Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 0.1.0\n"
    dependency = "dependencies:\n- name: sub\n  version: 0.1.0\n  repository: https://example.com\n"
    write({**sub, **CHART, "web/Chart.yaml": CHART["web/Chart.yaml"] + dependency, "web/charts/.keep": ""})
    subprocess.run(
        ["tar", "-czf", "web/charts/sub-0.1.0.tgz", "sub"],
        check=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
    )
    shutil.rmtree("sub")
    found = {w["name"]: (w["file"], w["line"]) for w in scan(vmlint, ".")["workloads"]}
    assert found["release-name-sub"] == ("web/Chart.yaml", 5)


@needs_helm
def test_a_dependency_named_by_its_path_is_there(vmlint: Run, write: Write) -> None:
    sub = {path.replace("web/", "common/", 1): text for path, text in CHART.items()}
    sub["common/Chart.yaml"] = "apiVersion: v2\nname: common\nversion: 0.1.0\n"
    dependency = "dependencies:\n- {name: common, version: 0.1.0, repository: 'file://../common'}\n"
    values = VALUES + "common: {runtime: kata}\n"
    write({**CHART, **sub, "web/Chart.yaml": CHART["web/Chart.yaml"] + dependency, "web/values.yaml": values})
    found = {w["name"]: w for w in scan(vmlint, "web")["workloads"]}
    assert found["release-name-common"]["file"] == "common/templates/deployment.yaml"
    assert found["release-name-common"]["substrate"]["class"] == "vm-container"
    assert not Path("web/charts").exists()


@needs_helm
@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("web/templates/deployment.yaml", "a: {{ .Values.nothing.there }}\n", "nil pointer"),
        ("web/templates/deployment.yaml", 'a: {{ fail "no" }}\n', "no"),
        (
            "web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 1\ndependencies: [{name: d, version: 1}]\n",
            "missing",
        ),
        ("web/Chart.yaml", "apiVersion: v2\n", "name"),
        ("web/Chart.yaml", "[", ""),
        ("web/values.yaml", "a: [\n", "values.yaml"),
    ],
)
def test_errors_of_helm_are_told(vmlint: Run, write: Write, path: str, text: str, told: str) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: nginx}]}\n"
    write({**CHART, path: text, "pod.yaml": pod})
    done = vmlint("scan", "--format", "json", "--render", ".")
    assert done.code == 3
    (problem,) = report(done)["unreadable"]
    assert problem["file"] == "web/Chart.yaml"
    assert problem["message"].startswith("helm does not render the chart web: ")
    assert told in problem["message"]
    assert "vmlint-" not in problem["message"]
    assert [w["address"] for w in report(done)["workloads"]] == ["Pod/a"]


@needs_helm
def test_a_library_is_nothing_by_itself(vmlint: Run, write: Write) -> None:
    write({**CHART, "web/Chart.yaml": CHART["web/Chart.yaml"] + "type: library\n"})
    found = scan(vmlint, ".")
    assert (found["workloads"], found["findings"], found["unreadable"]) == ([], [], [])


# Hostile charts


@needs_helm
def test_links_that_lead_out_are_not_followed(
    vmlint: Run, write: Write, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: secret}\nspec: {}\n")
    write({**CHART, "web/templates/more.yaml": '# {{ .Files.Get "secret.yaml" }} {{ .Files.Get "../outside" }}\n'})
    Path("web/templates/secret.yaml").symlink_to(outside / "secret.yaml")
    Path("web/secret.yaml").symlink_to(outside / "secret.yaml")
    Path("web/charts").symlink_to(outside)
    Path("web/loop").symlink_to("..")
    done = vmlint("scan", "--format", "json", "--render", ".")
    assert done.code == 1
    told = {problem["message"] for problem in report(done)["unreadable"]}
    for path in ("web/templates/secret.yaml", "web/secret.yaml", "web/charts"):
        assert f"{path}: it lies outside the scanned folder" in told
    assert [w["name"] for w in report(done)["workloads"]] == ["release-name-web"]


@needs_helm
@pytest.mark.parametrize(
    ("template", "told"),
    [
        (
            "{{ range $a := until 100000 }}{{ range $b := until 100000 }}{{ end }}{{ end }}",
            "took longer than 1 second",
        ),
        ('a: {{ repeat 3000000 "x" }}', "printed more than"),
    ],
)
def test_charts_without_an_end_are_ended(
    vmlint: Run, write: Write, monkeypatch: pytest.MonkeyPatch, template: str, told: str
) -> None:
    monkeypatch.setattr(rendering, "MAX_SECONDS", 1.0 if "longer" in told else 60.0)
    monkeypatch.setattr(rendering, "MAX_OUTPUT", 2_000_000)
    write({**CHART, "web/templates/deployment.yaml": template})
    done = vmlint("scan", "--format", "json", "--render", ".")
    assert done.code == 3
    assert told in report(done)["unreadable"][0]["message"]


@needs_helm
def test_names_are_no_arguments(vmlint: Run, write: Write, tmp_path: Path) -> None:
    """Neither the folder, nor the chart, nor a value file."""
    chart = {path.replace("web/", "--post-renderer=touch/", 1): text for path, text in CHART.items()}
    write({**chart, "--set=replicas=9.yaml": "replicas: 5\n"})
    write({"--post-renderer=touch/Chart.yaml": CHART["web/Chart.yaml"]})
    (workload,) = scan(vmlint, "--values=--set=replicas=9.yaml", ".")["workloads"]
    assert workload["instances"] == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["--post-renderer=touch", "--set=replicas=9.yaml"]


@needs_helm
def test_a_schema_is_not_fetched(vmlint: Run, write: Write) -> None:
    write({**CHART, "web/values.schema.json": '{"$ref": "http://127.0.0.1:9/schema.json"}'})
    assert len(scan(vmlint, ".")["workloads"]) == 1


# The bounds themselves, with Python as the program


def python(code: str, folder: str, variables: dict[str, str] | None = None) -> rendering.Output:
    return run([sys.executable, "-I", "-c", code], folder, variables or {})


def test_a_program_sees_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    monkeypatch.setenv("SECRET", "x")
    with workspace() as folder:
        output = python(
            "import os, json, sys\nprint(json.dumps([dict(os.environ), sys.stdin.read()]))", folder, {"A": "b"}
        )
        environment, stdin = json.loads(output.text)
        assert environment["A"] == "b"
        assert environment["HOME"] == folder
        assert not {"HELM_PLUGINS", "SECRET"} & environment.keys()
        assert stdin == ""
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("while True: pass", "it took longer than 1 second"),
        ("import os\nos.close(1); os.close(2)\nwhile True: pass", "it took longer than 1 second"),
        (
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: pass'])",
            "it took longer than 1",
        ),
        ("while True: print('x' * 100_000)", "it printed more than"),
        ("import sys\nwhile True: sys.stderr.write('x' * 100_000)", "it printed more than"),
        ("import sys\nprint('Error: it broke\\nbye', file=sys.stderr); sys.exit(3)", "it broke"),
        ("import sys\nsys.exit(3)", "it ended with status 3"),
    ],
)
def test_a_run_is_bounded(monkeypatch: pytest.MonkeyPatch, code: str, why: str) -> None:
    monkeypatch.setattr(rendering, "MAX_SECONDS", 1.0 if "longer" in why else 60.0)
    monkeypatch.setattr(rendering, "MAX_OUTPUT", 1_000_000)
    with workspace() as folder:
        assert python(code, folder).why.startswith(why)


def test_all_runs_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MAX_SECONDS_IN_ALL", -1.0)
    with workspace() as folder:
        assert "in all" in python("", folder).why


def test_a_program_that_is_not_there_is_told() -> None:
    with workspace() as folder:
        assert run([os.path.join(folder, "nothing")], folder, {}).why.startswith("it cannot be run")


def test_no_program_of_the_working_directory_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\n")
    helm.chmod(0o755)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}bin")
    assert program("helm") == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("helm") == str(helm)


def test_a_copy_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rendering, "MAX_FILES", 3)
    os.makedirs("chart/deep")
    for number in range(5):
        put("chart/deep", f"{number}.yaml", b"a: 1\n")
    with workspace() as folder:
        refused = copied(Files("."), "chart", os.path.join(folder, "copy"))
        assert [refusal.message for refusal in refused] == ["the chart holds more than is copied for rendering"]
        assert len(os.listdir(os.path.join(folder, "copy", "deep"))) == 3


# Which chart, which line


def test_charts_of_files(write: Write) -> None:
    write(
        {**CHART, "web/charts/sub/Chart.yaml": "", "web/charts/sub/templates/a.yaml": "", "web/ci/values.yaml": ""}
    )
    files = Files(".")
    assert chart_of("web/templates/tests/test.yaml", files) == "web"
    assert chart_of("web/charts/sub/templates/a.yaml", files) == "web/charts/sub"
    assert chart_of("web/ci/values.yaml", files) is None
    assert chart_of("elsewhere/templates/a.yaml", files) is None
    assert outermost("web/charts/sub", files) == "web"


def test_what_a_chart_prints_of_its_places_leads_nowhere_else(write: Write) -> None:
    write({**CHART, "other.yaml": ""})
    root = yaml.parse(SourceText("web/Chart.yaml", "dependencies: [{name: ../x, repository: 'file://..'}]\n"))
    layout = Layout("web", root.documents[0].root, Files("."))
    assert layout.local == {}
    assert layout.path("templates/deployment.yaml") == "web/templates/deployment.yaml"
    assert layout.path("../other.yaml") == "web"


def test_lines_are_found_again() -> None:
    template = DEPLOYMENT.split("\n")
    output = [
        "apiVersion: apps/v1",
        "kind: Deployment",
        "metadata:",
        "  name: r-web",
        "spec:",
        "  replicas: 3",
        "  template:",
        "    spec:",
        "      containers:",
        "        - name: web",
        '          image: "nginx:1.27"',
        "        - name: agent",
        '          image: "busybox:1.36"',
        "          securityContext:",
        "            privileged: true",
        "        - name: sidecar",
        "          resources:",
        "            limits:",
        "              memory: 128Mi",
    ]
    lines = [template[number].strip() for number in aligned(template, output)]
    assert lines[:8] == [
        "apiVersion: apps/v1",
        "kind: Deployment",
        "metadata:",
        "name: {{ .Release.Name }}-{{ .Chart.Name }}",
        "spec:",
        "replicas: {{ .Values.replicas }}",
        "template:",
        "spec:",
    ]
    assert lines[9] == lines[11] == "- name: {{ .name }}"
    assert lines[12] == 'image: "{{ .image }}"'
    assert lines[14] == "privileged: {{ .privileged | default false }}"
    assert lines[17:] == ["{{- toYaml . | nindent 12 }}"] * 2
