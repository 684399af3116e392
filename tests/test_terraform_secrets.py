"""Sensitive values are computed with and never shown, whatever is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]

SECRET = "hunter2-secret"
MODULE = """
variable "pw" {
  default   = "hunter2-secret"
  sensitive = true
}
variable "plain" { default = "hunter2-secret" }
variable "unset" {}
locals { text = "a-${var.pw}" }
module "m" {
  source = "./m"
  pw     = var.pw
}
output "shown" {
  value     = var.plain
  sensitive = true
}
resource "docker_container" "db" {
  name       = "db"
  image      = "postgres:${var.pw}"
  privileged = true
  command    = ["sh", "-c", "modprobe nfs ${var.pw}"]
  env        = ["POSTGRES_PASSWORD=${var.pw}"]
  volumes {
    host_path      = "/var/run/docker.sock"
    container_path = "/run/${var.pw}"
  }
}
resource "docker_container" "whole" {
  name  = "whole"
  image = var.pw
}
resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  user_data     = <<-EOT
    #!/bin/sh
    docker run -d -e TOKEN=${var.pw} nginx:${var.pw}
  EOT
}
resource "aws_ecs_task_definition" "app" {
  family                = "app"
  container_definitions = jsonencode([{
    name = "app", image = "redis:7", privileged = true
    environment = [{ name = "TOKEN", value = var.pw }]
  }])
}
"""
CALLED = """
variable "pw" {}
output "out" { value = var.pw }
output "kept" {
  value     = "hunter2-secret"
  sensitive = true
}
"""
EXPRESSIONS = """
var.pw
local.text
module.m.out
module.m.kept
upper(var.pw)
[var.pw]
{ a = var.pw }
{ (var.pw) = 1 }
keys({ (var.pw) = 1 })
{ for k in [var.pw] : k => 1 }
[for c in split("", var.pw) : c]
[for k, v in { a = var.pw } : v][0]
"${var.pw}"
true ? var.pw : "x"
var.unset == "" ? var.pw : "hu"
var.pw != "" ? [var.pw] : []
[var.pw][*]
split("-", var.pw)[0]
element(split("-", var.pw), 0)
one(split(",", var.pw))
substr(sort([var.pw])[0], 0, 3)
transpose({ a = [var.pw] })
zipmap([var.pw], [1])
jsonencode({ a = var.pw })
jsondecode(jsonencode({ a = var.pw })).a
yamlencode([var.pw])
base64encode("a${var.pw}")
format("%s", var.pw)
format("%v", [var.pw])
formatlist("%s", [var.pw])
join("-", [var.pw])
join("-", split("-", var.pw))
templatestring(local.text, {})
regexall(".", var.pw)[0]
replace("x", "x", var.pw)
{}[var.pw]
lookup({}, var.pw)
file(var.pw)
tonumber(var.pw)
docker_container.db.command
docker_container.db.volumes
""".strip().splitlines()


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(MODULE)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text(CALLED)
    return tmp_path


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_expression_shows_a_secret(vmlint: Run, module: Path, expression: str) -> None:
    done = vmlint("eval", expression)
    assert done.code == 1
    assert "hun" not in done.out + done.err


def test_what_is_not_sensitive_is_shown(vmlint: Run, module: Path) -> None:
    shown = {
        "nonsensitive(var.pw)": f'"{SECRET}"',
        "keys({ a = var.pw })": '["a"]',
        "length([var.pw])": "1",
        "docker_container.db.command[0]": '"sh"',
        "issensitive([var.pw])": "true",
    }
    for expression, expected in shown.items():
        assert vmlint("eval", expression).out.strip() == expected, expression


@pytest.mark.parametrize(
    "command",
    [
        ("scan", "--format", "text", "--show-undecided", "-v", "."),
        ("scan", "--format", "json", "--show-undecided", "."),
        ("scan", "--format", "sarif", "."),
        ("inventory", "."),
        ("inventory", "--format", "json", "."),
        ("why", "docker_container.db", "."),
        ("why", "docker_container.whole", "."),
        ("why", "aws_instance.web", "."),
        ("why", "aws_ecs_task_definition.app", "."),
    ],
    ids=" ".join,
)
def test_no_report_shows_a_secret(vmlint: Run, module: Path, command: tuple[str, ...]) -> None:
    done = vmlint(*command)
    assert done.out
    assert "hunter2" not in done.out + done.err


def test_what_stands_around_a_secret_stays_known(vmlint: Run, module: Path) -> None:
    text = vmlint("scan", ".").out
    assert "VML404" in text
    assert "VML406" in text
    assert "VML602" in text, "what the user data runs is known but for the tag"
    why = vmlint("why", "docker_container.db", ".").out
    assert "database" in why, "the image's name tells the role"


def test_the_credentials_in_the_source_of_a_module_are_not_told(vmlint: Run) -> None:
    Path("main.tf").write_text(
        'module "app" {\n  source = "git::https://me:hunter2@example.com/app.git?ref=v1"\n}\n'
    )
    for done in (
        vmlint("why", "module.app", "."),
        vmlint("scan", "-v", "--format", "json", "."),
        vmlint("scan", "."),
    ):
        assert "hunter2" not in done.out + done.err
    assert "git::https://…@example.com/app.git?ref=v1" in vmlint("why", "module.app", ".").out
