"""Which labels and tags declare something about a workload. Data: `data/declarations.yaml`."""

from __future__ import annotations

from vmlint.catalog.tables import cache, table


@cache
def _names() -> dict[str, str]:
    return {key: name for name, keys in table("declarations")["keys"].items() for key in keys}


def declared_name(key: str) -> str:
    """`role`, `isolation`, `trust`, `sensitivity` or `tenant` for a key that declares it; else empty."""
    return _names().get(key, "")


def looks_declared(key: str) -> bool:
    """Whether a key is written as a declaration, whatever it declares: `vmlint.dev/isolaton`."""
    return key.startswith(tuple(table("declarations")["prefixes"]))


def declared_names() -> tuple[str, ...]:
    """All names of declarations, without the prefixes of keys."""
    return tuple(table("declarations")["keys"])


def allowed_values(name: str) -> tuple[str, ...]:
    """The values that a declaration may have; empty where any is allowed."""
    if name == "role":
        return tuple(table("roles")["roles"])
    return tuple(table("declarations")["values"].get(name, ()))


def says_untrusted(key: str, value: str) -> bool:
    """Whether a container runtime's own annotation calls the workload untrusted."""
    return any(row["key"] == key and row["value"] == value.lower() for row in table("declarations")["untrusted"])


def says_restricted(key: str, value: str) -> bool:
    """Whether a data-classification or compliance label says that the data is restricted."""
    rows = table("declarations")["restricted"]
    key, value = _folded(key.rsplit("/", 1)[-1]), _folded(value)
    if value in rows["flag_values"]:
        return any(key.endswith(flag) for flag in rows["flags"])
    return value in rows["values"] and any(key.endswith(known) for known in rows["keys"])


def _folded(text: str) -> str:
    return text.lower().replace("-", "").replace("_", "").replace(" ", "")
