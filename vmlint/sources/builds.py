"""Images that the scan itself builds: what Skaffold and Tilt files name, and the workloads that run them.

A manifest's image is taken for one that is built here only where that is certain: a Compose service builds and
tags that very reference, or an artifact of Skaffold or Tilt has that name and they put in the tag. Two builds of
one name that differ settle nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from vmlint.catalog.references import parse
from vmlint.files import folder_of, join
from vmlint.model.fact import Known, value_or
from vmlint.model.finding import Problem
from vmlint.model.record import replace
from vmlint.model.span import SourceText
from vmlint.model.value import Missing, Scalar, Value, at, entries, items, text
from vmlint.model.workload import Container, Workload
from vmlint.sources import dockerfile
from vmlint.sources.dockerfile import BuiltImage
from vmlint.sources.reading import Reading, Surroundings, Unit
from vmlint.syntax import yaml

MAX_CALL = 20_000
"""Characters of one `docker_build(…)`."""


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The images that a Skaffold file or a Tiltfile builds from Dockerfiles inside the root."""
    (path,) = unit.paths
    source = surroundings.files.text(path)
    if not isinstance(source, SourceText):
        return Reading()
    problems: tuple[Problem, ...] = ()
    if not path.endswith((".yaml", ".yml")):
        found = list(_of_tilt(source, surroundings))
    else:
        parsed = yaml.parse(source)
        problems = tuple(parsed.problems)
        found = [
            built
            for document in parsed.documents
            for artifact in items(at(document.root, "build", "artifacts"))
            for built in _of_artifact(artifact, path, surroundings)
        ]
    return Reading(problems=problems, files=frozenset({path}), images=tuple(found))


def _of_artifact(artifact: Value, path: str, surroundings: Surroundings) -> Iterator[tuple[str, BuiltImage]]:
    name, context = text(at(artifact, "image")), value_or(text(at(artifact, "context")), ".")
    builder = at(artifact, "kaniko") if not isinstance(at(artifact, "kaniko"), Missing) else at(artifact, "docker")
    others = {"buildpacks", "jib", "bazel", "ko", "custom"}
    if not isinstance(name, Known) or any(key in others for key, _ in entries(artifact)):
        return
    given = {key: value.text for key, value in entries(at(builder, "buildArgs")) if isinstance(value, Scalar)}
    file = join(folder_of(path), join(context, value_or(text(at(builder, "dockerfile")), "Dockerfile")))
    source = surroundings.files.text(file)
    if isinstance(source, SourceText):
        yield name.value, dockerfile.read(source, value_or(text(at(builder, "target")), ""), given)


def _of_tilt(source: SourceText, surroundings: Surroundings) -> Iterator[tuple[str, BuiltImage]]:
    """The calls of `docker_build` whose arguments are written out."""
    for match in _call().finditer(source.text):
        rest = _arguments(source.text, match.end())
        if rest is None or "dockerfile_contents" in rest:
            continue
        named = dict(_named().findall(rest))
        folder = join(folder_of(source.path), match[2])
        file = named.get("dockerfile")
        path = join(folder_of(source.path), file) if file else join(folder, "Dockerfile")
        found = surroundings.files.text(path)
        if isinstance(found, SourceText):
            yield match[1], dockerfile.read(found, named.get("target", ""))


@cache
def _call() -> re.Pattern[str]:
    string = r"[\"']([^\"'\n]+)[\"']"
    return re.compile(rf"^[ \t]*docker_build\(\s*(?:ref\s*=\s*)?{string}\s*,\s*(?:context\s*=\s*)?{string}", re.M)


@cache
def _named() -> re.Pattern[str]:
    return re.compile(r"\b(dockerfile|target)\s*=\s*[\"']([^\"'\n]+)[\"']")


def _arguments(text: str, start: int) -> str | None:
    """What stands up to the parenthesis that closes the call; None where none does."""
    level = 1
    for at_ in range(start, min(len(text), start + MAX_CALL)):
        level += (text[at_] == "(") - (text[at_] == ")")
        if level == 0:
            return text[start:at_]
    return None


def with_builds(workloads: Iterable[Workload], images: Iterable[tuple[str, BuiltImage]]) -> Iterator[Workload]:
    """The workloads with what the scan builds beneath the containers that run it, in the same order."""
    known: dict[str, BuiltImage | None] = {}
    for reference, image in images:
        key = str(parse(reference))
        known[key] = image if known.get(key, image) == image else None
    for workload in workloads:
        containers = tuple(_completed(container, known) for container in workload.containers)
        changed = any(new is not old for new, old in zip(containers, workload.containers, strict=True))
        yield replace(workload, containers=containers) if changed else workload


def _completed(container: Container, known: dict[str, BuiltImage | None]) -> Container:
    if container.base_image is not None or not isinstance(container.image, Known):
        return container
    reference = parse(container.image.value)
    whole = reference if reference.tag or reference.digest else reference._replace(tag="latest")
    built = known.get(str(whole)) or known.get(str(reference._replace(tag="", digest="")))
    return container if built is None else built.beneath(container)
