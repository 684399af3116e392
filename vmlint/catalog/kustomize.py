"""What kustomize's built-in transformers know of the API. Data: `data/kustomize.yaml`."""

from __future__ import annotations

from typing import Any

from vmlint.catalog.tables import cache, table

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@cache
def _rows(part: str) -> Any:
    return table("kustomize")[part]


def has_schema(group: str) -> bool:
    """Whether lists of objects of the API group are merged by key; a patch replaces those of any other."""
    return group in _rows("schema_groups")["names"]


def merge_keys(field: str) -> list[list[str]]:
    """The keys that tell elements of a list apart, in the order in which they are tried; empty for other lists."""
    found: list[list[str]] = _rows("merge_keys").get(field, []) if field != "source" else []
    return found


def is_cluster_scoped(kind: str) -> bool:
    return kind in _rows("cluster_scoped")["kinds"]


def takes_prefix(kind: str) -> bool:
    """Whether namePrefix and nameSuffix change the names of such objects."""
    return kind not in _rows("unprefixed")["kinds"]


def templates() -> list[str]:
    """Where objects keep their pod templates."""
    paths: list[str] = _rows("templates")["paths"]
    return paths


def selectors(kind: str) -> list[str]:
    """Where an object of this kind keeps the labels that select pods."""
    rows = _rows("selectors")
    return next((list(rows[form]) for form in ("plain", "match") if kind in rows[f"{form}_kinds"]), [])


def names_objects(kind: str) -> bool:
    """Whether objects of this kind may hold the name of another in a field that `referenced_kind` knows."""
    return kind not in _rows("nameless")["kinds"]


def has_replicas(kind: str) -> bool:
    return kind in _rows("replicas")["kinds"]


def referenced_kind(parent: str, key: str) -> str:
    """The kind of the object that the field `parent.key` names; empty for any other field."""
    step = f"{parent}.{key}"
    return next((kind for kind, fields in _rows("references").items() if kind != "source" and step in fields), "")


def looks_remote(address: str) -> bool:
    """Whether kustomize would fetch what stands at this address, and not look for a file."""
    return any(mark in address for mark in _rows("remote")["marks"])
