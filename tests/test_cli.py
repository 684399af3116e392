"""Arguments, exit codes and what each command prints."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome

Run = Callable[..., Outcome]

CLEAN = "services:\n  web:\n    image: nginx:1.27\n"
WRONG = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"
BROKEN = "services:\n  web: [\n"


@pytest.fixture(params=["text", "json", "sarif"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestExitCodes:
    """The same in every format."""

    def test_clean(self, vmlint: Run, tmp_path: Path, form: str) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        assert vmlint("scan", "--format", form, ".").code == 0

    def test_findings(self, vmlint: Run, tmp_path: Path, form: str) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        assert vmlint("scan", "--format", form, ".").code == 1

    def test_nothing_scanned(self, vmlint: Run, form: str) -> None:
        assert vmlint("scan", "--format", form, ".").code == 3

    def test_unreadable(self, vmlint: Run, tmp_path: Path, form: str) -> None:
        (tmp_path / "compose.yaml").write_text(BROKEN)
        assert vmlint("scan", "--format", form, ".").code == 3
        assert vmlint("scan", "--format", form, "--allow-incomplete", ".").code == 0

    def test_findings_go_before_unreadable(self, vmlint: Run, tmp_path: Path, form: str) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        (tmp_path / "docker-compose.other.yaml").write_text(BROKEN)
        assert vmlint("scan", "--format", form, ".").code == 1

    def test_what_does_not_exist_is_wrong_use(self, vmlint: Run, form: str) -> None:
        assert vmlint("scan", "--format", form, "nowhere").code == 2

    def test_an_unknown_format_is_wrong_use(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        done = vmlint("scan", "--format", "xml", ".")
        assert done.code == 2
        assert "there are text, json, sarif" in done.err

    def test_a_rule_that_does_not_load_is_wrong_use(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "broken.py").write_text("import nowhere_at_all\n")
        done = vmlint("scan", "--rules", "own", ".")
        assert done.code == 2
        assert "nowhere_at_all" in done.err

    def test_a_folder_without_a_rule_is_wrong_use(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        (tmp_path / "own").mkdir()
        done = vmlint("scan", "--rules", "own", ".")
        assert done.code == 2
        assert "own holds no rule" in done.err

    def test_fail_on(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(
            "services:\n  db:\n    image: postgres:16\n"  # VML703 is a warning
        )
        assert vmlint("scan", ".").code == 1
        assert vmlint("scan", "--fail-on", "error", ".").code == 0

    def test_a_named_file_without_workloads_passes_a_hook(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "values.yaml").write_text("a: 1\n")
        assert vmlint("scan", "values.yaml").code == 3
        assert vmlint("scan", "--allow-empty", "values.yaml").code == 0


class TestProcess:
    """What the whole process does; the other tests call the command in this one."""

    def start(self, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "vmlint", *arguments]
        return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_wrong_use_is_told_without_a_traceback(self, tmp_path: Path) -> None:
        done = self.start(tmp_path, "scan", "nowhere")
        _, told = done.communicate(timeout=60)
        assert done.returncode == 2
        assert told.startswith(b"Error: nowhere does not exist")

    def test_a_reader_that_goes_away(self, tmp_path: Path) -> None:
        done = self.start(tmp_path, "schema", "config")
        assert done.stdout is not None
        done.stdout.close()
        _, told = done.communicate(timeout=60)
        assert done.returncode == 141
        assert told == b""

    def test_an_interruption_is_no_finding(self, tmp_path: Path) -> None:
        # A shell may start its background jobs, and so these tests, with the signal ignored.
        script = (
            "import signal; from vmlint.cli import main; "
            "signal.signal(signal.SIGINT, signal.default_int_handler); print('up', flush=True); main()"
        )
        command = [sys.executable, "-c", script, "scan", "-"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            assert child.wait(timeout=60) == 130

    def test_a_report_that_cannot_be_written_is_wrong_use(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        done = vmlint("scan", "--report", "json:missing/report.json", ".")
        assert done.code == 2
        assert "missing/report.json cannot be written" in done.err


class TestScan:
    def test_a_clean_scan_is_friendly(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        assert vmlint("scan", ".").out == "1 workload in 1 file: nothing to report.\n"
        assert vmlint("scan", "-q", ".").out == ""

    def test_an_isolation_mode_of_another_system_is_one_finding(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text("services:\n  a: {image: 'alpine:3.20', isolation: process}\n")
        told = json.loads(vmlint("scan", "--format", "json", ".").out)
        assert [f["rule"] for f in told["findings"] if f["severity"] == "error"] == ["VML103"]
        assert told["workloads"][0]["verdict"] == "incompatible"

    def test_a_windows_pod_is_recommended_what_runs_windows(self, vmlint: Run) -> None:
        text = """apiVersion: v1
kind: Pod
metadata: {name: win, labels: {vmlint.dev/isolation: hypervisor}}
spec:
  os: {name: windows}
  nodeSelector: {kubernetes.io/os: windows}
  containers: [{name: a, image: "mcr.microsoft.com/windows/nanoserver:ltsc2022"}]
"""
        done = vmlint("scan", "-", stdin=text.encode())
        assert "help: Use a virtual machine (KubeVirt or outside the cluster), or correct" in done.out
        assert "Kata" not in done.out
        assert "recommended: a virtual machine (KubeVirt" in vmlint("inventory", "-", stdin=text.encode()).out

    def test_standard_input(self, vmlint: Run) -> None:
        done = vmlint("scan", "--stdin-filename", "compose.yaml", "-", stdin=WRONG.encode())
        assert done.code == 1
        assert "compose.yaml:4:5" in done.out

    @pytest.mark.parametrize("name", ["main.tf", "new/main.tf", "main.tofu", "main.tf.json"])
    def test_standard_input_of_a_module_that_is_not_on_the_disk(self, vmlint: Run, name: str) -> None:
        text = 'resource "docker_container" "a" {\n  name = "a"\n  image = "nginx:1"\n  privileged = true\n}\n'
        if name.endswith(".json"):
            body = {"name": "a", "image": "nginx:1", "privileged": True}
            text = json.dumps({"resource": {"docker_container": {"a": body}}})
        done = vmlint("scan", "--stdin-filename", name, "-", stdin=text.encode())
        assert done.code == 1
        assert f"{name}:" in done.out
        assert "VML404" in done.out

    def test_standard_input_replaces_the_file_of_its_name(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "main.tf").write_text('resource "docker_container" "old" {\n  privileged = true\n}\n')
        text = b'resource "docker_container" "a" {\n  name = "a"\n  image = "nginx:1"\n}\n'
        done = vmlint("scan", "--stdin-filename", "main.tf", "-", stdin=text)
        assert done.out == "1 workload in 1 file: nothing to report.\n"

    def test_a_file_that_is_unreadable_is_never_nothing_to_report(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(BROKEN)
        out = vmlint("scan", ".").out
        assert "error[VML901] It is not valid YAML: " in out
        assert out.endswith("0 workloads in 1 file: 1 place unreadable.\n")

    def test_a_named_file_is_read_with_its_project_and_reported_alone(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        (tmp_path / "compose.override.yaml").write_text("services:\n  web:\n    cap_add: [SYS_ADMIN]\n")
        (tmp_path / "docker-compose.other.yaml").write_text(WRONG.replace("web", "other"))
        report = json.loads(vmlint("scan", "--format", "json", "compose.override.yaml").out)
        assert [w["address"] for w in report["workloads"]] == ["service/web"]
        assert report["summary"]["files"] == 2

    def test_a_named_manifest_is_read_with_its_folder_and_reported_alone(self, vmlint: Run, tmp_path: Path) -> None:
        pod = (
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}, namespace: own}}\nspec:\n  runtimeClassName: quiet\n"
        )
        pod += "  containers: [{{name: a, image: nginx, securityContext: {{privileged: true}}}}]\n"
        (tmp_path / "a.yaml").write_text(pod.format("a"))
        (tmp_path / "b.yaml").write_text(pod.format("b"))
        (tmp_path / "c.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [\n")
        (tmp_path / "namespace.yaml").write_text(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: own, labels: {vmlint.dev/trust: untrusted}}\n"
        )
        (tmp_path / "class.yaml").write_text(
            "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: quiet}\nhandler: runc\n"
        )
        done = vmlint("scan", "--format", "json", "a.yaml")
        told = json.loads(done.out)
        assert {finding["rule"] for finding in told["findings"]} == {"VML403", "VML404"}
        assert {finding["workload"] for finding in told["findings"]} == {"Pod/own/a"}
        assert told["unreadable"] == []
        assert done.code == 1

    def test_select_and_ignore(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        assert vmlint("scan", "--ignore", "VML404", ".").code == 0
        assert vmlint("scan", "--ignore", "privileged-on-shared-kernel", ".").code == 0
        assert vmlint("scan", "--select", "VML3", ".").code == 0
        assert vmlint("scan", "--select", "VML4", ".").code == 1

    @pytest.mark.parametrize("option", ["--select", "--ignore"])
    def test_a_name_that_means_no_rule_is_wrong_use(self, vmlint: Run, tmp_path: Path, option: str) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        done = vmlint("scan", option, "privileged-on-shared-kernl", ".")
        assert done.code == 2
        assert "did you mean privileged-on-shared-kernel?" in done.err

    def test_further_reports(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        vmlint("scan", "--report", "json:out.json", "--report", "sarif:out.sarif", ".")
        assert json.loads((tmp_path / "out.json").read_text())["schema"] == "vmlint.report/1"
        assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"

    def test_colour_only_where_asked(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        assert "\x1b[" not in vmlint("scan", ".").out
        assert "\x1b[31m" in vmlint("scan", "--color", "always", ".").out

    def test_two_runs_print_the_same_bytes(self, vmlint: Run, tmp_path: Path) -> None:
        for name in ("b", "a"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "compose.yaml").write_text(WRONG)
        first, second = (vmlint("scan", "--jobs", jobs, ".").out for jobs in ("1", "2"))
        assert first == second

    def test_secrets_are_redacted(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(
            'services:\n  web: {image: nginx, privileged: true, environment: {DB_PASSWORD: "hunter2"}}\n'
        )
        for form in ("text", "json", "sarif"):
            assert "hunter2" not in vmlint("scan", "--format", form, ".").out

    def test_control_characters_do_not_reach_the_terminal(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(
            'services:\n  "a\\u001b[31mb":\n    image: nginx\n    privileged: true\n'
        )
        out = vmlint("scan", ".").out
        assert "\x1b" not in out
        assert "\\x1b[31mb" in out

    def test_a_rule_of_the_users_own(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "own001.py").write_text(
            '"""Nothing may be called web."""\n'
            "from vmlint.model.finding import Finding, Severity\n"
            "from vmlint.rule import Rule\n"
            'RULE = Rule("OWN001", "no-web", "It is called web", Severity.ERROR, "https://example.com", ())\n'
            "def check(workload, context):\n"
            '    if workload.name == "web":\n'
            '        yield Finding("It is called web.", workload.span)\n'
        )
        done = vmlint("scan", "--rules", "own", ".")
        assert done.code == 1
        assert "error[OWN001] It is called web." in done.out

    def test_a_rule_that_raises_is_told_and_the_others_go_on(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "own002.py").write_text(
            '"""It fails."""\n'
            "from vmlint.model.finding import Severity\n"
            "from vmlint.rule import Rule\n"
            'RULE = Rule("OWN002", "fails", "It fails", Severity.ERROR, "https://example.com", ())\n'
            "def check(workload, context):\n"
            "    yield from 1 / 0\n"
        )
        done = vmlint("scan", "--rules", "own", ".")
        assert "VML404" in done.out
        assert "error[VML901] The rule OWN002 failed on service/web: ZeroDivisionError" in done.out


class TestOtherCommands:
    def test_inventory_sums_what_is_declared_in_machines_that_could_be_containers(
        self, vmlint: Run, tmp_path: Path
    ) -> None:
        machine = (
            'resource "aws_instance" "%s" {\n  count = %s\n  ami = "ami-1"\n  instance_type = "t3.micro"\n'
            '  user_data = "#!/bin/sh\\napt-get install -y nginx"\n}\n'
        )
        text = machine % ("web", "3") + machine % ("more", "var.more") + 'variable "more" {}\n'
        (tmp_path / "main.tf").write_text(text, encoding="utf-8")
        assert vmlint("inventory", ".").out.splitlines()[-2:] == [
            "Declared in virtual machines that could be containers: 3 machines, 6 vCPU, 3 GiB (as declared; "
            "nothing is said of their use).",
            "1 more whose number or size is not known.",
        ]

    def test_inventory(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        done = vmlint("inventory", ".")
        assert done.code == 0
        assert "service/web: web-server on container (Docker, runc), 1 instance — under-placed" in done.out

    def test_why(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(WRONG)
        done = vmlint("why", "service/web", ".")
        assert "because of image nginx:1.27 at compose.yaml:3:5" in done.out
        assert "verdict: under-placed" in done.out

    def test_why_of_nothing_names_what_there_is(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        done = vmlint("why", "service/other", ".")
        assert done.code == 2
        assert "service/web" in done.err

    @pytest.mark.parametrize("name", ["VML404", "vml404", "privileged-on-shared-kernel"])
    def test_explain(self, vmlint: Run, name: str) -> None:
        done = vmlint("explain", name)
        assert done.code == 0
        assert done.out.startswith("VML404 privileged-on-shared-kernel (error)\n")

    def test_explain_nothing(self, vmlint: Run) -> None:
        assert vmlint("explain", "VML999").code == 2

    def test_rules(self, vmlint: Run) -> None:
        lines = vmlint("rules").out.splitlines()
        ids = [line.split()[0] for line in lines]
        assert ids == sorted(ids)
        assert {"VML101", "VML404", "VML602", "VML901"} <= set(ids)


class TestEval:
    @pytest.fixture(autouse=True)
    def module(self, tmp_path: Path) -> None:
        (tmp_path / "main.tf").write_text(
            'variable "tag" {}\nvariable "key" {\n  default   = "x"\n  sensitive = true\n}\n'
            'locals {\n  image = "nginx:1.27"\n  other = "app:${var.tag}"\n}\n'
        )

    def test_a_known_value_is_json(self, vmlint: Run) -> None:
        done = vmlint("eval", "{image = local.image, n = 2 * 3}")
        assert done.code == 0
        assert json.loads(done.out) == {"image": "nginx:1.27", "n": 6}

    def test_an_unknown_value_names_what_is_missing(self, vmlint: Run) -> None:
        done = vmlint("eval", "local.other")
        assert (done.code, done.out, done.err) == (1, "", "var.tag\n")
        assert json.loads(vmlint("eval", "--var", "tag=2", "local.other").out) == "app:2"

    def test_what_is_no_expression(self, vmlint: Run) -> None:
        assert vmlint("eval", "1 +").code == 1

    def test_a_sensitive_value_is_not_printed(self, vmlint: Run) -> None:
        done = vmlint("eval", "var.key")
        assert done.code == 1
        assert "x" not in done.out


class TestConfiguration:
    def config(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "infra").mkdir(exist_ok=True)
        (tmp_path / "infra" / "compose.yaml").write_text(WRONG)
        (tmp_path / ".vmlint.yaml").write_text(text)

    def test_rules_are_ignored(self, vmlint: Run, tmp_path: Path) -> None:
        self.config(tmp_path, "ignore: [VML404]\n")
        assert vmlint("scan", "infra").code == 0
        assert vmlint("scan", "--no-config", "infra").code == 1

    def test_the_profile(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "compose.yaml").write_text(CLEAN)
        (tmp_path / ".vmlint.yaml").write_text("profile: pedantic\n")
        assert "VML701" in vmlint("scan", "compose.yaml").out
        assert "VML701" not in vmlint("scan", "--profile", "default", "compose.yaml").out

    def test_options_of_a_rule(self, vmlint: Run, tmp_path: Path) -> None:
        self.config(tmp_path, "rules:\n  VML307: {vcpu: 1}\n")
        (tmp_path / "infra" / "compose.yaml").write_text("services:\n  web:\n    image: nginx:1.27\n    cpus: 2\n")
        assert "VML307" in vmlint("scan", "infra").out

    def test_workloads_are_declared(self, vmlint: Run, tmp_path: Path) -> None:
        self.config(tmp_path, 'workloads:\n  - {address: "service/*", isolation: hypervisor}\n')
        assert "VML401" in vmlint("scan", "infra").out

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("ignored: [VML404]\n", ".vmlint.yaml:1: there is no key `ignored`; did you mean `ignore`?"),
            ("rules:\n  VML307: {vcpus: 1}\n", ".vmlint.yaml:2: there is no key `vcpus`; did you mean `vcpu`?"),
            ("profile: loud\n", ".vmlint.yaml:1: 'loud' is not one of ['default', 'pedantic']"),
            ("a: [\n", ".vmlint.yaml:2: it is not valid YAML"),
            ("select:\n  - VML40\n  - VML999\n", ".vmlint.yaml:3: there is no rule VML999"),
            ("rule-folders: [evil]\n", ".vmlint.yaml:1: there is no key `rule-folders`"),
        ],
    )
    def test_what_is_wrong_is_told_at_its_line(self, vmlint: Run, tmp_path: Path, text: str, message: str) -> None:
        self.config(tmp_path, text)
        done = vmlint("scan", "infra")
        assert done.code == 2
        assert message in done.err

    def test_the_schema_names_every_rule(self, vmlint: Run) -> None:
        described = json.loads(vmlint("schema", "config").out)
        assert {"VML307", "demanding-workload"} <= set(described["properties"]["rules"]["properties"])


class TestSuppressions:
    def scan(self, vmlint: Run, tmp_path: Path, text: str, *options: str) -> Outcome:
        (tmp_path / "compose.yaml").write_text(text)
        return vmlint("scan", "--today", "2026-11-01", *options, ".")

    @pytest.mark.parametrize(
        "text",
        [
            WRONG.replace("true", "true  # vmlint: ignore[VML404] it is a lab"),
            WRONG.replace("    privileged", "    # vmlint: ignore[VML404] it is a lab\n    privileged"),
            WRONG.replace("web:", "web:  # vmlint: ignore[privileged-on-shared-kernel]"),
            WRONG.replace("web:", "web:  # vmlint: ignore until 2026-12-31 being rebuilt"),
        ],
    )
    def test_a_comment_covers_its_line_or_its_workload(self, vmlint: Run, tmp_path: Path, text: str) -> None:
        done = self.scan(vmlint, tmp_path, text)
        assert done.code == 0
        assert "1 suppressed" in done.out
        assert "VML904" not in done.out

    def test_marked_they_are_reported_and_do_not_fail(self, vmlint: Run, tmp_path: Path) -> None:
        text = WRONG.replace("true", "true  # vmlint: ignore[VML404] it is a lab")
        done = self.scan(vmlint, tmp_path, text, "--suppressed", "mark", "--format", "json")
        assert done.code == 0
        assert [f["suppressed"] for f in json.loads(done.out)["findings"]] == ["it is a lab"]
        sarif = json.loads(self.scan(vmlint, tmp_path, text, "--suppressed", "mark", "--format", "sarif").out)
        assert sarif["runs"][0]["results"][0]["suppressions"] == [
            {"kind": "inSource", "justification": "it is a lab"}
        ]

    def test_one_that_expired_is_told(self, vmlint: Run, tmp_path: Path) -> None:
        done = self.scan(vmlint, tmp_path, WRONG.replace("true", "true  # vmlint: ignore until 2026-10-31"))
        assert done.code == 1
        assert "notice[VML904] This suppression has no effect: it expired on 2026-10-31." in done.out

    def test_one_for_nothing_is_told(self, vmlint: Run, tmp_path: Path) -> None:
        done = self.scan(vmlint, tmp_path, CLEAN + "    # vmlint: ignore[VML404]\n")
        assert done.code == 0
        assert "nothing is found where it stands" in done.out

    def test_at_a_module_call(self, vmlint: Run, tmp_path: Path) -> None:
        (tmp_path / "main.tf").write_text('module "a" { # vmlint: ignore[VML404] a lab\n  source = "./m"\n}\n')
        (tmp_path / "m").mkdir()
        (tmp_path / "m" / "main.tf").write_text(
            'resource "docker_container" "x" {\n  name  = "x"\n  image = "nginx:1.27"\n  privileged = true\n}\n'
        )
        done = vmlint("scan", ".")
        assert done.code == 0, done.out
        assert "1 suppressed" in done.out


def test_an_absolute_path_with_a_build_that_has_no_dockerfile_ends(vmlint: Run, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services:\n  web:\n    build: ./web\n")
    assert vmlint("scan", str(tmp_path / "compose.yaml")).code == 0
