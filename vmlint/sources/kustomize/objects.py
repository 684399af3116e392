"""Objects on their way through kustomizations, and how patches and replacements find them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vmlint.evaluation.terraform.functions.calling import Refused
from vmlint.evaluation.terraform.functions.patterns import compiled
from vmlint.model.fact import Known, value_or
from vmlint.model.record import record, replace
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at, entries, items, text


@record
class Resource:
    """An object as the kustomizations so far make it. `earlier` are the names (namespace, name) that it had before;
    `chain` the entries of kustomizations through which it came, outermost first; `parts` the first lines of the
    kustomizations and patches that have a hand in it."""

    body: Mapping
    earlier: tuple[tuple[str, str], ...] = ()
    chain: tuple[Span, ...] = ()
    parts: tuple[Span, ...] = ()

    @property
    def kind(self) -> str:
        return value_or(text(at(self.body, "kind")), "")

    @property
    def group(self) -> str:
        return value_or(text(at(self.body, "apiVersion")), "").rpartition("/")[0]

    @property
    def version(self) -> str:
        return value_or(text(at(self.body, "apiVersion")), "").rpartition("/")[2]

    @property
    def name(self) -> str:
        metadata = at(self.body, "metadata")
        return value_or(text(at(metadata, "name")), "") or value_or(text(at(metadata, "generateName")), "")

    @property
    def namespace(self) -> str:
        return value_or(text(at(self.body, "metadata", "namespace")), "")

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """All names that the object has or had, the present one first."""
        return ((self.namespace, self.name), *self.earlier)

    def becomes(self, body: Value, *parts: Span) -> Resource:
        """The object with another body, which keeps the names that it had."""
        if body is self.body or not isinstance(body, Mapping):
            return self
        changed = replace(self, body=body, parts=(*self.parts, *(p for p in parts if p not in self.parts)))
        before = (self.namespace, self.name)
        if (changed.namespace, changed.name) != before and before not in self.earlier:
            changed = replace(changed, earlier=(*self.earlier, before))
        return changed


def unlisted(root: Value) -> Iterator[Mapping]:
    """The objects of a document: itself, or the members of a List."""
    if not isinstance(root, Mapping):
        return
    kind, members = at(root, "kind"), at(root, "items")
    if isinstance(kind, Scalar) and kind.text.endswith("List") and isinstance(members, Sequence):
        for member in members.items:
            yield from unlisted(member)
    elif isinstance(kind, Scalar) and isinstance(at(root, "apiVersion"), Scalar):
        yield root


def of_patch(patch: Mapping, resources: Iterable[Resource]) -> list[int]:
    """Which objects a patch without a target means: those of its kind and name, in its namespace if it states one
    and one of them is there."""
    wanted = Resource(patch)
    found = [
        number
        for number, resource in enumerate(resources)
        if (resource.kind, resource.group) == (wanted.kind, wanted.group)
        and any(name == wanted.name for _, name in resource.names)
    ]
    exact = [n for n, r in enumerate(resources) if n in found and (wanted.namespace, wanted.name) in r.names]
    return exact or (found if not wanted.namespace else [])


def selected(target: Value, resource: Resource) -> bool:
    """Whether a target or selector (`group`, `version`, `kind`, `name`, `namespace`, `labelSelector`,
    `annotationSelector`) means the object. Names are anchored patterns, and any that the object had counts."""
    plain = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    if not all(_fits(at(target, key), has) for key, has in plain.items()):
        return False
    name, namespace = at(target, "name"), at(target, "namespace")
    if not any(_fits(name, own) and _fits(namespace, where) for where, own in resource.names):
        return False
    metadata = at(resource.body, "metadata")
    return _has(at(target, "labelSelector"), at(metadata, "labels")) and _has(
        at(target, "annotationSelector"), at(metadata, "annotations")
    )


def _fits(pattern: Value, has: str) -> bool:
    wanted = text(pattern)
    if not isinstance(wanted, Known) or not wanted.value:
        return True
    try:
        return compiled(f"^(?:{wanted.value})$", has).match(has) is not None
    except Refused:
        return wanted.value == has


def _has(selector: Value, labels: Value) -> bool:
    """Whether labels meet a selector of `key`, `!key`, `key=value` and `key!=value`, separated by commas."""
    stated = text(selector)
    if not isinstance(stated, Known):
        return True
    has = {key: value_or(text(value), "") for key, value in entries(labels)}
    return all(_meets(part.strip(), has) for part in stated.value.split(",") if part.strip())


def _meets(requirement: str, has: dict[str, str]) -> bool:
    key, unequal, value = requirement.partition("!=")
    if unequal:
        return has.get(key.strip()) != value.strip()
    key, equal, value = requirement.partition("=")
    if equal:
        return has.get(key.strip()) == value.lstrip("=").strip()
    return key[1:].strip() not in has if key.startswith("!") else key in has


def words(value: Value) -> list[Scalar]:
    """The texts of a list."""
    return [item for item in items(value) if isinstance(item, Scalar)]
