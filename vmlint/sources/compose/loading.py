"""Compose files to merged layers: `.env`, interpolation, overrides, `include` and `extends`."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Names
from collections.abc import Sequence as Listed

from vmlint.evaluation.environment import of_the_run, read_environment
from vmlint.evaluation.interpolation import Environment, interpolate
from vmlint.files import Refusal, folder_of, join
from vmlint.model.fact import Fact, Known, Origin, Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import field, record
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Value, at, entries, items, text
from vmlint.sources.compose.merge import merge
from vmlint.sources.reading import Surroundings
from vmlint.syntax import yaml

MAX_DEPTH = 20
MAX_EXTENDS = 100
"""Services that one may extend, each the next."""
MAX_LAYERS = 200
"""Files that `include` may bring into one project."""


@record
class Layer:
    """Files that are merged into one tree: the project's own, or those of one `include`. `folder` is where their
    relative paths start; `gaps` are what services extend and nobody can read, by service."""

    root: Value
    paths: tuple[str, ...]
    folder: str
    variables: Environment
    gaps: Names[str, list[Unknown]] = field(default_factory=dict)

    @property
    def services(self) -> Value:
        return services_of(self.root)


def services_of(root: Value) -> Value:
    """The services of a file; the first version of the format has them at the top."""
    if isinstance(root, Mapping) and not {"services", "include"} & root.entries.keys():
        return root
    return at(root, "services")


class Loader:
    """Reads the files of one project, each once; `problems` and `files` tell of all."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.problems: list[Problem] = []
        self.files: set[str] = set()
        # Where the relative paths in a file start; in its own folder for one that is not here.
        self.folders: dict[str, str] = {}
        self._trees: dict[str, Value | None] = {}
        self._bases: dict[tuple[str, str, int], tuple[Value, tuple[Unknown, ...]]] = {}
        self._files: dict[tuple[str, int], Layer | None] = {}
        self._count = 0

    def layers(self, paths: tuple[str, ...]) -> list[Layer]:
        """The project's own layer, then what it includes; empty where no file can be read."""
        settings = self.surroundings.settings
        folder = folder_of(paths[0])
        run = of_the_run(settings.environment, settings.variables)
        variables = self._variables(folder, [(path, None) for path in settings.env_files], run)
        self.folders.update(dict.fromkeys(paths, folder))
        own = self._layer([(path, None) for path in paths], folder, variables)
        found = [] if own is None else [own, *self._included(own, frozenset(own.paths), 0)]
        for layer in found:
            self._check(layer)
        return found

    def _layer(self, paths: list[tuple[str, Span | None]], folder: str, variables: Environment) -> Layer | None:
        """The files, each with its variables and with what its services extend, laid on those before it."""
        root: Value | None = None
        gaps: dict[str, list[Unknown]] = {}
        for path, place in paths:
            tree = self._tree(path, place)
            if tree is not None:
                tree = self._extended(Layer(interpolate(tree, variables), (path,), folder, variables), gaps)
                root = tree if root is None else merge(root, tree)
        if root is None:
            return None
        return Layer(root, tuple(path for path, _ in paths), folder, variables, gaps)

    def _extended(self, file: Layer, gaps: dict[str, list[Unknown]]) -> Value:
        """The tree of a file in which every service has what it extends."""
        changed: dict[str, Value] = {}
        for name, body in bodies(file):
            if not isinstance(at(body, "extends"), Missing):
                changed[name] = self._with_base(body, file, gaps.setdefault(name, []))
        if not changed:
            return file.root
        services = file.services.moved(file.services.span, key_start=file.services.key_start)
        if isinstance(services, Mapping):
            services.entries = {**services.entries, **changed}
        if file.services is file.root:
            return services
        root = file.root.moved(file.root.span, key_start=file.root.key_start)
        if isinstance(root, Mapping):
            root.entries = {**root.entries, "services": services}
        return root

    def _check(self, layer: Layer) -> None:
        """Tell of services that are none. An override may leave the body of a service empty."""
        match layer.services:
            case Scalar() | Sequence() as services:
                self._unreadable("`services` is no mapping", services.entry_span.first_line())
            case Mapping(entries=entries) as services if services is not layer.root:
                for name, body in entries.items():
                    empty = isinstance(body, Scalar) and body.value is None
                    if empty and len(layer.paths) == 1:
                        self._unreadable(f'the service "{name}" is empty', body.key_span)
                    elif isinstance(body, Scalar | Sequence) and not empty:
                        self._unreadable(f'the service "{name}" is no mapping', body.key_span)

    def _included(self, layer: Layer, above: frozenset[str], depth: int) -> Iterator[Layer]:
        for item in items(at(layer.root, "include")):
            paths = self._local(items(at(item, "path") if isinstance(item, Mapping) else item), layer)
            self._count += 1
            if not paths or depth > MAX_DEPTH or self._count > MAX_LAYERS:
                continue
            if paths[0][0] in above:
                self._unreadable(f"{paths[0][0]} includes itself", paths[0][1])
                continue
            directory = text(at(item, "project_directory"))
            folder = folder_of(paths[0][0])
            if isinstance(directory, Known):
                folder = join(layer.folder, directory.value)
            env_files = self._local(items(at(item, "env_file")), layer)
            variables = self._variables(folder, env_files, layer.variables)
            self.folders.update((path, folder) for path, _ in paths)
            included = self._layer([*paths], folder, variables)
            if included is not None:
                yield included
                yield from self._included(included, above | set(included.paths), depth + 1)

    def _local(self, listed: Iterator[Value], layer: Layer) -> list[tuple[str, Span]]:
        """The files of a list of paths with their places. What lies elsewhere is told."""
        found: list[tuple[str, Span]] = []
        for path in map(text, listed):
            match path:
                case Known(value=name, span=span) if not _is_remote(name):
                    found.append((join(layer.folder, name), span))
                case Known(value=name, span=span):
                    self._elsewhere(f"{name} is included from elsewhere and not read", span)
                case Unknown(expression=name, span=span):
                    self._elsewhere(f"what is included depends on {name}", span)
        return found

    def _with_base(
        self, body: Value, layer: Layer, gaps: list[Unknown], above: tuple[tuple[str, str], ...] = ()
    ) -> Value:
        """The service with what it `extends` beneath it; its `!reset` marks stay. What cannot be followed is added
        to `gaps`; `above` are the services on the way, by file and name."""
        reference = at(body, "extends")
        if isinstance(reference, Missing):
            return body
        name = text(at(reference, "service") if isinstance(reference, Mapping) else reference)
        file = text(at(reference, "file"))
        below = self._layer_of(file, layer) if isinstance(name, Known) else None
        if below is None or not isinstance(name, Known):
            stated = file if isinstance(file, Known | Unknown) else name
            gaps.append(_gap(stated, reference))
            return body
        step = (below.paths[0], name.value)
        base = below.services.entries.get(name.value) if isinstance(below.services, Mapping) else None
        if base is None or step in above or len(above) > MAX_EXTENDS:
            message = f'extends names the service "{name.value}", which is not there'
            if base is not None:
                message = f'the service "{name.value}" extends itself'
                message = message if step in above else f"extends goes on through more than {MAX_EXTENDS} services"
            self._unreadable(message, name.span)
            gaps.append(_gap(name, reference))
            return body
        if not isinstance(base, Mapping):
            return body
        key = (*step, id(below.variables))
        if key not in self._bases:
            inner: list[Unknown] = []
            self._bases[key] = self._with_base(base, below, inner, (*above, step)), tuple(inner)
        base, theirs = self._bases[key]
        gaps += theirs
        kept = base.moved(body.span, key_start=body.key_start)
        if isinstance(kept, Mapping) and isinstance(base, Mapping):
            origin = Origin(f"extends {name.value}", reference.key_span)
            kept.entries = {
                key: value.moved(value.span, origin, key_start=value.key_start)
                for key, value in base.entries.items()
                if key != "extends"
            }
        return merge(kept, body)

    def _layer_of(self, file: Fact[str], layer: Layer) -> Layer | None:
        """The layer in which the extended service stands: the same one, or the file that `extends` names."""
        if not isinstance(file, Known):
            return None if isinstance(file, Unknown) else layer
        if _is_remote(file.value):
            return None
        path = join(layer.folder, file.value)
        if path in layer.paths and len(layer.paths) == 1:
            return layer
        key = (path, id(layer.variables))
        if key not in self._files:
            tree = self._tree(path, file.span)
            found = None if tree is None else interpolate(tree, layer.variables)
            one = None if found is None else Layer(found, (path,), folder_of(path), layer.variables)
            self._files[key] = one
        return self._files[key]

    def _tree(self, path: str, place: Span | None) -> Value | None:
        """The documents of a file, each laid on those before it; None, with a problem told, where there is none."""
        if path not in self._trees:
            self._trees[path] = self._read(path, place)
        return self._trees[path]

    def _read(self, path: str, place: Span | None) -> Value | None:
        source = self.surroundings.files.text(path)
        if isinstance(source, Refusal):
            span = place or SourceText(path, "").whole()
            message = source.message if place is None else f"{path}: {source.message}"
            self._unreadable(message, span)
            return None
        self.files.add(path)
        parsed = yaml.parse(source)
        self.problems.extend(parsed.problems)
        for key in parsed.duplicates:
            message = f'the key "{key.text}" is set twice; the last one is read'
            self._unreadable(message, key)
        for key in parsed.collections_as_keys:
            self._unreadable("a list or mapping stands where a key should; what it sets is not read", key)
        root: Value | None = None
        for document in parsed.documents:
            if isinstance(document.root, Mapping):
                self._check_strictly(document.root)
                root = document.root if root is None else merge(root, document.root)
        if root is None and not parsed.problems:
            self._unreadable("it is no Compose file: it holds no mapping", source.whole().first_line())
        return root

    def _check_strictly(self, root: Mapping) -> None:
        if self.surroundings.settings.strict:
            from vmlint.sources.compose import strict

            self.problems += strict.check(root)

    def _unreadable(self, message: str, span: Span) -> None:
        self.problems.append(Problem(ProblemKind.UNREADABLE, message, span))

    def _elsewhere(self, message: str, span: Span) -> None:
        self.problems.append(Problem(ProblemKind.ELSEWHERE, message, span))

    def _variables(
        self, folder: str, env_files: Listed[tuple[str, Span | None]], outer: Environment
    ) -> Environment:
        """What `outer` sets, then the named files, else the folder's `.env`."""
        found = Environment()
        for path, place in env_files or [(join(folder, ".env"), None)]:
            match beside(path, self.surroundings):
                case SourceText() as source:
                    self.files.add(path)
                    read = read_environment(source, outer.over(found))
                    found = Environment(read.variables).over(found)
                    self.problems += read.problems
                case Problem() as problem:
                    self.problems.append(problem)
                case None if place is not None:
                    self._unreadable(f"{path}: it does not exist in the scanned folder", place)
        return outer.over(found)


def beside(path: str, surroundings: Surroundings) -> SourceText | Problem | None:
    """A file that a project reads beside its Compose files: `.env`, an `env_file`, a Dockerfile. None where there
    is none in the root; a problem where it stands there and cannot be read."""
    source = surroundings.files.text(path)
    if isinstance(source, SourceText):
        return source
    if not surroundings.files.stands(path):
        return None
    return Problem(ProblemKind.UNREADABLE, source.message, SourceText(path, "").whole())


def bodies(layer: Layer) -> Iterator[tuple[str, Mapping]]:
    """Names and bodies of a layer's services. What is no mapping is passed over, and the fragments (`x-…`) between
    the services of the first version of the format."""
    first_version = layer.services is layer.root
    for name, body in entries(layer.services):
        if isinstance(body, Mapping) and not (first_version and name.startswith("x-")):
            yield name, body


def _is_remote(path: str) -> bool:
    """Whether a path is one that Compose would fetch: a URL, an OCI artefact, a Git remote."""
    return "://" in path or path.startswith(("git@", "oci:"))


def _gap(stated: Fact[str], reference: Value) -> Unknown:
    expression = stated.value if isinstance(stated, Known) else "extends"
    if isinstance(stated, Unknown):
        expression = stated.expression
    return Unknown(expression, "what the service extends cannot be read", reference.key_span)
