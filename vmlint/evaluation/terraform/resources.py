"""Resources after `count` and `for_each`, and the evaluation of their bodies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.conversions import to_number
from vmlint.evaluation.terraform.expressions import evaluate_safely, members
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import (
    again,
    agreed,
    excerpt,
    failed,
    normal_number,
    scalar,
    scalar_text,
    unresolved,
)
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value
from vmlint.syntax import hcl_ast as ast

if TYPE_CHECKING:
    from vmlint.evaluation.terraform.module import Module
    from vmlint.syntax.hcl import RawBlock

MAX_KEYS = 2_000
"""Instances that one for_each is expanded to; beyond, they are one with an unknown key."""

MAX_BLOCKS = 5_000
"""Blocks that one `dynamic` makes with those inside it."""

MAX_INDICES = 8
"""Values of `count.index` for which a body is evaluated: to see on what the instances agree, and for references to
one of them."""

META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "providers", "source", "version"})


class Expansion:
    """What `count` or `for_each` of a block comes to: for each instance its key, how many it stands for, and the
    names `each` or `count`."""

    __slots__ = ("count", "index", "key", "names")

    def __init__(
        self, key: str | None, count: Fact[int], names: dict[str, Value], index: Unresolved | None = None
    ) -> None:
        self.key = key
        self.count = count
        self.names = names
        self.index = index
        """Set where `count.index` varies: what it is called."""


def expansions(block: RawBlock, scope: Scope) -> list[Expansion]:
    """Instances of a resource or module block."""
    attributes = block.body.attributes
    if "for_each" in attributes:
        return list(_for_each(attributes["for_each"], block, scope))
    if "count" in attributes:
        return _count(attributes["count"], scope)
    return [Expansion(None, Known(1, block.span), {})]


def _count(attribute: ast.AttributeNode, scope: Scope) -> list[Expansion]:
    value = evaluate_safely(attribute.expression, at(attribute.source, scope))
    number = to_number(value)
    whole = normal_number(number) if number is not None else None
    count: Fact[int]
    if isinstance(value, Unresolved):
        count = value.as_fact()
    elif isinstance(whole, int) and whole >= 0:
        if whole == 0:
            return []
        count = Known(whole, value.span, value.via)
    else:
        count = Unknown(excerpt(value.span), "count is not a whole number", value.span, value.via)
    first = _index_names(scalar(0, value.span))
    if count == Known(1, value.span, value.via):
        return [Expansion(None, count, first)]
    index = unresolved("count.index", "it differs between the instances that count makes", value.span)
    return [Expansion(None, count, first, index)]


def _index_names(index: Value) -> dict[str, Value]:
    return {"count": _object({"index": index}, index.span)}


def _object(entries: dict[str, Value], span: Span) -> Mapping:
    return Mapping(entries, span.source, span.start, span.end, kind="object")


def _for_each(attribute: ast.AttributeNode, block: RawBlock, scope: Scope) -> Iterator[Expansion]:
    value = evaluate_safely(attribute.expression, at(attribute.source, scope))
    span = value.span
    if isinstance(value, Unresolved):
        yield _unknown_keys(value, value.as_fact())
        return
    if not isinstance(value, Mapping) and not (isinstance(value, Sequence) and value.kind == "set"):
        wrong = failed("for_each takes a map or a set of strings", span)
        yield _unknown_keys(wrong, wrong.as_fact())
        return
    pairs = members(value)
    if len(pairs) > MAX_KEYS:
        many = unresolved(excerpt(span), "it has more keys than are looked at", span)
        yield _unknown_keys(many, Known(len(pairs), span, value.via))
        return
    for key, item in pairs:
        if isinstance(key, Unresolved):
            yield _unknown_keys(key, Known(1, span, value.via))
        elif isinstance(key, Scalar) and key.value is not None:
            text = scalar_text(key)
            names = _object({"key": scalar(text, key.span), "value": _linked(item, value)}, span)
            yield Expansion(text, Known(1, block.span, value.via), {"each": names})
    if value.rest is not None:
        yield _unknown_keys(Unresolved(value.rest), value.rest)


def _linked(item: Value, collection: Value) -> Value:
    """A member of for_each's map carries the definitions through which the map came."""
    if not collection.via and not collection.sensitive:
        return item
    linked = item.moved(item.span, *collection.via, key_start=item.key_start)
    linked.sensitive = item.sensitive or collection.sensitive
    return linked


def _unknown_keys(unknown: Unresolved, count: Fact[int]) -> Expansion:
    """One instance for an unknown number of them."""
    name = unknown.unknown.expression
    member = name if " " in name or "(" in name else f"{name}[*]"
    key = again(unknown, unknown.span)
    item = unresolved(member, unknown.unknown.reason, unknown.span)
    item.via = unknown.via
    names = _object({"key": key, "value": item}, unknown.span)
    return Expansion(None, count, {"each": names})


class Resource:
    """One instance of a resource or data block in a module evaluation. See `instances.ResourceInstance` for what
    the readers are given."""

    __slots__ = (
        "_apart", "_attributes", "_body", "_evaluating", "_indexed", "block", "expansion", "mode", "module", "name",
        "type",
    )  # fmt: skip

    def __init__(self, module: Module, block: RawBlock, mode: str, expansion: Expansion) -> None:
        self.module = module
        self.block = block
        self.mode = mode
        self.type, self.name = block.labels
        self.expansion = expansion
        self._attributes: dict[str, Value] = {}
        self._evaluating: set[str] = set()
        self._indexed: set[str] = set()
        self._apart: dict[tuple[str, int], Value] = {}
        self._body: Mapping | None = None

    @property
    def address(self) -> str:
        """Within its module."""
        return address(self.mode, self.type, self.name) + key_text(self.expansion.key)

    @property
    def names(self) -> list[str]:
        """Attributes and block types that are written, dynamic ones too."""
        body = self.block.body
        found = dict.fromkeys(name for name in body.attributes if name not in META)
        for block in body.blocks:
            kind = block.labels[0] if block.type == "dynamic" and block.labels else block.type
            if kind not in META:
                found[kind] = None
        return list(found)

    @property
    def body(self) -> Mapping:
        if self._body is None:
            found = {name: self.attribute(name) for name in self.names}
            entries = {name: value for name, value in found.items() if not isinstance(value, Missing)}
            block = self.block
            self._body = Mapping(entries, block.source, block.start, block.end, kind="object")
        return self._body

    def attribute(self, name: str) -> Value:
        """An attribute, or the Sequence of the nested blocks of a type."""
        known = self._attributes.get(name)
        if known is not None:
            return known
        block = self.block
        if name in self._evaluating:
            return self._circular(name)
        self._evaluating.add(name)
        value = self._instances_agree(name)
        self._evaluating.discard(name)
        if value is None:
            return Missing(block.source, block.start, block.end)
        self._attributes[name] = value
        return value

    def attribute_at(self, name: str, index: int) -> Value:
        """An attribute of one of the instances that count makes."""
        value = self.attribute(name)
        if name not in self._indexed or index >= MAX_INDICES:
            return value
        if (name, index) in self._apart:
            return self._apart[name, index]
        if name in self._evaluating:
            return self._circular(name)
        names = _index_names(scalar(index, self.block.span))
        self._evaluating.add(name)
        one = entry(self.block.body, name, self.module.scope(self.block.source, names))
        self._evaluating.discard(name)
        self._apart[name, index] = one or value
        return self._apart[name, index]

    def _circular(self, name: str) -> Value:
        return failed("it refers to itself", self.block.span, f"{self.address}.{name}")

    def _instances_agree(self, name: str) -> Value | None:
        """An attribute as far as all instances that count makes have the same."""

        def make(names: dict[str, Value]) -> Value | None:
            return entry(self.block.body, name, self.module.scope(self.block.source, names))

        scope = self.module.scope(self.block.source, self.expansion.names)
        value = entry(self.block.body, name, scope)
        index = self.expansion.index
        if value is None or index is None or "count" not in scope.touched:
            return value
        self._indexed.add(name)
        count = self.expansion.count
        number = count.value if isinstance(count, Known) else MAX_INDICES + 1
        indices: list[Value] = [scalar(at, index.span) for at in range(1, min(number, MAX_INDICES))]
        if number > MAX_INDICES:
            indices.append(index)
        others = [make(_index_names(other)) for other in indices]
        found = agreed([value, *[other for other in others if other is not None]], index, value.span)
        found.key_start = value.key_start
        return found


def address(mode: str, kind: str, name: str) -> str:
    name = name.partition("\0")[0]
    return f"data.{kind}.{name}" if mode == "data" else f"{kind}.{name}"


def key_text(key: str | None) -> str:
    if key is None:
        return ""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


# Bodies


def at(source: object, scope: Scope) -> Scope:
    """The scope of something that an override file may have given."""
    from vmlint.model.span import SourceText

    return scope.elsewhere(source) if isinstance(source, SourceText) and source is not scope.source else scope


def entry(body: ast.Body, name: str, scope: Scope) -> Value | None:
    """The value of an attribute or of the blocks of a type in a body; None where neither is written."""
    attribute = body.attributes.get(name)
    if attribute is not None:
        scope = at(attribute.source, scope)
        value = evaluate_safely(attribute.expression, scope)
        if value.source is scope.source and value.start >= attribute.start:
            value.key_start = attribute.start
        return value
    found: list[Value] = []
    rest: Unknown | None = None
    for block in body.blocks:
        if block.type == name:
            found.append(block_value(block.body, block, block.labels, at(block.source, scope)))
        elif block.type == "dynamic" and block.labels == (name,):
            made, unknown = _dynamic(block, at(block.source, scope))
            found += made
            rest = rest or unknown
    if not found and rest is None:
        return None
    first = found[0] if found else None
    source = first.source if first is not None else scope.source
    start = first.start if first is not None else next(b.start for b in body.blocks if name in b.labels)
    end = first.end if first is not None else start
    return Sequence(found, source, start, end, kind="list", rest=rest)


def block_value(body: ast.Body, place: ast.Node, labels: tuple[str, ...], scope: Scope) -> Mapping:
    """A nested block as a Mapping of its attributes and blocks; its labels are the tag."""
    names = dict.fromkeys(body.attributes)
    for block in body.blocks:
        names[block.labels[0] if block.type == "dynamic" and block.labels else block.type] = None
    entries: dict[str, Value] = {}
    for name in names:
        value = entry(body, name, scope)
        if value is not None:
            entries[name] = value
    span = scope.span(place)
    mapping = Mapping(entries, span.source, span.start, span.end, kind="object")
    mapping.tag = " ".join(labels) or None
    return mapping


def _dynamic(block: ast.BlockNode, scope: Scope) -> tuple[list[Value], Unknown | None]:
    """The blocks that a `dynamic` block makes, and what keeps the rest unknown."""
    attributes = block.body.attributes
    content = block.body.blocks_of("content")
    if "for_each" not in attributes or not content:
        return [], failed("a dynamic block needs for_each and content", scope.span(block)).unknown
    collection = evaluate_safely(attributes["for_each"].expression, scope)
    if isinstance(collection, Unresolved):
        return [], collection.as_fact()
    if not isinstance(collection, Sequence | Mapping):
        return [], failed("for_each of a dynamic block takes a collection", collection.span).unknown
    iterator = _iterator(attributes.get("iterator"), block.labels[0])
    made: list[Value] = []
    budget = scope.budget
    budget.blocks = budget.blocks if budget.dynamics else 0
    budget.dynamics += 1
    rest = collection.rest
    for key, item in members(collection):
        budget.blocks += 1
        if budget.blocks > MAX_BLOCKS:
            rest = Unknown(excerpt(scope.span(block)), "it makes more blocks than are looked at", collection.span)
            break
        names: dict[str, Value] = {iterator: _object({"key": key, "value": _linked(item, collection)}, key.span)}
        inner = scope.child(names)
        labels: tuple[str, ...] = ()
        if "labels" in attributes:
            given = evaluate_safely(attributes["labels"].expression, inner)
            if isinstance(given, Sequence):
                labels = tuple(scalar_text(label) for label in given.items if isinstance(label, Scalar))
        made.append(block_value(content[0].body, block, labels, inner))
    budget.dynamics -= 1
    return made, rest


def _iterator(attribute: ast.AttributeNode | None, default: str) -> str:
    match attribute.expression if attribute is not None else None:
        case ast.Name(name=name):
            return name
        case ast.Literal(value=str() as name):
            return name
    return default
