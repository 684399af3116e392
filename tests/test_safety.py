"""Hostile and broken input: told at its place, never a traceback, and the rest of the scan goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]

GOOD = "services:\n  web:\n    image: nginx:1.27\n"
MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: nginx}]}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(10)
)

UNREADABLE = {
    "malformed": (b"services:\n  web: [\n", "not valid YAML"),
    "binary": (b"services:\n\x00\x01\x02", "binary"),
    "not UTF-8": (b"services:\n  web: {image: \xff\xfe}\n", "not UTF-8"),
    "tabs": (b"services:\n\tweb:\n\t\timage: nginx\n", "not valid YAML"),
    "duplicate keys": (b"services:\n  web:\n    image: nginx\n    image: redis\n", "set twice"),
    "an alias of nothing": (b"services:\n  web: *nowhere\n", "alias"),
    "10,000 levels": (b"services: " + b"[" * 10_000, "nested deeper"),
    "no bytes": (b"", "holds no mapping"),
    "null services": (GOOD.encode() + b"  empty:\n", 'the service "empty" is empty'),
    "an alias bomb": (f"{BOMB}services:\n  web:\n    image: nginx\n".encode(), "nodes"),
}
READ = {
    "UTF-16": GOOD.encode("utf-16"),
    "a BOM": b"\xef\xbb\xbf" + GOOD.encode(),
    "CRLF": GOOD.replace("\n", "\r\n").encode(),
    "duplicate anchors": b"x-a: &a {n: 1}\nx-b: &a {n: 2}\n" + GOOD.encode(),
    "an empty mapping": GOOD.encode() + b"  other: {}\n",
}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A readable file beside the bad one."""
    (tmp_path / "pod.yaml").write_text(MANIFEST)
    return tmp_path


def report(done: Outcome) -> dict[str, list[dict[str, object]]]:
    return dict(json.loads(done.out))


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_input_is_told_and_the_rest_is_scanned(vmlint: Run, beside: Path, name: str) -> None:
    data, message = UNREADABLE[name]
    (beside / "compose.yaml").write_bytes(data)
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 3
    (told,) = report(done)["unreadable"]
    assert told["file"] == "compose.yaml"
    assert message in str(told["message"])
    assert "Pod/a" in {w["address"] for w in report(done)["workloads"]}
    text = vmlint("scan", ".")
    assert text.code == 3
    assert "error[VML901]" in text.out


@pytest.mark.parametrize("name", READ)
def test_unusual_input_is_read(vmlint: Run, beside: Path, name: str) -> None:
    (beside / "compose.yaml").write_bytes(READ[name])
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 0, done.out
    assert {w["address"] for w in report(done)["workloads"]} == {"Pod/a", "service/web"}


def test_a_template_is_no_broken_file(vmlint: Run, beside: Path) -> None:
    (beside / "deployment.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n"
        "spec:\n  {{- toYaml .Values.spec | nindent 2 }}\n"
    )
    done = vmlint("scan", ".")
    assert done.code == 0
    assert "notice[VML902]" in done.out


def test_a_manifest_with_braces_in_its_strings_is_read(vmlint: Run, tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(MANIFEST.replace("image: nginx", 'image: nginx, args: ["{{ x }}"]'))
    assert len(report(vmlint("scan", "--format", "json", "."))["workloads"]) == 1


def test_a_file_over_the_budget(vmlint: Run, beside: Path) -> None:
    with open(beside / "compose.yaml", "wb") as handle:
        handle.write(b"services:\n  web:\n    image: nginx\n")
        handle.truncate(100 * 1024 * 1024)
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 3
    assert "more than the" in str(report(done)["unreadable"][0]["message"])


def test_a_pipe_is_not_waited_for(vmlint: Run, beside: Path) -> None:
    os.mkfifo(beside / "compose.yaml")
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 3
    assert report(done)["unreadable"][0]["message"] == "it is not a regular file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(vmlint: Run, beside: Path) -> None:
    (beside / "compose.yaml").write_text(GOOD)
    (beside / "compose.yaml").chmod(0)
    assert vmlint("scan", ".").code == 3


def test_symlinks_that_loop_or_leave(vmlint: Run, beside: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "compose.yaml").write_text(GOOD)
    (beside / "compose.yaml").symlink_to(outside / "compose.yaml")
    (beside / "docker-compose.yaml").symlink_to("docker-compose.yaml")
    (beside / "loop").symlink_to(".")
    done = vmlint("scan", "--format", "json", ".")
    assert done.code == 3
    messages = {str(told["file"]): str(told["message"]) for told in report(done)["unreadable"]}
    assert messages["compose.yaml"] == "it lies outside the scanned folder"
    assert "docker-compose.yaml" in messages
    assert len(report(done)["workloads"]) == 1


AUDIT = """
import sys
bad = []
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork")):
        bad.append((event, args))
    if event == "exec" and getattr(args[0], "co_filename", "").startswith(sys.argv[1]):
        bad.append((event, args[0].co_filename))
    if event == "open" and isinstance(args[0], str) and "outside" in args[0]:
        bad.append((event, args[0]))
sys.addaudithook(hook)
from vmlint.cli import cli
try:
    cli(["scan", "--jobs", "1", "--format", "json", "."])
except SystemExit:
    pass
sys.stderr.write(repr(bad))
"""


def test_nothing_is_run_and_nothing_outside_is_opened(tmp_path: Path) -> None:
    """No network, no subprocess, no code of the scanned tree, whatever lies there."""
    (tmp_path / "outside.env").write_text("X=1\n")
    tree = tmp_path / "tree"
    (tree / "rules").mkdir(parents=True)
    (tree / "rules" / "evil.py").write_text("raise SystemExit(99)\n")
    (tree / "conftest.py").write_text("raise SystemExit(99)\n")
    (tree / "compose.yaml").write_text(
        "include: [../outside.yaml, https://example.com/compose.yaml]\n"
        "services:\n  web:\n    image: nginx\n    env_file: ../outside.env\n    build: https://example.com/x.git\n"
        "    extends: {file: ../outside.yaml, service: a}\n"
    )
    (tree / "main.tf").write_text(
        'module "m" { source = "git::https://example.com/m.git" }\n'
        'resource "aws_instance" "a" {\n  ami = "ami-1"\n  user_data = file("../outside.env")\n}\n'
    )
    (tree / "overlay").mkdir()
    (tree / "overlay" / "kustomization.yaml").write_text(
        "resources: [../../outside, 'https://example.com/base?ref=v1', ../pod.yaml]\n"
        "patches: [{path: ../../outside.yaml}]\nconfigMapGenerator: [{name: c, envs: [../../outside.env]}]\n"
        "generators: [../rules/evil.py]\nhelmCharts: [{name: web, repo: 'https://example.com'}]\n"
    )
    (tree / "pod.yaml").write_text(MANIFEST)
    (tree / "chart" / "templates").mkdir(parents=True)
    (tree / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (tree / "chart" / "templates" / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nspec: {{ .Values.a }}\n")
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(tree)], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.stderr.endswith("[]"), done.stderr[-2000:]
    assert json.loads(done.stdout)["summary"]["workloads"] >= 1


def test_start_up_imports_only_what_a_compose_file_needs(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(GOOD)
    code = (
        "import sys\nfrom vmlint.cli import cli\n"
        "try:\n    cli(['scan', 'compose.yaml'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'lark', 'hcl2', 'jsonschema', 'importlib.metadata', 'concurrent.futures', 'multiprocessing'}\n"
        "sys.stderr.write(repr(sorted(heavy & set(sys.modules))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == "[]"


def test_the_c_parser_is_the_one_in_use() -> None:
    from _ruamel_yaml import CParser

    assert CParser("a: 1").get_event() is not None
