"""Modules: resources with count and for_each, dynamic blocks, calls, variable files, overrides, roots, gaps."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from vmlint.evaluation.terraform.modules import (
    ResourceInstance,
    RootModule,
    evaluate,
    load_root,
    roots,
    to_json,
)
from vmlint.files import Files
from vmlint.model.fact import Known, Unknown
from vmlint.model.value import Mapping, Missing, Sequence, Unresolved, at, boolean, items, text


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.chdir(tmp_path)
    return Tree(tmp_path)


class Tree:
    """Writes files and reads a folder of them as a root."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **files: str) -> None:
        for name, content in files.items():
            self.at(name.replace("__", "/") + ".tf", content)

    def at(self, name: str, content: str) -> None:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)

    def root(self, folder: str = ".", **options: object) -> RootModule:
        return load_root(folder, Files(self.path), **options)  # type: ignore[arg-type]

    def resources(self, folder: str = ".") -> dict[str, ResourceInstance]:
        return {instance.address: instance for instance in self.root(folder).resources()}


# count and for_each


def test_identical_instances_are_one_with_a_count(tree: Tree) -> None:
    tree.write(main='resource "t" "a" {\n  count = 3\n  x = "y"\n}\nresource "t" "none" {\n  count = 0\n}\n')
    found = tree.resources()
    assert list(found) == ["t.a"]
    count = found["t.a"].count
    assert isinstance(count, Known)
    assert (count.value, count.span.text) == (3, "3")


def test_what_depends_on_the_index_is_known_as_far_as_all_agree(tree: Tree) -> None:
    tree.write(
        main="""
        resource "t" "a" {
          count = 3
          name  = "web-${count.index}"
          image = ["nginx:1", "nginx:1", "nginx:1"][count.index]
          size  = ["small", "large", "large"][count.index]
          fixed = 1
        }"""
    )
    body = tree.resources()["t.a"].body
    assert to_json(body.entries["image"]) == "nginx:1"
    assert to_json(body.entries["fixed"]) == 1
    name = text(body.entries["name"])
    assert isinstance(name, Unknown)
    assert (name.expression, name.prefix) == ("count.index", "web-")
    assert isinstance(body.entries["size"], Unresolved)


def test_a_reference_names_one_of_the_instances_that_count_makes(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "t" "a" {\n  count = 3\n  size  = ["small", "large", "huge"][count.index]\n  kind  = "k"\n}\n'
    )
    root = load_root(str(tmp_path), Files(tmp_path))
    assert to_json(evaluate("t.a[1].size", root)) == "large"
    assert to_json(evaluate("t.a[*].size", root)) == ["small", "large", "huge"]
    assert to_json(evaluate("[for x in t.a : x.kind]", root)) == ["k", "k", "k"]


def test_an_unknown_count_is_one_instance(tree: Tree) -> None:
    tree.write(main='variable "n" {}\nresource "t" "a" {\n  count = var.n\n  x = count.index == 0 ? 1 : 1\n}\n')
    instance = tree.resources()["t.a"]
    assert isinstance(instance.count, Unknown)
    assert instance.count.expression == "var.n"
    assert to_json(instance.body.entries["x"]) == 1


def test_for_each_gives_an_instance_for_each_key(tree: Tree) -> None:
    tree.write(
        main="""
        locals { apps = { b = { image = "redis:7" }, a = { image = "nginx:1" } } }
        resource "t" "m" {
          for_each = local.apps
          name     = each.key
          image    = each.value.image
        }
        resource "t" "s" {
          for_each = toset(["x", "y"])
          name     = each.value
        }
        resource "t" "empty" { for_each = {} }
        """
    )
    found = tree.resources()
    assert list(found) == ['t.m["a"]', 't.m["b"]', 't.s["x"]', 't.s["y"]']
    image = text(found['t.m["b"]'].body.entries["image"])
    assert isinstance(image, Known)
    assert image.value == "redis:7"
    assert (image.via[0].label, image.via[0].span.text) == ("each", '"redis:7"')
    assert "local.apps" in [origin.label for origin in image.via]
    assert found['t.s["x"]'].key == "x"


def test_for_each_over_something_unknown(tree: Tree) -> None:
    tree.write(
        main='variable "apps" {}\nresource "t" "m" {\n  for_each = var.apps\n  image = each.value.image\n}\n'
    )
    instance = tree.resources()["t.m"]
    assert isinstance(instance.count, Unknown)
    image = instance.body.entries["image"]
    assert isinstance(image, Unresolved)
    assert image.unknown.expression == "var.apps[*].image"


def test_a_million_keys_are_bounded(tree: Tree) -> None:
    tree.write(
        main="""
        locals { many = toset([for a in range(120) : a]) }
        resource "t" "m" {
          for_each = toset(flatten([for a in range(120) : [for b in range(120) : "${a}-${b}"]]))
        }
        resource "t" "n" {
          for_each = toset(flatten([for a in range(400) : [for b in range(400) : "${a}-${b}"]]))
        }
        """
    )
    found = tree.resources()
    assert list(found) == ["t.m", "t.n"]
    assert isinstance(found["t.m"].count, Known)
    assert found["t.m"].count.value == 14_400
    assert isinstance(found["t.n"].count, Unknown)


# Bodies


def test_blocks_and_places(tree: Tree) -> None:
    tree.write(
        main="""
        resource "t" "a" {
          privileged = true
          container {
            image = "x"
            port { number = 80 }
            port { number = 81 }
          }
          provisioner "local-exec" { command = "echo" }
          lifecycle { ignore_changes = [nothing] }
        }"""
    )
    instance = tree.resources()["t.a"]
    body = instance.body
    assert list(body.entries) == ["privileged", "container", "provisioner"]
    fact = boolean(body.entries["privileged"])
    assert isinstance(fact, Known)
    assert fact.span.text == "privileged = true"
    container = next(items(body.entries["container"]))
    assert isinstance(container, Mapping)
    assert container.key_span.text == "container {"
    assert [to_json(at(port, "number")) for port in items(at(container, "port"))] == [80, 81]
    assert next(items(body.entries["provisioner"])).tag == "local-exec"
    assert instance.span.text == 'resource "t" "a"'
    assert isinstance(instance.attribute("nothing"), Missing)


def test_dynamic_blocks(tree: Tree) -> None:
    tree.write(
        main="""
        variable "unset" {}
        locals { disks = { a = 1, b = 2 } }
        resource "t" "a" {
          disk { size = 0 }
          dynamic "disk" {
            for_each = local.disks
            content {
              size = disk.value
              dynamic "part" {
                for_each = [disk.key, "x"]
                iterator = it
                content { name = it.value }
              }
            }
          }
          dynamic "mount" {
            for_each = var.unset
            content { path = "/" }
          }
          dynamic "nothing" {
            for_each = []
            content {}
          }
        }"""
    )
    body = tree.resources()["t.a"].body
    assert [to_json(at(disk, "size")) for disk in items(body.entries["disk"])] == [0, 1, 2]
    last = list(items(body.entries["disk"]))[-1]
    assert [to_json(at(part, "name")) for part in items(at(last, "part"))] == ["b", "x"]
    mounts = body.entries["mount"]
    assert isinstance(mounts, Sequence)
    assert mounts.rest is not None
    assert mounts.rest.expression == "var.unset"
    assert "nothing" not in body.entries


def test_json_configuration(tree: Tree) -> None:
    tree.at(
        "main.tf.json",
        '{"locals": {"n": 2}, "resource": {"t": {"a": {"count": "${local.n}", "image": "x:${local.n}",'
        ' "dynamic": {"disk": {"for_each": [1, 2], "content": {"size": "${disk.value}"}}}}}}}',
    )
    instance = tree.resources()["t.a"]
    assert isinstance(instance.count, Known)
    assert instance.count.value == 2
    assert to_json(instance.body.entries["image"]) == "x:2"
    assert [to_json(at(disk, "size")) for disk in items(instance.body.entries["disk"])] == [1, 2]


# References


def test_references_to_resources(tree: Tree) -> None:
    tree.write(
        main="""
        resource "aws_launch_template" "x" {
          image_id = "ami-1"
          count    = 1
        }
        resource "aws_autoscaling_group" "y" {
          launch_template { id = aws_launch_template.x[0].id }
          image = aws_launch_template.x[0].image_id
        }
        """
    )
    root = tree.root()
    group = root.resource("aws_autoscaling_group.y")[0]
    assert to_json(group.body.entries["image"]) == "ami-1"
    identity = at(next(items(group.body.entries["launch_template"])), "id")
    assert isinstance(identity, Unresolved)
    assert identity.unknown.expression == "aws_launch_template.x[0].id"
    assert [found.address for found in root.referred(identity)] == ["aws_launch_template.x"]
    assert root.resource("aws_launch_template.nowhere") == []


def test_references_through_a_module(tree: Tree) -> None:
    tree.write(
        main="""
        resource "aws_launch_template" "x" { image_id = "ami-1" }
        module "group" {
          source   = "./group"
          template = aws_launch_template.x.id
        }
        resource "t" "user" { cluster = module.group.cluster }
        """,
        group__main="""
        variable "template" {}
        resource "aws_ecs_cluster" "c" {}
        resource "aws_autoscaling_group" "y" { template = var.template }
        output "cluster" { value = aws_ecs_cluster.c.arn }
        """,
    )
    root = tree.root()
    group = root.resource("module.group.aws_autoscaling_group.y")[0]
    assert [found.address for found in group.module.referred(group.body.entries["template"])] == [
        "aws_launch_template.x"
    ]
    user = root.resource("t.user")[0]
    assert [found.address for found in root.referred(user.body.entries["cluster"])] == [
        "module.group.aws_ecs_cluster.c"
    ]


def test_a_rendered_template_data_source(tree: Tree) -> None:
    tree.write(
        main="""
        data "template_file" "init" {
          template = "docker run $${image}"
          vars     = { image = "nginx" }
        }
        resource "t" "a" { user_data = data.template_file.init.rendered }
        """
    )
    assert to_json(tree.resources()["t.a"].body.entries["user_data"]) == "docker run nginx"


# Calls


def test_calls_with_their_chain(tree: Tree) -> None:
    tree.write(
        main='module "outer" {\n  source = "./outer"\n  image  = "nginx:1"\n}\n',
        outer__main='variable "image" {}\nmodule "inner" {\n  source = "../inner"\n  image  = var.image\n}\n',
        inner__main='variable "image" {}\nresource "t" "a" { image = var.image }\n',
    )
    instance = tree.resources()["module.outer.module.inner.t.a"]
    assert [span.text for span in instance.call_chain] == ['module "outer"', 'module "inner"']
    image = text(instance.body.entries["image"])
    assert isinstance(image, Known)
    assert image.value == "nginx:1"
    assert [(origin.label, origin.span.path) for origin in image.via] == [
        ('module "inner" argument "image"', "outer/main.tf"),
        ('module "outer" argument "image"', "main.tf"),
    ]


def test_calls_with_for_each_and_count(tree: Tree) -> None:
    tree.write(
        main="""
        module "keyed" {
          for_each = { a = 1, b = 2 }
          source   = "./m"
          n        = each.value
        }
        module "same" {
          count  = 4
          source = "./m"
          n      = 2
        }
        module "indexed" {
          count  = 2
          source = "./m"
          n      = count.index + 5
        }
        module "none" {
          count  = 0
          source = "./m"
          n      = 1
        }
        """,
        m__main='variable "n" {}\nresource "t" "a" {\n  count = 3\n  x = var.n\n}\n',
    )
    found = tree.resources()
    assert {address: to_json(instance.body.entries["x"]) for address, instance in found.items()} == {
        'module.keyed["a"].t.a': 1, 'module.keyed["b"].t.a': 2, "module.same.t.a": 2,
        "module.indexed[0].t.a": 5, "module.indexed[1].t.a": 6,
    }  # fmt: skip
    count = found["module.same.t.a"].count
    assert isinstance(count, Known)
    assert count.value == 12


def test_calls_with_the_same_arguments_share_one_evaluation(tree: Tree) -> None:
    tree.write(
        main='module "m" {\n  for_each = toset(["a", "b"])\n  source = "./m"\n  n = 1\n}\n',
        m__main='variable "n" {}\nresource "t" "a" { x = var.n }\n',
    )
    first, second = (child.module for child in tree.root().children)
    assert first is second


def test_gaps(tree: Tree) -> None:
    tree.write(
        main="""
        module "remote" {
          source = "terraform-aws-modules/ec2-instance/aws"
          ami    = "ami-1"
        }
        module "missing" { source = "./nowhere" }
        module "outside" { source = "../../../../../../../../../../../../etc" }
        module "again" { source = "./loop" }
        resource "t" "a" { x = module.remote.id }
        """,
        loop__main='module "back" { source = "../loop2" }\n',
        loop2__main='module "back" { source = "../loop" }\n',
    )
    root = tree.root()
    assert [instance.address for instance in root.resources()] == ["t.a"]
    gaps = {gap.address: gap for gap in root.gaps}
    assert list(gaps) == [
        "module.remote",
        "module.missing",
        "module.outside",
        "module.again.module.back.module.back",
    ]
    assert "terraform init" in gaps["module.remote"].reason
    assert to_json(gaps["module.remote"].arguments.entries["ami"]) == "ami-1"
    assert "calls itself" in gaps["module.again.module.back.module.back"].reason
    value = root.resource("t.a")[0].body.entries["x"]
    assert isinstance(value, Unresolved)
    assert value.unknown.expression == "module.remote.id"


def test_fetched_modules_are_read(tree: Tree) -> None:
    tree.write(main='module "m" {\n  source = "a/b/c"\n}\n')
    tree.at(".terraform/modules/modules.json", '{"Modules":[{"Key":"m","Dir":".terraform/modules/m"}]}')
    tree.at(".terraform/modules/m/main.tf", 'resource "t" "a" {}\n')
    assert list(tree.resources()) == ["module.m.t.a"]


def test_roots(tree: Tree) -> None:
    tree.write(
        live__main='module "m" { source = "../m" }\n', m__main='module "n" { source = "./n" }\n', m__n__main="",
        alone__main="", a__main='module "b" { source = "../b" }\n', b__main='module "a" { source = "../a" }\n',
    )  # fmt: skip
    folders = ["live", "m", "m/n", "alone", "a", "b"]
    assert roots(folders, Files(tree.path)) == ["a", "alone", "live"]


# Files


def test_shadowing_and_overrides(tree: Tree) -> None:
    tree.write(main='resource "t" "shadowed" {}\n')
    tree.at("main.tofu", 'resource "t" "a" {\n  x = 1\n  y = 1\n  block { z = 1 }\n  block { z = 2 }\n}\n')
    tree.at("a_override.tf", 'resource "t" "a" {\n  y = 2\n  block { z = 3 }\n}\n')
    found = tree.resources()
    assert list(found) == ["t.a"]
    body = found["t.a"].body
    assert to_json(body.entries["x"]) == 1
    assert to_json(body.entries["y"]) == 2
    assert body.entries["y"].source.path == "a_override.tf"
    assert [to_json(at(block, "z")) for block in items(body.entries["block"])] == [3]


def test_variables_of_the_command_line(tree: Tree) -> None:
    tree.write(main='variable "a" { default = 1 }\nvariable "b" {}\nvariable "c" {\n  type = list(number)\n}\n')
    tree.at("terraform.tfvars", "a = 2\nb = 2\n")
    tree.at("more.tfvars", "b = 3\n")
    root = tree.root(variables={"c": '["4", 5]', "a": "text"}, variable_files=("more.tfvars",))
    assert [to_json(evaluate(f"var.{name}", root)) for name in "abc"] == ["text", 3, [4, 5]]
    assert "more.tfvars" in root.paths
    origin = evaluate("var.b", root).via[0]
    assert (origin.label, origin.span.text) == ("more.tfvars", "3")


def test_each_loose_example_means_its_own_definitions(tree: Tree) -> None:
    tree.write(
        one='locals { image = "one" }\nresource "t" "a" { image = local.image }\n',
        two='locals { image = "two" }\nresource "t" "a" { image = local.image }\n',
    )
    found = list(tree.root().resources())
    assert [(one.address, one.span.path, to_json(one.body.entries["image"])) for one in found] == [
        ("t.a", "one.tf", "one"), ("t.a", "two.tf", "two"),
    ]  # fmt: skip


def test_a_link_that_git_wrote_as_text_is_followed(tree: Tree) -> None:
    tree.at("common/variables.tf", 'variable "a" { default = 5 }\n')
    tree.at("live/variables.tf", "../common/variables.tf")
    root = tree.root("live")
    assert to_json(evaluate("var.a", root)) == 5
    assert root.problems == []


def test_problems_have_their_places(tree: Tree) -> None:
    tree.write(main='resource "t" "a" {\n  x = = 1\n  y = 2\n}\nbogus {}\nresource "t" {}\n')
    root = tree.root()
    body = next(iter(root.resources())).body
    assert to_json(body.entries["y"]) == 2
    assert isinstance(body.entries["x"], Unresolved)
    assert sorted((p.span.line, p.message) for p in root.problems) == [
        (2, "a value is expected here"),
        (5, "`bogus` is no block of Terraform"),
        (6, "a `resource` block takes two labels"),
    ]


def test_an_unreadable_file_is_told(tree: Tree) -> None:
    (tree.path / "bad.tf").write_bytes(b"\xff\xfe\x00")
    tree.write(main='resource "t" "a" {}\n')
    root = tree.root()
    assert [instance.address for instance in root.resources()] == ["t.a"]
    assert [problem.span.path for problem in root.problems] == ["bad.tf"]


# Size


def test_work_grows_linearly_with_the_calls(tree: Tree) -> None:
    def steps(calls: int) -> int:
        lines = [f'module "m{n}" {{\n  source = "./m"\n  image = "app:{n}"\n}}\n' for n in range(calls)]
        tree.at("main.tf", "".join(lines))
        root = tree.root()
        before = root.module.world.budget.left
        found = list(root.resources())
        assert len(found) == calls
        for instance in found:
            assert instance.body is not None
        return before - root.module.world.budget.left

    tree.write(
        m__main='variable "image" {}\nlocals { i = "${var.image}-x" }\nresource "t" "a" { image = local.i }\n'
    )
    started = time.process_time()
    few, many = steps(10), steps(1000)
    assert many <= few * 101
    assert time.process_time() - started < 10


def test_calls_that_multiply_are_bounded(tree: Tree) -> None:
    """Twenty levels of two calls each would be a million modules."""
    for level in range(20):
        calls = "".join(f'module "{name}" {{ source = "../m{level + 1}" }}\n' for name in "ab")
        tree.at(f"m{level}/main.tf", calls)
    tree.at("m20/main.tf", 'resource "t" "a" {}\n')
    root = tree.root("m0")
    assert len(list(root.resources())) > 1000
    assert any("more than 5,000" in gap.reason for gap in root.gaps)


def test_nothing_but_reading_happens(tree: Tree) -> None:
    """No process, no network, no code of the configuration, no writing."""
    tree.write(
        main="""
        resource "t" "a" {
          x = file("x.txt")
          y = templatefile("y.tpl", { a = 1 })
          z = yamldecode("a: !!python/object/apply:os.system [id]")
          w = fileset(".", "**")
          provisioner "local-exec" { command = "touch /tmp/owned" }
        }
        data "external" "e" { program = ["sh", "-c", "id"] }
        """
    )
    tree.at("x.txt", "x")
    tree.at("y.tpl", "${a} %{ for i in [1] }${__import__}%{ endfor }")
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if not watching:
            return
        if event.startswith(("subprocess.", "socket.", "os.exec", "os.posix_spawn", "os.system", "os.fork")):
            seen.append(event)
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            seen.append(f"open {arguments}")
        if event in ("exec", "compile") and arguments and ".tf" in str(arguments[-1]):
            seen.append(event)

    sys.addaudithook(hook)
    for instance in tree.root().resources():
        assert instance.body is not None
    watching = False
    assert seen == []
