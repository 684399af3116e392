"""What `kustomize build` would give: the objects of a kustomization after all that it and its bases do to them."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from vmlint.catalog.kustomize import looks_remote
from vmlint.files import Files, Refusal, join
from vmlint.model.fact import Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record, replace
from vmlint.model.span import Span
from vmlint.model.value import Scalar, Value, at, items
from vmlint.sources.kubernetes.documents import documents
from vmlint.sources.kustomize import transforms
from vmlint.sources.kustomize.generators import generated
from vmlint.sources.kustomize.kustomization import Kustomization, leads, load, not_built, settings, work
from vmlint.sources.kustomize.objects import Resource, unlisted
from vmlint.sources.kustomize.patches import Patcher
from vmlint.sources.kustomize.references import followed
from vmlint.sources.kustomize.replacements import replaced, with_variables

MAX_OBJECTS = 5_000
"""Objects of one kustomization: bases that use bases twice grow without a bound."""
MAX_LAYERS = 30
MAX_WORK = 500_000
"""Changes times objects."""
MAX_VARIABLES = 1_000


@record
class Built:
    """`gap` is what was not there to be read, so that objects may be missing; `files` all that was read."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: frozenset[str] = frozenset()
    gap: Unknown | None = None
    variables: tuple[Value, ...] = ()


_built: WeakKeyDictionary[Files, dict[str, Built]] = WeakKeyDictionary()


def build(path: str, files: Files) -> Built:
    """The objects of the kustomization at `path`. What several overlays use is built once."""
    found = _Builder(files, _built.setdefault(files, {})).build(path, ())
    resources = with_variables(followed(list(found.resources)), found.variables)
    return replace(found, resources=tuple(resources))


class _Layer:
    """One kustomization while it is built."""

    def __init__(self, resources: list[Resource] | None = None, gap: Unknown | None = None) -> None:
        self.resources = resources or []
        self.problems: list[Problem] = []
        self.files: set[str] = set()
        self.gap = gap
        self.variables: list[Value] = []

    def take(self, other: Built) -> None:
        self.problems += other.problems
        self.files |= other.files
        self.gap = self.gap or other.gap
        self.variables += other.variables


class _Builder:
    def __init__(self, files: Files, memo: dict[str, Built]) -> None:
        self._files = files
        self._memo = memo

    def build(self, path: str, open_: tuple[str, ...]) -> Built:
        if path not in self._memo:
            self._memo[path] = self._layer(path, _Layer(), open_)
        return self._memo[path]

    def _layer(self, path: str, layer: _Layer, open_: tuple[str, ...]) -> Built:
        """Resources, then generators, then components, then transformers, as kustomize does."""
        kustomization = load(path, self._files)
        layer.files.add(path)
        if kustomization is not None:
            first = kustomization.root.span.first_line()
            if kustomization.is_component and not open_:
                layer.gap = Unknown("the kustomization that uses the component", "none in the scan does", first)
            for entry in kustomization.resources:
                self._add(entry, kustomization, layer, (*open_, path))
            found, problems, read = generated(kustomization.root, path, self._files, layer.resources)
            layer.resources = found
            layer.problems += problems
            layer.files.update(read)
            self._untold(kustomization, layer)
            for entry in kustomization.components:
                self._component(entry, kustomization, layer, (*open_, path))
            self._transform(kustomization, layer)
            layer.resources = [_with_part(resource, first) for resource in layer.resources]
            layer.variables += items(at(kustomization.root, "vars"))
            del layer.variables[MAX_VARIABLES:]
        return Built(
            tuple(layer.resources),
            tuple(layer.problems),
            frozenset(layer.files),
            layer.gap,
            tuple(layer.variables),
        )

    def _add(self, entry: Scalar, own: Kustomization, layer: _Layer, open_: tuple[str, ...]) -> None:
        found = leads(entry, own.folder, self._files)
        if found.file:
            self._add_file(found.file, layer)
        elif found.kustomization and self._may_open(found.kustomization, entry, layer, open_):
            base = self.build(found.kustomization, open_)
            layer.take(base)
            span = entry.entry_span
            layer.resources += [replace(r, chain=(span, *r.chain)) for r in base.resources]
        elif not found.kustomization:
            self._missing(entry, found.why, found.remote, layer)
        if len(layer.resources) > MAX_OBJECTS:
            message = f"it comes to more than {MAX_OBJECTS:,} objects: the rest is left out"
            layer.problems.append(Problem(ProblemKind.UNREADABLE, message, entry.entry_span))
            del layer.resources[MAX_OBJECTS:]

    def _add_file(self, path: str, layer: _Layer) -> None:
        source = self._files.text(path)
        assert not isinstance(source, Refusal)
        roots, problems = documents(source)
        layer.problems += problems
        layer.files.add(path)
        layer.resources += [Resource(body) for root in roots for body in unlisted(root)]
        if problems and layer.gap is None:
            span = problems[0].span
            layer.gap = Unknown(path, "it is not read whole", span)

    def _may_open(self, path: str, entry: Scalar, layer: _Layer, open_: tuple[str, ...]) -> bool:
        if path in open_:
            message = f"the kustomization {path} uses itself"
        elif len(open_) > MAX_LAYERS:
            message = f"it stands upon more than {MAX_LAYERS} kustomizations"
        else:
            return True
        layer.problems.append(Problem(ProblemKind.UNREADABLE, message, entry.entry_span))
        return False

    def _missing(self, entry: Scalar, why: str, remote: bool, layer: _Layer) -> None:
        span = entry.entry_span
        layer.gap = layer.gap or Unknown(entry.text, why, span)
        kind = ProblemKind.ELSEWHERE if remote else ProblemKind.UNREADABLE
        message = f"{entry.text} is not rendered: {why}" if remote else f"{entry.text}: {why}"
        layer.problems.append(Problem(kind, message, span))

    def _component(self, entry: Scalar, own: Kustomization, layer: _Layer, open_: tuple[str, ...]) -> None:
        """A component works on the objects of the kustomization that uses it."""
        found = leads(entry, own.folder, self._files)
        if not found.kustomization:
            why = found.why or "a component is a folder"
            self._missing(entry, why, found.remote, layer)
        elif self._may_open(found.kustomization, entry, layer, open_):
            given = _Layer(layer.resources, layer.gap)
            built = self._layer(found.kustomization, given, open_)
            layer.resources = list(built.resources)
            layer.take(built)

    def _untold(self, own: Kustomization, layer: _Layer) -> None:
        for entry in settings(own.root):
            refusal = self._files.refusal(join(own.folder, entry.text))
            if refusal is not None and not looks_remote(entry.text):
                message = f"{entry.text}: {refusal.message}"
                layer.problems.append(Problem(ProblemKind.UNREADABLE, message, entry.entry_span))
        for what, item in not_built(own.root):
            span = item.entry_span.first_line()
            message = f"{what} of the kustomization {own.path} is not rendered: `kustomize build` would"
            layer.problems.append(Problem(ProblemKind.ELSEWHERE, message, span))
            layer.gap = layer.gap or Unknown(what, "nobody ran it", span)

    def _transform(self, own: Kustomization, layer: _Layer) -> None:
        root = own.root
        if work(root) * len(layer.resources) > MAX_WORK:
            message = "its changes times its objects are more than is worked out: nothing of it is changed"
            layer.problems.append(Problem(ProblemKind.UNREADABLE, message, root.span.first_line()))
            return
        patcher = Patcher(own, self._files, layer.gap)
        resources = patcher.strategic(layer.resources)
        resources = patcher.patches(resources)
        resources = [self._fields(resource, root) for resource in resources]
        resources = patcher.json(resources)
        resources = [
            transforms.with_images(transforms.scaled(r, at(root, "replicas")), at(root, "images"))
            for r in resources
        ]
        resources, problems, read = replaced(own, resources, self._files)
        layer.resources = resources
        layer.problems += [*patcher.problems, *problems]
        layer.files.update((*patcher.files, *read))

    def _fields(self, resource: Resource, root: Value) -> Resource:
        resource = transforms.placed(resource, at(root, "namespace"))
        resource = transforms.renamed(resource, at(root, "namePrefix"), at(root, "nameSuffix"))
        resource = transforms.commonly_labelled(resource, at(root, "commonLabels"))
        resource = transforms.labelled(resource, at(root, "labels"))
        return transforms.annotated(resource, at(root, "commonAnnotations"))


def _with_part(resource: Resource, span: Span) -> Resource:
    return resource if span in resource.parts else replace(resource, parts=(*resource.parts, span))
