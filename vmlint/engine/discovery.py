"""Which files are in scope, and what is read together.

What calls itself a Compose file, a manifest or a module is in scope, and then an unreadable one is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from vmlint.engine.recognition import (
    TERRAFORM,
    VARIABLES,
    YAML,
    Kind,
    is_candidate,
    is_manifest,
    kind_of,
    may_be_ours,
)
from vmlint.files import Files, Refusal, folder_of, join, normal, reason
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.sources.reading import Surroundings, Unit

# Folders that hold other people's code, caches or history.
_PASSED_OVER = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".terraform",
        ".terragrunt-cache",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".tox",
    }
)
MAX_BESIDE = 100
"""Manifests beside a named one that are read for what they say of it."""


class Scope:
    """What a scan reads. `named` are the files that the command line names: with any, only they are reported;
    `folders` are those that it names."""

    def __init__(self) -> None:
        self.units: list[Unit] = []
        self.problems: list[Problem] = []
        self.named: set[str] = set()
        self.folders: set[str] = set()
        self.passed_over = 0
        self.no_rendering = ""
        """Why charts are not rendered although that was asked for."""

    def unreadable(self, path: str, message: str) -> None:
        self.problems.append(Problem(ProblemKind.UNREADABLE, message, SourceText(path, "").whole()))


def boundary(paths: Iterable[str]) -> str:
    """The root that nothing is read outside of: the working directory if it holds the paths, else the enclosing
    repository, else the common folder."""
    here = os.path.realpath(".")
    real = [os.path.realpath(path) for path in paths] or [here]
    common = os.path.commonpath(real)
    if common == here or common.startswith(here.rstrip(os.sep) + os.sep):
        return here
    folder = common if os.path.isdir(common) else os.path.dirname(common)
    parent = folder
    while parent != os.path.dirname(parent):
        if os.path.exists(os.path.join(parent, ".git")):
            return parent
        parent = os.path.dirname(parent)
    return folder


def discover(paths: Iterable[str], surroundings: Surroundings) -> Scope:
    """The units of the files and folders that are named."""
    scope = Scope()
    found: set[str] = set()
    for path in paths:
        path = normal(path)
        if os.path.isdir(path):
            scope.folders.add(path)
            found.update(_walk(path, scope))
        else:
            scope.named.add(path)
            found.add(path)
    candidates = sorted(found)
    if surroundings.settings.render:
        candidates = _without_charts(candidates, scope, surroundings.files)
    _sort(scope, candidates, surroundings)
    return scope


def _walk(top: str, scope: Scope) -> Iterator[str]:
    """Candidates below a folder, in order. Links to folders are not followed: what they lead to is either walked
    already or outside."""

    def unlisted(error: OSError) -> None:
        scope.unreadable(normal(error.filename), f"the folder {reason(error)}")

    for folder, folders, names in os.walk(top, onerror=unlisted):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            if is_candidate(name):
                yield join(folder, name)


def _sort(scope: Scope, paths: list[str], surroundings: Surroundings) -> None:
    files = surroundings.files
    modules: set[str] = set()
    found: dict[Kind, list[str]] = {}
    for path in paths:
        if path.endswith(TERRAFORM):
            modules.add(path)
        elif path.endswith(VARIABLES):
            names = files.names(folder_of(path))
            modules |= {join(folder_of(path), name) for name in names if name.endswith(TERRAFORM)}
        elif (kind := _kind(path, scope, files)) is not None:
            found.setdefault(kind, []).append(path)
    scope.passed_over += len(found.get("other", ()))
    scope.units += [Unit("builds", (path,)) for path in found.get("builds", ())]
    manifests, kustomizations = found.get("kubernetes", []), found.get("kustomize", [])
    if manifests or kustomizations:
        scope.units += _of_manifests(manifests, kustomizations, scope, files)
    if "compose" in found:
        from vmlint.sources import compose

        scope.units += compose.units(found["compose"], surroundings)
    if modules or "plan" in found:
        from vmlint.sources import terraform

        scope.units += terraform.units(sorted(modules), surroundings, found.get("plan", []))


def _kind(path: str, scope: Scope, files: Files) -> Kind | None:
    """What a file is; None where it cannot be read. What cannot be read or was not rendered is told."""
    source = files.text(path)
    named = path in scope.named
    if isinstance(source, Refusal):
        if not named and not may_be_ours(path, files):
            return "other"
        scope.unreadable(path, source.message)
        return None
    kind = kind_of(source, named, files)
    if kind == "template":
        _tell_template(source, scope)
    return kind


def _tell_template(source: SourceText, scope: Scope) -> None:
    from vmlint.syntax.yaml import template_mark
    from vmlint.syntax.yaml_tree import UNRENDERED

    place = template_mark(source) or source.whole().first_line()
    scope.problems.append(Problem(ProblemKind.UNRENDERED, UNRENDERED, place))


def _beside(members: list[str], scope: Scope, files: Files) -> tuple[str, ...]:
    """The other manifests in the folder of files that are named: they say what a ConfigMap, a RuntimeClass or an
    autoscaler of these is."""
    if not all(path in scope.named and files.stands(path) for path in members):
        return ()
    folder = folder_of(members[0])
    found: list[str] = []
    for name in files.names(folder):
        path = join(folder, name)
        if path in members or not name.endswith((*YAML, ".json")) or not files.is_file(path):
            continue
        source = files.text(path)
        if not isinstance(source, Refusal) and is_manifest(source):
            found.append(path)
        if len(found) >= MAX_BESIDE:
            break
    return tuple(found)


def _without_charts(paths: list[str], scope: Scope, files: Files) -> list[str]:
    """The paths that are no part of a chart, if there is a helm to render charts with."""
    from vmlint.sources import helm

    if not helm.is_installed():
        scope.no_rendering = "helm is not installed"
        return paths
    found, theirs = helm.units((path for path in paths if path.endswith((*YAML, ".json"))), files)
    scope.units += found
    return [path for path in paths if path not in theirs]


def _of_manifests(manifests: list[str], kustomizations: list[str], scope: Scope, files: Files) -> list[Unit]:
    """A unit for each kustomization that no other uses, and for the manifests of each folder that none holds."""
    from vmlint.sources import kustomize

    found, theirs = kustomize.units(kustomizations, manifests, scope.named, files)
    folders: dict[str, list[str]] = {}
    for path in manifests:
        if path not in theirs:
            folders.setdefault(folder_of(path), []).append(path)
    own = (Unit("kubernetes", tuple(m), _beside(m, scope, files)) for m in folders.values())
    return [*found, *own]
