"""A Compose project: its files merged, `extends` and `include` resolved, variables put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vmlint.evaluation.interpolation import Environment, Variable, interpolate, read_environment
from vmlint.files import Refusal, folder_of, join
from vmlint.model.fact import Fact, Known, Origin, Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Unresolved, Value, at, entries, items, text
from vmlint.model.workload import OperatingSystem
from vmlint.sources.compose import dockerfile
from vmlint.sources.compose.merge import as_mapping, merge
from vmlint.sources.reading import Surroundings
from vmlint.syntax import yaml

MAX_DEPTH = 20

# Not taken over by `extends` (the specification, 05-services.md).
_NOT_EXTENDED = ("depends_on", "links", "external_links", "volumes_from", "extends")


@dataclass(slots=True)
class Service:
    """A service after merging. `folder` is where its relative paths start."""

    name: str
    body: Value
    span: Span
    folder: str


@dataclass(slots=True)
class Project:
    """`root` is the merged tree; `volumes` its top-level volumes. `path` names the project in reports."""

    path: str
    surroundings: Surroundings
    root: Value
    services: list[Service] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    variables: Environment = field(default_factory=dict)
    volumes: Value = field(init=False)
    engine_os: OperatingSystem = field(default_factory=lambda: OperatingSystem("linux"))

    def __post_init__(self) -> None:
        self.volumes = Missing(self.root.source, self.root.start, self.root.end)

    def environment(self, service: Service) -> dict[str, Fact[str]]:
        """The container's environment: `env_file` entries, then `environment`. A name without a value is taken
        from the run's environment and therefore unknown."""
        found: dict[str, Fact[str]] = {}
        for item in items(at(service.body, "env_file")):
            path = text(at(item, "path") if isinstance(item, Mapping) else item)
            if isinstance(path, Known):
                source = self.surroundings.files.text(join(service.folder, path.value))
                if isinstance(source, SourceText):
                    self.files.add(source.path)
                    for name, variable in read_environment(source).items():
                        found[name] = Known(variable.value, variable.origin.span)
        for name, value in entries(as_mapping(at(service.body, "environment"))):
            if isinstance(value, Scalar) and value.value is None:
                found[name] = Unknown(
                    f"${{{name}}}", "the environment is not part of the scan", value.span, value.via
                )
            else:
                found[name] = text(value)
        return found

    def built(self, service: Service) -> dockerfile.BuiltImage | None:
        """What `build:` makes, read from the Dockerfile inside the root; None where there is none to read."""
        build = at(service.body, "build")
        if isinstance(build, Missing | Unresolved):
            return None
        context = text(at(build, "context") if isinstance(build, Mapping) else build)
        inline = text(at(build, "dockerfile_inline"))
        target = text(at(build, "target"))
        if isinstance(inline, Known):
            source: SourceText | Refusal = SourceText(inline.span.path, inline.value)
        else:
            name = text(at(build, "dockerfile"))
            folder = context.value if isinstance(context, Known) else "."
            if isinstance(context, Unknown) or isinstance(name, Unknown) or "://" in folder:
                return None
            file = name.value if isinstance(name, Known) else "Dockerfile"
            source = self.surroundings.files.text(join(join(service.folder, folder), file))
        if isinstance(source, Refusal):
            return None
        return dockerfile.read(source, target.value if isinstance(target, Known) else "")


class _Loader:
    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.problems: list[Problem] = []
        self.files: set[str] = set()
        self.parsed: dict[str, Value | None] = {}

    def tree(self, path: str, place: Span | None) -> Value | None:
        """The first document of a file; None, with a problem told, where it cannot be read."""
        if path not in self.parsed:
            self.parsed[path] = self._tree(path, place)
        return self.parsed[path]

    def _tree(self, path: str, place: Span | None) -> Value | None:
        source = self.surroundings.files.text(path)
        if isinstance(source, Refusal):
            span = place or SourceText(path, "").whole()
            message = source.message if place is None else f"{path}: {source.message}"
            self.problems.append(Problem(ProblemKind.UNREADABLE, message, span))
            return None
        self.files.add(path)
        parsed = yaml.parse(source)
        self.problems.extend(parsed.problems)
        for key in parsed.duplicates:
            self.problems.append(
                Problem(ProblemKind.UNREADABLE, f'the key "{key.text}" is set twice; the last one is read', key)
            )
        roots = [document.root for document in parsed.documents if not isinstance(document.root, Missing)]
        return roots[0] if roots else None

    def extended(self, body: Value, folder: str, siblings: Value, variables: Environment, depth: int = 0) -> Value:
        """The service with what it `extends` beneath it."""
        reference = at(body, "extends")
        if isinstance(reference, Missing) or depth > MAX_DEPTH:
            return body
        name = text(at(reference, "service") if isinstance(reference, Mapping) else reference)
        file = text(at(reference, "file"))
        if not isinstance(name, Known) or isinstance(file, Unknown):
            return body
        if isinstance(file, Known):
            path = join(folder, file.value)
            tree = self.tree(path, file.span)
            if tree is None:
                return body
            siblings = at(interpolate(tree, variables), "services")
            folder = folder_of(path)
        base = at(siblings, name.value)
        if not isinstance(base, Mapping):
            self.problems.append(
                Problem(
                    ProblemKind.UNREADABLE,
                    f'extends names the service "{name.value}", which is not there',
                    name.span,
                )
            )
            return body
        base = self.extended(base, folder, siblings, variables, depth + 1)
        kept = base.moved(base.span, Origin(f"extends {name.value}", reference.entry_span.first_line()))
        if isinstance(kept, Mapping):
            origin = Origin(f"extends {name.value}", reference.key_span)
            kept.entries = {
                key: value.moved(value.span, origin, key_start=value.key_start)
                for key, value in kept.entries.items()
                if key not in _NOT_EXTENDED
            }
        return merge(kept, body)


def load(paths: tuple[str, ...], surroundings: Surroundings) -> Project:
    """The project of these files in order. What cannot be read is among its problems."""
    loader = _Loader(surroundings)
    folder = folder_of(paths[0])
    variables = _variables(folder, loader)
    root: Value | None = None
    for path in paths:
        tree = loader.tree(path, None)
        if tree is not None:
            tree = interpolate(tree, variables)
            root = tree if root is None else merge(root, tree)
    if root is None:
        empty = Missing(SourceText(paths[0], ""), 0, 0)
        return Project(paths[0], surroundings, empty, problems=loader.problems, files=loader.files)
    project = Project(paths[0], surroundings, root, [], loader.problems, loader.files, variables)
    volumes = at(root, "volumes")
    for name, body, span, home in _services(loader, root, folder, variables, 0):
        if all(known.name != name for known in project.services):
            project.services.append(Service(name, body, span, home))
    for included in _included(loader, root, folder):
        volumes = merge(at(interpolate(included[0], variables), "volumes"), volumes)
    project.volumes = volumes
    return project


def _services(
    loader: _Loader, root: Value, folder: str, variables: Environment, depth: int
) -> Iterator[tuple[str, Value, Span, str]]:
    services = at(root, "services")
    if isinstance(services, Missing) and isinstance(root, Mapping) and "services" not in root.entries:
        services = root  # the first version of the format has services at the top
    for name, body in entries(services):
        if isinstance(body, Mapping) and not name.startswith("x-") and body.tag != "!reset":
            merged = loader.extended(body, folder, services, variables)
            yield name, merged, body.key_span, folder
    if depth > MAX_DEPTH:
        return
    for tree, home in _included(loader, root, folder):
        yield from _services(
            loader, interpolate(tree, _layered(variables, home, loader)), home, variables, depth + 1
        )


def _included(loader: _Loader, root: Value, folder: str) -> Iterator[tuple[Value, str]]:
    for item in items(at(root, "include")):
        for reference in items(at(item, "path") if isinstance(item, Mapping) else item):
            path = text(reference)
            if isinstance(path, Known) and "://" not in path.value:
                target = join(folder, path.value)
                tree = loader.tree(target, path.span)
                if tree is not None:
                    yield tree, folder_of(target)


def _layered(variables: Environment, folder: str, loader: _Loader) -> Environment:
    return {**_variables(folder, loader), **variables}


def _variables(folder: str, loader: _Loader) -> dict[str, Variable]:
    """The project's `.env`, then the files of `--env-file`."""
    found: dict[str, Variable] = {}
    for path in (join(folder, ".env"), *loader.surroundings.settings.env_files):
        source = loader.surroundings.files.text(path)
        if isinstance(source, SourceText):
            found.update(read_environment(source))
    return found


def has_image(body: Value) -> bool:
    """Whether a service can run: a fragment with neither image nor build is no workload, nor is what a provider
    outside the engine runs."""
    if not isinstance(at(body, "provider"), Missing):
        return False
    return not (isinstance(at(body, "image"), Missing) and isinstance(at(body, "build"), Missing))
