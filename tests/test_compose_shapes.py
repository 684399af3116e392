"""No shape of any part of a Compose file raises: each node of a full file is replaced by each odd value in turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from vmlint.files import Files, decode
from vmlint.sources import compose
from vmlint.sources.reading import Settings, Surroundings, Unit

FULL: dict[str, Any] = {
    "x-vmlint": {"sensitivity": "internal"},
    "include": [{"path": ["a.yaml"], "env_file": "b.env", "project_directory": "c"}],
    "volumes": {"v": {"driver_opts": {"type": "none", "o": "bind", "device": "/x"}}},
    "networks": {"n": {"driver": "overlay", "external": {"name": "host"}}},
    "services": {
        "a": {
            "image": "postgres:15",
            "build": {"context": ".", "args": {"A": "b"}, "additional_contexts": {"b": "service:a"}},
            "command": ["a", "b"],
            "entrypoint": "x y",
            "environment": {"A": "b", "C": None},
            "env_file": [{"path": "y.env"}],
            "label_file": "l",
            "labels": ["a=b"],
            "annotations": {"run.oci.handler": "krun"},
            "volumes": ["v:/data:ro", {"type": "bind", "source": "/x", "target": "/y", "read_only": True}],
            "devices": ["/dev/kvm:/dev/kvm", {"source": "/a", "target": "/b"}],
            "ports": ["80-81:80-81/udp", {"target": 80, "published": "80-90"}],
            "cap_add": ["ALL"],
            "security_opt": ["seccomp:unconfined"],
            "sysctls": {"a": 1},
            "privileged": True,
            "scale": 2,
            "mem_limit": "1g",
            "cpu_quota": 5,
            "deploy": {
                "mode": "global",
                "labels": {"a": "b"},
                "resources": {
                    "limits": {"cpus": "1", "memory": "1G"},
                    "reservations": {"devices": [{"capabilities": ["gpu"], "count": 1}]},
                },
                "placement": {"constraints": ["node.platform.os==windows"]},
            },
            "network_mode": "host",
            "platform": "linux/amd64",
            "gpus": "all",
            "networks": {"n": {}},
            "x-vmlint": {"role": "database"},
            "use_api_socket": True,
            "volumes_from": ["b:ro"],
        },
        "b": {"extends": {"service": "a", "file": "compose.yaml"}, "image": "q"},
    },
}
ODD = [None, [], {}, "", -1, [None], [[1]], {"a": None}, "${X}:${", "C:\\x:y", "\0"]


def paths(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield (*above, key)
        if isinstance(child, dict | list):
            yield from paths(child, (*above, key))


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_shape_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: object) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM debian:12\n", encoding="utf-8")
    for path in paths(FULL):
        tree = deepcopy(FULL)
        parent = tree
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = odd
        files = Files(".")
        files.put("compose.yaml", decode("compose.yaml", json.dumps(tree).encode()))
        reading = compose.read(Unit("compose", ("compose.yaml",)), Surroundings(files, Settings(strict=True)))
        assert {workload.name for workload in reading.workloads} <= {"a", "b"}
