"""Values of a plan as the tree that the readers take, with what is sensitive and what is not known yet in it."""

from __future__ import annotations

from typing import Any

from vmlint.model.fact import Unknown
from vmlint.model.record import record
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value
from vmlint.sources.plan.places import Place, span_of
from vmlint.sources.plan.references import references

MAX_DEPTH = 100


@record
class Told:
    """What a plan tells of one value: `raw` as JSON has it, `sensitive` and `unknown` in its shape with true where
    it is not told, `expression` as the configuration prints it; `name` is what it is called. `configured` tells
    that the configuration would have an expression if one were written."""

    raw: Any
    sensitive: Any
    unknown: Any
    expression: Any
    name: str
    configured: bool = False

    def below(self, step: str | int) -> Told:
        name = f"{self.name}.{step}" if isinstance(step, str) else f"{self.name}[{step}]"
        return Told(
            _at(self.raw, step),
            _at(self.sensitive, step),
            _at(self.unknown, step),
            _at(self.expression, step),
            name,
            self.configured and _holds_expressions(self.expression),
        )


def _at(tree: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return tree.get(step) if isinstance(tree, dict) else None
    return tree[step] if isinstance(tree, list) and step < len(tree) else None


def _holds_expressions(expression: Any) -> bool:
    """Whether it is that of a block or of blocks, and no expression itself."""
    if isinstance(expression, dict):
        return not {"references", "constant_value"} & expression.keys()
    return isinstance(expression, list)


def built(told: Told, place: Place, depth: int = 0) -> Value:
    """The tree of a value."""
    value = _built(told, place, depth)
    value.key_start = place.key_start
    return value


def _built(told: Told, place: Place, depth: int) -> Value:
    if told.sensitive is True:
        return _open(told.name, "it is sensitive", place)
    if told.unknown is True:
        if told.configured and told.expression is None:
            # Nobody wrote it: the provider fills it in.
            return Missing(place.source, place.start, place.end)
        named = references(told.expression)
        return _open(named[0] if named else told.name, "it is known only after apply", place)
    if depth > MAX_DEPTH:
        return _open(told.name, f"it is nested more than {MAX_DEPTH} levels deep", place)
    raw, unknown = told.raw, told.unknown
    if isinstance(raw, dict) or (raw is None and isinstance(unknown, dict) and _any(unknown)):
        later = [key for key, flag in unknown.items() if _any(flag)] if isinstance(unknown, dict) else []
        names = dict.fromkeys([*(raw or {}), *later])
        entries = {name: built(told.below(name), place.member(name), depth + 1) for name in names}
        return Mapping(entries, place.source, place.start, place.end, kind="object")
    if isinstance(raw, list) or (raw is None and isinstance(unknown, list) and _any(unknown)):
        length = max(len(raw or ()), len(unknown) if isinstance(unknown, list) else 0)
        items = [built(told.below(index), place.item(index), depth + 1) for index in range(length)]
        return Sequence(items, place.source, place.start, place.end)
    if raw is None:
        return Missing(place.source, place.start, place.end)
    return Scalar(raw, place.source, place.start, place.end)


def _open(name: str, reason: str, place: Place) -> Unresolved:
    return Unresolved(Unknown(name, reason, span_of(place)))


def _any(marked: Any) -> bool:
    """Whether anything in a shape is true."""
    waiting = [marked]
    while waiting:
        match waiting.pop():
            case True:
                return True
            case dict() as inner:
                waiting += inner.values()
            case list() as items:
                waiting += items
    return False


def filled(first: Value, second: Value) -> Value:
    """A value with what another one knows where it is not known itself."""
    if isinstance(first, Unresolved):
        tells = not isinstance(second, Missing | Unresolved)
        if tells or (isinstance(second, Unresolved) and (second.parts or second.content is not None)):
            return second
        return first
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        entries = {
            key: filled(value, second.entries[key]) if key in second.entries else value
            for key, value in first.entries.items()
        }
        return _like(Mapping(entries, first.source, first.start, first.end, kind=first.kind), first)
    if isinstance(first, Sequence) and isinstance(second, Sequence) and len(first.items) == len(second.items):
        items = [filled(one, two) for one, two in zip(first.items, second.items, strict=True)]
        return _like(Sequence(items, first.source, first.start, first.end, kind=first.kind), first)
    return first


def _like(made: Mapping | Sequence, original: Mapping | Sequence) -> Mapping | Sequence:
    made.via, made.key_start, made.tag, made.rest = original.via, original.key_start, original.tag, original.rest
    return made
