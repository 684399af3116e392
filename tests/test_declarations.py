"""Declarations, in every way that users state them, and what is told of malformed ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: app
  namespace: shop
  {meta}
spec:
  containers:
    - name: app
      image: postgres:16
"""
NAMESPACE = (
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  {field}: {{vmlint.dev/isolation: hypervisor}}\n"
)
INSTANCE = """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.small"
  tags          = {tags}
}
"""

WAYS = {
    "label": {"pod.yaml": POD.format(meta="labels: {vmlint.dev/isolation: hypervisor}")},
    "annotation": {"pod.yaml": POD.format(meta="annotations: {vmlint.dev/isolation: hypervisor}")},
    "namespace label": {"ns.yaml": NAMESPACE.format(field="labels"), "pod.yaml": POD.format(meta="")},
    "namespace annotation": {"ns.yaml": NAMESPACE.format(field="annotations"), "pod.yaml": POD.format(meta="")},
    "compose label": {
        "compose.yaml": "services:\n  app:\n    image: a\n    labels: [vmlint.dev/isolation=hypervisor]\n"
    },
    "x-vmlint of a service": {
        "compose.yaml": "services:\n  app:\n    image: a\n    x-vmlint: {isolation: hypervisor}\n"
    },
    "x-vmlint of the file": {
        "compose.yaml": "x-vmlint: {isolation: hypervisor}\nservices:\n  app:\n    image: a\n"
    },
    "configuration": {
        "compose.yaml": "services:\n  app:\n    image: a\n",
        ".vmlint.yaml": "workloads:\n  - {path: 'comp*', name: app, kind: service, isolation: hypervisor}\n",
    },
    "label of a docker_container": {
        "main.tf": """
resource "docker_container" "app" {
  name  = "app"
  image = "a"
  labels {
    label = "vmlint.dev/isolation"
    value = "hypervisor"
  }
}
"""
    },
}


def rules(outcome: Outcome) -> list[str]:
    return [finding["rule"] for finding in json.loads(outcome.out)["findings"]]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("{tags}", "{}"), encoding="utf-8")


@pytest.mark.parametrize("way", WAYS)
def test_isolation_is_declared(way: str, tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    write(tmp_path, WAYS[way])
    assert "VML401" in rules(vmlint("scan", "--format", "json", "."))


@pytest.mark.parametrize("tags", ['{ "vmlint:isolation" = "hardware" }', '{ vmlint_isolation = "hardware" }'])
def test_a_tag_of_a_module_call_holds_in_the_module(
    tags: str, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    write(tmp_path, {"main.tf": f'module "app" {{\n  source = "./app"\n  tags   = {tags}\n}}\n'})
    body = INSTANCE.replace("{tags}", "var.tags")
    write(tmp_path, {"app/main.tf": f'variable "tags" {{}}\n{body}'})
    assert rules(vmlint("scan", "--format", "json", ".")) == ["VML411"]


@pytest.mark.parametrize(
    ("annotation", "trust"),
    [
        ("io.kubernetes.cri-o.TrustedSandbox: 'false'", "untrusted"),
        ("io.kubernetes.cri-o.TrustedSandbox: 'true'", None),
    ],
)
def test_a_runtimes_own_annotation_says_untrusted(
    annotation: str, trust: str | None, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    write(tmp_path, {"pod.yaml": POD.format(meta=f"annotations: {{{annotation}}}")})
    assert ("VML403" in rules(vmlint("scan", "--format", "json", "."))) is (trust is not None)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("data-classification: pci", True),
        ("DataClassification: Restricted", True),
        ("house-data_classification: confidential", True),
        ("pci-compliant: 'true'", True),
        ("compliance: HIPAA", True),
        ("sox: 'yes'", True),
        ("pci: 'false'", False),
        ("data-classification: public", False),
        ("app: secret", False),
    ],
)
def test_compliance_labels_say_restricted(
    label: str, told: bool, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    write(tmp_path, {"pod.yaml": POD.format(meta=f"labels: {{{label}}}")})
    assert ("VML402" in rules(vmlint("scan", "--format", "json", "."))) is told


def test_a_declaration_beats_inference_and_is_shown(tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    write(tmp_path, {"pod.yaml": POD.format(meta="labels: {vmlint.dev/role: cache}")})
    assert "VML703" not in rules(vmlint("scan", "--format", "json", "."))
    shown = vmlint("why", "Pod/shop/app", ".").out
    assert "role: cache" in shown
    assert "declared role: cache at pod.yaml:7" in shown


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("vmlint.dev/isolation: hypervizor", "`hypervizor` is no isolation"),
        ("vmlint.dev/trust: untrustd", "did you mean `untrusted`?"),
        ("vmlint.dev/role: databse", "did you mean `database`?"),
        ("vmlint.dev/sensitivity: 7", "there are public, internal, restricted"),
        ("vmlint.dev/isolaton: sandbox", "did you mean `isolation`?"),
    ],
)
def test_a_malformed_declaration_is_told(
    label: str, message: str, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    write(tmp_path, {"pod.yaml": POD.format(meta=f"labels: {{{label}}}")})
    outcome = vmlint("scan", "--format", "json", ".")
    (problem,) = json.loads(outcome.out)["unreadable"]
    assert (problem["file"], problem["line"]) == ("pod.yaml", 7)
    assert message in problem["message"]


def test_a_malformed_declaration_of_a_namespace_is_told_once(
    tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    text = NAMESPACE.format(field="labels").replace("hypervisor", "high")
    pods = [POD.format(meta="").replace("name: app", f"name: {name}", 1) for name in ("one", "two")]
    write(tmp_path, {"ns.yaml": text, "pods.yaml": "---\n".join(pods)})
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert len(report["unreadable"]) == 1
    assert {one["rule"] for one in report["undecided"]} >= {"VML401"}


def test_an_assumption_settles_what_is_undecided(tmp_path: Path, vmlint: Callable[..., Outcome]) -> None:
    """By the names that the list of what is undecided gives, for Terraform and Compose."""
    (tmp_path / "compose.yaml").write_text(
        "services:\n  app:\n    image: example/app:1\n    privileged: ${PRIVILEGED}\n", encoding="utf-8"
    )
    (tmp_path / "main.tf").write_text(
        'variable "privileged" {}\nresource "docker_container" "app" {\n  name = "app"\n  image = "example/app:1"\n'
        "  privileged = var.privileged\n}\n",
        encoding="utf-8",
    )
    undecided = json.loads(vmlint("scan", "--format", "json", ".").out)["undecided"]
    names = {one["unknown"] for one in undecided if one["rule"] == "VML404"}
    assert names == {"${PRIVILEGED}", "var.privileged"}
    assert "var.privileged" in vmlint("scan", "--show-undecided", ".").out
    settled = [option for name in sorted(names) for option in ("--assume", f"{name}=true")]
    report = json.loads(vmlint("scan", "--format", "json", *settled, ".").out)
    assert [finding["rule"] for finding in report["findings"]] == ["VML404", "VML404"]
    assert not [one for one in report["undecided"] if one["rule"] == "VML404"]


WITH_TAGS = """
provider "aws" {
  default_tags {
    tags = { "vmlint:isolation" = "hardware", Team = "x" }
  }
}
provider "aws" {
  alias = "plain"
}
"""
MACHINE = 'resource "aws_instance" "app" {{\n  ami = "ami-1"\n  instance_type = "m5.large"\n  {}\n}}\n'
GOOGLE = """
provider "google" {
  default_labels = { vmlint_isolation = "hardware" }
}
resource "google_compute_instance" "app" {
  name         = "app"
  machine_type = "e2-small"
}
"""
OF_PROVIDERS = [
    ({"main.tf": WITH_TAGS + MACHINE.format("")}, True),
    ({"main.tf": WITH_TAGS + MACHINE.format('tags = { "vmlint:isolation" = "hypervisor" }')}, False),
    ({"main.tf": WITH_TAGS + MACHINE.format("provider = aws.plain")}, False),
    ({"main.tf": WITH_TAGS + 'module "m" {\n  source = "./m"\n}\n', "m/main.tf": MACHINE.format("")}, True),
    (
        {
            "main.tf": WITH_TAGS + 'module "m" {\n  source = "./m"\n  providers = { aws = aws.plain }\n}\n',
            "m/main.tf": MACHINE.format(""),
        },
        False,
    ),
    ({"main.tf": MACHINE.format("")}, False),
    ({"main.tf": GOOGLE}, True),
]


@pytest.mark.parametrize(("files", "told"), OF_PROVIDERS)
def test_labels_that_a_provider_puts_on_all_it_makes(
    files: dict[str, str], told: bool, tmp_path: Path, vmlint: Callable[..., Outcome]
) -> None:
    """A resource's own tags go before them."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [finding["rule"] for finding in found["findings"]] == (["VML411"] if told else [])
