"""What user data starts: formats, installers, containers, clusters, and what is not understood."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmlint.model.fact import Unknown
from vmlint.model.span import SourceText
from vmlint.model.value import Scalar, Unresolved
from vmlint.sources.provisioning import Provisioned, analyse


def of(text: str) -> Provisioned:
    return analyse([Scalar(text, SourceText("user-data", text), 0, len(text))])


def runs(found: Provisioned) -> list[tuple[str, str]]:
    return [(run.kind, run.name) for run in found.runs]


UNDERSTOOD = [
    ("#!/bin/bash\nset -e\nsudo apt-get update && sudo apt-get install -y nginx\n", [("package", "nginx")]),
    ("#!/bin/sh\nif ! command -v nginx; then\n  apk add --no-cache nginx\nfi\n", [("package", "nginx")]),
    ("#!/bin/bash\nyum install -y httpd\nservice httpd start\n", [("package", "httpd"), ("service", "httpd")]),
    ("#!/bin/bash\ndocker pull redis:7\n", []),
    ("#!/bin/bash\nsay() {\n  echo $1\n}\ncase $1 in\n  a) say a ;;\n  *) say b ;;\nesac\n. /etc/profile\n", []),
    ("#!/bin/bash\ndocker run -d --name c -p 80:80 --restart=no redis:7 -p 1\n", [("container", "redis:7")]),
    ("#!/bin/bash\nIMAGE=ghcr.io/acme/web:2\ndocker run -itd -v /a:/b \\\n  $IMAGE\n",
     [("container", "ghcr.io/acme/web:2")]),
    ("#!/bin/bash\ncd /opt/app && docker compose up -d\n", [("compose", "docker")]),
    ("#!/bin/sh\ncurl -fsSL https://get.docker.com | sh\n", [("package", "docker-ce")]),
    ("#!/bin/bash\nmodprobe br_netfilter\n", [("module", "br_netfilter")]),
    ("#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n", [("cluster-join", "ecs")]),
    ("#!/bin/sh\ncurl -sfL https://get.k3s.io | sh -\n", [("cluster-join", "k3s")]),
    ("#cloud-config\npackages: [haproxy]\nruncmd:\n  - [systemctl, start, haproxy]\n  - docker run -d traefik:v3\n",
     [("package", "haproxy"), ("service", "haproxy"), ("container", "traefik:v3")]),
    ("#cloud-config\nwrite_files:\n  - path: /etc/systemd/system/app.service\n    content: |\n      [Service]\n"
     "      ExecStart=/usr/bin/docker run --rm app:1\nruncmd:\n  - systemctl enable --now app.service\n",
     [("container", "app:1")]),
    ('{"ignition": {"version": "3.4.0"}, "systemd": {"units": [{"name": "x.service", "enabled": true,'
     ' "contents": "[Service]\\nExecStart=/usr/bin/podman run --rm docker.io/library/nginx:1\\n"}]}}',
     [("container", "docker.io/library/nginx:1")]),
    ("<powershell>\nInstall-WindowsFeature -Name Web-Server,Web-Mgmt-Tools -IncludeAllSubFeature\n"
     "choco install git -y\n</powershell>",
     [("package", "Web-Server"), ("package", "Web-Mgmt-Tools"), ("package", "git")]),
    ('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/cloud-config\n\n'
     "#cloud-config\npackages: [nginx]\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\ndocker run redis:7\n"
     "--b--\n",
     [("package", "nginx"), ("container", "redis:7")]),
    ("#!/bin/sh\ncat > /opt/up.sh <<'E'\ndocker run -d redis:7\nE\nchmod +x /opt/up.sh\n/opt/up.sh\n",
     [("container", "redis:7")]),
    ("#!/bin/sh\ncat > /etc/rc.local <<E\ndocker run -d redis:7\nE\n", [("container", "redis:7")]),
    ("#cloud-config\nruncmd: [[bash, /opt/up.sh]]\nwrite_files:\n"
     "  - {path: /opt/up.sh, content: apt-get install -y nginx}\n", [("package", "nginx")]),
    ("#cloud-config\nwrite_files:\n  - path: /opt/docker-compose.yml\n    content: |\n      services:\n"
     "        a: {image: 'redis:7'}\n        b: {build: .}\nruncmd: [cd /opt && docker compose up -d]\n",
     [("container", "redis:7"), ("container", "")]),
    ("[Unit]\nDescription=x\n[Service]\nExecStart=/usr/bin/docker run --rm redis:7\n", [("container", "redis:7")]),
    ("#!/bin/sh\ncd /srv && npm start\n", [("command", "npm")]),
    ("#!/bin/sh\nsudo -u app sh -c 'docker run -d redis:7'\n", [("container", "redis:7")]),
    ("#!/bin/sh\nsu app -c 'docker run -d redis:7'\n", [("container", "redis:7")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UNDERSTOOD)
def test_understood(text: str, expected: list[tuple[str, str]]) -> None:
    found = of(text)
    assert runs(found) == expected
    assert found.understood


@pytest.mark.parametrize("text", [text for text, _ in UNDERSTOOD[:4]])
def test_base64_is_decoded(text: str) -> None:
    assert runs(of(base64.b64encode(text.encode()).decode())) == runs(of(text))


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/bash\n/opt/acme/bootstrap --all\n",
        "#!/bin/bash\ncurl -s https://acme.example/install.sh | bash\n",
        "#!/usr/bin/env python3\nimport os\n",
        "#!/bin/sh\n. /opt/acme/setup.sh\n",
        "#cloud-config\nansible: {install_method: pip}\n",
        "#cloud-config\npackages: [nginx\n",
        "#include\nhttps://acme.example/user-data\n",
        '{"ignition": {"config": {"merge": [{"source": "https://acme.example/x.ign"}]}}}',
    ],
)
def test_what_cannot_be_named_is_not_understood(text: str) -> None:
    assert not of(text).understood


def test_place_is_the_word_itself() -> None:
    text = "#!/bin/bash\napt-get install -y nginx\n"
    (run,) = of(text).runs
    assert run.span.text == "nginx"
    assert run.span.line == 2


def test_partly_known_template() -> None:
    source = SourceText("main.tf", 'user_data = "docker run -d ${var.image}"')
    unknown = Unknown("var.image", "no value is set for it", source.whole(), (), "#!/bin/sh\n")
    found = analyse(
        [Unresolved(unknown, ("#!/bin/sh\napt-get install -y jq\ndocker run -d nginx:", unknown, "\n"))]
    )
    assert runs(found) == [("package", "jq"), ("container", "nginx:")]


def test_unknown_user_data_is_not_understood() -> None:
    unknown = Unknown("var.script", "no value is set for it", SourceText("main.tf", "var.script").whole())
    assert analyse([Unresolved(unknown)]) == Provisioned((), False)


def test_unknown_container_declaration_is_evidence() -> None:
    unknown = Unknown("module.c.metadata_value", "not known", SourceText("main.tf", "module.c").whole())
    assert runs(analyse([], [Unresolved(unknown)])) == [("container", "")]


def test_nothing_is_understood() -> None:
    assert analyse([]) == Provisioned((), True)


def test_files_that_run_each_other_end() -> None:
    chain = "".join(f"cat > /f{n} <<E\nsh /f{n + 1}\nE\n" for n in range(2_000))
    assert not of(f"#!/bin/sh\n{chain}sh /f0\n").understood
    assert of("#!/bin/sh\ncat > /f <<E\nsh /f\nE\nsh /f\n").understood


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["", "#!/bin/sh\n", "#cloud-config\n", "{", "<powershell>\n", "Content-Type: multipart/x\n"]),
    st.text(),
)
def test_any_text_is_read(head: str, text: str) -> None:
    of(head + text)


@pytest.mark.parametrize(
    "text",
    [
        "cat <<A\n",
        "\n",
        "<# ",
        "${",
        "$(",
        "'",
        '"',
        "a=b\n",
        "machine:\n",
        "f()",
        "- ",
        "{",
        "[",
        "<<A;",
        "\\\n",
        "cat >f.yml <<A\nservices:\nA\ndocker compose up\n",
        "sh f\n",
    ],
)
@pytest.mark.parametrize("head", ["#!/bin/sh\n", "#cloud-config\n", "<powershell>\n", "{"])
def test_hostile_text_ends_soon(head: str, text: str) -> None:
    start = time.process_time()
    of(head + text * (90_000 // len(text)))
    assert time.process_time() - start < 5


def test_a_command_with_an_expression_is_found_by_its_line() -> None:
    source = SourceText("main.tf", "docker pull x\n  docker run -d ${var.image}\n")
    value = Scalar("docker pull x\ndocker run -d nginx:1.27\n", source, 0, len(source.text))
    (started,) = analyse([value]).runs
    assert started.span.text == "docker run -d ${var.image}"
