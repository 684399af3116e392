"""Images that the scan builds itself: Dockerfiles behind manifests, where the link is certain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: thing}
spec:
  selector: {matchLabels: {app: thing}}
  template:
    metadata: {labels: {app: thing}}
    spec:
      containers: [{name: thing, image: IMAGE}]
"""
DOCKERFILE = 'FROM debian:12\nEXPOSE 8080\nCMD ["supervisord", "-n"]\n'
SKAFFOLD = """
apiVersion: skaffold/v4beta11
kind: Config
build:
  artifacts:
    - image: example.org/thing
      context: src
      docker: {dockerfile: Dockerfile}
"""
COMPOSE = "services: {thing: {build: src, image: 'REFERENCE'}}\n"


def scanned(vmlint: Callable[..., Outcome], image: str, **others: str) -> dict[str, Any]:
    files = {"k.yaml": MANIFEST.replace("IMAGE", image), "src/Dockerfile": DOCKERFILE}
    for name, text in {**files, **others}.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    report: dict[str, Any] = json.loads(vmlint("scan", "--format", "json", ".").out)
    assert report["unreadable"] == []
    return report


def told_of_the_manifest(report: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in report["findings"] if finding["workload"] == "Deployment/thing"]


@pytest.mark.parametrize(
    ("image", "others", "expected"),
    [
        ("example.org/thing:dev", {"skaffold.yaml": SKAFFOLD}, ["VML203"]),
        ("example.org/thing", {"skaffold.yaml": SKAFFOLD}, ["VML203"]),
        ("example.org/other", {"skaffold.yaml": SKAFFOLD}, []),
        ("example.org/thing", {"skaffold.yaml": SKAFFOLD.replace("docker:", "buildpacks:")}, []),
        ("thing:1", {"compose.yaml": COMPOSE.replace("REFERENCE", "thing:1")}, ["VML203"]),
        ("thing", {"compose.yaml": COMPOSE.replace("REFERENCE", "thing")}, ["VML203"]),
        ("thing:latest", {"compose.yaml": COMPOSE.replace("REFERENCE", "thing")}, ["VML203"]),
        ("thing:2", {"compose.yaml": COMPOSE.replace("REFERENCE", "thing:1")}, []),
        ("thing", {"Tiltfile": "docker_build('thing', 'src',\n  live_update=[sync('a', 'b')])\n"}, ["VML203"]),
        ("thing", {"Tiltfile": "docker_build('thing', '.', dockerfile='src/Dockerfile')\n"}, ["VML203"]),
        ("thing", {"Tiltfile": "# docker_build('thing', 'src')\ndocker_build(name, 'src')\n"}, []),
        ("thing", {"Tiltfile": "docker_build('thing', 'src', dockerfile_contents=x)"}, []),
        ("thing", {"Tiltfile": "docker_build('thing', 'src'"}, []),
    ],
)
def test_a_certain_link(
    vmlint: Callable[..., Outcome], image: str, others: dict[str, str], expected: list[str]
) -> None:
    assert told_of_the_manifest(scanned(vmlint, image, **others)) == expected


def test_the_place_is_the_dockerfile(vmlint: Callable[..., Outcome]) -> None:
    report = scanned(vmlint, "example.org/thing", **{"skaffold.yaml": SKAFFOLD})
    (finding,) = report["findings"]
    assert (finding["file"], finding["line"]) == ("src/Dockerfile", 3)


def test_two_builds_of_one_name_settle_nothing(vmlint: Callable[..., Outcome]) -> None:
    other = SKAFFOLD.replace("context: src", "context: other")
    others = {"skaffold.yaml": SKAFFOLD, "other/skaffold.yaml": other, "other/other/Dockerfile": "FROM a\n"}
    assert told_of_the_manifest(scanned(vmlint, "example.org/thing", **others)) == []


def test_what_the_manifest_says_goes_first(vmlint: Callable[..., Outcome]) -> None:
    text = MANIFEST.replace("image: IMAGE", "image: example.org/thing, command: [serve]")
    report = scanned(vmlint, "", **{"k.yaml": text, "skaffold.yaml": SKAFFOLD})
    assert told_of_the_manifest(report) == []
