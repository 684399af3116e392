"""What users state of a workload in labels, annotations, tags and `x-vmlint`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vmlint.catalog.declarations import declared_name, says_restricted, says_untrusted
from vmlint.model.fact import Fact, Known, Origin
from vmlint.model.workload import Declarations

NAMES = Declarations.__match_args__


def from_labels(labels: Iterable[tuple[str, Fact[str]]]) -> Declarations:
    """The declarations among labels, annotations or tags; of two with one meaning the first stays. A plain
    declaration goes before a compliance label that is only read as one."""
    found: dict[str, Fact[str]] = {}
    read_as: dict[str, Fact[str]] = {}
    for key, value in labels:
        name = declared_name(key)
        if name:
            found.setdefault(name, _lower(value))
        elif isinstance(value, Known):
            origin = Origin(f"label {key}", value.span)
            if says_untrusted(key, value.value):
                read_as.setdefault("trust", Known("untrusted", value.span, (origin, *value.via)))
            elif says_restricted(key, value.value):
                read_as.setdefault("sensitivity", Known("restricted", value.span, (origin, *value.via)))
    return Declarations(**{**read_as, **found})


def from_mapping(entries: Mapping[str, Fact[str]]) -> Declarations:
    """The declarations of a mapping with the plain names as keys: `x-vmlint: {isolation: hypervisor}`."""
    return Declarations(**{name: _lower(entries[name]) for name in NAMES if name in entries})


def merged(*declarations: Declarations) -> Declarations:
    """The first statement of each: nearest first."""
    found: dict[str, Fact[str]] = {}
    for declared in declarations:
        for name in NAMES:
            value = getattr(declared, name)
            if value is not None:
                found.setdefault(name, value)
    return Declarations(**found)


def _lower(value: Fact[str]) -> Fact[str]:
    return value.map(lambda text: text.strip().lower())
