"""Every function by name. The themes are imported when the first function is called."""

from __future__ import annotations

from functools import cache

from vmlint.evaluation.terraform.functions.calling import Call, Function
from vmlint.evaluation.terraform.values import unresolved
from vmlint.model.value import Value


@cache
def table() -> dict[str, Function]:
    """All functions of Terraform 1.11."""
    from vmlint.evaluation.terraform.functions import (
        collections,
        control,
        dates,
        encoding,
        filesystem,
        formatting,
        hashing,
        networks,
        numbers,
        sets,
        strings,
        templates,
    )

    rows: dict[str, Function] = {}
    for theme in (
        strings, formatting, collections, sets, numbers, encoding, hashing, dates, networks, filesystem, templates,
        control,
    ):  # fmt: skip
        rows.update(theme.FUNCTIONS)
    for name, why in _UNKNOWABLE.items():
        rows[name] = Function(_unknowable(name, why), 0, -1, partial=True)
    return rows


# Functions whose value differs with every run, or needs a secret or a compressor of Go's.
_UNKNOWABLE = {
    "timestamp": "it is the time of the run",
    "plantimestamp": "it is the time of the plan",
    "uuid": "it is random",
    "bcrypt": "it is salted at random",
    "rsadecrypt": "it is a secret",
}


def _unknowable(name: str, why: str) -> _Unknowable:
    return _Unknowable(name, why)


class _Unknowable:
    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why

    def __call__(self, call: Call) -> Value:
        return unresolved(f"{self.name}()", self.why, call.span)
