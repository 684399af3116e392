"""The same fact on different substrates: severity of the finding, or that there is none."""

from __future__ import annotations

import pytest

from vmlint.catalog.substrates import product_name, substrate_class
from vmlint.engine import plugins
from vmlint.model.fact import Absent, Known
from vmlint.model.finding import Confidence
from vmlint.model.record import replace
from vmlint.model.span import SourceText
from vmlint.model.workload import (
    Container,
    Device,
    Estate,
    HostAccess,
    Mount,
    OperatingSystem,
    Role,
    Substrate,
    Workload,
)
from vmlint.placement import judge
from vmlint.rule import Context

TEXT = SourceText("compose.yaml", "services: app")
SPAN = TEXT.span(0, 8)
ABSENT = Absent(SPAN)
RULES = {loaded.rule.id: loaded for loaded in plugins.load()}


def known(value: str) -> Known[str]:
    return Known(value, SPAN)


PLAIN = Container("app", SPAN, known("example/app:1.4"))
NO_HOST = HostAccess.none(SPAN)
FACTS: dict[str, tuple[Container, HostAccess]] = {
    "privileged": (replace(PLAIN, privileged=Known(True, SPAN)), NO_HOST),
    "host pid": (PLAIN, replace(NO_HOST, pid=Known(True, SPAN))),
    "socket": (
        replace(PLAIN, mounts=(Mount("host", known("/var/run/docker.sock"), known("/s"), ABSENT, SPAN),)),
        NO_HOST,
    ),
    "dev": (replace(PLAIN, mounts=(Mount("host", known("/dev"), known("/dev"), ABSENT, SPAN),)), NO_HOST),
    "sys_admin": (replace(PLAIN, capabilities=(known("SYS_ADMIN"),)), NO_HOST),
    "unconfined": (replace(PLAIN, confinement=(known("seccomp=unconfined"),)), NO_HOST),
    "module": (replace(PLAIN, capabilities=(known("SYS_MODULE"),)), NO_HOST),
    "init": (replace(PLAIN, arguments=Known(("/sbin/init",), SPAN)), NO_HOST),
    "kvm": (replace(PLAIN, devices=(Device(known("/dev/kvm"), ABSENT, SPAN),)), NO_HOST),
    "disk": (replace(PLAIN, devices=(Device(known("/dev/sda"), ABSENT, SPAN),)), NO_HOST),
}
SUBSTRATES = ("runc", "sysbox", "gvisor", "kata", "ecs-fargate", "hyper-v-container", "lxd", "vm")
# One letter for each substrate in that order: Error, Warning, Notice, `-` for no finding.
TABLE = [
    ("VML404", "privileged", "EWNNNNE-"),
    ("VML405", "host pid", "WW----W-"),
    ("VML406", "socket", "EEEEEEE-"),
    ("VML406", "dev", "EEE---E-"),
    ("VML407", "sys_admin", "WW----W-"),
    ("VML408", "unconfined", "WW----W-"),
    ("VML301", "module", "EEEEEEE-"),
    ("VML303", "init", "W-WNNN--"),
    ("VML305", "kvm", "WWWWWWW-"),
    ("VML306", "disk", "WWWWWWW-"),
]
CASES = [
    (name, fact, kind, letter)
    for name, fact, letters in TABLE
    for kind, letter in zip(SUBSTRATES, letters, strict=True)
]


def workload(fact: str, kind: str) -> Workload:
    container, host = FACTS[fact]
    substrate = Substrate(substrate_class(kind), "", product_name(kind), kind, SPAN)
    return Workload(
        "service/app", "app", "compose", "service", SPAN, Known(substrate, SPAN),
        Known(OperatingSystem("linux"), SPAN), ABSENT, ABSENT, ABSENT, containers=(container,), host=host,
        role=Role("application", Confidence.HIGH),
    )  # fmt: skip


def letter_of(name: str, subject: Workload) -> str:
    loaded = RULES[name]
    assert loaded.check is not None
    outcomes = [(loaded.rule, outcome) for outcome in loaded.check(subject, Context(Estate((subject,))))]
    found = judge(subject, outcomes).findings
    assert len(found) <= 1
    return found[0].severity.name[0] if found else "-"


@pytest.mark.parametrize(("name", "fact", "kind", "letter"), CASES)
def test_severity_by_substrate(name: str, fact: str, kind: str, letter: str) -> None:
    assert letter_of(name, workload(fact, kind)) == letter


def test_user_namespace_of_its_own_makes_privilege_a_warning() -> None:
    subject = workload("privileged", "runc")
    assert subject.host is not None
    subject = replace(subject, host=replace(subject.host, users=Known(False, SPAN)))
    assert letter_of("VML404", subject) == "W"


@pytest.mark.parametrize("name", ["VML404", "VML405", "VML406", "VML407", "VML408", "VML301"])
def test_a_plain_container_is_not_told(name: str) -> None:
    subject = replace(workload("privileged", "runc"), containers=(PLAIN,))
    assert letter_of(name, subject) == "-"


def test_privilege_tells_the_rest_of_the_container() -> None:
    container = replace(
        PLAIN,
        privileged=Known(True, SPAN),
        capabilities=(known("SYS_ADMIN"),),
        confinement=(known("seccomp=unconfined"),),
        devices=(Device(known("/dev/sda"), ABSENT, SPAN),),
    )
    subject = replace(workload("privileged", "runc"), containers=(container,))
    outcomes = []
    for name in ("VML404", "VML407", "VML408", "VML306"):
        check = RULES[name].check
        assert check is not None
        outcomes += [(RULES[name].rule, outcome) for outcome in check(subject, Context(Estate((subject,))))]
    found = judge(subject, outcomes).findings
    assert [finding.rule.id for finding in found] == ["VML404"]
    assert len(found[0].notes) == 3
