"""The same fact on different substrates: severity of the finding, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from vmlint.catalog.substrates import product_name, substrate_class
from vmlint.engine import plugins
from vmlint.model.fact import Absent, Known
from vmlint.model.finding import Confidence
from vmlint.model.record import replace
from vmlint.model.span import SourceText
from vmlint.model.workload import (
    Container,
    Declarations,
    Device,
    Estate,
    HostAccess,
    Mount,
    OperatingSystem,
    Role,
    Substrate,
    Sysctl,
    Workload,
)
from vmlint.placement import Judgement, judge
from vmlint.rule import Context

TEXT = SourceText("compose.yaml", "services: app")
SPAN = TEXT.span(0, 8)
ABSENT = Absent(SPAN)
RULES = {loaded.rule.id: loaded for loaded in plugins.load()}


def known(value: str) -> Known[str]:
    return Known(value, SPAN)


PLAIN = Container("app", SPAN, known("example/app:1.4"))
PRIVILEGED = replace(PLAIN, privileged=Known(True, SPAN))
NO_HOST = HostAccess.none(SPAN)
SUBSTRATES = ("runc", "sysbox", "gvisor", "kata", "ecs-fargate", "hyper-v-container", "lxd", "vm")


def mounted(path: str, *, read_only: bool = False) -> Container:
    mode = Known(True, SPAN) if read_only else ABSENT
    return replace(PLAIN, mounts=(Mount("host", known(path), known("/there"), mode, SPAN),))


def handed(path: str) -> Container:
    return replace(PLAIN, devices=(Device(known(path), ABSENT, SPAN),))


def capable(*names: str) -> Container:
    return replace(PLAIN, capabilities=tuple(known(name) for name in names))


def running(*words: str) -> Container:
    return replace(PLAIN, arguments=Known(words, SPAN))


def role(name: str, engine: str = "") -> Role:
    return Role(name, Confidence.HIGH, (), engine)


APPLICATION, NOTHING = role("application"), Declarations()


@dataclass(frozen=True)
class Fact:
    """What is said of the workload; the rest is plain."""

    container: Container = PLAIN
    host: HostAccess = NO_HOST
    role: Role = APPLICATION
    declared: Declarations = NOTHING
    vcpu: float | None = None


# Rule, fact, and for each substrate in that order one letter of severity (Error, Warning, Notice, `-` for no
# finding) and one of the verdict (u under-placed, o ok).
TABLE: tuple[tuple[str, str, Fact, str, str], ...] = (
    ("VML301", "SYS_MODULE", Fact(capable("SYS_MODULE")), "EEEEEEE-", "uuuuuuuo"),
    (
        "VML302", "vm.max_map_count",
        Fact(replace(PLAIN, sysctls=(Sysctl("vm.max_map_count", known("1"), SPAN),))), "WW----W-", "uuoooouo",
    ),
    ("VML303", "systemd", Fact(running("/sbin/init")), "W-WNNN--", "uouooooo"),
    ("VML304", "sshd", Fact(running("/usr/sbin/sshd", "-D"), role=role("base-os")), "W-WWWW--", "uouuuuoo"),
    (
        "VML304", "sshd of one user",
        Fact(running("/usr/sbin/sshd", "-D"), role=role("base-os"), declared=Declarations(trust=known("trusted"))),
        "N-NNNN--", "oooooooo",
    ),
    ("VML305", "/dev/kvm", Fact(handed("/dev/kvm")), "WWWWWWW-", "uuuuuuuo"),
    ("VML306", "/dev/sda", Fact(handed("/dev/sda")), "WWWWWWW-", "uuuuuuuo"),
    ("VML307", "32 vCPU", Fact(vcpu=32), "WWWWWWW-", "uuuuuuuo"),
    ("VML308", "Oracle", Fact(role=role("database", "oracle-database")), "WWW---W-", "uuuooouo"),
    (
        "VML309", "appliance",
        Fact(capable("NET_ADMIN"), replace(NO_HOST, network=Known(True, SPAN)), role("network-infrastructure")),
        "WWWWWWW-", "uuuuuuuo",
    ),
    (
        "VML310", "privileged engine",
        Fact(replace(PRIVILEGED, image=known("docker:27-dind")), role=role("container-host")),
        "EEN---E-", "uuoooouo",
    ),
    (
        "VML310", "engine",
        Fact(replace(PLAIN, image=known("docker:27-dind")), role=role("container-host")), "WNN---N-", "uooooooo",
    ),
    (
        "VML311", "knfsd",
        Fact(replace(capable("SYS_ADMIN"), image=known("erichough/nfs-server:2")), role=role("storage-server")),
        "WWWWWWW-", "uuuuuuuo",
    ),
    ("VML401", "sandbox", Fact(declared=Declarations(isolation=known("sandbox"))), "EE----E-", "uuoooouo"),
    ("VML401", "hypervisor", Fact(declared=Declarations(isolation=known("hypervisor"))), "EEE---E-", "uuuooouo"),
    # Of declared hardware VML401 tells the boundaries below a hypervisor, VML411 the hypervisors.
    ("VML401", "hardware", Fact(declared=Declarations(isolation=known("hardware"))), "EEE---E-", "uuuooouo"),
    ("VML411", "hardware", Fact(declared=Declarations(isolation=known("hardware"))), "---EEE-E", "ooouuuou"),
    (
        "VML402", "restricted database",
        Fact(role=role("database"), declared=Declarations(sensitivity=known("restricted"))), "EE----E-", "uuoooouo",
    ),
    ("VML403", "code-executor", Fact(role=role("code-executor")), "WW----W-", "uuoooouo"),
    ("VML403", "privileged", Fact(PRIVILEGED, role=role("code-executor")), "EE----E-", "uuoooouo"),
    ("VML403", "untrusted", Fact(declared=Declarations(trust=known("untrusted"))), "EE----E-", "uuoooouo"),
    (
        "VML403", "trusted",
        Fact(role=role("code-executor"), declared=Declarations(trust=known("trusted"))), "--------", "oooooooo",
    ),
    ("VML403", "runner", Fact(role=role("ci-runner")), "NN----N-", "oooooooo"),
    (
        "VML403", "runner with a socket",
        Fact(mounted("/var/run/docker.sock"), role=role("ci-runner")), "WW----W-", "uuoooouo",
    ),
    ("VML404", "privileged", Fact(PRIVILEGED), "EWNNNNE-", "uuoooouo"),
    ("VML404", "HostProcess", Fact(replace(PLAIN, host_process=Known(True, SPAN))), "EWNNNNE-", "uuoooouo"),
    ("VML405", "host PID", Fact(host=replace(NO_HOST, pid=Known(True, SPAN))), "WW----W-", "uuoooouo"),
    ("VML405", "host IPC", Fact(host=replace(NO_HOST, ipc=Known(True, SPAN))), "WW----W-", "uuoooouo"),
    ("VML406", "socket", Fact(mounted("/var/run/docker.sock", read_only=True)), "EEEEEEE-", "uuuuuuuo"),
    ("VML406", "/etc", Fact(mounted("/etc")), "EEEEEEE-", "uuuuuuuo"),
    ("VML406", "/dev", Fact(mounted("/dev")), "EEE---E-", "uuuooouo"),
    ("VML406", "/etc read-only", Fact(mounted("/etc", read_only=True)), "--------", "oooooooo"),
    ("VML406", "credential", Fact(mounted("/etc/kubernetes/pki", read_only=True)), "EEEEEEE-", "uuuuuuuo"),
    ("VML407", "SYS_ADMIN", Fact(capable("SYS_ADMIN")), "WW----W-", "uuoooouo"),
    ("VML407", "NET_ADMIN", Fact(capable("NET_ADMIN")), "--------", "oooooooo"),
    (
        "VML408", "seccomp off",
        Fact(replace(PLAIN, confinement=(known("seccomp=unconfined"),))), "WW----W-", "uuoooouo",
    ),
)  # fmt: skip
CASES = [
    pytest.param(name, fact, kind, letter, verdict, id=f"{name}-{label}-{kind}")
    for name, label, fact, letters, verdicts in TABLE
    for kind, letter, verdict in zip(SUBSTRATES, letters, verdicts, strict=True)
]


def workload(fact: Fact, kind: str) -> Workload:
    substrate = Substrate(substrate_class(kind), "", product_name(kind), kind, SPAN)
    return Workload(
        "service/app", "app", "compose", "service", SPAN, Known(substrate, SPAN),
        Known(OperatingSystem("linux"), SPAN), Known(1, SPAN),
        ABSENT if fact.vcpu is None else Known(fact.vcpu, SPAN), ABSENT,
        containers=(fact.container,), host=fact.host, role=fact.role, declarations=fact.declared,
    )  # fmt: skip


def judged(name: str, subject: Workload) -> Judgement:
    loaded = RULES[name]
    assert loaded.check is not None
    return judge(
        subject, [(loaded.rule, outcome) for outcome in loaded.check(subject, Context(Estate((subject,))))]
    )


def letter_of(name: str, subject: Workload) -> str:
    found = judged(name, subject).findings
    assert len(found) <= 1
    return found[0].severity.name[0] if found else "-"


@pytest.mark.parametrize(("name", "fact", "kind", "letter", "verdict"), CASES)
def test_severity_and_verdict_by_substrate(name: str, fact: Fact, kind: str, letter: str, verdict: str) -> None:
    subject = workload(fact, kind)
    assert letter_of(name, subject) == letter
    assert judged(name, subject).verdict.value[0] == verdict


def test_the_table_has_every_rule_of_its_families() -> None:
    """VML409 and VML410 judge a name and the pools of a scan, on no substrate more than on another."""
    judged_elsewhere = {"VML409", "VML410"}
    ours = {name for name, loaded in RULES.items() if loaded.rule.family in (3, 4)}
    assert {name for name, *_ in TABLE} == ours - judged_elsewhere


def test_user_namespace_of_its_own_makes_privilege_a_warning() -> None:
    subject = workload(Fact(PRIVILEGED), "runc")
    assert subject.host is not None
    subject = replace(subject, host=replace(subject.host, users=Known(False, SPAN)))
    assert letter_of("VML404", subject) == "W"


@pytest.mark.parametrize("name", ["VML404", "VML405", "VML406", "VML407", "VML408", "VML301"])
def test_a_plain_container_is_not_told(name: str) -> None:
    subject = replace(workload(Fact(PRIVILEGED), "runc"), containers=(PLAIN,))
    assert letter_of(name, subject) == "-"


def test_privilege_tells_the_rest_of_the_container() -> None:
    container = replace(
        PLAIN,
        privileged=Known(True, SPAN),
        capabilities=(known("SYS_ADMIN"),),
        confinement=(known("seccomp=unconfined"),),
        devices=(Device(known("/dev/sda"), ABSENT, SPAN),),
    )
    subject = replace(workload(Fact(PRIVILEGED), "runc"), containers=(container,))
    outcomes = []
    for name in ("VML404", "VML407", "VML408", "VML306"):
        check = RULES[name].check
        assert check is not None
        outcomes += [(RULES[name].rule, outcome) for outcome in check(subject, Context(Estate((subject,))))]
    found = judge(subject, outcomes).findings
    assert [finding.rule.id for finding in found] == ["VML404"]
    assert len(found[0].notes) == 3
