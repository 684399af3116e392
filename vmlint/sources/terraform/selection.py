"""Paths into evaluated resources, as the rows of `catalog/data/terraform_types.yaml` write them.

`a.b` steps into attributes and through all members of lists, `a[k]` takes a key that may hold dots, `a[n=v]` the
members whose attribute `n` is `v`. Every step is total: what is not there yields nothing, what is not known yields
an `Unresolved`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from functools import lru_cache
from typing import Any, TypeAlias

from vmlint.catalog import quantities
from vmlint.evaluation.terraform.modules import ModuleInstance
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value, at, boolean, text
from vmlint.sources.terraform.instances import Instance, Module

Subject: TypeAlias = Instance | Value
"""What a path starts from: a resource, whose attributes are evaluated one by one, or a value."""

_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]+)\]")


@lru_cache(maxsize=1024)
def steps(path: str) -> tuple[str, ...]:
    """`a.b[c.d]` as (`a`, `b`, `c.d`); a filter keeps its brackets: (`filter`, `[name=name]`)."""
    found = []
    for match in _STEP.finditer(path):
        key = match[2]
        found.append(match[1] if key is None else f"[{key}]" if "=" in key else key)
    return tuple(found)


def select(subject: Subject, path: str) -> list[Value]:
    """All values that a path leads to, in order; without those that are missing or null."""
    names = steps(path)
    if not names:
        return [subject] if isinstance(subject, Value) else []
    if isinstance(subject, Value):
        current = list(_members(subject))
    else:
        current = list(_members(subject.attribute(names[0])))
        names = names[1:]
    for name in names:
        current = [child for value in current for child in _step(value, name)]
    return [value for value in current if not _is_nothing(value)]


def first(subject: Subject, path: str) -> Value | None:
    return next(iter(select(subject, path)), None)


def whole(subject: Subject, path: str) -> Value | None:
    """The value at a path as it is, a list as a list: of several blocks, in the first one."""
    *above, key = steps(path)
    if above:
        holder = first(subject, ".".join(above))
        value = None if holder is None else at(holder, key)
    else:
        value = at(subject, key) if isinstance(subject, Value) else subject.attribute(key)
    return None if value is None or _is_nothing(value) else value


def _step(value: Value, name: str) -> Iterator[Value]:
    if name.startswith("["):
        key, _, wanted = name[1:-1].partition("=")
        found = text(at(value, key))
        if isinstance(found, Unknown) or (isinstance(found, Known) and found.value == wanted):
            yield value
        return
    if isinstance(value, Mapping | Unresolved):
        yield from _members(at(value, name))


def _members(value: Value) -> Iterator[Value]:
    if isinstance(value, Sequence):
        for item in value.items:
            yield from _members(item)
        if value.rest is not None:
            yield Unresolved(value.rest)
    else:
        yield value


def _is_nothing(value: Value) -> bool:
    return isinstance(value, Missing) or (isinstance(value, Scalar) and value.value in (None, ""))


def first_text(subject: Subject, paths: tuple[str, ...], otherwise: Fact[str]) -> Fact[str]:
    """The first text that one of the paths leads to. A known one goes before one that is not."""
    unknown: Fact[str] | None = None
    for path in paths:
        for value in select(subject, path):
            found = text(value)
            if isinstance(found, Known):
                return found
            if unknown is None and isinstance(found, Unknown):
                unknown = found
    return otherwise if unknown is None else unknown


def amount(subject: Subject, paths: tuple[str, ...], kind: str, otherwise: Fact[float]) -> Fact[float]:
    """vCPU (`kind` cpu) or MiB (`memory`) at the first of the paths that is stated: `path unit` converts,
    `a*b` multiplies, where a factor that is not written is 1."""
    for written in paths:
        path, _, unit = written.partition(" ")
        found = _product(subject, path.split("*"), kind, unit)
        if found is not None:
            return found
    return otherwise


def _product(subject: Subject, factors: list[str], kind: str, unit: str) -> Fact[float] | None:
    result: Known[float] | None = None
    for path in factors:
        value = first(subject, path)
        if value is None:
            continue
        fact = text(value)
        if not isinstance(fact, Known):
            return fact if isinstance(fact, Unknown) else None
        number = converted(fact.value, kind, unit)
        if number is None:
            return Unknown(fact.value, "it is no amount that the platform takes", fact.span, fact.via)
        result = Known(number if result is None else result.value * number, fact.span, fact.via)
    return result


def converted(written: str, kind: str, unit: str) -> float | None:
    """An amount in vCPU or MiB; a list of processors (`0-3,8`) counts as many."""
    if unit == "cpuset":
        return _processors(written)
    if kind == "cpu":
        return quantities.cpu_count(written, unit)
    return quantities.memory_mib(written, unit)


def _processors(written: str) -> float | None:
    if re.fullmatch(r"\d+", written):
        return float(written)
    total = 0
    for part in written.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if match is None:
            return None
        total += int(match[2] or match[1]) - int(match[1]) + 1
    return float(total)


def holds(subject: Subject, condition: dict[str, Any]) -> bool | Unknown:
    """Whether a condition of a row holds; the unknown where it cannot be told."""
    found = select(subject, condition["path"])
    unknown: Unknown | None = None
    for value in found:
        fact = text(value)
        if condition.get("present"):
            if not isinstance(value, Unresolved) or _is_written(subject, condition["path"]):
                return True
            unknown = unknown or value.as_fact()
        elif isinstance(fact, Unknown):
            unknown = unknown or fact
        elif isinstance(fact, Known) and _matches(fact.value, condition):
            without = condition.get("without")
            others = [text(other) for other in found] if without else []
            return not any(isinstance(other, Known) and other.value == without for other in others)
    return False if unknown is None else unknown


def _is_written(subject: Subject, path: str) -> bool:
    """Whether an attribute stands at a path, known or not: not where only what might hold it is unknown."""
    *above, key = steps(path)
    if not above:
        value = at(subject, key) if isinstance(subject, Value) else subject.attribute(key)
        return isinstance(value, Unresolved)
    holders = select(subject, ".".join(above))
    return any(isinstance(h, Mapping) and isinstance(h.entries.get(key), Unresolved) for h in holders)


def _matches(written: str, condition: dict[str, Any]) -> bool:
    if "matches" in condition:
        return re.search(condition["matches"], written) is not None
    if "in" in condition:
        return written in condition["in"]
    return written == str(condition.get("is", condition.get("contains")))


def truth(subject: Subject, condition: dict[str, Any], otherwise: Fact[bool]) -> Fact[bool]:
    """A condition as a fact; `negated` turns it round. Nothing written is `otherwise`."""
    if not condition:
        return otherwise
    value = first(subject, condition["path"])
    if value is None:
        return otherwise
    negated = bool(condition.get("negated"))
    if condition.get("is") in ("true", "false"):
        wanted = condition["is"] == "true"
        return boolean(value).map(lambda stated: (stated == wanted) != negated)
    result = holds(subject, condition)
    if isinstance(result, Unknown):
        return result
    return Known(result != negated, value.entry_span, value.via)


_REFERENCE = re.compile(r"(?<![\w.])(?:data\.)?[a-z]\w*_\w+\.[A-Za-z_][\w-]*")


def referred(value: Value, module: Module) -> SequenceOf[Instance]:
    """The resources that a value refers to; where only its index or key is what is not known, the resources that
    are written at its place."""
    found = module.referred(value)
    if found or not isinstance(value, Unresolved) or not isinstance(module, ModuleInstance):
        return found
    if value.source.path not in module.module.configuration.paths:
        return found
    written = [match[0] for match in _REFERENCE.finditer(value.span.text[:2000])]
    return [target for address in dict.fromkeys(written) for target in module.resource(address)]
