"""Compose projects to workloads: what belongs together, and what each key says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vmlint.files import Files
from vmlint.model.fact import Absent, Known, Unknown
from vmlint.model.finding import ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.workload import Workload
from vmlint.sources import compose
from vmlint.sources.reading import Reading, Settings, Surroundings, Unit
from vmlint.syntax.yaml import parse

Project = Callable[..., Reading]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Writes files given as text by path (`__` for `/`) and reads the first project."""
    monkeypatch.chdir(tmp_path)

    def write_and_read(files: dict[str, str], env_files: tuple[str, ...] = ()) -> Reading:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        surroundings = Surroundings(Files(Path(".")), Settings(env_files=env_files))
        found = [name for name in files if compose.is_compose_name(name)]
        return compose.read(compose.units(found, surroundings)[0], surroundings)

    return write_and_read


def one(project: Project, service: str, **others: str) -> Workload:
    reading = project({"compose.yaml": f"services:\n  web: {service}\n", **others})
    assert reading.problems == ()
    (workload,) = reading.workloads
    return workload


def names(reading: Reading) -> list[str]:
    return [workload.name for workload in reading.workloads]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("compose.yaml", "services: {web: {image: a}}", True),
        ("other.yaml", "services: {web: {build: .}}", True),
        ("docker-compose.yml", "web: {image: a}", True),
        ("other.yml", "web: {image: a}", False),
        ("compose.yaml", "include: [other.yaml]", True),
        ("other.yaml", "x-a: 1\nversion: '3'\nservices: {web: {image: a}}", True),
        (".pipeline.yml", "services: {db: {image: a}}\nsteps: {test: {image: b}}", False),
        ("other.yaml", "services: [web]", False),
        ("other.yaml", "services: {web: {type: NodePort}}", False),
        ("compose.yaml", "apiVersion: v1\nkind: Pod\nservices: {web: {image: a}}", False),
        ("compose.yaml", "- a", False),
    ],
)
def test_what_is_a_compose_file(path: str, text: str, expected: bool) -> None:
    assert compose.looks_like(path, parse(SourceText(path, text)).documents[0].root) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/compose.yaml", True),
        ("docker-compose.prod.yml", True),
        ("docker-stack.yml", True),
        ("network-stack.yml", False),
        ("stack.yml", False),
        ("filebeat-compose.yml", True),
        ("composer.yaml", False),
        ("compose.json", False),
    ],
)
def test_usual_names(path: str, expected: bool) -> None:
    assert compose.is_compose_name(path) is expected


def units(tmp_path: Path, *paths: str, env: str = "") -> list[tuple[str, ...]]:
    for name in paths:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("services: {a: {image: b}}", encoding="utf-8")
    if env:
        (tmp_path / ".env").write_text(env, encoding="utf-8")
    return [unit.paths for unit in compose.units(paths, Surroundings(Files(Path("."))))]


def test_the_default_file_and_its_override_are_one_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = units(tmp_path, "compose.override.yaml", "compose.prod.yaml", "compose.yaml", "sub/docker-compose.yml")
    assert found == [
        ("compose.yaml", "compose.override.yaml"),
        ("compose.prod.yaml",),
        ("sub/docker-compose.yml",),
    ]


def test_compose_file_names_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = units(tmp_path, "a.yml", "b.yml", "compose.yaml", env="COMPOSE_FILE=b.yml:a.yml\n")
    assert found == [("b.yml", "a.yml"), ("compose.yaml",)]


def test_an_override_keeps_its_own_places(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "services:\n  web:\n    image: a\n",
            "compose.override.yaml": "services:\n  web:\n    privileged: true\n",
        }
    )
    (web,) = reading.workloads
    assert (web.span.path, web.span.line) == ("compose.yaml", 2)
    (container,) = web.containers
    assert isinstance(container.privileged, Known)
    assert (container.privileged.span.path, container.privileged.span.line) == ("compose.override.yaml", 3)
    assert reading.files == {"compose.yaml", "compose.override.yaml"}


def test_fragments_providers_and_nothing_are_no_workloads(project: Project) -> None:
    text = """
x-base: &base {restart: always}
services:
  fragment: {<<: *base, environment: {A: b}}
  provided: {provider: {type: model}, image: a}
  none: {image: a, scale: 0}
  stopped: {image: a, deploy: {replicas: 0}}
  null:
  web: {<<: *base, image: a, profiles: [debug]}
"""
    assert names(project({"compose.yaml": text})) == ["web"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [("{image: a}", 1), ("{image: a, scale: 3}", 3), ("{image: a, deploy: {replicas: 5}}", 5)],
)
def test_instances(project: Project, body: str, expected: int) -> None:
    found = one(project, body).instances
    assert isinstance(found, Known)
    assert found.value == expected


def test_a_global_service_has_an_unknown_count(project: Project) -> None:
    workload = one(project, "{image: a, deploy: {mode: global}}")
    assert not isinstance(workload.instances, Known)
    assert workload.daemon


@pytest.mark.parametrize(
    ("body", "kind", "cls"),
    [
        ("{image: a}", "runc", "container"),
        ("{image: a, runtime: runsc}", "gvisor", "sandboxed-container"),
        ("{image: a, runtime: io.containerd.kata.v2}", "kata", "vm-container"),
        ("{image: a, runtime: sysbox-runc}", "sysbox", "system-container"),
        ("{image: 'mcr.microsoft.com/windows/servercore:ltsc2022'}", "windows-process", "container"),
        (
            "{image: 'mcr.microsoft.com/windows/servercore:ltsc2022', isolation: hyperv}",
            "hyper-v-container",
            "vm-container",
        ),
    ],
)
def test_substrates(project: Project, body: str, kind: str, cls: str) -> None:
    found = one(project, body).substrate
    assert isinstance(found, Known)
    assert (found.value.kind, found.value.cls.value) == (kind, cls)


def test_an_unknown_runtime_is_an_unknown_substrate(project: Project) -> None:
    found = one(project, "{image: a, runtime: '${RUNTIME}'}").substrate
    assert isinstance(found, Unknown)
    assert found.expression == "${RUNTIME}"


def test_variables_come_from_the_environment_files(project: Project) -> None:
    files = {
        "compose.yaml": "services: {web: {image: 'a:${TAG}', user: '${OWNER:-root}', runtime: '${RT}'}}",
        ".env": "TAG=1\nRT=runsc\n",
        "other.env": "TAG=2\n",
    }
    (web,) = project(files, env_files=("other.env",)).workloads
    image, user = web.containers[0].image, web.containers[0].user
    assert isinstance(image, Known)
    assert image.value == "a:2"
    assert [origin.span.path for origin in image.via] == ["other.env"]
    assert isinstance(user, Known)
    assert user.value == "root"


@pytest.mark.parametrize(
    ("image", "prefix"),
    [
        ("postgres:${TAG}", "postgres:"),
        ("${REGISTRY}/postgres:16", "${REGISTRY}/postgres:16"),
        ("${REGISTRY}/${TEAM}/postgres-${KIND}", "${REGISTRY}/${TEAM}/postgres-"),
        ("${IMAGE}", ""),
        ("${NAME}:1.2/x", "${NAME}:1.2/x"),
    ],
)
def test_the_known_part_of_an_image(project: Project, image: str, prefix: str) -> None:
    found = one(project, f"{{image: '{image}'}}").containers[0].image
    assert isinstance(found, Unknown)
    assert found.prefix == prefix


def test_extends_takes_over_from_another_file(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "services: {web: {extends: {file: sub/base.yaml, service: base}, user: me}}",
            "sub/base.yaml": "services: {base: {extends: root, build: ctx}, root: {privileged: true, user: x}}",
            "sub/ctx/Dockerfile": "FROM debian:12\nVOLUME /data\n",
        }
    )
    (container,) = reading.workloads[0].containers
    assert isinstance(container.privileged, Known)
    assert [origin.label for origin in container.privileged.via] == ["extends base", "extends root"]
    assert isinstance(container.user, Known)
    assert container.user.value == "me"
    assert isinstance(container.base_image, Known)
    assert container.base_image.value == "debian:12"
    assert [(mount.kind, mount.target.value) for mount in container.mounts if isinstance(mount.target, Known)] == [
        ("anonymous", "/data")
    ]


def test_what_cannot_be_extended_is_a_gap(project: Project) -> None:
    reading = project({"compose.yaml": "services: {web: {image: a, extends: {file: none.yaml, service: base}}}"})
    assert [gap.expression for gap in reading.workloads[0].gaps] == ["none.yaml"]
    assert [problem.kind for problem in reading.problems] == [ProblemKind.UNREADABLE]


def test_circles_end(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "include: [other.yaml]\nservices: {a: {image: x, extends: b}, b: {extends: a}}",
            "other.yaml": "include: [compose.yaml, other.yaml]\nservices: {c: {image: y}}",
        }
    )
    assert set(names(reading)) >= {"a", "c"}


def test_include_has_its_own_folder_and_variables(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "include:\n- path: [sub/one.yaml, sub/two.yaml]\n- sub/three.yaml\n"
            "services: {web: {image: 'a:${TAG}'}}",
            ".env": "TAG=1",
            "sub/one.yaml": "services: {db: {image: 'b:${OTHER}', env_file: db.env}}",
            "sub/two.yaml": "services: {db: {user: '5'}}",
            "sub/three.yaml": "services: {log: {image: 'c:${TAG}'}}",
            "sub/.env": "TAG=9\nOTHER=2\n",
            "sub/db.env": "PGDATA=/x\n",
        }
    )
    images = {w.name: w.containers[0].image for w in reading.workloads}
    assert {name: image.value for name, image in images.items() if isinstance(image, Known)} == {
        "web": "a:1",
        "db": "b:2",
        "log": "c:1",
    }
    db = next(w for w in reading.workloads if w.name == "db").containers[0]
    assert isinstance(db.user, Known)
    assert isinstance(db.environment["PGDATA"], Known)


@pytest.mark.parametrize(
    ("volume", "kind", "source", "target", "read_only"),
    [
        ("/run/docker.sock:/var/run/docker.sock:ro", "host", "/run/docker.sock", "/var/run/docker.sock", True),
        ("./x:/data:rw,z", "host", "./x", "/data", False),
        ("data:/data", "volume", "data", "/data", None),
        ("/data", "anonymous", None, "/data", None),
        ("C:\\x:C:\\data:ro", "host", "C:\\x", "C:\\data", True),
        ("\\\\.\\pipe\\docker_engine:\\\\.\\pipe\\docker_engine", "pipe", "\\\\.\\pipe\\docker_engine", None, None),
        ("bound:/data", "host", "/srv/data", "/data", None),
        ("memory:/data", "ephemeral", "memory", "/data", None),
        ("shared:/data", "volume", "shared", "/data", None),
        ("${HOME}/x:/data", "host", None, "/data", None),
        ("${DATA}:/data", "unknown", None, "/data", None),
    ],
)
def test_mounts_in_short_syntax(
    project: Project, volume: str, kind: str, source: str | None, target: str | None, read_only: bool | None
) -> None:
    text = f"""
services: {{web: {{image: a, volumes: ['{volume}']}}}}
volumes:
  data:
  bound: {{driver_opts: {{type: none, o: bind, device: /srv/data}}}}
  memory: {{driver_opts: {{type: tmpfs, device: tmpfs}}}}
  shared: {{driver_opts: {{type: nfs, o: 'addr=10.0.0.1', device: ':/export'}}}}
"""
    (mount,) = project({"compose.yaml": text}).workloads[0].containers[0].mounts
    assert mount.kind == kind
    assert (mount.source.value if isinstance(mount.source, Known) else None) == source
    assert target is None or (isinstance(mount.target, Known) and mount.target.value == target)
    assert (mount.read_only.value if isinstance(mount.read_only, Known) else None) == read_only


def test_a_mount_with_an_unknown_source_keeps_its_target(project: Project) -> None:
    (mount,) = one(project, "{image: a, volumes: ['${SOCKET}:/var/run/docker.sock']}").containers[0].mounts
    assert isinstance(mount.source, Unknown)
    assert isinstance(mount.target, Known)
    assert mount.target.value == "/var/run/docker.sock"


def test_the_facts_of_a_container(project: Project) -> None:
    body = """
    image: a
    command: serve --port 80
    entrypoint: ["/bin/sh", "-c"]
    cap_add: [CAP_SYS_ADMIN, net_admin]
    security_opt: ["seccomp:unconfined", apparmor=unconfined]
    sysctls: [net.core.somaxconn=1024]
    devices: ["/dev/kvm", "/dev/sda:/dev/xvda:r"]
    tmpfs: /run
    use_api_socket: true
    ports: ["127.0.0.1:8080:80/udp", {target: 443, published: "8443"}]
    environment: [A=1, B]
    pid: host
    network_mode: host
    mem_limit: 512m
    cpus: "1.5"
    mem_reservation: 0
    deploy: {resources: {limits: {memory: 1G}, reservations: {cpus: "0.5"}}}
"""
    workload = one(project, body)
    (container,) = workload.containers
    assert container.command == ("/bin/sh", "-c", "serve", "--port", "80")
    assert [c.value for c in container.capabilities if isinstance(c, Known)] == ["SYS_ADMIN", "NET_ADMIN"]
    assert [c.value for c in container.confinement if isinstance(c, Known)] == [
        "seccomp=unconfined",
        "apparmor=unconfined",
    ]
    assert [s.name for s in container.sysctls] == ["net.core.somaxconn"]
    assert [d.source.value for d in container.devices if isinstance(d.source, Known)] == ["/dev/kvm", "/dev/sda"]
    assert [m.kind for m in container.mounts] == ["ephemeral", "host"]
    ports = [(p.number, p.host, p.protocol) for p in container.ports]
    assert [(n.value, h.value, p) for n, h, p in ports if isinstance(n, Known) and isinstance(h, Known)] == [
        (80, 8080, "udp"),
        (443, 8443, "tcp"),
    ]
    assert isinstance(container.environment["A"], Known)
    assert isinstance(container.environment["B"], Unknown)
    assert workload.host is not None
    assert isinstance(workload.host.pid, Known)
    assert workload.host.pid.value
    assert isinstance(workload.host.ipc, Absent)
    assert isinstance(workload.memory_mib, Known)
    assert workload.memory_mib.value == 1024
    assert isinstance(workload.vcpu, Known)
    assert workload.vcpu.value == 1.5
    assert container.resources is not None
    assert isinstance(container.resources.memory_request, Absent)


@pytest.mark.parametrize(
    ("networks", "top", "shared"),
    [
        ("[front]", "{front: {}}", False),
        ("[outside]", "{outside: {external: true, name: host}}", True),
        ("[outside]", "{outside: {external: {name: host}}}", True),
        ("{host: {}}", "{}", True),
        ("[host]", "{host: {driver: bridge}}", False),
    ],
)
def test_the_network_of_the_host(project: Project, networks: str, top: str, shared: bool) -> None:
    text = f"services: {{web: {{image: a, networks: {networks}}}}}\nnetworks: {top}\n"
    host = project({"compose.yaml": text}).workloads[0].host
    assert host is not None
    assert (isinstance(host.network, Known) and host.network.value) == shared


def test_build_arguments_and_inline_dockerfiles(project: Project) -> None:
    text = """
services:
  web:
    build: {context: ., args: {BASE: debian:11}}
  tool:
    build:
      dockerfile_inline: |
        FROM alpine:3.19
        USER me
"""
    reading = project({"compose.yaml": text, "Dockerfile": "ARG BASE=debian:12\nFROM ${BASE}\n"})
    bases = [workload.containers[0].base_image for workload in reading.workloads]
    assert [base.value for base in bases if isinstance(base, Known)] == ["debian:11", "alpine:3.19"]
    assert [base.span.line for base in bases if isinstance(base, Known)] == [2, 7]
    assert reading.files == {"compose.yaml", "Dockerfile"}


def test_a_file_that_another_includes_is_a_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").write_text("include: [part.yaml]", encoding="utf-8")
    (tmp_path / "part.yaml").write_text("services: {a: {image: b}}", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("services: {a: {image: b}}", encoding="utf-8")
    found = compose.units(["part.yaml", "compose.yaml", "other.yaml"], Surroundings(Files(Path("."))))
    assert [unit.paths for unit in found] == [("compose.yaml",), ("other.yaml",)]


def test_declarations_of_service_and_file(project: Project) -> None:
    text = """
x-vmlint: {sensitivity: internal, tenant: blue}
services:
  web:
    image: a
    labels: {vmlint.dev/trust: untrusted}
    x-vmlint: {isolation: Hypervisor, sensitivity: restricted}
"""
    declared = project({"compose.yaml": text}).workloads[0].declarations
    stated = [declared.isolation, declared.sensitivity, declared.tenant, declared.trust]
    assert [fact.value for fact in stated if isinstance(fact, Known)] == [
        "hypervisor",
        "restricted",
        "blue",
        "untrusted",
    ]


def system(workload: Workload) -> tuple[str, str]:
    engine = workload.placement.os
    assert isinstance(workload.os, Known)
    return workload.os.value.family, engine.value if isinstance(engine, Known) else ""


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ("web: {image: a}", [("linux", "")]),
        ("web: {image: a, platform: windows/amd64}", [("windows", "")]),
        ("web: {image: a, volumes: ['C:\\x:C:\\y']}", [("windows", "windows")]),
        ("web: {image: a, isolation: default}", [("linux", "")]),
        (
            "web: {image: 'mcr.microsoft.com/windows/nanoserver:1809'}\n"
            "  log: {image: b, volumes: ['/var/run/docker.sock:/s']}",
            [("windows", "linux"), ("linux", "linux")],
        ),
        (
            "web: {image: 'mcr.microsoft.com/windows/nanoserver:1809', volumes: ['C:\\x:C:\\y']}\n"
            "  log: {image: b, volumes: ['/var/run/docker.sock:/s']}",
            [("windows", ""), ("linux", "")],
        ),
        ("web: {image: a}\nnetworks: {default: {external: {name: nat}}}", [("windows", "windows")]),
        ("web: {image: a, deploy: {placement: {constraints: [node.platform.os == linux]}}}", [("linux", "linux")]),
    ],
)
def test_one_engine_is_one_system(project: Project, services: str, expected: list[tuple[str, str]]) -> None:
    reading = project({"compose.yaml": f"services:\n  {services}\n"})
    assert [system(workload) for workload in reading.workloads] == expected


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: {image: [a], command: {a: b}, ports: {a: b}, volumes: 5, deploy: [], build: []}}",
        "services: {web: {image: a, extends: [], environment: 5, labels: 1, cap_add: {}, devices: [{}]}}",
        "services: {web: {image: a, volumes: [{}, [], null, ':', '::'], ports: ['', ':', null, 1e99]}}",
        "services: {web: {image: ''}}\nvolumes: [a]\nnetworks: [b]\ninclude: {a: b}\nx-vmlint: []",
        "services: {web: {image: a, deploy: {resources: {limits: [], reservations: {devices: [5]}}, mode: []}}}",
        "a: {image: b}\nb: 5\nc: [d]",
        "services: null",
        "",
    ],
)
def test_wrong_shapes_never_raise(project: Project, text: str) -> None:
    project({"compose.yaml": text})


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: {image: '" + "$a " * 100_000 + "'}}",
        "services: {web: {image: '" + "${A:-" * 100_000 + "'}}",
        "services: {web: {image: a, volumes: ['" + "x" * 500_000 + ":/y']}}",
        "services: {web: {image: a, volumes: ['" + ":" * 300_000 + "']}}",
        "services: {" + ", ".join(f"s{number}: {{image: a}}" for number in range(3000)) + "}",
    ],
    ids=["variables", "defaults", "long part", "many parts", "many services"],
)
def test_hostile_text_takes_no_hostile_time(project: Project, text: str) -> None:
    begin = time.process_time()
    project({"compose.yaml": text, ".env": "a=b\n"})
    assert time.process_time() - begin < 8


def test_long_environment_and_docker_files_are_read_in_linear_time(project: Project) -> None:
    begin = time.process_time()
    project(
        {
            "compose.yaml": "services: {web: {build: .}}",
            ".env": "".join(f"A{number}=$A{number - 1}\n" for number in range(30_000)),
            "Dockerfile": "FROM a\nRUN x \\\n" + "y \\\n" * 60_000 + "z\n",
        }
    )
    assert time.process_time() - begin < 8


def test_a_broken_file_is_told(project: Project) -> None:
    reading = project({"compose.yaml": "services:\n  web:\n\timage: a\n"})
    assert [(p.kind, p.span.line) for p in reading.problems] == [(ProblemKind.UNREADABLE, 3)]
    assert reading.workloads == ()


def test_a_key_set_twice_is_told(project: Project) -> None:
    reading = project({"compose.yaml": "services:\n  web:\n    image: a\n    image: b\n"})
    assert [problem.span.line for problem in reading.problems] == [4]


def test_what_lies_outside_the_root_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside.yaml").write_text("services: {base: {privileged: true}}", encoding="utf-8")
    (tmp_path / "secret.env").write_text("A=secret", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "compose.yaml").write_text(
        "services: {web: {image: a, env_file: ../secret.env, extends: {file: ../outside.yaml, service: base}}}",
        encoding="utf-8",
    )
    monkeypatch.chdir(root)
    reading = compose.read(Unit("compose", ("compose.yaml",)), Surroundings(Files(Path("."))))
    (container,) = reading.workloads[0].containers
    assert isinstance(container.privileged, Absent)
    assert container.environment == {}
    assert len(reading.workloads[0].gaps) == 1


def test_an_override_reaches_what_is_included(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "include: [part/base.yaml]\n",
            "compose.override.yaml": "services: {web: {privileged: true}}\n",
            "part/base.yaml": "services: {web: {image: a, volumes: ['./data:/data']}}\n",
        }
    )
    (web,) = reading.workloads
    (container,) = web.containers
    assert isinstance(container.privileged, Known)
    assert isinstance(container.image, Known)
    assert web.span.path == "part/base.yaml"


def test_what_is_included_from_elsewhere_is_told(project: Project) -> None:
    text = "include: ['https://example.org/a.git', 'oci://example.org/b', '${PART}/c.yaml', missing.yaml]\n"
    reading = project({"compose.yaml": text + "services: {web: {image: a}}\n"})
    assert [(problem.kind, problem.message) for problem in reading.problems] == [
        (ProblemKind.ELSEWHERE, "https://example.org/a.git is included from elsewhere and not read"),
        (ProblemKind.ELSEWHERE, "oci://example.org/b is included from elsewhere and not read"),
        (ProblemKind.ELSEWHERE, "what is included depends on ${PART}"),
        (ProblemKind.UNREADABLE, "missing.yaml: it does not exist"),
    ]
    assert names(reading) == ["web"]


def test_extends_that_lead_nowhere_are_told(project: Project) -> None:
    text = """
services:
  a: {image: a, extends: b}
  b: {extends: {service: a}}
  c: {image: c, extends: nobody}
"""
    reading = project({"compose.yaml": text})
    assert {problem.message for problem in reading.problems} == {
        'the service "b" extends itself',
        'extends names the service "nobody", which is not there',
    }
    assert names(reading) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("COMPOSE_FILE=b.yml:a.yml", ("b.yml", "a.yml")),
        ("COMPOSE_FILE=b.yml;a.yml", ("b.yml", "a.yml")),
        ("COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=b.yml,a.yml", ("b.yml", "a.yml")),
        ("COMPOSE_FILE=sub/c.yml", ("sub/c.yml",)),
        ("COMPOSE_FILE=nothing.yml", ("compose.yaml",)),
    ],
)
def test_forms_of_compose_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert units(tmp_path, "a.yml", "b.yml", "compose.yaml", "sub/c.yml", env=variables)[0] == expected


def test_the_environment_of_the_run_counts_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("TAG=1\n", encoding="utf-8")
    Path("compose.yaml").write_text("services: {web: {image: 'a:${TAG}${MORE}'}}", encoding="utf-8")
    Path("other.yaml").write_text("services: {web: {image: 'b:${TAG}'}}", encoding="utf-8")
    images = []
    for environment in ({}, {"TAG": "2"}, {"COMPOSE_FILE": "other.yaml"}):
        surroundings = Surroundings(Files("."), Settings(environment=environment))
        unit = compose.units(["compose.yaml", "other.yaml"], surroundings)[0]
        (web,) = compose.read(unit, surroundings).workloads
        images.append(web.containers[0].image)
    assert [image.prefix if isinstance(image, Unknown) else getattr(image, "value", "") for image in images] == [
        "a:1",
        "a:2",
        "b:1",
    ]


def test_a_named_environment_file_takes_the_place_of_the_usual_one(project: Project) -> None:
    files = {".env": "A=usual\nB=usual\n", "prod.env": "A=named\n"}
    reading = project({"compose.yaml": "services: {web: {image: 'i:${A}-${B:-unset}'}}", **files}, ("prod.env",))
    (web,) = reading.workloads
    assert getattr(web.containers[0].image, "value", "") == "i:named-unset"


@pytest.mark.parametrize(
    ("names_there", "expected"),
    [
        (
            ("docker-compose.yml", "docker-compose.override.yaml"),
            ("docker-compose.yml", "docker-compose.override.yaml"),
        ),
        (("compose.yml", "docker-compose.override.yml"), ("compose.yml", "docker-compose.override.yml")),
        (("docker-compose.yaml", "docker-compose.yml"), ("docker-compose.yml",)),
    ],
)
def test_files_that_compose_reads_untold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_there: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert units(tmp_path, *names_there)[0] == expected


def test_services_that_run_what_another_one_builds(project: Project) -> None:
    text = """
services:
  web: {image: example/app, build: src}
  worker: {image: example/app, command: [work]}
  late: {build: {context: late, additional_contexts: {below: 'service:web', from: 'docker-image://debian:10'}}}
  other: {build: other}
"""
    reading = project(
        {
            "compose.yaml": text,
            "src/Dockerfile": "FROM debian:12\nUSER app\nENTRYPOINT [supervisord]\nVOLUME /data\n",
            "late/Dockerfile": "FROM below\nEXPOSE 80\n",
            "other/Dockerfile": "FROM example/app\nUSER root\n",
        }
    )
    found = {workload.name: workload.containers[0] for workload in reading.workloads}
    bases = {name: getattr(container.base_image, "value", None) for name, container in found.items()}
    assert bases == dict.fromkeys(("web", "worker", "late", "other"), "debian:12")
    assert [getattr(found[name].user, "value", "") for name in found] == ["app", "app", "app", "root"]
    assert found["worker"].command[-1] == "work"
    assert [reference for reference, _ in reading.images] == ["example/app:latest"]


def test_a_build_that_leads_back_to_itself_ends(project: Project) -> None:
    text = "services: {a: {image: x, build: a}, b: {image: y, build: b}}\n"
    reading = project({"compose.yaml": text, "a/Dockerfile": "FROM y\n", "b/Dockerfile": "FROM x\n"})
    assert names(reading) == ["a", "b"]


def test_a_build_argument_that_nobody_settles_is_unknown(project: Project) -> None:
    text = "services: {a: {build: {context: ., args: {TAG: '${TAG}', NAME: }}}}\n"
    reading = project(
        {"compose.yaml": text, "Dockerfile": "ARG TAG=9\nFROM debian:${TAG}\nARG NAME=x\nUSER $NAME\n"}
    )
    (container,) = reading.workloads[0].containers
    assert isinstance(container.base_image, Unknown)
    assert container.base_image.prefix == "debian:"
    assert isinstance(container.user, Unknown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- name: install\n  apt: {name: docker}\n", True),
        ("# tasks\n---\n- hosts: all\n", True),
        ("- image: a\n", False),
        ("- a\n- b\n", False),
        ("[]", False),
        ("services: {}", False),
    ],
)
def test_a_list_of_something_else_is_no_compose_file(text: str, expected: bool) -> None:
    assert compose.is_another_list(parse(SourceText("docker-compose.yml", text)).documents[0].root) is expected


def test_cores_as_a_share_of_time(project: Project) -> None:
    text = "services: {a: {image: a, cpu_quota: 50000}, b: {image: a, cpu_quota: 50000, cpu_period: 25000}, "
    reading = project(
        {"compose.yaml": text + "c: {image: a, cpu_quota: -1}, d: {image: a, cpus: 3, cpu_quota: 1}}"}
    )
    assert [getattr(workload.vcpu, "value", None) for workload in reading.workloads] == [0.5, 2, None, 3]


def test_the_contents_of_an_image_are_no_durable_volume(project: Project) -> None:
    (mount,) = one(project, "{image: a, volumes: [{type: image, source: b, target: /c}]}").containers[0].mounts
    assert mount.kind == "ephemeral"


def test_a_micro_vm_by_annotation(project: Project) -> None:
    substrate = one(project, "{image: a, annotations: {run.oci.handler: krun}}").substrate
    assert isinstance(substrate, Known)
    assert substrate.value.cls == "vm-container"


def test_an_extension_finds_its_build_from_the_folder_above(project: Project) -> None:
    reading = project(
        {
            "extensions/thing/thing-compose.yml": "services: {thing: {build: {context: extensions/thing/}}}\n",
            "extensions/thing/Dockerfile": "FROM redis:7\n",
        }
    )
    (container,) = reading.workloads[0].containers
    assert getattr(container.base_image, "value", None) == "redis:7"
    assert reading.problems == ()


def test_shapes_that_are_none_are_told(project: Project) -> None:
    text = """
services:
  a:
  b: []
  c: text
  d: {image: null}
  e: {image: [x], ports: {a: b}, volumes: text, deploy: [], labels: !foo {a: b}, command: null, build: []}
  f: {image: x, volumes: [null, {}, [a]], ports: [null, {}, [1]], devices: {a: b}, cap_add: {a: b}, env_file: {}}
  ? [x, y]
  : {image: z}
  1: {image: one, scale: -1}
"""
    reading = project({"compose.yaml": text})
    assert [(problem.span.line, problem.message) for problem in reading.problems] == [
        (9, "a list or mapping stands where a key should; what it sets is not read"),
        (3, 'the service "a" is empty'),
        (4, 'the service "b" is no mapping'),
        (5, 'the service "c" is no mapping'),
        (6, 'the service "d" has neither image nor build: a part of another file\'s, no workload'),
    ]
    assert names(reading) == ["e", "f", "1"]
    assert isinstance(reading.workloads[-1].instances, Unknown)


def test_a_long_chain_of_extends_is_told_once(project: Project) -> None:
    lines = [f"  s{number}: {{image: a, extends: s{number + 1}}}" for number in range(150)]
    reading = project(
        {"compose.yaml": "\n".join(["services:", *lines, "  s150: {image: b, privileged: true}", ""])}
    )
    assert [problem.message for problem in reading.problems] == ["extends goes on through more than 100 services"]
    assert len(reading.workloads) == 151
    assert isinstance(reading.workloads[120].containers[0].privileged, Known)


def test_labels_of_a_file_and_variables_that_are_handed_on(project: Project) -> None:
    files = {
        ".env": "WHO=me\n",
        "labels.txt": "com.example.team=one\ndata-classification=restricted\n",
        "own.env": "GREETING=hello ${WHO}\n",
    }
    body = "{image: a, label_file: labels.txt, labels: {com.example.team: two}, "
    body += "env_file: own.env, environment: [WHO, X]}"
    workload = one(project, body, **files)
    assert getattr(workload.declarations.sensitivity, "value", None) == "restricted"
    assert getattr(workload.labels["com.example.team"], "value", None) == "two"
    environment = workload.containers[0].environment
    assert [getattr(environment[name], "value", None) for name in ("GREETING", "WHO", "X")] == [
        "hello me",
        "me",
        None,
    ]


def test_a_service_extends_what_its_own_file_says(project: Project) -> None:
    reading = project(
        {
            "compose.yaml": "services: {web: {image: a}, job: {extends: web, command: run}}\n",
            "compose.override.yaml": "services: {web: {privileged: true, command: null}, job: {command: null}}\n",
        }
    )
    found = {workload.name: workload.containers[0] for workload in reading.workloads}
    assert isinstance(found["web"].privileged, Known)
    assert isinstance(found["job"].privileged, Absent)
    assert isinstance(found["job"].arguments, Absent)  # an empty command takes the one below away


def test_a_list_names_each_target_once(project: Project) -> None:
    body = "{image: a, volumes: ['./x:/data', './y:/data:ro'], cap_add: [ALL, ALL], user: ''}"
    (container,) = one(project, body).containers
    assert [mount.read_only for mount in container.mounts if isinstance(mount.read_only, Known)]
    assert (len(container.mounts), len(container.capabilities)) == (1, 1)
    assert isinstance(container.user, Absent)


def test_a_raw_environment_file_is_taken_as_it_stands(project: Project) -> None:
    body = "{image: a, env_file: [{path: own.env, format: raw}]}"
    workload = one(project, body, **{"own.env": "# no\nA='x' # $HOME\n  B=${A}\nC\nD=\n", ".env": "C=c\n"})
    found = {name: getattr(fact, "value", None) for name, fact in workload.containers[0].environment.items()}
    assert found == {"A": "'x' # $HOME", "B": "${A}", "C": "c", "D": ""}


def test_a_fragment_is_told_and_no_workload(project: Project) -> None:
    reading = project({"compose.yaml": "services: {web: {privileged: true}, ours: {provider: {type: x}}}\n"})
    assert reading.workloads == ()
    (told,) = reading.problems
    assert (told.kind, told.span.line) == (ProblemKind.SKIPPED, 1)
    assert 'the service "web" has neither image nor build' in told.message


@pytest.mark.parametrize(
    ("mode", "shared"), [("container:${NAME}", False), ("service:a", False), ("host", True), ("${MODE}", None)]
)
def test_a_namespace_of_another_container_is_not_the_hosts(
    project: Project, mode: str, shared: bool | None
) -> None:
    workload = one(project, f"\n    image: a\n    ipc: '{mode}'\n")
    assert workload.host is not None
    fact = workload.host.ipc
    assert (fact.value if isinstance(fact, Known) else None) is shared
