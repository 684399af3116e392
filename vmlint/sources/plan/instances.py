"""Resource instances of a plan or state, as the readers of Terraform resources ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from vmlint.catalog.terraform_types import hashed_attributes, resource_type
from vmlint.evaluation.terraform.instances import ResourceInstance
from vmlint.evaluation.terraform.modules import RootModule
from vmlint.evaluation.terraform.values import agreed
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Missing, Scalar, Unresolved, Value
from vmlint.model.value import Sequence as SequenceValue
from vmlint.sources.plan.document import Document, Instance
from vmlint.sources.plan.places import JsonPlace, Place, of_block, span_of
from vmlint.sources.plan.references import (
    Configured,
    constant,
    module_names,
    without_counts,
    without_keys,
)
from vmlint.sources.plan.values import Told, built, filled
from vmlint.sources.terraform.instances import Instance as TerraformInstance
from vmlint.syntax.hcl import RawBlock
from vmlint.syntax.json_places import Places

MAX_COMPARED = 8
"""Instances that count makes of which the attributes are compared."""

_HASH = re.compile(r"[0-9a-f]{40}")


class Written:
    """The configuration that a plan was made from, where it is in the scan."""

    def __init__(self, root: RootModule) -> None:
        self.root = root
        self._modules = {without_keys(module.address): module for module in root.descendants()}

    def block(self, instance: Instance) -> RawBlock | None:
        module = self._modules.get(without_keys(instance.module))
        if module is None:
            return None
        return module.module.configuration.resources.get((instance.mode, instance.type, instance.name))

    def resources(self, address: str) -> list[ResourceInstance]:
        """Of a call with count, one for each index on which the arguments depend."""
        return self.root.resource(address)

    def chain(self, instance: Instance) -> tuple[Span, ...]:
        module = self._modules.get(without_keys(instance.module))
        return () if module is None else module.call_chain

    def reads(self, module: str) -> bool:
        """Whether the module of an address is there to be read."""
        return without_keys(module) in self._modules


class PlanRoot:
    """All instances of a document. Those that count makes are one, with how many."""

    def __init__(self, document: Document, written: Written | None = None) -> None:
        self.document = document
        self.written = written
        self.configured = Configured(document.configuration)
        self.places = Places(document.source)
        grouped: dict[str, list[Instance]] = {}
        for instance in document.instances:
            grouped.setdefault(without_counts(instance.address), []).append(instance)
        self.instances = [PlanInstance(self, address, found) for address, found in grouped.items()]

    @property
    def managed(self) -> list[PlanInstance]:
        return [instance for instance in self.instances if instance.mode == "managed"]

    @cached_property
    def by_address(self) -> dict[str, PlanInstance]:
        return {instance.address: instance for instance in self.instances}

    @cached_property
    def by_plain_address(self) -> dict[str, list[PlanInstance]]:
        """By address without any keys."""
        found: dict[str, list[PlanInstance]] = {}
        for instance in self.instances:
            found.setdefault(without_keys(instance.address), []).append(instance)
        return found

    @cached_property
    def by_identity(self) -> dict[str, PlanInstance]:
        """By what the provider calls an instance, which is what references of a state have come to."""
        found: dict[str, PlanInstance] = {}
        for instance in self.instances:
            kind = resource_type(instance.type)
            names = ("id", "arn", "self_link", "name") if kind is not None and kind.shape == "template" else (
                "id", "arn", "self_link")  # fmt: skip
            for member in instance.members:
                for name in names:
                    value = member.values.get(name)
                    if isinstance(value, str) and value and name not in _flags(member.sensitive):
                        found.setdefault(value, instance)
        return found

    def place(self, path: tuple[str | int, ...]) -> JsonPlace:
        start = self.document.start
        return JsonPlace(self.places, start, start + 1).walk(path)


class PlanModule:
    """The module that an instance stands in."""

    def __init__(self, root: PlanRoot, instance: PlanInstance) -> None:
        self._root = root
        self._instance = instance

    def referred(self, value: Value) -> Sequence[TerraformInstance]:
        if isinstance(value, Scalar) and isinstance(value.value, str):
            found = self._root.by_identity.get(value.value)
            return [] if found is None or found is self._instance else [found]
        if not isinstance(value, Unresolved):
            return []
        return list(self._planned(value.unknown.expression)) or list(self._written(value))

    def _planned(self, reference: str) -> Iterator[TerraformInstance]:
        here = self._instance.members[0].module
        for names, address in self._root.configured.targets(reference, module_names(here)):
            plain = "".join(f"module.{name}." for name in names) + address
            candidates = self._root.by_plain_address.get(plain, [])
            near = [c for c in candidates if c.members[0].module == here]
            yield from near or candidates

    def _written(self, value: Unresolved) -> Iterator[TerraformInstance]:
        """What a value of the configuration refers to, as the plan tells it."""
        written = self._instance.written
        for target in () if written is None else written.module.referred(value):
            yield self._root.by_address.get(target.address, target)


class PlanInstance:
    """One instance, or all that count makes of one resource. See `ResourceInstance`."""

    def __init__(self, root: PlanRoot, address: str, members: list[Instance]) -> None:
        self._root = root
        self._attributes: dict[str, Value] = {}
        self.address = address
        self.members = members

    @property
    def type(self) -> str:
        return self.members[0].type

    @property
    def name(self) -> str:
        return self.members[0].name

    @property
    def mode(self) -> str:
        return self.members[0].mode

    @property
    def module(self) -> PlanModule:
        return PlanModule(self._root, self)

    @cached_property
    def _all_written(self) -> list[ResourceInstance]:
        return [] if self._root.written is None else self._root.written.resources(self.address)

    @property
    def written(self) -> ResourceInstance | None:
        return self._all_written[0] if self._all_written else None

    @property
    def count(self) -> Fact[int]:
        """A state tells how many there are, the configuration how many there shall be."""
        if self._root.document.kind == "state" and self.written is not None:
            count = self.written.count
            if isinstance(count, Known):
                return count
        return Known(len(self.members), self.span)

    @cached_property
    def _block(self) -> RawBlock | None:
        return None if self._root.written is None else self._root.written.block(self.members[0])

    @cached_property
    def span(self) -> Span:
        if self._block is not None:
            return self._block.span
        member = self.members[0]
        path = member.path if member.holder == "values" else member.path[:-2]
        place = self._root.place((*path, "address" if member.holder == "values" else "name"))
        return Span(place.source, place.start if place.key_start < 0 else place.key_start, place.end)

    @property
    def call_chain(self) -> tuple[Span, ...]:
        return () if self._root.written is None else self._root.written.chain(self.members[0])

    def inherited(self, name: str) -> Value | None:
        return None if self.written is None else self.written.inherited(name)

    @property
    def body(self) -> Mapping:
        names = dict.fromkeys(name for m in self.members for name in (*m.values, *_flags(m.unknown)))
        found = {name: self.attribute(name) for name in names}
        entries = {name: value for name, value in found.items() if not isinstance(value, Missing)}
        place = self._place(self.members[0])
        return Mapping(entries, place.source, place.start, place.end, kind="object")

    def attribute(self, name: str) -> Value:
        """What the plan tells goes first; what it leaves open the configuration may know, in part at least. Of a
        state it is the other way round: the configuration is what is meant."""
        if name not in self._attributes:
            told = self._told(name)
            if self._all_written:
                meant = self._meant(name)
                told = filled(meant, told) if self._root.document.kind == "state" else filled(told, meant)
            self._attributes[name] = told
        return self._attributes[name]

    def _told(self, name: str) -> Value:
        if name == "provisioner":
            return self._provisioners()
        distinct: list[Instance] = []
        for member in self.members:
            if all(not _alike(member, other, name) for other in distinct):
                distinct.append(member)
            if len(distinct) == MAX_COMPARED:
                break
        found = [self._value(member, name) for member in distinct]
        if len(found) == 1:
            return found[0]
        return self._agreed(found)

    def _meant(self, name: str) -> Value:
        """What the configuration says, as far as it says the same of all instances."""
        found = [instance.attribute(name) for instance in self._all_written[:MAX_COMPARED]]
        return found[0] if len(found) == 1 else self._agreed(found)

    def _agreed(self, found: list[Value]) -> Value:
        reason = "it differs between the instances that count makes"
        return agreed(found, Unresolved(Unknown("count.index", reason, self.span)), self.span)

    def _value(self, member: Instance, name: str) -> Value:
        expression = self._expressions.get(name)
        raw = member.values.get(name)
        place = self._place(member).member(name)
        unknown = _flags(member.unknown).get(name)
        if name in hashed_attributes() and isinstance(raw, str) and _HASH.fullmatch(raw):
            raw = constant(expression)
            if not isinstance(raw, str):
                reason = "Terraform keeps only its hash"
                return Unresolved(Unknown(f"{self.address}.{name}", reason, span_of(place)))
        sensitive, label = _flags(member.sensitive).get(name), f"{self.address}.{name}"
        told = Told(raw, sensitive, unknown, expression, label, "expressions" in self._configuration)
        return built(told, place)

    def _place(self, member: Instance) -> Place:
        if self._block is not None:
            return of_block(self._block)
        return self._root.place((*member.path, member.holder))

    @cached_property
    def _configuration(self) -> dict[str, Any]:
        member = self.members[0]
        plain = f"{'data.' if member.mode == 'data' else ''}{member.type}.{member.name}"
        return self._root.configured.resource(module_names(member.module), plain)

    @property
    def _expressions(self) -> dict[str, Any]:
        found = self._configuration.get("expressions")
        return found if isinstance(found, dict) else {}

    def _provisioners(self) -> Value:
        """Provisioners are no values of a plan, but its configuration holds their constants."""
        found: list[Value] = []
        span = self.span
        listed = self._configuration.get("provisioners")
        for provisioner in listed if isinstance(listed, list) else ():
            expressions = provisioner.get("expressions") if isinstance(provisioner, dict) else None
            if not isinstance(expressions, dict):
                continue
            place = self._place(self.members[0])
            entries = {
                name: built(Told(constant(expression), None, None, expression, name), place)
                for name, expression in expressions.items()
                if constant(expression) is not None
            }
            made = Mapping(entries, span.source, span.start, span.end, kind="object")
            made.tag = str(provisioner.get("type"))
            found.append(made)
        if not found:
            return Missing(span.source, span.start, span.end)
        return SequenceValue(found, span.source, span.start, span.end)

    def __repr__(self) -> str:
        return f"PlanInstance({self.address!r})"


def _flags(marked: object) -> dict[str, Any]:
    return marked if isinstance(marked, dict) else {}


def _alike(one: Instance, two: Instance, name: str) -> bool:
    pairs: Iterable[tuple[Any, Any]] = (
        (one.values, two.values),
        (_flags(one.sensitive), _flags(two.sensitive)),
        (_flags(one.unknown), _flags(two.unknown)),
    )
    return all(left.get(name) == right.get(name) for left, right in pairs)
