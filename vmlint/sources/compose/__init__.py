"""Docker Compose: projects to workloads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vmlint.files import folder_of, join
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Missing, Sequence, Value, at, entries
from vmlint.sources.compose.engine import engine_of
from vmlint.sources.compose.loading import Loader
from vmlint.sources.compose.project import Project, has_image, load
from vmlint.sources.compose.service import workload
from vmlint.sources.reading import Reading, Surroundings, Unit

_NAME = re.compile(
    r"(docker-|podman-)?compose([.-][\w.-]+)?\.ya?ml|.*[-.]compose\.ya?ml|(docker-|podman-)stack([.-][\w.-]+)?\.ya?ml",
    re.IGNORECASE,
)
# In the order in which Compose looks for them.
_PRIMARY = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = (
    *("compose.override.yml", "compose.override.yaml"),
    *("docker-compose.override.yml", "docker-compose.override.yaml"),
)


def is_compose_name(path: str) -> bool:
    """Whether a file is named as Compose files are: `compose.yaml`, `docker-compose.prod.yml`."""
    return _NAME.fullmatch(path.rsplit("/", 1)[-1]) is not None


def looks_like(path: str, root: Value) -> bool:
    """Whether a document is a Compose file, by its content: services that are mappings with an image, a build or
    what they extend. The first version of the format has no `services:` and counts under the usual names only."""
    if not isinstance(root, Mapping) or "apiVersion" in root.entries or "kind" in root.entries:
        return False
    services = at(root, "services")
    if isinstance(services, Mapping):
        bodies = [body for _, body in entries(services)]
        known = any(isinstance(body, Mapping) and _RUNS & body.entries.keys() for body in bodies)
        if known and not is_compose_name(path):
            # Pipelines of several CI systems have services with images, beside keys of their own.
            return all(key in _TOP or key.startswith("x-") for key in root.entries)
        return known or (is_compose_name(path) and all(isinstance(b, Mapping | Missing) for b in bodies))
    if "include" in root.entries and is_compose_name(path):
        return True
    return is_compose_name(path) and any(
        isinstance(body, Mapping) and {"image", "build"} & body.entries.keys() for _, body in entries(root)
    )


def is_another_list(root: Value) -> bool:
    """Whether a document under one of the usual names is a list of something else: tasks of a playbook, steps of a
    pipeline."""
    return (
        isinstance(root, Sequence)
        and bool(root.items)
        and all(
            isinstance(item, Mapping) and not ({"services"} | _RUNS) & item.entries.keys() for item in root.items
        )
    )


# The elements of a Compose file (compose-spec, 03-compose-file.md).
_TOP = frozenset({"version", "name", "services", "networks", "volumes", "configs", "secrets", "include", "models"})
_RUNS = {"image", "build", "extends", "provider"}


def units(paths: Iterable[str], surroundings: Surroundings) -> list[Unit]:
    """The projects of these Compose files: the default file of a folder with its override, or what
    `COMPOSE_FILE` in the folder's `.env` names; every other file is a project of its own."""
    found: list[Unit] = []
    by_folder: dict[str, set[str]] = {}
    for path in paths:
        by_folder.setdefault(folder_of(path), set()).add(path)
    for folder, members in sorted(by_folder.items()):
        together = _together(folder, members, surroundings)
        if together:
            found.append(Unit("compose", together))
        found += [Unit("compose", (path,)) for path in sorted(members) if path not in together]
    return _without_included(found, surroundings)


def _without_included(found: list[Unit], surroundings: Surroundings) -> list[Unit]:
    """A file that another project includes is a part of that one."""
    parts: set[str] = set()
    for unit in found:
        if unit.paths[0] not in parts and any(_includes(path, surroundings) for path in unit.paths):
            layers = Loader(surroundings).layers(unit.paths)
            parts.update(path for layer in layers[1:] for path in layer.paths if path not in unit.paths)
    return [unit for unit in found if len(unit.paths) > 1 or unit.paths[0] not in parts]


def _includes(path: str, surroundings: Surroundings) -> bool:
    source = surroundings.files.text(path)
    return isinstance(source, SourceText) and re.search(r"^include\s*:", source.text, re.MULTILINE) is not None


def _together(folder: str, members: set[str], surroundings: Surroundings) -> tuple[str, ...]:
    """The files of the folder that Compose reads untold: what `COMPOSE_FILE` names, else the first of the usual
    names that is there, with the first override."""
    named = _compose_file(folder, surroundings)
    if any(path in members or surroundings.files.is_file(path) for path in named):
        return named
    primary = _first(folder, _PRIMARY, surroundings)
    override = _first(folder, _OVERRIDES, surroundings)
    if primary is None or not members & {primary, override}:
        return ()
    return (primary,) if override is None else (primary, override)


def _first(folder: str, names: tuple[str, ...], surroundings: Surroundings) -> str | None:
    paths = (join(folder, name) for name in names)
    return next((path for path in paths if surroundings.files.is_file(path)), None)


def _compose_file(folder: str, surroundings: Surroundings) -> tuple[str, ...]:
    """What `COMPOSE_FILE` names in the folder's `.env`, before it the environment of the run for the working
    directory."""
    run = surroundings.settings.environment if folder == "." else {}
    source = surroundings.files.text(join(folder, ".env"))
    if not run and not isinstance(source, SourceText):
        return ()
    from vmlint.evaluation.environment import of_the_run, read_environment

    variables = of_the_run(run)
    if isinstance(source, SourceText):
        variables = variables.over(read_environment(source, variables).variables)
    variable = variables.get("COMPOSE_FILE")
    if variable is None:
        return ()
    stated = variables.get("COMPOSE_PATH_SEPARATOR")
    separator = stated.value if stated is not None and stated.value else ";" if ";" in variable.value else ":"
    return tuple(join(folder, name.strip()) for name in variable.value.split(separator) if name.strip())


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads of one project."""
    project = load(unit.paths, surroundings)
    engine = engine_of(project)
    found = [workload(service, project, engine) for service in project.services if has_image(service.body)]
    workloads = tuple(one for one in found if one is not None)
    images = tuple(project.images())
    problems = (*project.problems, *_fragments(project))
    return Reading(workloads, (), problems, frozenset(project.files), images)


def _fragments(project: Project) -> Iterator[Problem]:
    """Services that say nothing to run, as in a file that is given to Compose after another one."""
    for service in project.services:
        if not (service.gaps or has_image(service.body)) and isinstance(at(service.body, "provider"), Missing):
            message = (
                f'the service "{service.name}" has neither image nor build: a part of another file\'s, no workload'
            )
            yield Problem(ProblemKind.SKIPPED, message, service.span)
