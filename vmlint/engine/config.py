"""Configuration found beside what is scanned: `.vmlint.yaml`, data only, never code.

It is checked against a JSON schema whose rule options come from the rules themselves; an unknown key is wrong use
and names the nearest known one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vmlint.catalog import names
from vmlint.catalog.declarations import allowed_values
from vmlint.engine.plugins import LoadedRule
from vmlint.engine.selection import complaint
from vmlint.files import Files, Refusal, folder_of, join
from vmlint.model.fact import Fact
from vmlint.model.record import field, fields, record, replace
from vmlint.model.value import Mapping as Tree
from vmlint.model.value import Scalar, Sequence, Value, at, entries, items, text
from vmlint.model.workload import Declarations, Workload
from vmlint.sources import declarations

if TYPE_CHECKING:
    from vmlint.catalog.kubernetes_kinds import Kind

NAME = ".vmlint.yaml"
_MATCHES = ("path", "format", "kind", "name", "address")


class ConfigError(Exception):
    """A configuration that cannot be used; the message names file, line and key."""


@record
class Entry:
    """One of `workloads:`: globs that a workload must meet, and what is declared of those that do."""

    globs: Mapping[str, str]
    declared: Declarations

    def meets(self, workload: Workload) -> bool:
        facts = {
            "path": workload.span.path,
            "format": workload.format,
            "kind": workload.kind,
            "name": workload.name,
            "address": workload.address,
        }
        import fnmatch

        return all(fnmatch.fnmatchcase(facts[key], glob) for key, glob in self.globs.items())


@record
class Config:
    """What a configuration file says; empty fields say nothing. `catalog` are its rows for the catalogue, as
    `vmlint.catalog.tables.extend` takes them."""

    path: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: str = ""
    fail_on: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    workloads: tuple[Entry, ...] = ()
    kinds: tuple[Kind, ...] = ()
    catalog: Mapping[str, Any] = field(default_factory=dict)

    def declared(self, workloads: Iterable[Workload]) -> list[Workload]:
        """The workloads with what the configuration declares of them, behind their own declarations."""
        found = []
        for workload in workloads:
            for entry in self.workloads:
                if entry.meets(workload):
                    merged = declarations.merged(workload.declarations, entry.declared)
                    workload = replace(workload, declarations=merged)
            found.append(workload)
        return found


def find(paths: Iterable[str], files: Files) -> str:
    """The nearest `.vmlint.yaml` at or above the first path, inside the root; empty where there is none."""
    first = next(iter(paths), ".")
    folder = first if os.path.isdir(first) else folder_of(first)
    while files.is_folder(folder):
        candidate = join(folder, NAME)
        if files.is_file(candidate):
            return candidate
        parent = join(folder, "..")
        if parent == folder or os.path.realpath(parent) == os.path.realpath(folder):
            break
        folder = parent
    return ""


def load(path: str, files: Files, rules: tuple[LoadedRule, ...]) -> Config:
    """The configuration of a file. Raises ConfigError."""
    from vmlint.syntax import yaml

    source = files.text(path)
    if isinstance(source, Refusal):
        raise ConfigError(f"{path}: {source.message}")
    parsed = yaml.parse(source)
    if parsed.problems:
        problem = parsed.problems[0]
        raise ConfigError(f"{path}:{problem.span.line}: {problem.message}")
    root = parsed.documents[0].root if parsed.documents else Tree({}, source, 0, 0)
    _check(path, root, schema(rules))
    for item in (*items(at(root, "select")), *items(at(root, "ignore"))):
        wrong = complaint(_text(item), rules)
        if wrong:
            raise ConfigError(f"{path}:{item.key_span.line}: {wrong}")
    return _config(path, root, rules)


def _config(path: str, root: Value, rules: tuple[LoadedRule, ...]) -> Config:
    options: dict[str, Any] = {}
    by_name = {name: loaded.rule for loaded in rules for name in (loaded.rule.id, loaded.rule.name)}
    for name, stated in entries(at(root, "rules")):
        rule = by_name[name]
        if rule.options is not None:
            options[rule.id] = rule.options(**{k.replace("-", "_"): _plain(v) for k, v in entries(stated)})
    return Config(
        path,
        tuple(_texts(at(root, "select"))),
        tuple(_texts(at(root, "ignore"))),
        _text(at(root, "profile")),
        _text(at(root, "fail-on")),
        options,
        tuple(_entry(item) for item in _members(at(root, "workloads"))),
        tuple(_kind(item) for item in _members(at(root, "kinds"))),
        _catalog(path, root),
    )


def _catalog(path: str, root: Value) -> dict[str, Any]:
    """The rows for the catalogue with their source; empty where there are none."""
    from vmlint.catalog.extension import SECTIONS

    rows = {name: _lists(_plain(child)) for name in SECTIONS if (child := at(root, name))}
    return {**rows, "source": path} if rows else {}


def _kind(item: Value) -> Kind:
    from vmlint.catalog.kubernetes_kinds import of_row

    return of_row({key: _plain(child) for key, child in entries(item)})


def _members(value: Value) -> list[Value]:
    return value.items if isinstance(value, Sequence) else []


def _entry(item: Value) -> Entry:
    stated: dict[str, Fact[str]] = {key: text(value) for key, value in entries(item)}
    globs = {key: _text(at(item, key)) for key in _MATCHES if key in stated}
    return Entry(globs, declarations.from_mapping(stated))


def _texts(value: Value) -> list[str]:
    return [_text(item) for item in items(value)]


def _text(value: Value) -> str:
    return value.text if isinstance(value, Scalar) else ""


def _plain(value: Value) -> Any:
    """A value as Python's own: options are plain data; a list is a tuple, as frozen options hold it."""
    match value:
        case Scalar():
            return value.value
        case Sequence():
            return tuple(_plain(item) for item in value.items)
        case _:
            return {key: _plain(child) for key, child in entries(value)}


_TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}


def schema(rules: tuple[LoadedRule, ...]) -> dict[str, Any]:
    """The JSON schema of the configuration, rule options included."""
    from vmlint.catalog import extension

    of_rules = sorted({name for loaded in rules for name in (loaded.rule.id, loaded.rule.name)})
    rule_names = {"type": "array", "items": {"type": "string"}}
    declared: dict[str, Any] = {}
    for name in declarations.NAMES:
        values = allowed_values(name)
        declared[name] = {"enum": list(values)} if values else {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vmlint configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "select": rule_names,
            "ignore": rule_names,
            "profile": {"enum": ["default", "pedantic"]},
            "fail-on": {"enum": ["notice", "warning", "error"]},
            "rules": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: _options_schema(rules, name) for name in of_rules},
            },
            "workloads": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {**{key: {"type": "string"} for key in _MATCHES}, **declared},
                },
            },
            "kinds": {"type": "array", "items": _kind_schema()},
            **extension.schemas(),
        },
    }


def _kind_schema() -> dict[str, Any]:
    """A kind of Kubernetes objects that make pods: where its pods, or its containers, stand."""
    paths = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind"],
        "properties": {
            "group": {"type": "string", "default": ""},
            "kind": {"type": "string", "minLength": 1},
            **dict.fromkeys(("pods", "containers", "spec", "image", "resources", "count"), paths),
            "role": {"enum": sorted(names.roles())},
            "daemon": {"type": "boolean"},
            "durable": {"type": "boolean"},
        },
        "anyOf": [{"required": [name]} for name in ("pods", "containers", "image", "role")],
    }


def _options_schema(rules: tuple[LoadedRule, ...], name: str) -> dict[str, Any]:
    rule = next(loaded.rule for loaded in rules if name in (loaded.rule.id, loaded.rule.name))
    properties: dict[str, Any] = {}
    for option, annotation, default in fields(rule.options) if rule.options is not None else ():
        kind = _TYPES.get(annotation)
        described: dict[str, Any] = {"type": kind} if kind else {"type": "array", "items": {"type": "string"}}
        if default is not ...:
            described["default"] = default
        properties[option.replace("_", "-")] = described
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _check(path: str, root: Value, described: dict[str, Any]) -> None:
    """Raise ConfigError for the first thing that the schema refuses, at its line and in the user's words."""
    import difflib

    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(described).iter_errors(_lists(_plain(root)))
    error = min(errors, key=lambda e: [str(step) for step in e.path], default=None)
    if error is None:
        return
    place = root
    for step in error.path:
        place = place.items[step] if isinstance(place, Sequence) else at(place, str(step))
    message = error.message
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        key = next(k for k in error.instance if k not in known)
        place = at(place, key)
        near = difflib.get_close_matches(key, known, 1)
        message = f"there is no key `{key}`" + (f"; did you mean `{near[0]}`?" if near else "")
    elif error.validator == "enum" and (
        near := difflib.get_close_matches(str(error.instance), error.validator_value, 1)
    ):
        message = f"there is no `{error.instance}`; did you mean `{near[0]}`?"
    elif error.validator == "anyOf":
        message = "it must say one of " + ", ".join(option["required"][0] for option in error.validator_value)
    raise ConfigError(f"{path}:{place.key_span.line}: {message}")


def _lists(plain: Any) -> Any:
    """Plain data with lists for tuples: what JSON knows."""
    match plain:
        case tuple():
            return [_lists(item) for item in plain]
        case dict():
            return {key: _lists(item) for key, item in plain.items()}
        case _:
            return plain
