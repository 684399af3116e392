"""Finding and loading rules: entry points of the group `vmlint.rules`, and folders of `--rules`.

The entry points are read from the metadata files themselves: importing `importlib.metadata` costs as much as a
scan of one file.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from types import ModuleType

from vmlint.model.record import record
from vmlint.rule import Check, Rule

GROUP = "vmlint.rules"


class RuleError(Exception):
    """A rule that cannot be loaded; the message says which and why."""


@record
class LoadedRule:
    """A rule with its check and its manual. `check` is None for what the engine reports by itself."""

    rule: Rule
    check: Check | None
    manual: str
    path: str


def load(folders: tuple[str, ...] = ()) -> tuple[LoadedRule, ...]:
    """All rules, sorted by id. Raises RuleError where one does not load, two share an id or name, or there is
    none at all or in one of the folders."""
    found: list[LoadedRule] = []
    for package in sorted(set(entry_points())):
        found += [_loaded(module) for module in _modules_of(package)]
    for folder in folders:
        own = [_loaded(module) for module in _modules_in(folder)]
        if not own:
            raise RuleError(f"{folder} holds no rule")
        found += own
    if not found:
        raise RuleError(f"no rule is installed in the entry-point group {GROUP}")
    seen: dict[str, str] = {}
    for loaded in found:
        for key in (loaded.rule.id, loaded.rule.name):
            if key in seen:
                raise RuleError(f"{loaded.path}: {key} is taken by {seen[key]}")
            seen[key] = loaded.path
    return tuple(sorted(found, key=lambda loaded: loaded.rule.id))


def entry_points() -> Iterator[str]:
    """Package names of the group, from the metadata of every distribution on the path."""
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                yield from _of_distribution(os.path.join(folder, name, "entry_points.txt"))


def _of_distribution(path: str) -> Iterator[str]:
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except OSError:
        return
    if f"[{GROUP}]" not in text:
        return
    section = text.split(f"[{GROUP}]", 1)[1].split("\n[", 1)[0]
    for line in section.splitlines():
        name, separator, target = line.partition("=")
        if separator and name.strip():
            yield target.strip()


def _modules_of(package: str) -> Iterator[ModuleType]:
    try:
        parent = importlib.import_module(package)
    except Exception as error:
        raise RuleError(f"the rule package {package} cannot be imported: {error}") from error
    folders = list(getattr(parent, "__path__", []))
    if not folders:
        yield parent
        return
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            if name.endswith(".py") and not name.startswith("_"):
                yield _imported(f"{package}.{name.removesuffix('.py')}")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise RuleError(f"the rule {name} cannot be imported: {error}") from error


def _modules_in(folder: str) -> Iterator[ModuleType]:
    if not os.path.isdir(folder):
        raise RuleError(f"{folder} is not a folder of rules")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".py") or name.startswith("_"):
            continue
        path = os.path.join(folder, name)
        module_name = "vmlint_user_rules_" + re.sub(r"\W", "_", os.path.abspath(path))
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise RuleError(f"{path} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise RuleError(f"the rule {path} cannot be loaded: {error}") from error
        yield module


def _loaded(module: ModuleType) -> LoadedRule:
    path = getattr(module, "__file__", None) or module.__name__
    rule, check = getattr(module, "RULE", None), getattr(module, "check", None)
    if not isinstance(rule, Rule):
        raise RuleError(f"{path} defines no RULE")
    if check is None and not rule.by_engine:
        raise RuleError(f"{path} defines no check()")
    return LoadedRule(rule, check, (module.__doc__ or "").strip(), path)
