"""Which Terraform resource types make workloads and hosts, and where their facts stand.

A row is plain data (see the head of `data/terraform_types.yaml` for its vocabulary); the readers in
`vmlint.sources.terraform` ask it for paths by the name of the fact.
"""

from __future__ import annotations

import re
from typing import Any

from vmlint.catalog.tables import cache, table
from vmlint.model.record import record

RELATIONS = ("scaling", "balancing", "disks", "tasks")


@record
class ResourceType:
    """`shape` tells how the type is read; `row` holds the rest by name, `like` taken over."""

    name: str
    shape: str
    row: dict[str, Any]

    def paths(self, fact: str) -> tuple[str, ...]:
        """Where a fact may stand, the first that is stated counts."""
        found = self.row.get(fact) or ()
        return (found,) if isinstance(found, str) else tuple(found)

    def rows(self, name: str) -> tuple[dict[str, Any], ...]:
        """The conditions of a name (`when`, `os_when`) in order."""
        return tuple(self.row.get(name) or ())

    def word(self, name: str) -> str:
        return str(self.row.get(name) or "")

    def mapping(self, name: str) -> dict[str, Any]:
        return dict(self.row.get(name) or {})

    def default(self, name: str) -> float | None:
        """What the provider takes where nothing is written."""
        found = self.mapping("defaults").get(name)
        return None if found is None else float(found)


@cache
def resource_type(name: str) -> ResourceType | None:
    """The row of a resource type; None for one that makes neither workload nor host."""
    row = _row(name)
    if row is None and kubernetes_kind(name) is not None:
        return ResourceType(name, "kubernetes", {})
    return None if row is None else ResourceType(name, row["shape"], row)


@cache
def kubernetes_kind(name: str) -> tuple[str, str] | None:
    """API version and kind of a resource type of the Kubernetes provider (`kubernetes_deployment_v1`)."""
    given = table("terraform_types")["kubernetes"]["types"].get(name)
    if given is not None:
        return given[0], given[1]
    found = re.fullmatch(r"kubernetes_(\w+?)(?:_v\d+(?:(?:alpha|beta)\d+)?)?", name)
    row = table("terraform_types")["kubernetes"]["kinds"].get(found[1]) if found is not None else None
    return None if row is None else (row[0], row[1])


def kubernetes_names() -> dict[str, Any]:
    """`lists`, `verbatim` and `names`: how blocks of the Kubernetes provider are written in a manifest."""
    return dict(table("terraform_types")["kubernetes"])


def _row(name: str) -> dict[str, Any] | None:
    types = table("terraform_types")["types"]
    row = types.get(name)
    if row is None:
        return None
    base = _row(row["like"]) if "like" in row else None
    return {**(base or {}), **row}


def image_paths(kind: str) -> tuple[str, ...]:
    """Where a resource (`aws_ami`) or data source (`data.aws_ami`) names the image that it stands for."""
    return tuple(table("terraform_types")["images"].get(kind, ()))


def user_data_paths(kind: str) -> tuple[str, ...] | None:
    """Where a resource that is given to machines as user data holds its text; None where it is no such type."""
    found = table("terraform_types")["user_data_resources"].get(kind)
    return None if found is None else tuple(found)


def provider_labels(kind: str) -> dict[str, Any]:
    """How the provider of a type labels all its resources: `setting` of its configuration, the attribute `all` of a
    planned resource, `on` which attributes; empty for others."""
    return dict(table("terraform_types")["provider_labels"].get(kind.partition("_")[0], {}))


@cache
def machine_names() -> tuple[str, ...]:
    """Where the types of machines state the name that the platform knows one by."""
    return tuple(table("terraform_types")["machine_names"])


@cache
def hashed_attributes() -> frozenset[str]:
    """Attributes of which a state keeps the SHA-1 hash in place of the text."""
    return frozenset(table("terraform_types")["hashed"])


def nomad_driver(name: str) -> list[str] | None:
    """The substrate of a task driver of Nomad; None for one that is not known."""
    found = table("terraform_types")["nomad_drivers"].get(name)
    return None if found is None else list(found)


def extensions() -> dict[str, dict[str, Any]]:
    """Resource types that run commands on a machine that they name."""
    return dict(table("terraform_types")["extensions"])


def attachments(kind: str) -> dict[str, str]:
    """Resource types that tell something of what they name, with the path of the name: one of `RELATIONS`."""
    return dict(table("terraform_types")[kind])


@cache
def is_read(name: str) -> bool:
    """Whether a reader looks at resources of a type: they place something, or tell something of what does."""
    if resource_type(name) is not None or name in extensions():
        return True
    if any(name in attachments(relation) for relation in RELATIONS):
        return True
    rows = table("terraform_types")["types"].values()
    return any(name == row["profiles"]["type"] for row in rows if row.get("profiles"))


def makes_no_workload(source: str) -> bool:
    """Whether a module's name says that what it makes runs nothing (a network, a bucket, a role)."""
    path = re.sub(r"[?].*|[.]git(?=//|$)", "", source)
    package, _, inner = path.removeprefix("git::").replace("://", ":").partition("//")
    words = set(re.split(r"[^a-z0-9]+", f"{_name(package)} {inner.rsplit('/', 1)[-1]}".lower()))
    row = table("terraform_types")["idle_modules"]
    return not words.isdisjoint(row["idle"]) and words.isdisjoint(row["busy"])


def _name(package: str) -> str:
    """The module's own name in `namespace/name/provider` or in the address of a repository."""
    parts = package.split("/")
    is_registry = len(parts) in (3, 4) and ":" not in package and parts[0] not in _NO_NAMESPACES
    return parts[-2] if is_registry else parts[-1]


_NO_NAMESPACES = frozenset(("", ".", "..", "github.com", "bitbucket.org", "gitlab.com"))


def module_row(source: str) -> dict[str, Any] | None:
    """The row of a registry module that makes machines: the `type` that it makes, and the arguments that hold its
    facts."""
    path = source.split("//")[0].split("?")[0].removesuffix(".git")
    for name, row in table("terraform_types")["modules"].items():
        if path == name or path.endswith("/" + name):
            return dict(row)
    return None
