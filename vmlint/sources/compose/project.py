"""A Compose project: its services with what they run, and what their other files say of them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vmlint.evaluation.environment import read_environment, read_raw_environment
from vmlint.evaluation.interpolation import Environment, Variable
from vmlint.files import folder_of, join
from vmlint.model.fact import Fact, Known, Unknown, value_or
from vmlint.model.finding import Problem
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Unresolved, Value, at, entries, items, text
from vmlint.sources.compose.loading import Loader, beside, bodies
from vmlint.sources.compose.merge import as_mapping, merge, without_repeats, without_resets
from vmlint.sources.reading import Surroundings

if TYPE_CHECKING:
    from vmlint.sources.dockerfile import BuiltImage


@dataclass(slots=True)
class Service:
    """A service after merging. `folders` tells where the relative paths of a file start, `variables` what its files
    are given, `gaps` are parts that cannot be read."""

    name: str
    body: Value
    span: Span
    folders: Mapping_[str, str]
    variables: Environment
    gaps: tuple[Unknown, ...] = ()

    def path(self, name: str, value: Value) -> str:
        """A relative path of the service, seen from the folder of the project or of the file that says it."""
        path = value.source.path
        return join(self.folders.get(path) or folder_of(path), name)


@dataclass(slots=True)
class Project:
    """`root` is the merged tree; `volumes` its top-level volumes. `path` names the project in reports."""

    path: str
    surroundings: Surroundings
    root: Value
    services: list[Service] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    volumes: Value = field(init=False)
    _built: dict[str, BuiltImage | None] = field(default_factory=dict)
    _makers: dict[str, Service] | None = None

    def __post_init__(self) -> None:
        self.volumes = Missing(self.root.source, self.root.start, self.root.end)

    def environment(self, service: Service) -> dict[str, Fact[str]]:
        """The container's environment: `env_file` entries, then `environment`. A name without a value is taken
        from the project's variables, which the environment of the run completes: unknown where neither sets it."""
        found = self._named_files(service, "env_file")
        for name, value in entries(as_mapping(at(service.body, "environment"))):
            if not isinstance(value, Scalar) or value.value is not None:
                found[name] = text(value)
            elif (variable := service.variables.get(name)) is not None:
                via = () if variable.origin is None else (variable.origin,)
                found[name] = Known(variable.value, value.span, (*via, *value.via))
            elif not service.variables.complete:
                reason = "the environment is not part of the scan"
                found[name] = Unknown(f"${{{name}}}", reason, value.span, value.via)
        return found

    def labels(self, service: Service) -> dict[str, Fact[str]]:
        """The labels of `deploy`, of `label_file` and of the service itself, the last ones going first."""
        deployed = {key: text(value) for key, value in entries(as_mapping(at(service.body, "deploy", "labels")))}
        own = {key: text(value) for key, value in entries(as_mapping(at(service.body, "labels")))}
        return {**deployed, **self._named_files(service, "label_file"), **own}

    def _named_files(self, service: Service, key: str) -> dict[str, Fact[str]]:
        """What the files of `env_file` or `label_file` set."""
        found: dict[str, Fact[str]] = {}
        for item in items(at(service.body, key)):
            path = text(at(item, "path") if isinstance(item, Mapping) else item)
            source = self._beside(service.path(path.value, item)) if isinstance(path, Known) else None
            if source is not None:
                for name, variable in _variables(source, item, service.variables).items():
                    place = path.span if variable.origin is None else variable.origin.span
                    found[name] = Known(variable.value, place)
        return found

    def built(self, service: Service) -> BuiltImage | None:
        """What `build:` makes, read from the Dockerfile inside the root, or what a service beside it builds under
        the same image; None where there is none to read."""
        if service.name not in self._built:
            self._built[service.name] = None  # where a build leads back to itself
            maker = self._maker(text(at(service.body, "image"))) if _builds_nothing(service) else service
            self._built[service.name] = None if maker is None else self._read(maker)
        return self._built[service.name]

    def images(self) -> Iterator[tuple[str, BuiltImage]]:
        """The images that the project builds, by the reference that it gives them, tag included."""
        for service in self.services:
            reference = text(at(service.body, "image"))
            if isinstance(reference, Known) and not _builds_nothing(service):
                built = self.built(service)
                if built is not None:
                    name = reference.value
                    yield name if ":" in name.rpartition("/")[2] else f"{name}:latest", built

    def _maker(self, reference: Fact[str]) -> Service | None:
        """The service that builds the image of that reference."""
        if self._makers is None:
            self._makers = {}
            for service in self.services:
                image = text(at(service.body, "image"))
                if isinstance(image, Known) and not _builds_nothing(service):
                    self._makers.setdefault(image.value, service)
        return self._makers.get(reference.value) if isinstance(reference, Known) else None

    def _read(self, service: Service) -> BuiltImage | None:
        from vmlint.sources import dockerfile

        build = at(service.body, "build")
        target = value_or(text(at(build, "target")), "")
        arguments = {name: _argument(name, value) for name, value in entries(as_mapping(at(build, "args")))}
        inline = text(at(build, "dockerfile_inline"))
        if isinstance(inline, Known):
            image = dockerfile.read(SourceText(inline.span.path, inline.value), target, arguments)
            return self._on_own_base(dockerfile.placed(image, inline.span.first_line()), build)
        context = text(at(build, "context") if isinstance(build, Mapping) else build)
        name = text(at(build, "dockerfile"))
        if isinstance(context, Unknown) or isinstance(name, Unknown):
            return None
        folder = value_or(context, ".")
        if "://" in folder:
            return None
        source = self._beside(self._file(service, folder, value_or(name, "Dockerfile"), build))
        return None if source is None else self._on_own_base(dockerfile.read(source, target, arguments), build)

    def _file(self, service: Service, context: str, name: str, build: Value) -> str:
        """The Dockerfile of a context. A file that only completes others, as an extension does, is started from a
        folder above: the nearest one that has the context."""
        path = found = join(service.path(context, build), name)
        folder = folder_of(build.source.path)
        inner = context.removeprefix("./").strip("/") not in ("", ".") and not context.startswith(("..", "/", "~"))
        # `.` and `/` are their own folders: the top of relative and of absolute paths.
        while inner and folder_of(folder) != folder and not folder.startswith(".."):
            if self.surroundings.files.is_file(found):
                break
            folder = folder_of(folder)
            found = join(folder, join(context, name))
        return found if self.surroundings.files.is_file(found) else path

    def _on_own_base(self, image: BuiltImage, build: Value) -> BuiltImage:
        """The image with what its base is, where the base is a build context of that name or built here itself."""
        if not isinstance(image.base, Known):
            return image
        contexts = as_mapping(at(build, "additional_contexts"))
        named = value_or(text(at(contexts, image.base.value)), "")
        if named.startswith("docker-image://"):
            image.base = Known(named.removeprefix("docker-image://"), image.base.span, image.base.via)
        name = named.removeprefix("service:") if named.startswith("service:") else None
        of_name = next((one for one in self.services if one.name == name), None) if name else None
        maker = of_name or self._maker(image.base)
        below = self.built(maker) if maker is not None else None
        return image if below is None else image.on(below)

    def _beside(self, path: str) -> SourceText | None:
        found = beside(path, self.surroundings)
        if isinstance(found, SourceText):
            self.files.add(found.path)
            return found
        if found is not None:
            self.problems.append(found)
        return None


def _builds_nothing(service: Service) -> bool:
    return isinstance(at(service.body, "build"), Missing | Unresolved)


def _argument(name: str, value: Value) -> str:
    """A build argument as text; one that the files do not settle stays a variable."""
    if isinstance(value, Scalar) and value.value is not None:
        return value.text
    parts = value.parts if isinstance(value, Unresolved) else ()
    return "".join(part if isinstance(part, str) else part.expression for part in parts) or f"${{{name}}}"


def load(paths: tuple[str, ...], surroundings: Surroundings) -> Project:
    """The project of these files in order. What cannot be read is among its problems."""
    loader = Loader(surroundings)
    layers = loader.layers(paths)
    if not layers:
        empty = Missing(SourceText(paths[0], ""), 0, 0)
        return Project(paths[0], surroundings, empty, problems=loader.problems, files=loader.files)
    root = without_resets(layers[0].root)
    project = Project(paths[0], surroundings, root, [], loader.problems, loader.files)
    found: dict[str, Service] = {}
    for layer in layers:
        project.volumes = without_resets(merge(at(layer.root, "volumes"), project.volumes))
        for name, body in bodies(layer):
            above = found.get(name)
            if above is not None and above.body.source.path not in paths:
                continue  # two included files say it: the first one counts
            gaps = tuple(layer.gaps.get(name, ()))
            merged: Value = body
            if above is not None:
                merged, gaps = merge(body, above.body), (*gaps, *above.gaps)
            merged = without_repeats(without_resets(merged))
            found[name] = Service(name, merged, merged.key_span, loader.folders, layer.variables, gaps)
    project.services = list(found.values())
    return project


def _variables(source: SourceText, item: Value, outer: Environment) -> dict[str, Variable]:
    if value_or(text(at(item, "format")), "") == "raw":
        return read_raw_environment(source, outer)
    return read_environment(source, outer).variables


def has_image(body: Value) -> bool:
    """Whether a service can run: a fragment with neither image nor build is no workload, nor is what a provider
    outside the engine runs."""
    if not isinstance(at(body, "provider"), Missing):
        return False
    return not (isinstance(at(body, "image"), Missing) and isinstance(at(body, "build"), Missing))
