"""What Terraform prints or keeps as JSON: `terraform show -json` of a plan or a state, and the state file itself.

All three come to the same list of resource instances. Nothing here raises on what a file holds: members of a wrong
kind are passed over as if they were not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record
from vmlint.model.span import SourceText

MAX_INSTANCES = 20_000
"""Resource instances of one document; what is beyond is told as a problem."""

_MAX_STARTS = 20
_START = re.compile(r"^(?:[ \t]|\x1b\[[0-9;]*+m)*+\{", re.MULTILINE)


@record
class Instance:
    """One resource instance. `address` is as written, with its index; `key` the key of for_each. `sensitive` and
    `unknown` have the shape of `values`, with true where something is not told. `path` leads to the object in the
    JSON, `holder` names its member with the values."""

    address: str
    module: str
    mode: str
    type: str
    name: str
    key: str | None
    values: dict[str, Any]
    sensitive: Any
    unknown: Any
    path: tuple[str | int, ...]
    holder: str


@record
class Document:
    """`kind` is `plan` or `state`; `start` where the JSON begins (a wrapper may have printed a line before it).
    `configuration` is that of the root module, `removed` the addresses that the plan deletes, `partial` tells that
    the plan was made for a part of the configuration."""

    source: SourceText
    start: int
    kind: str
    instances: tuple[Instance, ...]
    configuration: dict[str, Any]
    removed: frozenset[str] = frozenset()
    partial: bool = False
    problems: tuple[Problem, ...] = ()


def looks_like(text: str) -> bool:
    """Whether a text may be a plan or state, without parsing it."""
    if '"format_version"' in text:
        return '"planned_values"' in text or '"root_module"' in text
    return '"terraform_version"' in text and '"lineage"' in text and '"serial"' in text


def read(source: SourceText) -> Document | Problem | None:
    """The document in a text; a problem where it cannot be read; None where it is JSON of another kind."""
    root, start = _decoded(source.text)
    if isinstance(root, str):
        return Problem(ProblemKind.UNREADABLE, root, source.span(start, start + 1))
    if "format_version" in root:
        version = str(root["format_version"])
        if version.split(".")[0] not in ("0", "1"):
            message = f"its format version {version[:20]} is newer than the ones that are known (0 and 1)"
            return Problem(ProblemKind.UNREADABLE, message, source.span(start, start + 1))
        return _shown(source, root, start)
    if "lineage" in root and isinstance(root.get("resources"), list):
        if root.get("version") != 4:
            message = "only version 4 of the state file is known; `terraform show -json` prints any"
            return Problem(ProblemKind.UNREADABLE, message, source.span(start, start + 1))
        return _limited(source, start, "state", _kept(root), {})
    return None


def _decoded(text: str) -> tuple[dict[str, Any] | str, int]:
    """The object that tells its format, else the first; one stands at the beginning of a line. Where there is none,
    why, and where. Lines of a log before it may be JSON too."""
    decoder = json.JSONDecoder(strict=False)
    failed: tuple[str, int] | None = None
    other: tuple[dict[str, Any], int] | None = None
    end = 0
    for number, match in enumerate(_START.finditer(text)):
        if number >= _MAX_STARTS:
            break
        start = match.end() - 1
        if start < end:
            continue
        try:
            found, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            failed = failed or (f"it is no JSON: {error.msg[:1].lower()}{error.msg[1:]}", error.pos)
            continue
        except RecursionError:
            return "it is nested too deeply", start
        except ValueError:
            return "it has a number that is too long", start
        if "format_version" in found or "lineage" in found:
            return found, start
        other = other or (found, start)
    return other or failed or ("it holds no JSON object", 0)


def _shown(source: SourceText, root: dict[str, Any], start: int) -> Document | None:
    plan = "planned_values" in root or "resource_changes" in root
    if not plan and "values" not in root:
        return None
    changes = {str(c.get("address")): c for c in _dicts(root.get("resource_changes")) if not c.get("deposed")}
    top = "planned_values" if plan else "values"
    found = list(_modules(root.get(top), (top,), changes))
    prior = _dict(root.get("prior_state")).get("values")
    there = {instance.address for instance in found}
    for instance in _modules(prior, ("prior_state", "values"), {}):
        if instance.mode == "data" and instance.address not in there:
            found.append(instance)
    removed = frozenset(address for address, change in changes.items() if _is_removed(change))
    found = [instance for instance in found if instance.address not in removed]
    configuration = _dict(_dict(root.get("configuration")).get("root_module"))
    made = _limited(source, start, "plan" if plan else "state", found, configuration)
    return Document(
        made.source, start, made.kind, made.instances, configuration, removed, root.get("complete") is False,
        made.problems,
    )  # fmt: skip


def _is_removed(change: dict[str, Any]) -> bool:
    return _dict(change.get("change")).get("actions") in (["delete"], ["forget"])


def _limited(
    source: SourceText, start: int, kind: str, found: list[Instance], configuration: dict[str, Any]
) -> Document:
    problems: tuple[Problem, ...] = ()
    if len(found) > MAX_INSTANCES:
        message = f"it has more than {MAX_INSTANCES:,} resource instances"
        problems = (Problem(ProblemKind.UNREADABLE, message, source.span(start, start + 1)),)
    return Document(source, start, kind, tuple(found[:MAX_INSTANCES]), configuration, problems=problems)


def _modules(values: object, path: tuple[str | int, ...], changes: dict[str, dict[str, Any]]) -> Iterator[Instance]:
    """The instances of a module and the modules below it, in order."""
    waiting: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
        (_dict(_dict(values).get("root_module")), (*path, "root_module"))
    ]
    while waiting:
        module, where = waiting.pop()
        for number, resource in _numbered(module.get("resources")):
            made = _instance(resource, str(module.get("address") or ""), (*where, "resources", number), changes)
            if made is not None:
                yield made
        children = [(c, (*where, "child_modules", n)) for n, c in _numbered(module.get("child_modules"))]
        waiting += reversed(children)


def _instance(
    resource: dict[str, Any], module: str, path: tuple[str | int, ...], changes: dict[str, dict[str, Any]]
) -> Instance | None:
    address, kind, name = (str(resource.get(part) or "") for part in ("address", "type", "name"))
    if not address or not kind or resource.get("deposed_key"):
        return None
    key = resource.get("index")
    change = _dict(changes.get(address, {}).get("change"))
    return Instance(
        address=address,
        module=module,
        mode=str(resource.get("mode") or "managed"),
        type=kind,
        name=name or address.rsplit(".", 1)[-1],
        key=key if isinstance(key, str) else None,
        values=_dict(resource.get("values")),
        sensitive=resource.get("sensitive_values") or change.get("after_sensitive"),
        unknown=change.get("after_unknown"),
        path=path,
        holder="values",
    )


# The state file


def _kept(root: dict[str, Any]) -> list[Instance]:
    found = []
    for number, resource in _numbered(root["resources"]):
        kind, name = str(resource.get("type") or ""), str(resource.get("name") or "")
        module, mode = str(resource.get("module") or ""), str(resource.get("mode") or "managed")
        if not kind or not name:
            continue
        plain = f"{'data.' if mode == 'data' else ''}{kind}.{name}"
        for index, instance in _numbered(resource.get("instances")):
            if instance.get("deposed"):
                continue
            key = instance.get("index_key")
            suffix = "" if key is None else f"[{json.dumps(key)}]"
            found.append(
                Instance(
                    address=f"{module}.{plain}{suffix}".lstrip("."),
                    module=module,
                    mode=mode,
                    type=kind,
                    name=name,
                    key=key if isinstance(key, str) else None,
                    values=_dict(instance.get("attributes")),
                    sensitive=_marked(instance.get("sensitive_attributes")),
                    unknown=None,
                    path=("resources", number, "instances", index),
                    holder="attributes",
                )
            )
    return found


def _marked(paths: object) -> dict[str, Any]:
    """The paths of sensitive attributes in the shape of `sensitive_values`, to the first attribute of each: more
    is hidden, never less."""
    found: dict[str, Any] = {}
    for steps in paths if isinstance(paths, list) else ():
        step = steps[0] if isinstance(steps, list) and steps else None
        if isinstance(step, dict) and isinstance(step.get("value"), str):
            found[step["value"]] = True
    return found


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _numbered(value: object) -> list[tuple[int, dict[str, Any]]]:
    found = enumerate(value) if isinstance(value, list) else ()
    return [(number, item) for number, item in found if isinstance(item, dict)]
