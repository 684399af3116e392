"""Image references, what images, commands and names say, and the engines."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vmlint.catalog import names
from vmlint.catalog.commands import command, half, package, programs
from vmlint.catalog.engines import engine, engines
from vmlint.catalog.images import image, image_by_prefix
from vmlint.catalog.references import is_placeholder, parse
from vmlint.catalog.tables import table
from vmlint.model.finding import Confidence

REFERENCES = [
    # text, registry, repository, name, tag, digest
    ("nginx", "docker.io", "nginx", "nginx", "", ""),
    ("docker.io/library/nginx:1.25", "docker.io", "nginx", "nginx", "1.25", ""),
    ("index.docker.io/bitnami/redis:7", "docker.io", "bitnami/redis", "redis", "7", ""),
    ("bitnamilegacy/redis", "docker.io", "bitnami/redis", "redis", "", ""),
    ("localhost:5000/team/app:2", "localhost:5000", "team/app", "app", "2", ""),
    ("localhost/app", "localhost", "app", "app", "", ""),
    ("registry.example.com:8443/a/b/c@sha256:00ff", "registry.example.com:8443", "a/b/c", "c", "", "sha256:00ff"),
    ("ghcr.io/Org/App:v1@sha256:ab", "ghcr.io", "org/app", "app", "v1", "sha256:ab"),
    ("lscr.io/linuxserver/plex:latest", "docker.io", "linuxserver/plex", "plex", "latest", ""),
    ("public.ecr.aws/docker/library/redis:7", "docker.io", "redis", "redis", "7", ""),
    ("mirror.gcr.io/library/alpine", "docker.io", "alpine", "alpine", "", ""),
    ("k8s.gcr.io/pause:3.9", "registry.k8s.io", "pause", "pause", "3.9", ""),
    ("postgres:${TAG:-16/alpine}", "docker.io", "postgres", "postgres", "${TAG:-16/alpine}", ""),
    ("${REGISTRY}/team/app:1", "${REGISTRY}", "team/app", "app", "1", ""),
    ("${var.region}-docker.pkg.dev/${var.project}/images/worker:latest", "${var.region}-docker.pkg.dev",
     "${var.project}/images/worker", "worker", "latest", ""),
    ("docker://alpine:3", "docker.io", "alpine", "alpine", "3", ""),
    ('"alpine"', "docker.io", "alpine", "alpine", "", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", REFERENCES, ids=[row[0] for row in REFERENCES])
def test_references(row: tuple[str, ...]) -> None:
    reference = parse(row[0])
    assert (reference.registry, reference.repository, reference.name, reference.tag, reference.digest) == row[1:]


COMPONENT = st.text("abz019-_.", min_size=1, max_size=8)


@st.composite
def references(draw: st.DrawFn) -> str:
    registry = draw(
        st.sampled_from(
            ["", "docker.io/", "lscr.io/", "ghcr.io/", "localhost:5000/", "${R}/", "k8s.gcr.io/", "quay.io/"]
        )
    )
    path = "/".join(
        draw(
            st.lists(COMPONENT | st.sampled_from(["library", "bitnami", "docker", "${X}"]), min_size=1, max_size=4)
        )
    )
    tag = draw(st.sampled_from(["", ":1.2-alpine", ":${TAG:-a:b/c}", "@sha256:00", ":1@sha256:00"]))
    return f"{registry}{path}{tag}"


@given(references() | st.text(max_size=30))
@example("docker.io/docker.io/library/a")
@example("://")
@example("a@b@c")
@example("${a}${b}:${c}@${d}")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = parse(text)
    assert parse(str(once)) == once


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [("${IMAGE}", True), ("{{ .Values.image }}:{{ .tag }}", True), ("a:${T}", False), ("$(p)", True)],
)
def test_placeholders(text: str, placeholder: bool) -> None:
    assert is_placeholder(text) is placeholder


IMAGES = [
    ("postgres:16-alpine", "database", "high"),
    ("bitnami/postgresql:16", "database", "high"),
    ("quay.io/someone/my-mysql:5", "database", "medium"),
    ("example/acme-mongodb", "database", "medium"),
    ("mcr.microsoft.com/mssql/server:2022-latest", "database", "high"),
    ("redis:7", "cache", "high"),
    ("rabbitmq:3-management", "message-broker", "high"),
    ("docker.elastic.co/elasticsearch/elasticsearch:8.1", "search-engine", "high"),
    ("minio/minio", "object-store", "high"),
    ("itsthenetwork/nfs-server-alpine", "storage-server", "high"),
    ("registry:2", "storage-server", "high"),
    ("nginxinc/nginx-unprivileged:1", "web-server", "high"),
    ("traefik:v3", "reverse-proxy", "high"),
    ("edoburu/pgbouncer", "reverse-proxy", "high"),
    ("tomcat:10", "app-server", "high"),
    ("mcr.microsoft.com/windows/servercore/iis:ltsc2022", "app-server", "high"),
    ("nextcloud:apache", "application", "high"),
    ("example/thing-operator:1", "application", "medium"),
    ("gitlab/gitlab-runner", "ci-runner", "high"),
    ("quay.io/jupyter/scipy-notebook", "code-executor", "high"),
    ("pihole/pihole", "network-infrastructure", "high"),
    ("linuxserver/wireguard", "network-infrastructure", "high"),
    ("registry.k8s.io/kube-proxy:v1.30", "node-agent", "high"),
    ("prom/node-exporter", "node-agent", "high"),
    ("prom/prometheus:${TAG}", "monitoring", "high"),
    ("grafana/loki", "logging", "high"),
    ("quay.io/keycloak/keycloak", "identity", "high"),
    ("hashicorp/vault", "secret-store", "high"),
    ("vaultwarden/server", "secret-store", "high"),
    ("axllent/mailpit", "mail", "high"),
    ("lscr.io/linuxserver/sonarr", "media", "high"),
    ("vllm/vllm-openai", "ml-inference", "high"),
    ("pytorch/pytorch:2.5", "ml-training", "high"),
    ("lscr.io/linuxserver/webtop", "desktop", "high"),
    ("itzg/minecraft-server", "game-server", "high"),
    ("ghcr.io/home-assistant/home-assistant", "home-automation", "high"),
    ("docker:27-dind", "container-host", "high"),
    ("kindest/node:v1.30", "container-host", "high"),
    ("dockurr/windows", "vm-host", "high"),
    ("alpine:3.20", "base-os", "high"),
    ("mcr.microsoft.com/windows/servercore:ltsc2022", "base-os", "high"),
    ("quay.io/containerdisks/fedora:40", "base-os", "high"),
    ("bitnami/kubectl", "worker", "medium"),
    ("docker:27-cli", "worker", "medium"),
    ("acme/shop-backup", "worker", "medium"),
    ("python:3.12", "application", "low"),
]


@pytest.mark.parametrize(("text", "role", "confidence"), IMAGES, ids=[row[0] for row in IMAGES])
def test_images(text: str, role: str, confidence: str) -> None:
    fact = image(text)
    assert fact is not None
    assert (fact.role, fact.confidence.label) == (role, confidence)


@pytest.mark.parametrize(
    "text",
    [
        "acme/agent",
        "acme/server:1",
        "runner",
        "acme/operator",
        "myorg/my-service",
        "acme/api",
        "${IMAGE}",
        "",
        ":",
        "sha256:00",
    ],
)
def test_ambiguous_names_decide_nothing(text: str) -> None:
    assert image(text) is None


@pytest.mark.parametrize("text", ["node:20", "acme/node"])
def test_node_is_a_runtime_at_most(text: str) -> None:
    fact = image(text)
    assert fact is None or (fact.trait == "runtime" and fact.confidence is Confidence.LOW)


def test_a_vendor_settles_an_ambiguous_name() -> None:
    assert image("buildkite/agent") != image("portainer/agent")
    fact = image("calico/node")
    assert fact is not None
    assert fact.role == "node-agent"


@pytest.mark.parametrize(
    ("prefix", "role"),
    [
        ("postgres:", "database"),
        ("acme.example/redis:7-", "cache"),
        ("acme/post", None),
        ("", None),
        ("nginx-", "web-server"),
    ],
)
def test_the_beginning_of_a_template_is_enough(prefix: str, role: str | None) -> None:
    fact = image_by_prefix(prefix)
    assert (fact.role if fact else None) == role


def rows(name: str, *sections: str) -> list[dict[str, Any]]:
    data = table(name)
    return [row for section in sections for row in data[section]]


def test_every_role_of_the_tables_is_of_the_specification() -> None:
    stated = rows("images", "names", "repositories", "tags", "words")
    stated += rows("commands", "programs", "subcommands", "modules", "halves", "packages")
    stated += rows("roles", "names", "ports", "charts", "disk_images")
    assert {row["role"] for row in stated if "role" in row} <= names.roles()


def test_images_are_many() -> None:
    assert sum(len(row["names"]) for row in table("images")["names"]) >= 1500


def test_ambiguous_names_are_nowhere_else() -> None:
    named = {name for row in table("images")["names"] for name in row["names"]}
    assert named.isdisjoint(table("images")["ambiguous"])


def test_every_engine_that_is_named_has_a_row() -> None:
    stated = (
        rows("images", "names", "repositories")
        + rows("commands", "programs", "packages")
        + rows("roles", "ports", "disk_images")
    )
    assert {row["engine"] for row in stated if row.get("engine")} <= set(engines())


def test_looking_up_a_few_images_is_fast() -> None:
    start = time.process_time()
    for at in range(50):
        image(f"acme/never-seen-{at}-thing:1")
    assert time.process_time() - start < 0.05


COMMANDS = [
    (["nginx", "-g", "daemon off;"], "web-server", "server"),
    (["sh", "-c", "sleep infinity"], "base-os", "idle"),
    (["tail", "-f", "/dev/null"], "base-os", "idle"),
    (["/bin/sh", "-c", "while true; do sleep 30; done"], "base-os", "idle"),
    (["bash"], "base-os", "idle"),
    (["/sbin/init"], "base-os", "init"),
    (["tini", "--", "redis-server", "/etc/redis.conf"], "cache", "server"),
    (["docker-entrypoint.sh", "mysqld"], "database", "server"),
    (["sh", "-c", "chown -R 999 /data && exec postgres -c fsync=off"], "database", "server"),
    (["sh", "-c", "until pg_isready; do sleep 1; done; pg_dump -h db > /out"], "worker", "batch"),
    (["catalina.sh", "run"], "app-server", "server"),
    (["bundle", "exec", "sidekiq"], "worker", "server"),
    (["celery", "-A", "proj", "worker"], "worker", "server"),
    (["python", "manage.py", "migrate"], "worker", "batch"),
    (["python", "-m", "http.server", "80"], "web-server", "server"),
    (["gunicorn app:app --bind 0.0.0.0:80"], "application", "server"),
    (["dockerd", "--host=unix:///run/docker.sock"], "container-host", "server"),
    (["jupyter", "lab"], "code-executor", "server"),
    (["/usr/sbin/sshd", "-D"], "base-os", "server"),
    (["java", "-jar", "/app.jar"], "", "interpreter"),
    (["/app/main"], "", "other"),
    (["--kubelet-service=kube-system/kubelet"], "", "other"),
]


@pytest.mark.parametrize(("words", "role", "kind"), COMMANDS, ids=[" ".join(row[0]) for row in COMMANDS])
def test_commands(words: list[str], role: str, kind: str) -> None:
    fact = command(words)
    assert fact is not None
    assert (fact.role, fact.kind) == (role, kind)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_no_command_line_fails(words: list[str]) -> None:
    command(words)
    programs(words)


def test_background_words() -> None:
    worker, server = command(["node", "dist/worker.js"]), command(["node", "dist/server.js"])
    assert worker is not None
    assert worker.background
    assert server is not None
    assert not server.background
    settings = command(["postgres", "-c", "max_worker_processes=8"])
    assert settings is not None
    assert not settings.background


def test_halves_of_one_image() -> None:
    web, worker = half(["concourse"], ["web"]), half(["concourse"], ["worker"])
    assert web is not None
    assert worker is not None
    assert (web[0], worker[0]) == ("application", "ci-runner")
    assert half(["nginx"], ["worker"]) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("nginx", "web-server"),
        ("postgresql-15", "database"),
        ("apache2.service", "web-server"),
        ("nfs-kernel-server", "storage-server"),
        ("Web-Server", "app-server"),
        ("redis-server=6.0", "cache"),
        ("curl", None),
        ("docker-ce", None),
    ],
)
def test_packages(name: str, role: str | None) -> None:
    fact = package(name)
    assert (fact.role if fact else None) == role


def test_data_directories() -> None:
    postgres = engine("postgresql")
    assert postgres is not None
    assert "/var/lib/postgresql/data" in postgres.data_directories("postgres:17")
    assert postgres.data_directories("postgres:18-alpine") == ("/var/lib/postgresql",)
    assert postgres.data_directories("bitnami/postgresql:16") == ("/bitnami/postgresql",)
    assert postgres.data_directories("postgres:18", {"PGDATA": "/srv/pg"}) == ("/srv/pg",)
    assert postgres.data_directories("postgres", {"PGDATA": "/a"}, ["postgres", "-D", "/b"]) == ("/b",)
    cockroach = engine("cockroachdb")
    assert cockroach is not None
    assert cockroach.data_directories("x", {}, ["start", "--store=path=/data"]) == ("/data",)
    mongo = engine("mongodb")
    assert mongo is not None
    assert "/data/configdb" not in mongo.data_directories("mongo:7")
    assert engine("nothing") is None


@pytest.mark.parametrize(
    ("key", "words", "keeps"),
    [
        ("mongodb", ["mongos", "--configdb", "x"], False),
        ("mongodb", ["mongod", "--replSet", "rs0"], True),
        ("mongodb", ["--bind_ip_all"], True),
        ("mongodb", [], True),
        ("postgresql", ["pg_dump", "-h", "db"], False),
        ("postgresql", ["sh", "-c", "psql -f /seed.sql"], False),
        ("postgresql", ["sh", "-c", "pg_isready; exec postgres"], True),
        ("redis", ["redis-sentinel", "/etc/s.conf"], False),
    ],
)
def test_clients_and_routers_keep_no_data(key: str, words: list[str], keeps: bool) -> None:
    found = engine(key)
    assert found is not None
    assert found.keeps_data(words) is keeps


def test_every_engine_is_well_formed() -> None:
    for key in engines():
        found = engine(key)
        assert found is not None
        assert found.source, key
        assert found.clients.isdisjoint(found.routers), key
        assert all(path.startswith(("/", "C:\\")) for path in found.data), key
        assert set(found.kernel) <= {"thp"} | {name for name in found.kernel if "." in name}, key
    assert {key for key in engines() if (row := engine(key)) and row.whole_host} >= {
        "oracle-database",
        "db2",
        "sap-hana",
        "teradata",
    }


def test_kernel_settings_by_release() -> None:
    mongo = engine("mongodb")
    assert mongo is not None
    assert mongo.kernel_settings("mongo:7.0")["thp"] == "never"
    assert mongo.kernel_settings("mongo:8.0")["thp"] == "always"


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("projects/cos-cloud/global/images/family/cos-stable", "container-host"),
        ("ubuntu-os-cloud/ubuntu-2204-lts", "base-os"),
        ("local:iso/pfSense-2.7.iso", "network-infrastructure"),
        ("MicrosoftWindowsDesktop:Windows-11:win11-22h2", "desktop"),
        ("amzn2-ami-ecs-hvm-2.0", "container-host"),
        ("ami-0123456789", None),
        ("MicrosoftSQLServer/sql2022-ws2022", "database"),
    ],
)
def test_disk_images(text: str, role: str | None) -> None:
    fact = names.by_disk_image(text)
    assert (fact.role if fact else None) == role


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("phoenix", "database"),
        ("bitnami/phoenix", "database"),
        ("stashapp/stash", "media"),
        ("acme/phoenix", None),
        ("registry.example.com/team/ledger:1", None),
        ("acme/sonic", None),
    ],
)
def test_a_name_that_others_use_needs_its_vendor(text: str, role: str | None) -> None:
    fact = image(text)
    assert (fact.role if fact else None) == role


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("gotify/server", "application"),
        ("infinispan/server", "cache"),
        ("strimzi/operator", "application"),
        ("karpenter/controller", "application"),
        ("restic/rest-server", "storage-server"),
        ("acme/server", None),
        ("acme/operator", None),
        ("node/server", None),
    ],
)
def test_a_part_of_a_product_by_the_name_before_it(text: str, role: str | None) -> None:
    fact = image(text)
    assert (fact.role if fact else None) == role


@pytest.mark.parametrize(
    ("text", "role"),
    [("acme/apache-cxf", None), ("acme/apache-kafka", "message-broker"), ("acme/my-apache", "web-server")],
)
def test_a_publisher_before_a_product_is_no_product(text: str, role: str | None) -> None:
    fact = image(text)
    assert (fact.role if fact else None) == role
