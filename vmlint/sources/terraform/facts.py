"""Facts that every kind of resource has: substrate, operating system, labels, declarations, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vmlint.catalog import operating_systems, substrates
from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.catalog.terraform_types import ResourceType, provider_labels
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.need import SubstrateClass
from vmlint.model.record import record
from vmlint.model.value import Mapping, Value, at, entries, integer, items, text
from vmlint.model.workload import Declarations, OperatingSystem, Substrate, Workload
from vmlint.sources import declarations
from vmlint.sources.terraform.instances import Instance
from vmlint.sources.terraform.selection import Subject, first, first_text, holds, select, steps


@record
class Resource:
    """An evaluated resource with the row of its type. `root` is the folder of the root module, `kinds` the
    user's own kinds of Kubernetes objects."""

    instance: Instance
    kind: ResourceType
    root: str
    kinds: tuple[Kind, ...] = ()

    @property
    def absent(self) -> Absent:
        return Absent(self.instance.span)

    def text(self, fact: str) -> Fact[str]:
        return first_text(self.instance, self.kind.paths(fact), self.absent)

    def value(self, fact: str) -> Value | None:
        """The first value that stands where the row says."""
        for path in self.kind.paths(fact):
            found = first(self.instance, path)
            if found is not None:
                return found
        return None

    def values(self, fact: str) -> Iterator[Value]:
        for path in self.kind.paths(fact):
            yield from select(self.instance, path)

    def written(self, fact: str) -> Iterator[Value]:
        """The values whose own key is written, known or not: a map that is unknown as a whole writes none."""
        for path in self.kind.paths(fact):
            *above, key = steps(path)
            for holder in select(self.instance, ".".join(above)):
                if isinstance(holder, Mapping) and key in holder.entries:
                    yield holder.entries[key]


def substrate(resource: Resource, subject: Subject | None = None, span_of: Value | None = None) -> Fact[Substrate]:
    """What the row and its conditions come to. An unknown value decides nothing unless the condition is decisive,
    or unless all its outcomes agree."""
    subject = resource.instance if subject is None else subject
    for condition in resource.kind.rows("when"):
        held = holds(subject, condition)
        if isinstance(held, Unknown) and condition.get("decisive"):
            return held
        if held is True:
            written = first(subject, condition["path"])
            return _made(condition["substrate"], resource, written, certain=True)
    runtime = resource.text("runtime")
    if isinstance(runtime, Unknown):
        return runtime
    if isinstance(runtime, Known) and runtime.value.strip():
        cls, kind, provider, _ = resource.kind.row["substrate"]
        fact = substrates.of_runtime(runtime.value)
        if fact is None:
            found = Substrate(SubstrateClass(cls), provider, runtime.value, kind, runtime.span, certain=False)
        else:
            found = Substrate(fact.cls, provider, fact.runtime, fact.kind, runtime.span)
        return Known(found, runtime.span, runtime.via)
    return _made(resource.kind.row["substrate"], resource, span_of, certain=not resource.kind.row.get("uncertain"))


def _made(row: list[str], resource: Resource, written: Value | None, *, certain: bool) -> Known[Substrate]:
    span = resource.instance.span if written is None else written.entry_span
    via = () if written is None else written.via
    return Known(Substrate(SubstrateClass(row[0]), row[2], row[3], row[1], span, certain), span, via)


def stated_family(resource: Resource, subject: Subject | None = None) -> Fact[str]:
    """The family of the operating system by the type itself or an attribute of the row; absent where none tells."""
    if resource.kind.word("os"):
        return Known(resource.kind.word("os"), resource.instance.span)
    subject = resource.instance if subject is None else subject
    for condition in resource.kind.rows("os_when"):
        if holds(subject, condition) is True:
            written = first(subject, condition["path"])
            span = resource.instance.span if written is None else written.entry_span
            return Known(condition["os"], span, () if written is None else written.via)
    return resource.absent


def container_os(
    resource: Resource, images: Iterable[Fact[str]], subject: Subject | None = None
) -> Fact[OperatingSystem]:
    """Of containers: as stated, else by an image that names it, else Linux."""
    stated = stated_family(resource, subject)
    for image in images:
        if isinstance(image, Known):
            named = operating_systems.of_image(image.value)
            if named is not None and (not isinstance(stated, Known) or stated.value == named.family):
                system = OperatingSystem(named.family, named.distribution, named.release)
                return Known(system, image.span, image.via)
    if isinstance(stated, Known):
        return Known(OperatingSystem(stated.value), stated.span, stated.via)
    return Known(OperatingSystem("linux"), resource.instance.span)


def labels(resource: Resource, subject: Subject | None = None) -> dict[str, Fact[str]]:
    """Labels or tags, wherever the type has them; a plain tag is a key without a value, `key:value` and `key=value`
    ones are split."""
    subject = resource.instance if subject is None else subject
    found: dict[str, Fact[str]] = {}
    for path in resource.kind.paths("labels"):
        for value in select(subject, path):
            for key, item in entries(value):
                found.setdefault(key, text(item))
    blocks = resource.kind.mapping("tag_blocks")
    for block in select(subject, blocks["path"]) if blocks else ():
        key_fact = text(at(block, blocks["key"]))
        if isinstance(key_fact, Known):
            found.setdefault(key_fact.value, text(at(block, blocks["value"])))
    for path in resource.kind.paths("tags"):
        for value in select(subject, path):
            _split(text(value), found)
    for value in _labels_of_provider(resource) if subject is resource.instance else ():
        for key, item in entries(value):
            found.setdefault(key, text(item))
    return found


def _labels_of_provider(resource: Resource) -> Iterator[Value]:
    """Labels that the provider puts on every resource, as its configuration or a plan has them."""
    row = provider_labels(resource.instance.type)
    if not set(resource.kind.paths("labels")) & set(row.get("on", ())):
        return
    name, *rest = steps(row["setting"])
    setting = resource.instance.inherited(name)
    if setting is not None:
        yield from select(setting, ".".join(rest)) if rest else (setting,)
    yield from select(resource.instance, row["all"])


def _split(tag: Fact[str], found: dict[str, Fact[str]]) -> None:
    if not isinstance(tag, Known):
        return
    for word in tag.value.replace(";", ",").split(","):
        separator = "=" if "=" in word else ":" if word.count(":") == 1 else ""
        key, _, value = word.partition(separator) if separator else (word, "", "")
        if word.startswith("vmlint:") and "=" not in word:
            head, _, value = word.removeprefix("vmlint:").partition(":")
            key = f"vmlint:{head}"
        found.setdefault(key.strip(), Known(value.strip(), tag.span, tag.via))


def declared(found: dict[str, Fact[str]]) -> Declarations:
    return declarations.from_labels(found.items())


def multiplied(resource: Resource, own: Fact[int]) -> Fact[int]:
    """The instances of one resource times the resources that count makes; absent counts as one."""
    count = resource.instance.count
    match own, count:
        case Absent(), _:
            return count
        case Known(), Known():
            return Known(own.value * count.value, own.span, (*own.via, *count.via)) if count.value != 1 else own
        case Known(), Unknown():
            return count
    return own


def stated_count(resource: Resource, subject: Subject | None = None) -> Fact[int]:
    """The count that the row's paths state, the first that is."""
    subject = resource.instance if subject is None else subject
    least = resource.kind.row.get("at_least", 0)
    found = first_stated(
        (integer(value) for path in resource.kind.paths("count") for value in select(subject, path)),
        resource.absent,
    )
    return found.map(lambda number: max(number, least)) if isinstance(found, Known) else found


def words(value: Value | None) -> Fact[tuple[str, ...]] | None:
    """A command: a list as it is, one text as one word. An unknown word of a list is dropped."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return None
    facts = [text(item) for item in items(value)]
    known = tuple(fact.value for fact in facts if isinstance(fact, Known))
    unknown = next((fact for fact in facts if isinstance(fact, Unknown)), None)
    if unknown is not None and not known:
        return unknown
    return Known(known, value.entry_span, value.via)


def workload(resource: Resource, **facts: Any) -> Workload:
    """A workload with what every resource gives it; `facts` are the other fields."""
    instance = resource.instance
    return Workload(
        address=facts.pop("address", instance.address),
        name=facts.pop("name", instance.name),
        format="terraform",
        kind=instance.type,
        span=instance.span,
        unit=resource.root,
        call_chain=instance.call_chain,
        kind_role=resource.kind.word("role") or facts.pop("kind_role", ""),
        **facts,
    )
