"""Nomad jobs in Terraform: job specifications in HCL and JSON, from files and texts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from vmlint.evaluation.jobspec import job
from vmlint.model.span import SourceText
from vmlint.model.value import Sequence, Unresolved, at, text

Run = Callable[..., Outcome]

SPEC = """\
variable "tag" { default = "7" }
job "cache" {
  group "store" {
    count = 3
    network { mode = "host" }
    task "redis" {
      driver = "docker"
      config {
        image      = "redis:${var.tag}"
        privileged = true
        volumes    = ["/var/run/docker.sock:/s", "data:/data"]
        args       = ["--port", "${NOMAD_PORT_db}"]
      }
      resources {
        cores  = 4
        memory = 256
      }
    }
  }
  group "machine" {
    task "m" {
      driver = "qemu"
      config { image_path = "m.img" }
    }
  }
}
"""
DATA = {"Job": {"ID": "j", "Type": "batch", "TaskGroups": [
    {"Name": "g", "Count": 2, "Tasks": [
        {"Name": "t", "Driver": "docker", "Config": {"image": "nginx:1", "privileged": True},
         "Resources": {"MemoryMB": 64}}]}]}}  # fmt: skip


def scanned(vmlint: Run, jobspec: str) -> dict[str, Any]:
    Path("main.tf").write_text(f'resource "nomad_job" "j" {{\n  jobspec = {jobspec}\n}}\n')
    report: dict[str, Any] = json.loads(vmlint("scan", "--format", "json", ".").out)
    return report


def test_groups_are_workloads_and_findings_stand_in_the_specification(vmlint: Run) -> None:
    Path("cache.hcl").write_text(SPEC)
    report = scanned(vmlint, 'file("cache.hcl")')
    store, machine = report["workloads"]
    assert (store["address"], store["substrate"]["class"], store["instances"]) == ("nomad_job.j", "container", 3)
    assert (store["vcpu"], store["memory_mib"], store["images"]) == (4, 256, ["redis:7"])
    assert (machine["address"], machine["substrate"]["class"]) == ("nomad_job.j/machine", "vm")
    places = {f["rule"]: (f["file"], SPEC.splitlines()[f["line"] - 1].strip()) for f in report["findings"]}
    assert places["VML404"] == ("cache.hcl", "privileged = true")
    assert "VML406" in places


def test_a_text_in_the_configuration(vmlint: Run) -> None:
    report = scanned(vmlint, f"<<-EOT\n{SPEC.replace('${', '$${')}EOT")
    assert [w["file"] for w in report["workloads"]] == ["main.tf"] * 2
    finding = next(f for f in report["findings"] if f["rule"] == "VML404")
    assert "privileged" in Path("main.tf").read_text().splitlines()[finding["line"] - 1]


def test_json(vmlint: Run) -> None:
    Path("j.json").write_text(json.dumps(DATA, indent=1))
    report = scanned(vmlint, 'file("j.json")\n  json = true')
    (found,) = report["workloads"]
    assert (found["role"]["name"], found["instances"], found["memory_mib"]) == ("worker", 2, 64)
    assert [f["rule"] for f in report["findings"]] == ["VML404"]


def test_a_specification_that_is_not_there_is_undecided(vmlint: Run) -> None:
    (found,) = scanned(vmlint, 'file("gone.hcl")')["workloads"]
    assert (found["substrate"]["class"], found["verdict"]) == ("unknown", "undecided")


@pytest.mark.parametrize("spec", ["", "job", 'job "x" {', 'group "g" {}', '{"Job": []}', '{"a": ', "job = 3"])
def test_what_is_no_job_is_undecided(vmlint: Run, spec: str) -> None:
    Path("odd.hcl").write_text(spec)
    report = scanned(vmlint, 'file("odd.hcl")')
    assert [w["verdict"] for w in report["workloads"]] == ["undecided"]


def test_what_nomad_fills_in_is_unknown() -> None:
    found = job(SourceText("j", SPEC))
    assert found is not None
    group = at(found, "group")
    assert isinstance(group, Sequence)
    arguments = at(at(group.items[0], "task").items[0], "config")  # type: ignore[attr-defined]
    words = at(arguments.items[0], "args")  # type: ignore[attr-defined]
    assert isinstance(words, Sequence)
    assert isinstance(words.items[1], Unresolved)
    assert getattr(text(words.items[0]), "value", None) == "--port"
