"""Roles: the order of the evidence and the bounds of the roles that the rules treat apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmlint.catalog.names import roles
from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.finding import Confidence
from vmlint.model.need import SubstrateClass
from vmlint.model.span import SourceText
from vmlint.model.workload import (
    Container,
    Declarations,
    HostAccess,
    Machine,
    Mount,
    Port,
    Role,
    Started,
    Substrate,
    Workload,
)
from vmlint.roles import assign

SPAN = SourceText("example.yaml", "").whole()
ABSENT = Absent(SPAN)


def known(value: Any) -> Known[Any]:
    return Known(value, SPAN)


def image(text: str | None) -> Fact[str]:
    """`?name` is unknown by that expression, `text…` known only in its beginning."""
    if text is None:
        return ABSENT
    if text.startswith("?"):
        return Unknown(text[1:], "it has no value", SPAN)
    if text.endswith("…"):
        return Unknown("var.tag", "it has no value", SPAN, prefix=text[:-1])
    return known(text)


def container(
    text: str | None = None,
    *command: str,
    name: str = "",
    kind: str = "main",
    base: str | None = None,
    ports: tuple[int, ...] = (),
    host: tuple[str, ...] = (),
    privileged: bool = False,
    host_process: bool = False,
) -> Container:
    return Container(
        name,
        SPAN,
        image(text),
        kind,
        base_image=image(base) if base else None,
        arguments=known(command) if command else None,
        privileged=known(True) if privileged else None,
        mounts=tuple(Mount("host", known(path), known(path), ABSENT, SPAN) for path in host),
        ports=tuple(Port(known(port), ABSENT, "tcp", SPAN) for port in ports),
        host_process=known(True) if host_process else None,
    )


def workload(*containers: Container, name: str = "thing", kind: str = "Deployment", **more: Any) -> Workload:
    return Workload(
        address=more.pop("address", f"{kind}/{name}"),
        name=name,
        format=more.pop("format", "kubernetes"),
        kind=kind,
        span=SPAN,
        substrate=more.pop("substrate", ABSENT),
        os=ABSENT,
        instances=ABSENT,
        vcpu=ABSENT,
        memory_mib=ABSENT,
        containers=containers,
        **more,
    )


def service(name: str, *arguments: Any, **more: Any) -> Workload:
    return workload(container(*arguments, name=name, **more), name=name, kind="service", format="compose")


def machine(*runs: tuple[str, str], name: str = "vm", disk: str | None = None, **more: Any) -> Workload:
    started = tuple(Started(kind, what, SPAN) for kind, what in runs)
    forwards = known(True) if more.pop("forwards", False) else None
    understood = more.pop("understood", True)
    return workload(
        name=name,
        kind=more.pop("kind", "aws_instance"),
        format="terraform",
        address=more.pop("address", f"aws_instance.{name}"),
        machine=Machine(image(disk), ABSENT, runs=started, understood=understood, ip_forward=forwards),
        **more,
    )


def system_container(name: str, text: str | None = None, kind: str = "lxc") -> Workload:
    runs_on = Substrate(SubstrateClass.SYSTEM_CONTAINER, "Proxmox", "LXC", kind, SPAN)
    return workload(
        container(text, name="ct"),
        name=name,
        kind="proxmox_lxc",
        address=f"module.proxmox.proxmox_lxc.{name}",
        substrate=known(runs_on),
    )


HOST = HostAccess(known(True), known(True), ABSENT, ABSENT, ABSENT)

CASES: list[tuple[str, Workload, str, str]] = [
    # Images.
    ("product", service("cache", "redis:7"), "cache", "high"),
    ("prefix of a template", service("store", "postgres:…"), "database", "high"),
    ("image before name", service("db", "redis:7"), "cache", "high"),
    ("nginx", workload(container("nginx:1.25", name="nginx")), "web-server", "high"),
    ("nginx named for it", service("proxy", "nginx"), "reverse-proxy", "high"),
    ("first-party, nothing else", service("thing", "acme/thing:1"), "application", "low"),
    ("first-party by name", service("db", "acme/thing:1"), "database", "low"),
    ("first-party by name and port", service("db", "acme/thing:1", ports=(5432,)), "database", "medium"),
    ("first-party by port", service("thing", "acme/thing:1", ports=(5432,)), "database", "low"),
    ("unknown image", workload(container("?var.image", name="main"), name="main"), "unknown", "low"),
    (
        "unknown image that serves",
        workload(container("?var.image", ports=(8080,)), name="main"),
        "application",
        "low",
    ),
    ("unknown image, telling variable", workload(container("?var.redis_image"), name="main"), "cache", "low"),
    ("unknown image, telling name", workload(container("?var.image"), name="acme-operator"), "application", "low"),
    # Built here.
    ("build alone", service("thing"), "application", "low"),
    ("build of a product", service("thing", base="mysql:8"), "database", "medium"),
    ("build of a runtime", service("frontend", base="node:20", ports=(3000,)), "application", "low"),
    (
        "build of an OS",
        service("web", base="mcr.microsoft.com/windows/servercore:ltsc2022", ports=(80,)),
        "application",
        "low",
    ),
    (
        "one-off build of a product",
        service("setup", base="docker.elastic.co/elasticsearch/elasticsearch:…"),
        "worker",
        "medium",
    ),
    (
        "build with a server's command",
        service("thing", None, "gunicorn", "app:app", base="python:3"),
        "application",
        "medium",
    ),
    # Commands.
    ("OS kept alive", service("box", "ubuntu:24.04", "sleep", "infinity"), "base-os", "high"),
    ("OS alone", service("box", "ubuntu:24.04"), "base-os", "high"),
    ("OS that runs and ends", service("box", "alpine", "sh", "-c", "echo done"), "worker", "medium"),
    (
        "OS that serves",
        service("box", "alpine", "sh", "-c", "apk add nginx && nginx -g 'daemon off;'"),
        "web-server",
        "high",
    ),
    ("OS that runs a daemon for containers", service("box", "ubuntu", "dockerd"), "container-host", "high"),
    ("runtime with a server", service("thing", "node:20", "node", "server.js"), "application", "low"),
    (
        "runtime after a step",
        service("thing", "node:20", "sh", "-c", "git clone x && node a.js"),
        "application",
        "low",
    ),
    ("runtime with a worker", service("thing", "node:20", "node", "worker.js"), "worker", "medium"),
    ("worker half", service("thing", "acme/shop:1", "celery", "-A", "shop", "worker"), "worker", "medium"),
    (
        "worker half of a product",
        service("thing", "ghcr.io/mastodon/mastodon", "bundle", "exec", "sidekiq"),
        "worker",
        "medium",
    ),
    ("client of an engine", service("dump", "postgres:16", "pg_dump", "-h", "db"), "worker", "medium"),
    ("concourse web", service("ci", "concourse/concourse", "web"), "application", "high"),
    ("concourse worker", service("ci", "concourse/concourse", "worker"), "ci-runner", "high"),
    ("judge server", service("judge", "judge0/judge0:1", "./scripts/server"), "application", "high"),
    ("judge workers", service("judge", "judge0/judge0:1", "./scripts/workers"), "code-executor", "high"),
    ("product kept alive", service("box", "nginx", "tail", "-f", "/dev/null"), "web-server", "medium"),
    # Jobs.
    ("job of a runtime", workload(container("perl", "perl", "-e", "1"), kind="Job"), "worker", "medium"),
    ("job of one's own", workload(container("acme/report:1"), kind="CronJob"), "worker", "medium"),
    ("job of a product", workload(container("mysql:8", "sh", "/seed.sh"), kind="Job"), "worker", "high"),
    ("training job", workload(container("pytorch/pytorch:2"), kind="Job"), "ml-training", "high"),
    ("job that nothing is known of", workload(kind="aws_batch_job_definition"), "worker", "medium"),
    # Several containers.
    (
        "helper first",
        workload(
            container("quay.io/brancz/kube-rbac-proxy:v1", name="proxy"), container("grafana/grafana", name="g")
        ),
        "monitoring",
        "high",
    ),
    (
        "name decides",
        workload(container("redis:7", name="cache"), container("prom/prometheus", name="metrics"), name="metrics"),
        "monitoring",
        "high",
    ),
    (
        "daemon beside a build",
        workload(container("acme/thing:1", name="app"), container("docker:27-dind", name="dind")),
        "application",
        "low",
    ),
    (
        "init containers do not count",
        workload(container("busybox", kind="init"), container("mongo:7")),
        "database",
        "high",
    ),
    # On the node.
    (
        "node image",
        workload(container("quay.io/prometheus/node-exporter:v1"), kind="DaemonSet", daemon=True),
        "node-agent",
        "high",
    ),
    (
        "shipper on the node",
        workload(container("fluent/fluent-bit:3", host=("/var/log",)), kind="DaemonSet", daemon=True),
        "node-agent",
        "high",
    ),
    (
        "own image on the node",
        workload(container("acme/tuner", privileged=True), kind="DaemonSet", daemon=True),
        "node-agent",
        "medium",
    ),
    (
        "the reach is an init container's",
        workload(
            container("alpine", "sleep", "infinity"),
            container("alpine", "sysctl", "-w", "x=1", kind="init", privileged=True),
            kind="DaemonSet",
            daemon=True,
        ),
        "node-agent",
        "high",
    ),
    (
        "web server on every node",
        workload(container("nginx:1.25"), kind="DaemonSet", daemon=True),
        "web-server",
        "high",
    ),
    (
        "ingress on every node",
        workload(
            container("registry.k8s.io/ingress-nginx/controller:v1"), kind="DaemonSet", daemon=True, host=HOST
        ),
        "reverse-proxy",
        "high",
    ),
    (
        "database on every node",
        workload(container("mongo:7", privileged=True), kind="DaemonSet", daemon=True),
        "database",
        "high",
    ),
    (
        "nsenter whatever the image",
        workload(container("nginx", "nsenter", "-t", "1", "-m", "--", "bash"), kind="DaemonSet", daemon=True),
        "node-agent",
        "high",
    ),
    (
        "HostProcess whatever the image",
        workload(container("acme/win", host_process=True), kind="DaemonSet", daemon=True),
        "node-agent",
        "medium",
    ),
    (
        "shipper of a Compose host",
        service("ship", "elastic/filebeat:8", host=("/var/lib/docker/containers",)),
        "node-agent",
        "high",
    ),
    (
        "shipper that reads no host",
        service("ship", "elastic/filebeat:8", host=("./filebeat.yml",)),
        "logging",
        "high",
    ),
    (
        "collector with other inputs",
        service("c", "telegraf:1", host=("/proc",), ports=(8125,)),
        "monitoring",
        "high",
    ),
    (
        "agent with a port and the host's namespaces",
        workload(container("sysdig/agent", ports=(6666,)), kind="ReplicationController", host=HOST),
        "node-agent",
        "high",
    ),
    (
        "a bare Pod that reaches",
        workload(container("acme/debug", privileged=True, host=("/",)), kind="Pod", host=HOST),
        "application",
        "low",
    ),
    (
        "container management",
        service("portainer", "portainer/portainer-ce", host=("/var/run/docker.sock",)),
        "application",
        "high",
    ),
    # Kinds and charts.
    ("kind", workload(kind="Cluster", kind_role="database"), "database", "high"),
    (
        "kind before a generic image",
        workload(container("alpine"), kind="TaskRun", kind_role="ci-runner"),
        "ci-runner",
        "high",
    ),
    (
        "node pool",
        workload(kind="azurerm_kubernetes_cluster_node_pool", kind_role="container-host"),
        "container-host",
        "high",
    ),
    ("chart", workload(kind="helm_release", chart="dex"), "identity", "medium"),
    ("chart of an agent", workload(kind="helm_release", chart="filebeat"), "node-agent", "medium"),
    # Machines.
    ("package", machine(("package", "nginx"), ("package", "tcpdump")), "web-server", "high"),
    (
        "of several packages the one that the machine is named for",
        machine(("package", "vsftpd"), ("package", "nginx"), name="nginx_1"),
        "web-server",
        "high",
    ),
    ("what stands beside", machine(("package", "postfix"), ("package", "nginx")), "web-server", "high"),
    ("what stands beside, alone", machine(("package", "postfix")), "mail", "high"),
    ("what stands beside something", machine(("package", "postfix"), understood=False), "unknown", "low"),
    ("what stands beside a name", machine(("package", "postfix"), name="database"), "database", "low"),
    ("container in user data", machine(("container", "acme.example/mailpit:1")), "mail", "high"),
    ("container of one's own", machine(("container", "acme/thing")), "application", "low"),
    (
        "many containers",
        machine(("container", "nginx"), ("container", "redis"), ("container", "mysql")),
        "container-host",
        "medium",
    ),
    ("joins a cluster", machine(("cluster-join", "kubeadm")), "container-host", "high"),
    (
        "container disk",
        machine(disk="projects/cos-cloud/global/images/family/cos-stable"),
        "container-host",
        "high",
    ),
    (
        "container disk and its container",
        machine(("container", "nginxdemos/hello"), disk="cos-cloud/cos-stable"),
        "web-server",
        "high",
    ),
    ("firewall disk", machine(disk="vyos-1.4.iso"), "network-infrastructure", "high"),
    ("desktop disk", machine(disk="MicrosoftWindowsDesktop/windows-11/win11-22h2-avd"), "desktop", "high"),
    ("plain disk", machine(disk="ubuntu-os-cloud/ubuntu-2204-lts"), "base-os", "medium"),
    ("plain disk and who knows what", machine(disk="debian-12", understood=False), "unknown", "low"),
    ("forwards", machine(name="a", disk="debian-12", forwards=True), "network-infrastructure", "medium"),
    ("machine by name", machine(name="hub-nva", disk="ubuntu-22.04"), "network-infrastructure", "low"),
    ("bastion", machine(name="bastion"), "base-os", "low"),
    (
        "machine by its module",
        machine(name="this", address='module.talos.x_vm.this["ctrl-00"]', kind="x_vm"),
        "container-host",
        "low",
    ),
    ("system container by name", system_container("wireguard"), "network-infrastructure", "low"),
    ("product without its hyphen", system_container("uptimekuma"), "monitoring", "low"),
    ("a denied product", machine(name="k8s-master-no-etcd"), "container-host", "low"),
    ("a name before forwarding", machine(name="k8s-node", forwards=True), "container-host", "low"),
    ("system container of an OS", system_container("ct", "images:debian/12"), "base-os", "medium"),
    ("system container", system_container("ct"), "unknown", "low"),
    ("sysbox takes images", system_container("ct", "acme/thing:1", kind="sysbox"), "application", "low"),
    ("nothing known", machine(name="node"), "unknown", "low"),
    (
        "a string over several lines",
        service(
            "init", "mongo:4", "sh", "-c", 'until mongo db --eval "\n rs.initiate({\n a: 1; })"; do sleep 1; done'
        ),
        "worker",
        "medium",
    ),
    ("comments of a script", service("a", "acme/a", "sh", "-c", "# don't\nnginx\n# can't"), "web-server", "medium"),
    ("a box to work in", service("box", None, "bash", base="ubuntu:22.04"), "base-os", "medium"),
    ("init of a system", service("box", "jrei/systemd-ubuntu:22.04", "/sbin/init"), "base-os", "high"),
    (
        "services started by name",
        service("box", "acme/box", "sh", "-c", "service mysql start && tail -f /dev/null"),
        "database",
        "medium",
    ),
    ("a tool that is reached", service("nginx", "acme/openssl:3-extra", ports=(443,)), "web-server", "low"),
    ("a tool", service("nginx", "acme/openssl:3-extra"), "worker", "medium"),
    ("what it comes with", service("web", "acme/spring-with-mysql:1"), "application", "low"),
    (
        "a client in a loop",
        service("init", "mongo:4", "sh", "-c", "for i in `seq 3`; do mongo a/b --eval x && break; done"),
        "worker",
        "medium",
    ),
]


@pytest.mark.parametrize(
    ("given", "role", "confidence"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_roles(given: Workload, role: str, confidence: str) -> None:
    assigned = assign(given)
    assert (assigned.name, assigned.confidence.label) == (role, confidence)
    assert assigned.evidence or role == "unknown"


def test_a_declaration_beats_everything() -> None:
    declared = Declarations(role=known("Worker"))
    assigned = assign(workload(container("postgres"), kind="Cluster", kind_role="database", declarations=declared))
    assert (assigned.name, assigned.confidence) == ("worker", Confidence.HIGH)


@pytest.mark.parametrize("said", [known("data-base"), ABSENT, Unknown("var.role", "it has no value", SPAN)])
def test_a_declaration_that_says_no_role_is_ignored(said: Fact[str]) -> None:
    assert assign(workload(container("postgres"), declarations=Declarations(role=said))).name == "database"


@pytest.mark.parametrize(
    ("given", "engine"),
    [
        (service("db", "mcr.microsoft.com/mssql/server"), "sql-server"),
        (service("db", "acme/thing", ports=(3306,)), "mysql"),
        (service("thing", "alpine", "postgres", "-D", "/data"), "postgresql"),
        (machine(("package", "mariadb-server")), "mariadb"),
        (
            workload(container("ghcr.io/cloudnative-pg/postgresql:16"), kind="Cluster", kind_role="database"),
            "postgresql",
        ),
        (service("web", "nginx"), ""),
    ],
)
def test_engines(given: Workload, engine: str) -> None:
    assert assign(given).engine == engine


WORDS = st.sampled_from(
    [
        "nginx",
        "postgres:",
        "sh",
        "-c",
        "sleep infinity",
        "",
        "worker",
        "acme/x:1",
        "web",
        "$(x)",
        "docker:dind",
        "alpine",
        "ß",
    ]
)


@given(
    WORDS,
    WORDS,
    st.lists(WORDS, max_size=4),
    st.booleans(),
    st.sampled_from(["Pod", "Job", "service", "DaemonSet"]),
)
def test_every_workload_gets_a_role_of_the_specification(
    name: str, text: str, command: list[str], daemon: bool, kind: str
) -> None:
    given_ = workload(container(text, *command, name=name), name=name, kind=kind, daemon=daemon)
    first = assign(given_)
    assert first.name in roles()
    assert isinstance(first, Role)
    assert assign(given_) == first


LABELS = Path(__file__).resolve().parents[2] / "shared" / "bench" / "dev.jsonl"


@pytest.mark.skipif(not LABELS.is_file(), reason="the labelled workloads are not here")
def test_labelled_images() -> None:
    """Of the labelled containers, by image, kind and name alone, nine in ten get a role that the label allows."""
    right = total = 0
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if not label["image"] or label["substrate"] == "vm":
            continue
        kind, _, name = label["address"].rpartition("." if label["format"] == "terraform" else "/")
        kind = kind.split("/")[0].rsplit(".", 1)[-1]
        assigned = assign(
            workload(container(label["image"], name=name), name=name, kind=kind, daemon=kind == "DaemonSet")
        )
        total += 1
        right += assigned.name in {label["role"], *label["role_alt"]}
    assert total > 50
    assert right / total >= 0.9
