"""What other linters pass in silence, in YAML: each is red here, in every format, or says what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]

PRIVILEGED = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"
    "spec: {containers: [{name: c, image: nginx, securityContext: {privileged: true}}]}\n"
)
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: broken\nspec: [\n"
CHART = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  {{- include "labels" . | nindent 2 }}\n'
TEXTS = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  alert: '{{ $labels.pod }} is down'\n"
    "  nginx.tmpl: |\n    {{ range .Servers }}\n    server {{ . }};\n    {{ end }}\n"
)


@pytest.fixture(params=["text", "json", "sarif"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write(**texts: str) -> None:
    for name, text in texts.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def summary(vmlint: Run, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vmlint("scan", "--format", "json", *(arguments or (".",))).out)["summary"]
    return found


def test_a_file_that_does_not_parse(vmlint: Run, form: str) -> None:
    """checkov#35, #5248, #3065: the file is dropped and the run succeeds."""
    write(broken=BROKEN, good="apiVersion: v1\nkind: Service\nmetadata: {name: s}\n")
    done = vmlint("scan", "--format", form, ".")
    assert done.code == 3
    assert "broken.yaml" in done.out


def test_one_broken_document_of_a_file(vmlint: Run, form: str) -> None:
    write(all="---\n".join((PRIVILEGED % "a", BROKEN, PRIVILEGED % "b")))
    done = vmlint("scan", "--format", form, "--min-severity", "error", "--fail-on", "error", ".")
    assert done.code == 1
    found = summary(vmlint)
    assert (found["workloads"], found["unreadable"], found["error"]) == (2, 1, 2)


def test_a_chart_that_nobody_rendered(vmlint: Run, form: str) -> None:
    """checkov#5557: a chart that cannot be rendered ends with success."""
    write(chart__Chart="apiVersion: v2\nname: c\n", chart__templates__a=CHART, chart__templates__b=CHART)
    done = vmlint("scan", "--format", form, ".")
    assert done.code == 3
    assert "2 templates of the chart chart are not rendered" in done.out


def test_a_chart_beside_manifests_is_told(vmlint: Run) -> None:
    write(chart__Chart="name: c\n", chart__templates__a=CHART, pod=PRIVILEGED % "a")
    done = vmlint("scan", ".")
    assert done.code == 1
    assert "VML902" in done.out


@pytest.mark.parametrize("name", ["web.yaml.j2", "web.yml.tmpl", "web.yaml.gotmpl", "web.yml.jinja2"])
def test_a_template_by_its_name(vmlint: Run, name: str) -> None:
    Path(name).write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ name }}'}\n")
    Path("other.conf.j2").write_text("{{ x }}")
    done = vmlint("scan", ".")
    assert (done.code, "VML902" in done.out, name in done.out) == (3, True, True)
    assert "all that was found are templates" in done.out


def test_nothing_that_is_a_workload(vmlint: Run, form: str) -> None:
    """kube-linter#1162: no valid objects found, and the run succeeds."""
    write(notes="a: 1\n", values="image: {repository: nginx}\n")
    assert vmlint("scan", "--format", form, ".").code == 3


def test_braces_in_a_config_map(vmlint: Run) -> None:
    """checkov#2660: `{{` in a ConfigMap skips the whole file."""
    write(all=TEXTS + "---\n" + PRIVILEGED % "a")
    found = summary(vmlint)
    assert (found["workloads"], found["error"], found["notice"], found["unreadable"]) == (1, 1, 0, 0)


@pytest.mark.parametrize("between", [TEXTS, "# {{ rendered by hand }}\na: 1 # {% or so %}\n", 'a: "{{ x }}"\n'])
def test_a_broken_file_with_braces_in_its_texts_is_broken(vmlint: Run, between: str) -> None:
    """A syntax error is none of a template's, only because braces stand somewhere."""
    write(all=between + "---\n" + BROKEN)
    found = summary(vmlint)
    assert (found["unreadable"], found["notice"]) == (1, 0)
    write(all=between + BROKEN)
    assert summary(vmlint)["unreadable"] >= 1


def test_a_key_that_is_set_twice(vmlint: Run) -> None:
    write(all=PRIVILEGED % "a" + "spec: {containers: []}\n")
    assert summary(vmlint)["unreadable"] == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"apiVersion: v1\nkind: Pod\nmetadata: {name: \xff}\n", "UTF-8"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: {name: a\x00b}\n", "binary"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: " + b"[" * 1000, "nested deeper"),
        (b"apiVersion: v1\nkind: Pod\nspec: *nobody\n", "alias"),
    ],
)
def test_what_cannot_be_read(vmlint: Run, data: bytes, told: str) -> None:
    Path("a.yaml").write_bytes(data)
    done = vmlint("scan", ".")
    assert (done.code, told in done.out) == (3, True), done.out


@pytest.mark.parametrize(
    "text",
    [
        PRIVILEGED.replace("kind:", "Kind:") % "a",
        PRIVILEGED.replace("apiVersion:", "apiversion:") % "a",
        PRIVILEGED.replace("apiVersion: v1\n", "") % "a",
    ],
)
def test_an_object_that_does_not_say_what_it_is(vmlint: Run, text: str) -> None:
    write(a=text)
    done = vmlint("scan", ".")
    assert (done.code, "the API server would not take it" in done.out) == (3, True), done.out


@pytest.mark.parametrize("head", ["", "version: '3.8'\n", "name: shop\n"])
def test_a_compose_file_without_a_version(vmlint: Run, form: str, head: str) -> None:
    """kics#6509: without `version:` no query is loaded."""
    Path("compose.yaml").write_text(f"{head}services: {{web: {{image: 'nginx:1.27', privileged: true}}}}\n")
    assert vmlint("scan", "--format", form, ".").code == 1


def test_findings_in_every_format(vmlint: Run, form: str) -> None:
    """zizmor#153, #625: success with findings in SARIF mode."""
    write(pod=PRIVILEGED % "a")
    assert vmlint("scan", "--format", form, ".").code == 1


def test_the_summary_tells_what_was_read(vmlint: Run) -> None:
    """semgrep#4720: which files failed cannot be seen."""
    write(pod=PRIVILEGED % "a", broken=BROKEN)
    found = summary(vmlint)
    assert (found["files"], found["workloads"], found["unreadable"]) == (2, 1, 1)


SELECTS = "selector: {matchLabels: {a: b}}"
SHAPES = {
    "a number": "5",
    "nothing": "",
    "a template that is a list": "{template: []}",
    "no list": "{template: {spec: {containers: {name: a, image: nginx}}}}",
    "an empty list of containers": "{template: {spec: {containers: }}}",
    "a container that is empty": "{template: {spec: {containers: [{name: a, image: nginx}, null]}}}",
    "no template": f"{{{SELECTS}}}",
    "no containers": f"{{{SELECTS}, template: {{spec: {{containers: []}}}}}}",
}


@pytest.mark.parametrize("spec", SHAPES.values(), ids=SHAPES)
def test_a_workload_whose_pod_is_none(vmlint: Run, spec: str) -> None:
    write(all=f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: odd}}\nspec: {spec}\n")
    done = vmlint("scan", ".")
    assert done.code == 3
    assert "VML901" in done.out
    assert "Deployment/odd" in done.out


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("kubevirt.io/v1", "VirtualMachine"),
        ("postgresql.cnpg.io/v1", "Cluster"),
        ("karpenter.sh/v1", "NodePool"),
        ("argoproj.io/v1alpha1", "Workflow"),
    ],
)
def test_an_operators_object_whose_spec_is_none(vmlint: Run, version: str, kind: str) -> None:
    write(all=f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: odd}}\nspec: 5\n")
    done = vmlint("scan", ".")
    assert "VML901" in done.out
    assert done.code == 3
    Path("all.yaml").write_text(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: odd}}\nspec:\n")
    assert "VML901" not in vmlint("scan", ".").out


@pytest.mark.parametrize(
    "spec",
    ["{replicas: 2}", "{template: {metadata: {labels: {a: b}}}}", "{template: '{{ .x }}'}", "{template: !tag 5}"],
)
def test_a_patch_or_a_placeholder_is_no_mistake(vmlint: Run, spec: str) -> None:
    write(all=f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: odd}}\nspec: {spec}\n")
    assert vmlint("scan", ".").code == 0


def test_a_chart_description_alone_is_no_manifest(vmlint: Run) -> None:
    write(Chart="apiVersion: v2\nname: c\nversion: 1.0.0\n")
    assert vmlint("scan", ".").code == 3
