"""Image references taken apart and normalised: which product an image is, wherever it was pulled from.

`parse` is total: any text gives a reference, with empty parts where nothing stands. Normalising twice changes
nothing. The mirrors and vendor names that are folded are data (`data/registries.yaml`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from vmlint.catalog.tables import cache, table

DOCKER_HUB = "docker.io"
_PRIVATE = 0xE000
_EDGES = " \t\r\n\"'"


class ImageReference(NamedTuple):
    """`registry` (`docker.io` where none is written), `repository` the lower-case path below it without the
    registry's default namespace, `name` its last component; `tag` and `digest` as written, empty if absent.
    Placeholders such as `${TAG}` are kept as text."""

    registry: str
    repository: str
    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        text = f"{self.registry}/{self.repository}"
        if self.tag:
            text += f":{self.tag}"
        return f"{text}@{self.digest}" if self.digest else text

    @property
    def path(self) -> list[str]:
        """The components of the repository."""
        return self.repository.split("/")


@cache
def _placeholders() -> re.Pattern[str]:
    """Template text that may itself hold `:`, `/` and `@`: `${TAG:-1.2}`, `{{ .Values.tag }}`, `$(params.x)`."""
    return re.compile(r"\$\{(?:[^{}]|\{[^{}]*\})*\}|\{\{.*?\}\}|\$\([^()]*\)|%[sd]|<[^<>]*>")


def parse(text: str) -> ImageReference:
    """The reference that `text` is, as docker reads it, with mirrors folded onto the product they mirror."""
    masked, held = _masked(text.strip(_EDGES))
    masked = masked.removeprefix("docker-daemon:").split("://", 1)[-1]
    masked, _, digest = masked.partition("@")
    slash = masked.rfind("/")
    colon = masked.find(":", slash + 1)
    tag = "" if colon < 0 else masked[colon + 1 :].strip(_EDGES)
    path = (masked if colon < 0 else masked[:colon]).split("/")
    registry = path.pop(0) if len(path) > 1 and _is_registry(path[0]) else ""
    path = [stripped for part in path if (stripped := part.strip(_EDGES))]
    registry, path = _folded(registry.lower(), [part.lower() for part in path])
    repository = _restored("/".join(path), held)
    # The name of a component such as `${registry}` is the placeholder itself, slashes and all.
    name = _restored(path[-1], held) if path else ""
    restored = [_restored(part, held) for part in (registry, tag, digest.strip(_EDGES))]
    return ImageReference(restored[0], repository, name, restored[1], restored[2])


def is_placeholder(text: str) -> bool:
    """Whether `text` is template text through and through, so that nothing of it is known."""
    return not any(part.strip("-_./:") for part in _placeholders().split(text))


def without_placeholders(text: str) -> str:
    return _placeholders().sub("", text)


def _masked(text: str) -> tuple[str, list[str]]:
    """`text` with each placeholder replaced by one private character, and what was replaced."""
    if not any(mark in text for mark in "${%<"):
        return text, []
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return chr(_PRIVATE + len(held) - 1)

    return _placeholders().sub(hold, text), held


def _restored(text: str, held: list[str]) -> str:
    for at, placeholder in enumerate(held):
        text = text.replace(chr(_PRIVATE + at), placeholder)
    return text


def _is_registry(component: str) -> bool:
    return component == "localhost" or "." in component or ":" in component or component == chr(_PRIVATE)


def _folded(registry: str, path: list[str]) -> tuple[str, list[str]]:
    """Mirrors and default namespaces taken away, until nothing changes."""
    mirrors = table("registries")
    registry = mirrors["registries"].get(registry, registry) or DOCKER_HUB
    changed = True
    while changed and len(path) > 1:
        changed = False
        whole = f"{registry}/{'/'.join(path)}"
        for prefix, replacement in mirrors["prefixes"].items():
            if whole.startswith(prefix):
                registry, *path = (replacement + whole.removeprefix(prefix)).split("/")
                changed = True
                break
    return registry, path
