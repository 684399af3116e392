"""The patches of a kustomization, applied to its objects."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from vmlint.catalog.kustomize import has_schema
from vmlint.files import Files, Refusal, join
from vmlint.model.fact import Unknown, value_or
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value, at, boolean, items
from vmlint.sources.kubernetes.documents import documents
from vmlint.sources.kustomize import embedded
from vmlint.sources.kustomize.json_patch import PatchError, applied, is_operations
from vmlint.sources.kustomize.kustomization import Kustomization
from vmlint.sources.kustomize.objects import Resource, of_patch, selected, words
from vmlint.sources.kustomize.strategic import DIRECTIVE, merged
from vmlint.sources.kustomize.trees import edited, with_items

MAX_WORK = 500_000
"""Patches times objects of one kustomization."""


@record
class _Patch:
    """One patch: `entry` is where the kustomization names it, `target` what it is for (None: what it says itself),
    `root` an object or a list of operations. `renames` and `changes_kind` are the options that let it do so."""

    entry: Value
    target: Value | None
    root: Value
    renames: bool = False
    changes_kind: bool = False


class Patcher:
    """Applies the patches of one kustomization. `gap` tells that objects may be missing: a patch for one of those
    is then all that is known of it. `problems` and `files` are what was met and read on the way."""

    def __init__(self, own: Kustomization, files: Files, gap: Unknown | None) -> None:
        self._own = own
        self._files = files
        self._gap = gap
        self._left = MAX_WORK
        self.problems: list[Problem] = []
        self.files: set[str] = set()

    def strategic(self, resources: list[Resource]) -> list[Resource]:
        """`patchesStrategicMerge:`."""
        for entry in words(at(self._own.root, "patchesStrategicMerge")):
            roots = self._inline(entry) if "\n" in entry.text else self._file(entry)
            for root in roots:
                resources = self._apply(_Patch(entry, None, root), resources)
        return resources

    def patches(self, resources: list[Resource]) -> list[Resource]:
        """`patches:`."""
        return self._field("patches", resources)

    def json(self, resources: list[Resource]) -> list[Resource]:
        """`patchesJson6902:`."""
        return self._field("patchesJson6902", resources)

    def _field(self, field: str, resources: list[Resource]) -> list[Resource]:
        for item in items(at(self._own.root, field)):
            for patch in self._patches(item):
                resources = self._apply(patch, resources)
        return resources

    def _patches(self, item: Value) -> Iterator[_Patch]:
        target, path, text, options = (at(item, key) for key in ("target", "path", "patch", "options"))
        renames, changes_kind = (
            value_or(boolean(at(options, key)), False) for key in ("allowNameChange", "allowKindChange")
        )
        if isinstance(path, Scalar):
            roots = self._file(path)
        else:
            roots = self._inline(text) if isinstance(text, Scalar) else []
        for root in roots:
            yield _Patch(item, target if isinstance(target, Mapping) else None, root, renames, changes_kind)

    def _file(self, entry: Scalar) -> list[Value]:
        source = self._files.text(join(self._own.folder, entry.text))
        if isinstance(source, Refusal):
            self._tell(ProblemKind.UNREADABLE, f"the patch {entry.text}: {source.message}", entry)
            return []
        self.files.add(source.path)
        roots, problems = documents(source)
        self.problems += problems
        return roots

    def _inline(self, text: Scalar) -> list[Value]:
        roots, problems = embedded.documents(text)
        self.problems += problems
        return roots

    def _apply(self, patch: _Patch, resources: list[Resource]) -> list[Resource]:
        root = patch.root
        changes = len(root.items) if isinstance(root, Sequence) else 1
        told = self._left < 0
        self._left -= changes * len(resources)
        if self._left < 0:
            if not told:
                message = "the patches times the objects are more than is worked out: the rest is left out"
                self._tell(ProblemKind.UNREADABLE, message, self._own.root)
            return resources
        if is_operations(root) and isinstance(root, Sequence):
            if patch.target is None:
                self._tell(ProblemKind.UNREADABLE, "the operations of this patch have no target", patch.entry)
                return resources
            return [self._operated(r, root, patch) if selected(patch.target, r) else r for r in resources]
        if not isinstance(root, Mapping):
            return resources
        if patch.target is not None:
            chosen = [number for number, r in enumerate(resources) if selected(patch.target, r)]
        else:
            chosen = of_patch(root, resources)
            if not chosen:
                return [*resources, *self._for_nobody(root, patch)]
        found: list[Resource] = []
        for number, resource in enumerate(resources):
            found += self._merged(resource, root, patch) if number in chosen else [resource]
        return found

    def _merged(self, resource: Resource, root: Mapping, patch: _Patch) -> list[Resource]:
        made = merged(resource.body, _without_identity(root, patch), has_schema(resource.group))
        return [] if made is None else [resource.becomes(made, root.span.first_line())]

    def _operated(self, resource: Resource, operations: Sequence, patch: _Patch) -> Resource:
        body: Value = resource.body
        for operation in operations.items:
            try:
                body = applied(body, operation)
            except PatchError as error:
                message = f"the patch does not fit {resource.kind}/{resource.name}: {error}"
                # What the object lacks may stand in what could not be read.
                kind = ProblemKind.UNREADABLE if self._gap is None else ProblemKind.SKIPPED
                self._tell(kind, message, operation)
        kept: Value = resource.body
        if not patch.changes_kind and isinstance(kept, Mapping):
            body = edited(body, ["kind"], lambda _: kept.entries.get("kind"))
        return resource.becomes(body, operations.span.first_line())

    def _for_nobody(self, root: Mapping, patch: _Patch) -> list[Resource]:
        """A patch for an object that is not there. Where it may be in what could not be read, the patch is what is
        known of it."""
        wanted = Resource(root)
        if self._gap is None:
            message = f"{wanted.kind}/{wanted.name} is patched, and nothing of that name is there"
            self._tell(ProblemKind.SKIPPED, message, patch.entry)
            return []
        body = _open(root, self._gap)
        assert isinstance(body, Mapping)
        return [Resource(body, parts=(root.span.first_line(),))] if DIRECTIVE not in root.entries else []

    def _tell(self, kind: ProblemKind, message: str, place: Value) -> None:
        self.problems.append(Problem(kind, message, place.entry_span.first_line()))


def _without_identity(root: Mapping, patch: _Patch) -> Mapping:
    """A patch with a target says nothing of the kind and the name, unless it may change them."""
    patched: Value = root
    if not patch.changes_kind:
        patched = edited(edited(patched, ["kind"], lambda _: None), ["apiVersion"], lambda _: None)
    if not patch.renames:
        for key in ("name", "namespace"):
            patched = edited(patched, ["metadata", key], lambda _: None)
    assert isinstance(patched, Mapping)
    return patched


def _open(value: Value, gap: Unknown, path: str = "") -> Value:
    """The value with everything unknown that it does not say. But what names the object is all there is of that,
    and a pod is taken to run where it would by default: only its containers are unknown."""
    if isinstance(value, Mapping):
        if path.endswith("metadata"):
            return value
        changed = copy(value)
        changed.entries = {key: _open(item, gap, f"{path}.{key}") for key, item in value.entries.items()}
        if path.endswith(".template.spec"):
            changed.entries.setdefault("containers", Unresolved(gap))
        else:
            changed.rest = gap
        return changed
    if isinstance(value, Sequence):
        return with_items(value, [_open(item, gap, f"{path}[]") for item in value.items])
    return value
