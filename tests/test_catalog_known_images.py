"""Public images, judged by hand beside the catalogue's rows: each gets its role, wherever it was pulled from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vmlint.catalog.compile import source_table
from vmlint.catalog.images import image
from vmlint.catalog.names import roles
from vmlint.catalog.references import parse
from vmlint.model.finding import Confidence

KNOWN: dict[str, Any] = source_table(Path(__file__).parent / "data" / "known_images.yaml")
MIRRORS = ("docker.io/", "index.docker.io/", "mirror.gcr.io/", "registry.example.com:5000/mirror/")


@pytest.mark.parametrize("role", KNOWN["roles"])
def test_known_images(role: str) -> None:
    assert role in roles()
    got = {text: fact.role if (fact := image(text)) is not None else None for text in KNOWN["roles"][role]}
    assert {text: found for text, found in got.items() if found != role} == {}


@pytest.mark.parametrize("role", KNOWN["roles"])
def test_a_known_image_is_sure_unless_it_is_a_runtime(role: str) -> None:
    facts = [(text, image(text)) for text in KNOWN["roles"][role]]
    low = [t for t, fact in facts if fact and fact.confidence is Confidence.LOW and fact.trait != "runtime"]
    assert low == []


@pytest.mark.parametrize("mirror", MIRRORS)
def test_a_mirror_changes_nothing(mirror: str) -> None:
    hub = [t for texts in KNOWN["roles"].values() for t in texts if parse(t).registry == "docker.io" and "/" in t]
    hub = [text for text in hub if not text.startswith(("docker.io/", "lscr.io/", "index."))]
    assert len(hub) > 500
    different = [text for text in hub if _role(mirror + text) != _role(text)]
    assert different == []


def test_a_digest_or_an_unknown_tag_changes_nothing() -> None:
    plain = [text for texts in KNOWN["roles"].values() for text in texts if not parse(text).tag]
    assert [text for text in plain if _role(f"{text}@sha256:{'0' * 64}") != _role(text)] == []
    assert [text for text in plain if _role(text + ":${TAG}") != _role(text)] == []


def _role(text: str) -> str:
    fact = image(text)
    return fact.role if fact is not None else ""
