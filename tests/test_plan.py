"""Plans and states of Terraform as JSON: values, places, counts, the configuration beside them, and bad input."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SHARED, Outcome
from vmlint.model.span import SourceText
from vmlint.sources.plan import document
from vmlint.sources.plan.references import Configured, without_counts

Run = Callable[..., Outcome]


def resource(address: str, kind: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    name = address.rsplit(".", 1)[-1].split("[")[0]
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values, **more}


def plan(*resources: dict[str, Any], children: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    root: dict[str, Any] = {"resources": list(resources)}
    if children:
        root["child_modules"] = children
    return {"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": root}, **more}


def change(address: str, actions: list[str], unknown: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"address": address, "change": {"actions": actions, "after_unknown": unknown or {}}}


def write(name: str, data: object, encoding: str = "utf-8", banner: str = "", tail: str = "") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes((banner + json.dumps(data, indent=2) + tail).encode(encoding))


def inventory(vmlint: Run, *paths: str) -> list[dict[str, Any]]:
    done = vmlint("inventory", "--format", "json", *(paths or (".",)))
    assert done.code == 0, done.out + done.err
    found: list[dict[str, Any]] = json.loads(done.out)["workloads"]
    return found


WEB = resource("aws_instance.web", "aws_instance", {"ami": "ami-1", "instance_type": "t3.small"})


def test_a_planned_resource_is_the_workload_that_its_configuration_makes(vmlint: Run) -> None:
    write("plan.json", plan(WEB))
    (found,) = inventory(vmlint)
    assert found["address"] == "aws_instance.web"
    assert (found["substrate"]["class"], found["vcpu"], found["memory_mib"]) == ("vm", 2, 2048)
    assert found["instances"] == 1
    assert Path("plan.json").read_text().splitlines()[found["line"] - 1].strip() == '"address": "aws_instance.web",'


@pytest.mark.parametrize(
    ("encoding", "banner", "tail"),
    [
        ("utf-16", "", ""),
        ("utf-8-sig", "", ""),
        ("utf-8", "[command]/usr/bin/terraform show -json plan\n", "\n::debug::stdout\n"),
        ("utf-8", "Reading {the plan}…\n\n", ""),
        ("utf-8", '{"level": "info", "msg": "planning"}\n', '\n{"level": "info"}\n'),
        ("utf-8", "\x1b[33mWarning\x1b[0m\n\x1b[0m", ""),
    ],
)
def test_encodings_and_banners(vmlint: Run, encoding: str, banner: str, tail: str) -> None:
    write("plan.json", plan(WEB), encoding, banner, tail)
    (found,) = inventory(vmlint)
    assert found["address"] == "aws_instance.web"


def test_a_named_file_of_any_name_is_known_by_its_content(vmlint: Run) -> None:
    write("tfplan.out", plan(WEB))
    assert len(inventory(vmlint, "tfplan.out")) == 1


def test_standard_input(vmlint: Run) -> None:
    done = vmlint("inventory", "--format", "json", "-", stdin=json.dumps(plan(WEB)).encode())
    assert [w["address"] for w in json.loads(done.out)["workloads"]] == ["aws_instance.web"]


def test_counts_are_merged_and_keys_are_kept(vmlint: Run) -> None:
    small = {"instance_type": "t3.small"}
    child = {
        "address": 'module.a["x.y"]',
        "resources": [
            resource(f'module.a["x.y"].aws_instance.n[{i}]', "aws_instance", small, index=i) for i in (0, 1)
        ],
    }
    both = [resource(f"aws_instance.c[{i}]", "aws_instance", {"instance_type": t}, index=i)
            for i, t in enumerate(("t3.small", "t3.large"))]  # fmt: skip
    write("plan.json", plan(*both, children=[child]))
    found = {w["address"]: (w["instances"], w["memory_mib"]) for w in inventory(vmlint)}
    assert found == {'module.a["x.y"].aws_instance.n': (2, 2048), "aws_instance.c": (2, None)}
    assert without_counts('m["[0]"].x[1].y') == 'm["[0]"].x.y'


def test_deleted_resources_do_not_count(vmlint: Run) -> None:
    gone = resource("aws_instance.gone", "aws_instance", {})
    changes = [change("aws_instance.gone", ["delete"]), change("aws_instance.web", ["delete", "create"])]
    write("plan.json", plan(WEB, gone, resource_changes=changes))
    assert [w["address"] for w in inventory(vmlint)] == ["aws_instance.web"]


def test_what_is_sensitive_is_never_printed(vmlint: Run) -> None:
    body = {"image": "hunter2/image", "name": "db"}
    hidden = resource("docker_container.db", "docker_container", body, sensitive_values={"image": True})
    write("plan.json", plan(hidden))
    done = vmlint("scan", "--show-undecided", "--format", "json", ".")
    assert "hunter2" not in done.out + done.err
    assert json.loads(done.out)["summary"]["workloads"] == 1


GROUP = {
    "planned": [
        resource("aws_autoscaling_group.g", "aws_autoscaling_group", {"min_size": 3, "launch_template": [{}]}),
        resource("module.t.aws_launch_template.l", "aws_launch_template", {"instance_type": "t3.small"}),
    ],
    "configuration": {
        "root_module": {
            "resources": [
                {
                    "address": "aws_autoscaling_group.g",
                    "expressions": {"launch_template": [{"id": {"references": ["module.t.template", "module.t"]}}]},
                }
            ],
            "module_calls": {
                "t": {
                    "module": {
                        "outputs": {"template": {"expression": {"references": ["aws_launch_template.l.id"]}}},
                        "resources": [{"address": "aws_launch_template.l", "expressions": {}}],
                    }
                }
            },
        }
    },
}  # fmt: skip


def test_references_lead_through_modules_to_templates(vmlint: Run) -> None:
    group, template = GROUP["planned"]  # type: ignore[misc]
    child = {"address": "module.t", "resources": [template]}
    changes = [change("aws_autoscaling_group.g", ["create"], {"launch_template": [{"id": True}]})]
    configuration = GROUP["configuration"]
    write("plan.json", plan(group, children=[child], resource_changes=changes, configuration=configuration))
    (found,) = inventory(vmlint)
    assert (found["address"], found["instances"], found["memory_mib"]) == ("aws_autoscaling_group.g", 3, 2048)
    targets = Configured(configuration["root_module"]).targets("module.t.template", ())  # type: ignore[index]
    assert targets == [(("t",), "aws_launch_template.l")]


def test_a_state_refers_by_identity(vmlint: Run) -> None:
    made_from = {"desired_capacity": 3, "launch_template": [{"id": "lt-7"}]}
    group = resource("aws_autoscaling_group.g", "aws_autoscaling_group", made_from)
    template = resource("aws_launch_template.l", "aws_launch_template", {"id": "lt-7", "instance_type": "t3.small"})
    values = {"root_module": {"resources": [group, template]}}
    write("state.json", {"format_version": "1.0", "terraform_version": "1.9.0", "values": values})
    (found,) = inventory(vmlint)
    assert (found["instances"], found["memory_mib"]) == (3, 2048)


def test_the_image_of_a_data_source_in_the_prior_state(vmlint: Run) -> None:
    named = {"id": "ami-1", "name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240101"}
    image = {**resource("data.aws_ami.u", "aws_ami", named), "mode": "data"}
    prior = {"format_version": "1.0", "values": {"root_module": {"resources": [image]}}}
    write("plan.json", plan(WEB, prior_state=prior))
    (found,) = inventory(vmlint)
    assert found["os"] == {"family": "linux", "release": "22.04"}


RAW = {
    "version": 4,
    "terraform_version": "1.9.0",
    "serial": 3,
    "lineage": "0a",
    "resources": [
        {
            "module": "module.m[0]",
            "mode": "managed",
            "type": "docker_container",
            "name": "db",
            "instances": [
                {
                    "index_key": "a",
                    "attributes": {"image": "postgres:16", "command": ["hunter2"], "privileged": True},
                    "sensitive_attributes": [[{"type": "get_attr", "value": "command"}]],
                },
                {"index_key": "b", "deposed": "00", "attributes": {"image": "postgres:15"}},
            ],
        }
    ],
}


def test_the_state_file_itself(vmlint: Run) -> None:
    write("terraform.tfstate", RAW)
    done = vmlint("scan", "--format", "json", ".")
    report = json.loads(done.out)
    (found,) = report["workloads"]
    assert found["address"] == 'module.m.docker_container.db["a"]'
    assert (found["role"]["name"], found["images"]) == ("database", ["postgres:16"])
    assert "hunter2" not in done.out
    (finding,) = [f for f in report["findings"] if f["rule"] == "VML404"]
    assert Path("terraform.tfstate").read_text().splitlines()[finding["line"] - 1].strip() == '"privileged": true'


# With the configuration


MAIN = """\
variable "privileged" {}

resource "docker_container" "db" {
  name       = "db"
  image      = "postgres:16"
  privileged = var.privileged
  volumes {
    container_path = "/var/lib/postgresql/data"
    host_path      = "/srv/db"
  }
}

resource "docker_container" "off" {
  count = var.privileged ? 1 : 0
  name  = "off"
  image = "nginx"
}
"""


def planned_db(privileged: bool) -> dict[str, Any]:
    volumes = [{"container_path": "/var/lib/postgresql/data", "host_path": "/srv/db"}]
    values = {"name": "db", "image": "postgres:16", "privileged": privileged, "volumes": volumes}
    return plan(
        resource("docker_container.db", "docker_container", values),
        configuration={
            "root_module": {"resources": [{"address": "docker_container.db"}, {"address": "docker_container.off"}]}
        },
    )


@pytest.mark.parametrize("where", ["infra/plan.json", "infra/out/plan.json", "plans/infra.json"])
def test_a_workload_counts_once_and_stands_in_the_configuration(vmlint: Run, where: str) -> None:
    Path("infra").mkdir()
    Path("infra/main.tf").write_text(MAIN)
    write(where, planned_db(True))
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    (found,) = report["workloads"]
    assert (found["address"], found["file"], found["line"]) == ("docker_container.db", "infra/main.tf", 3)
    (finding,) = [f for f in report["findings"] if f["rule"] == "VML404"]
    assert (finding["file"], finding["line"], finding["column"]) == ("infra/main.tf", 6, 3)
    assert report["summary"]["files"] == 2


def test_of_a_plan_that_is_named_alone_the_places_are_its_own(vmlint: Run) -> None:
    Path("main.tf").write_text(MAIN)
    write("plan.json", planned_db(True))
    (found,) = inventory(vmlint, "plan.json")
    assert found["file"] == "plan.json"


def test_what_was_written_after_the_plan_counts_too(vmlint: Run) -> None:
    Path("main.tf").write_text(MAIN)
    Path("new.tf").write_text('resource "docker_container" "new" {\n  name = "n"\n  image = "nginx"\n}\n')
    write("plan.json", planned_db(False))
    assert [w["address"] for w in inventory(vmlint)] == ["docker_container.db", "docker_container.new"]


def test_the_configuration_tells_what_the_plan_leaves_open(vmlint: Run) -> None:
    script = "#!/bin/bash\\ndocker run -d nginx:1.27 ${aws_eip.e.public_ip}\\n"
    Path("main.tf").write_text(
        f'resource "aws_eip" "e" {{}}\nresource "aws_instance" "web" {{\n  ami = "ami-1"\n'
        f'  instance_type = "t3.small"\n  user_data = "{script}"\n}}\n'
    )
    changes = [change("aws_instance.web", ["create"], {"user_data": True})]
    write("plan.json", plan(WEB, resource_changes=changes))
    report = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert [f["rule"] for f in report["findings"]] == ["VML602"]


def test_a_state_fills_what_the_configuration_leaves_open(vmlint: Run) -> None:
    Path("main.tf").write_text(
        'variable "type" {}\nresource "aws_instance" "web" {\n  ami = "ami-2"\n  instance_type = var.type\n}\n'
        'resource "aws_instance" "new" {\n  ami = "ami-2"\n  instance_type = "t3.micro"\n}\n'
    )
    kept = [{"mode": "managed", "type": "aws_instance", "name": n, "instances": [{"attributes": WEB["values"]}]}
            for n in ("web", "gone")]  # fmt: skip
    write("terraform.tfstate", {**RAW, "resources": kept})
    found = {w["address"]: (w["images"], w["memory_mib"]) for w in inventory(vmlint)}
    assert found == {"aws_instance.web": (["ami-2"], 2048), "aws_instance.new": (["ami-2"], 1024)}


# Bad input


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format_version": "1.2", "planned_values": {"root_module"', "it is no JSON"),
        ('{"format_version": "9.0", "planned_values": {}}', "newer than the ones that are known"),
        ('{"format_version": "1.0", "planned_values": ' + "[" * 100_000, "nested too deeply"),
        ('{"terraform_version": "0.11", "version": 3, "serial": 1, "lineage": "x", "resources": []}', "version 4"),
    ],
)
def test_what_cannot_be_read_is_told(vmlint: Run, text: str, message: str) -> None:
    Path("plan.json").write_text(text)
    write("other.json", plan(WEB))
    done = vmlint("scan", "--format", "json", ".")
    report = json.loads(done.out)
    assert done.code == 3
    assert [(u["file"], message in u["message"]) for u in report["unreadable"]] == [("plan.json", True)]
    assert report["summary"]["workloads"] == 1


def test_a_plan_that_is_too_large_is_told(vmlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmlint.files.Files.__init__.__defaults__", ((), 1_000))
    write("plan.json", plan(WEB))
    Path("data.json").write_text('{"a": "' + "b" * 2_000 + '"}')
    with Path("plan.json").open("a") as more:
        more.write(" " * 2_000)
    done = vmlint("scan", "--format", "json", ".")
    assert [u["file"] for u in json.loads(done.out)["unreadable"]] == ["plan.json"]


def test_too_many_instances_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_INSTANCES", 2)
    found = document.read(SourceText("p", json.dumps(plan(WEB, WEB, WEB))))
    assert isinstance(found, document.Document)
    assert len(found.instances) == 2
    assert "more than 2" in found.problems[0].message


@pytest.mark.parametrize("wrong", [None, 1, "x", [1, "x", None], {"a": 1}])
def test_members_of_a_wrong_kind_are_passed_over(vmlint: Run, wrong: object) -> None:
    odd = resource("aws_instance.odd", "aws_instance", {"ami": wrong, "instance_type": wrong, "user_data": wrong})
    whole = plan(odd, resource_changes=wrong, configuration={"root_module": wrong}, prior_state=wrong)
    write("plan.json", whole)
    write("two.json", {**plan(), "planned_values": wrong})
    write("three.json", {**plan(), "planned_values": {"root_module": {"resources": wrong, "child_modules": wrong}}})
    write("four.tfstate", {**RAW, "resources": [wrong, {"type": "a", "name": "b", "instances": wrong}]})
    assert [w["address"] for w in inventory(vmlint)] == ["aws_instance.odd"]


def test_other_json_is_not_parsed(vmlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("package.json").write_text('{"name": "x", "format": "y"}')
    write("plan.json", plan(WEB))
    parsed: list[str] = []
    original = document.read
    monkeypatch.setattr(document, "read", lambda source: (parsed.append(source.path), original(source))[1])
    inventory(vmlint)
    assert parsed == ["plan.json"]


@pytest.mark.skipif(not (SHARED / "corpus" / "terraform-plans").is_dir(), reason="the corpus is not there")
def test_plans_of_the_field(vmlint: Run) -> None:
    done = vmlint("inventory", "--format", "json", str(SHARED / "corpus" / "terraform-plans"))
    report = json.loads(done.out)
    assert report["summary"]["unreadable"] == 0
    assert report["summary"]["files"] == 73
    assert len(report["workloads"]) == 99
    assert all(w["line"] >= 1 for w in report["workloads"])


def test_what_the_provider_fills_in_is_not_written(vmlint: Run) -> None:
    group = resource("aws_autoscaling_group.g", "aws_autoscaling_group", {"min_size": 2})
    changes = [change("aws_autoscaling_group.g", ["create"], {"desired_capacity": True})]
    expressions = {"min_size": {"constant_value": 2}}
    listed = [{"address": "aws_autoscaling_group.g", "expressions": expressions}]
    write("plan.json", plan(group, resource_changes=changes, configuration={"root_module": {"resources": listed}}))
    (found,) = inventory(vmlint)
    assert found["instances"] == 2


def test_a_plan_on_one_line_is_shown_near_the_place(vmlint: Run) -> None:
    bodies = [{"ami": "y" * 3_000, "instance_type": "t3.small", "user_data": "apt-get install -y nginx"}] * 200
    found = [resource(f"aws_instance.n{i}", "aws_instance", values) for i, values in enumerate(bodies)]
    Path("plan.json").write_text(json.dumps(plan(*found)))
    start = time.process_time()
    done = vmlint("scan", ".")
    assert time.process_time() - start < 10
    assert done.out.count("VML603") >= 200
    assert max(map(len, done.out.splitlines())) < 250


def test_a_plan_tells_the_resources_of_a_module_that_is_not_at_hand(vmlint: Run) -> None:
    Path("main.tf").write_text('variable "n" {}\nmodule "m" {\n  source = "acme/x/y"\n  for_each = var.n\n}\n')
    inner = resource('module.m["a"].docker_container.c', "docker_container", {"image": "nginx:1"})
    child = {"address": 'module.m["a"]', "resources": [inner]}
    called = {"m": {"module": {"resources": [{"address": "docker_container.c", "expressions": {}}]}}}
    write("plan.json", plan(children=[child], configuration={"root_module": {"module_calls": called}}))
    assert [w["address"] for w in inventory(vmlint)] == ['module.m["a"].docker_container.c']


def test_the_configuration_settles_of_a_counted_call_only_what_it_says_of_all(vmlint: Run) -> None:
    Path("m").mkdir()
    Path("m/main.tf").write_text(
        'variable "type" {}\nresource "aws_instance" "n" {\n  ami           = "ami-1"\n'
        "  instance_type = var.type\n}\n"
    )
    Path("main.tf").write_text(
        'module "m" {\n  source = "./m"\n  count  = 2\n  type   = ["t3.small", "t3.large"][count.index]\n}\n'
    )
    found = [
        {"address": f"module.m[{i}]", "resources": [
            resource(f"module.m[{i}].aws_instance.n", "aws_instance", {"instance_type": t, "ami": "ami-1"})]}
        for i, t in enumerate(("t3.small", "t3.large"))
    ]  # fmt: skip
    write("plan.json", plan(children=found))
    (both,) = inventory(vmlint)
    assert (both["instances"], both["memory_mib"], both["images"]) == (2, None, ["ami-1"])


def test_a_second_plan_of_a_root_is_told(vmlint: Run) -> None:
    Path("main.tf").write_text('resource "aws_instance" "web" {\n  ami = "ami-1"\n}\n')
    write("one.json", plan(WEB))
    write("two.json", plan(WEB))
    done = vmlint("scan", "-v", ".")
    assert done.code == 0
    assert "two.json:1: it is passed over, as one.json tells of the same root module" in done.err
