"""Terraform through the command line: values and their settings, calls, gaps and what is told of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]

CONTAINER = """
variable "image" { default = "nginx:1.27" }
resource "docker_container" "w" {
  name       = "w"
  image      = var.image
  privileged = true
}
"""


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        target = folder / (name.replace("__", "/") + ".tf")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


def report(done: Outcome) -> dict[str, Any]:
    return dict(json.loads(done.out))


# Settings

VARIABLES = """
variable "a" { default = "default" }
variable "b" { default = "default" }
variable "c" { default = "default" }
variable "d" { default = "default" }
variable "e" { default = "default" }
variable "f" { default = "default" }
variable "list" { type = list(string) }
variable "unset" {}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    write(tmp_path, main=VARIABLES)
    (tmp_path / "terraform.tfvars").write_text('a = "tfvars"\nb = "tfvars"\nc = "tfvars"\nd = "tfvars"\n')
    (tmp_path / "terraform.tfvars.json").write_text('{"b": "json", "c": "json", "d": "json"}')
    (tmp_path / "a.auto.tfvars").write_text('c = "auto a"\nd = "auto a"\n')
    (tmp_path / "b.auto.tfvars.json").write_text('{"d": "auto b"}')
    (tmp_path / "file.tfvars").write_text('e = "file"\nf = "file"\n')
    return tmp_path


def test_later_settings_win(vmlint: Run, settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_a", "environment")
    monkeypatch.setenv("TF_VAR_f", "environment")
    names = "[var.a, var.b, var.c, var.d, var.e, var.f]"
    assert json.loads(vmlint("eval", names).out) == ["tfvars", "json", "auto a", "auto b", "default", "default"]
    given = ("--var-file", "file.tfvars", "--var", "f=pair", names)
    assert json.loads(vmlint("eval", *given).out) == ["tfvars", "json", "auto a", "auto b", "file", "pair"]


def test_the_environment_counts_only_where_it_is_asked_for(
    vmlint: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Terraform, files go before it."""
    monkeypatch.setenv("TF_VAR_a", "environment")
    monkeypatch.setenv("TF_VAR_f", "environment")
    monkeypatch.setenv("TF_VAR_list", '["x", "y"]')
    assert json.loads(vmlint("eval", "--env", "[var.a, var.f, var.list]").out) == [
        "tfvars",
        "environment",
        ["x", "y"],
    ]
    assert vmlint("eval", "var.list").code == 1


def test_the_type_of_a_variable_decides_how_its_text_is_read(vmlint: Run, settings: Path) -> None:
    assert json.loads(vmlint("eval", "--var", "a=[1]", "var.a").out) == "[1]"
    assert json.loads(vmlint("eval", "--var", "list=[1]", "var.list").out) == ["1"]
    broken = vmlint("eval", "--var", "list=[1", "var.list")
    assert broken.code == 1
    assert "var.list" in broken.err


def test_the_environment_reaches_a_scan(vmlint: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, main=CONTAINER)
    monkeypatch.setenv("TF_VAR_image", "postgres:16")
    assert report(vmlint("scan", "--format", "json", "."))["workloads"][0]["role"]["name"] == "web-server"
    assert report(vmlint("scan", "--env", "--format", "json", "."))["workloads"][0]["role"]["name"] == "database"


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("var.unset", "var.unset"),
        ('"x-${var.unset}"', "var.unset"),
        ("[1, { a = var.unset }]", "var.unset"),
        ("timestamp()", "timestamp()"),
        ("provider::aws::arn_parse(var.a)", "provider::aws::arn_parse()"),
        ("data.aws_ami.x.id", "data.aws_ami.x"),
        ("terraform.nothing", "terraform.nothing"),
        ("1 +", "a value is expected"),
    ],
)
def test_what_is_missing_is_named(vmlint: Run, settings: Path, expression: str, missing: str) -> None:
    done = vmlint("eval", expression)
    assert (done.code, done.out) == (1, "")
    assert missing in done.err


def test_eval_needs_a_folder(vmlint: Run, tmp_path: Path) -> None:
    assert vmlint("eval", "-C", "nowhere", "1").code == 2
    assert vmlint("eval", "--var-file", "nowhere.tfvars", "1").code == 2


def test_the_chain_of_a_value(vmlint: Run, tmp_path: Path) -> None:
    """From where it is used, through outputs, locals and arguments, to the file that sets it."""
    write(
        tmp_path,
        main='variable "image" { default = "nginx" }\nlocals { base = var.image }\n'
        'module "names" {\n  source = "./names"\n  image  = local.base\n}\n'
        'resource "docker_container" "w" {\n  name  = "w"\n  image = module.names.full\n}\n',
        names__main='variable "image" {}\nlocals { full = "${var.image}:16" }\n'
        'output "full" { value = local.full }\n',
    )
    (tmp_path / "live.auto.tfvars").write_text('image = "postgres"\n')
    told = vmlint("why", "docker_container.w", ".").out
    start = told.index("image: postgres:16 at main.tf:9:3")
    chain = [line.strip() for line in told[start:].splitlines()[1:6]]
    assert chain == [
        "through module.names at names/main.tf:3:25",
        "through local.full at names/main.tf:2:17",
        'through module "names" argument "image" at main.tf:5:12',
        "through local.base at main.tf:2:17",
        "through live.auto.tfvars at live.auto.tfvars:1:9",
    ]


# Calls


def test_one_finding_for_one_place_with_each_chain_of_calls(vmlint: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main='module "a" { source = "./m" }\nmodule "b" {\n  source   = "./m"\n  for_each = toset(["x", "y"])\n'
        '  image    = "redis:${each.key}"\n}\nmodule "c" { source = "./mid" }\n',
        mid__main='module "inner" {\n  source = "../m"\n  count  = 3\n}\n',
        m__main=CONTAINER,
    )
    found = report(vmlint("scan", "--format", "json", "."))
    assert {w["address"]: w["instances"] for w in found["workloads"]} == {
        "module.a.docker_container.w": 1,
        'module.b["x"].docker_container.w': 1,
        'module.b["y"].docker_container.w': 1,
        "module.c.module.inner.docker_container.w": 3,
    }
    assert found["summary"]["error"] == 1
    text = vmlint("scan", ".").out
    assert text.count("error[VML404]") == 1
    assert 'also module.b["x"].docker_container.w' in text
    (result,) = json.loads(vmlint("scan", "--format", "sarif", ".").out)["runs"][0]["results"]
    places = [
        (at["physicalLocation"]["artifactLocation"]["uri"], at["physicalLocation"]["region"]["startLine"])
        for at in result["relatedLocations"]
    ]
    assert places == [("main.tf", 1), ("main.tf", 2), ("main.tf", 2), ("main.tf", 7), ("mid/main.tf", 1)]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("acme/app/aws", "acme/app/aws is not in the scanned folder"),
        ("git::https://example.com/app.git?ref=v1", "app.git?ref=v1 is not in the scanned folder"),
        ("./nowhere", "nowhere does not exist"),
    ],
)
def test_a_module_that_is_not_available_is_one_undecided_workload(
    vmlint: Run, tmp_path: Path, source: str, reason: str
) -> None:
    write(tmp_path, main=f'module "app" {{\n  source   = "{source}"\n  for_each = toset(["x", "y"])\n}}\n')
    done = vmlint("scan", "--format", "json", "--show-undecided", ".")
    found = report(done)
    (workload,) = found["workloads"]
    assert (workload["address"], workload["verdict"]) == ("module.app", "undecided")
    assert (workload["instances"], workload["substrate"]["class"]) == (None, "unknown")
    (undecided,) = found["undecided"]
    assert undecided["unknown"] == "module.app"
    assert (done.code, found["findings"]) == (0, [])
    assert reason in vmlint("scan", "--show-undecided", ".").out


@pytest.mark.parametrize("source", ["terraform-aws-modules/vpc/aws", "./modules/bucket", "github.com/acme/kms-key"])
def test_a_module_whose_name_says_that_it_runs_nothing_is_no_workload(
    vmlint: Run, tmp_path: Path, source: str
) -> None:
    write(tmp_path, main=f'module "m" {{ source = "{source}" }}\n')
    done = vmlint("scan", "-v", "--format", "json", ".")
    assert report(done)["workloads"] == []
    assert "module.m was not read" in done.err


def test_a_module_that_calls_itself_is_refused(vmlint: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main='module "a" { source = "./a" }\n' + CONTAINER,
        a__main='module "b" { source = "../b" }\n',
        b__main='module "a" { source = "../a" }\n',
    )
    done = vmlint("scan", "--format", "json", ".")
    (told,) = report(done)["unreadable"]
    assert (told["file"], told["line"]) == ("b/main.tf", 1)
    assert "module.a.module.b.module.a was not read: the module calls itself through a" in told["message"]
    assert [w["address"] for w in report(done)["workloads"]] == ["docker_container.w"]


def test_blocks_that_place_nothing_are_passed_over(vmlint: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main=CONTAINER
        + """
terraform { required_version = ">= 1.0" }
provider "docker" { host = "unix:///var/run/docker.sock" }
moved {
  from = docker_container.old
  to   = docker_container.w
}
import {
  to = docker_container.w
  id = "x"
}
removed {
  from = docker_container.gone
  lifecycle { destroy = false }
}
check "health" {
  data "http" "x" { url = "https://example.com" }
  assert {
    condition     = data.http.x.status_code == 200
    error_message = "down"
  }
}
variable "checked" {
  default = 1
  validation {
    condition     = var.checked > 5
    error_message = "too small"
  }
}
resource "docker_container" "none" {
  count = 0
  name  = "none"
  image = "nginx"
  lifecycle {
    ignore_changes        = [image]
    create_before_destroy = true
    precondition {
      condition     = false
      error_message = "never"
    }
  }
}
""",
    )
    found = report(vmlint("scan", "--format", "json", "."))
    assert [w["address"] for w in found["workloads"]] == ["docker_container.w"]
    assert found["unreadable"] == []


def test_an_override_replaces_blocks_of_its_types_only(vmlint: Run, tmp_path: Path) -> None:
    write(
        tmp_path,
        main="""
locals { a = "base" }
resource "docker_container" "w" {
  name = "w"
  dynamic "volumes" {
    for_each = ["base"]
    content { host_path = volumes.value }
  }
  dynamic "labels" {
    for_each = ["kept"]
    content { label = labels.value }
  }
}
""",
        w_override="""
locals { a = "over" }
resource "docker_container" "w" {
  dynamic "volumes" {
    for_each = ["over"]
    content { host_path = volumes.value }
  }
}
""",
    )
    assert json.loads(vmlint("eval", "docker_container.w.volumes").out) == [{"host_path": "over"}]
    assert json.loads(vmlint("eval", "docker_container.w.labels").out) == [{"label": "kept"}]
    assert json.loads(vmlint("eval", "local.a").out) == "over"


def test_a_link_that_git_wrote_as_text_names_what_it_leads_to(vmlint: Run, tmp_path: Path) -> None:
    write(tmp_path, main=CONTAINER, variables="../common/variables.tf")
    (told,) = report(vmlint("scan", "--format", "json", "."))["unreadable"]
    assert told["file"] == "variables.tf"
    assert "a link to ../common/variables.tf" in told["message"]
