"""What a user's configuration adds to the catalogue or corrects in it: images, RuntimeClasses and machine types.

Its rows are put over the compiled tables and win against ours. `schemas` describe them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vmlint.catalog.references import parse
from vmlint.catalog.tables import table

# The keys of a configuration and the tables that they extend.
SECTIONS = {"images": "images", "runtime-classes": "substrates", "instance-types": "instance_types"}
_TRAITS = ("agent", "helper", "os", "runtime", "tool")


def over(name: str, rows: Any, added: Mapping[str, Any]) -> Any:
    """The table `name` with the user's rows over it: `rows` as read, which may be changed."""
    for section, of_table in SECTIONS.items():
        if of_table == name:
            for row in added.get(section, ()):
                _ADD[section](rows, row, added["source"])
    return rows


def _add_image(rows: Any, row: Mapping[str, Any], source: str) -> None:
    facts = {key: row[key] for key in ("role", "engine", "trait") if key in row}
    for match in _listed(row["match"]):
        path = parse(match.rstrip("/")).path
        if match.endswith("/"):
            rows["repositories"].append({"match": [path[-1] + "/"], **facts, "source": source})
        elif len(path) > 1:
            rows["repositories"].append({"match": ["/".join(path[-3:])], **facts, "source": source})
        else:
            rows["names"].append({"names": path, **facts, "source": source})
            for silent in ("ambiguous", "alone", "homonyms"):
                rows[silent] = [word for word in rows[silent] if word not in path]


def _add_runtime_class(rows: Any, row: Mapping[str, Any], source: str) -> None:
    pattern = ".*".join(re.escape(part) for part in row["name"].split("*"))
    product = row["product"]
    name = rows["products"][product]["name"]
    rows["runtimes"].insert(0, {"pattern": pattern, "product": product, "name": name, "source": source})


def _add_instance_type(rows: Any, row: Mapping[str, Any], source: str) -> None:
    provider = rows["providers"][row["provider"]]
    name = row["name"].lower()
    provider.setdefault("types", {})[name] = [row["vcpu"], row["memory-gib"]]
    traits = {key.replace("-", "_"): row[key] for key in _TYPE_TRAITS if key in row}
    if traits:
        provider.setdefault("traits", []).insert(0, {"pattern": re.escape(name), **traits})


_ADD = {"images": _add_image, "runtime-classes": _add_runtime_class, "instance-types": _add_instance_type}
_TYPE_TRAITS = ("architecture", "bare-metal", "gpus", "burstable", "hypervisor")


def _listed(value: Any) -> Sequence[Any]:
    return [value] if isinstance(value, str) else value


def schemas() -> dict[str, Any]:
    """The JSON schemas of the sections, by their keys."""
    text = {"type": "string", "minLength": 1}
    roles = {"enum": [role for role in table("roles")["roles"] if role != "unknown"]}
    amount = {"type": "number", "exclusiveMinimum": 0}
    flag = {"type": "boolean"}
    image = {
        "match": {"type": ["string", "array"], "items": text, "minLength": 1, "minItems": 1},
        "role": roles,
        "engine": {"enum": sorted(table("engines"))},
        "trait": {"enum": list(_TRAITS)},
    }
    runtime_class = {"name": text, "product": {"enum": sorted(table("substrates")["products"])}}
    instance_type = {
        "provider": {"enum": sorted(table("instance_types")["providers"])},
        "name": text,
        "vcpu": amount,
        "memory-gib": amount,
        "architecture": {"enum": sorted(set(table("architectures")["spellings"].values()))},
        "bare-metal": flag,
        "gpus": {"type": "integer", "minimum": 0},
        "burstable": flag,
        "hypervisor": text,
    }
    return {
        "images": _rows(image, ["match"], anyOf=[{"required": ["role"]}, {"required": ["trait"]}]),
        "runtime-classes": _rows(runtime_class, ["name", "product"]),
        "instance-types": _rows(instance_type, ["provider", "name", "vcpu", "memory-gib"]),
    }


def _rows(properties: dict[str, Any], required: list[str], **more: Any) -> dict[str, Any]:
    row = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
    return {"type": "array", "items": {**row, **more}}
