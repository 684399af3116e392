"""Which files are in scope, and what is read together.

Files are told apart by their name and their first look, before anything is parsed: a repository is full of YAML
that is nobody's workload, and saying so must cost little. What calls itself a Compose file or a manifest is in
scope, and then an unreadable one is told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache

from vmlint.catalog.kustomize import FILE_NAMES
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
_TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json")
_VARIABLES = (".tfvars", ".tfvars.json")
_YAML = (".yaml", ".yml")
_TILTFILE = "Tiltfile"
# What an engine makes a YAML file from, by the second ending: `deployment.yaml.j2`.
_TEMPLATES = tuple(
    kind + engine
    for kind in _YAML
    for engine in (".j2", ".jinja", ".jinja2", ".tpl", ".tmpl", ".gotmpl", ".template", ".erb")
)
MAX_BESIDE = 100
"""Manifests beside a named one that are read for what they say of it."""
MAX_JSON_LOOK = 500_000
"""Characters of a JSON file whose beginning does not tell what it is that are parsed to find out."""


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
            by_ending = name.endswith((*_TERRAFORM, *_YAML, *_TEMPLATES, ".json", ".tfstate"))
            if by_ending or name in (*FILE_NAMES, _TILTFILE):
                yield join(folder, name)


def _sort(scope: Scope, paths: list[str], surroundings: Surroundings) -> None:
    compose_files: list[str] = []
    manifests: list[str] = []
    kustomizations: list[str] = []
    terraform_files: set[str] = set()
    plans: list[str] = []
    for path in paths:
        if path.endswith(_TERRAFORM):
            terraform_files.add(path)
            continue
        if path.endswith(_VARIABLES):
            names = surroundings.files.names(folder_of(path))
            terraform_files |= {join(folder_of(path), name) for name in names if name.endswith(_TERRAFORM)}
            continue
        kind = _kind(path, scope, surroundings)
        if kind == "builds":
            scope.units.append(Unit("builds", (path,)))
        elif kind == "compose":
            compose_files.append(path)
        elif kind == "plan":
            plans.append(path)
        elif kind == "kubernetes":
            manifests.append(path)
        elif kind == "kustomize":
            kustomizations.append(path)
        else:
            scope.passed_over += kind == ""
    if manifests or kustomizations:
        scope.units += _of_manifests(manifests, kustomizations, scope, surroundings.files)
    if compose_files:
        from vmlint.sources import compose

        scope.units += compose.units(compose_files, surroundings)
    if terraform_files or plans:
        from vmlint.sources import terraform

        scope.units += terraform.units(sorted(terraform_files), surroundings, plans)


def _told_template(source: SourceText, scope: Scope) -> str:
    """Tells a template by its name that would make manifests or a Compose file: `template`; empty for any other."""
    if not (_manifest().search(source.text) or _services().search(source.text)):
        return ""
    from vmlint.syntax.yaml import template_mark
    from vmlint.syntax.yaml_tree import UNRENDERED

    place = template_mark(source) or source.whole().first_line()
    scope.problems.append(Problem(ProblemKind.UNRENDERED, UNRENDERED, place))
    return "template"


def _beside(members: list[str], scope: Scope, files: Files) -> tuple[str, ...]:
    """The other manifests in the folder of files that are named: they say what a ConfigMap, a RuntimeClass or an
    autoscaler of these is."""
    if not all(path in scope.named and files.stands(path) for path in members):
        return ()
    folder = folder_of(members[0])
    found: list[str] = []
    for name in files.names(folder):
        path = join(folder, name)
        if path in members or not name.endswith((*_YAML, ".json")) or not files.is_file(path):
            continue
        source = files.text(path)
        if not isinstance(source, Refusal) and _is_manifest(source):
            found.append(path)
        if len(found) >= MAX_BESIDE:
            break
    return tuple(found)


def _is_manifest(source: SourceText) -> bool:
    if source.path.endswith(".json"):
        return _json_manifest().search(source.text) is not None or _holds_objects(source)
    text = source.text
    if _manifest().search(text) is not None or (text[:1] == "{" and _json_manifest().search(text) is not None):
        return True
    # An object whose `apiVersion` was forgotten is told, not passed over.
    return all(f"\n{key}:" in text for key in ("metadata", "spec")) and (
        "\nkind:" in text or text.startswith("kind:")
    )


def _holds_objects(source: SourceText) -> bool:
    """Whether a JSON file whose beginning does not tell is a manifest: its keys may stand in any order."""
    text = source.text
    if len(text) > MAX_JSON_LOOK or '"apiVersion"' not in text or '"kind"' not in text:
        return False
    from vmlint.sources import kubernetes
    from vmlint.syntax import yaml

    return any(kubernetes.looks_like(document.root) for document in yaml.parse(source).documents)


def _without_charts(paths: list[str], scope: Scope, files: Files) -> list[str]:
    """The paths that are no part of a chart, if there is a helm to render charts with."""
    from vmlint.sources import helm

    if not helm.is_installed():
        scope.no_rendering = "helm is not installed"
        return paths
    found, theirs = helm.units((path for path in paths if path.endswith((*_YAML, ".json"))), files)
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


def _kind(path: str, scope: Scope, surroundings: Surroundings) -> str:
    """`compose`, `kubernetes`, `kustomize`, `plan`, `template`, `builds` (what makes images), empty for another,
    `refused` for what cannot be read."""
    source = surroundings.files.text(path)
    if isinstance(source, Refusal):
        if path in scope.named or _is_telling_name(path) or _may_be_ours(path, surroundings.files):
            scope.unreadable(path, source.message)
            return "refused"
        return ""
    if path.rsplit("/", 1)[-1] == _TILTFILE:
        return "builds"
    if path.endswith(_TEMPLATES):
        return _told_template(source, scope)
    if (path in scope.named or not path.endswith(_YAML)) and _is_plan(source.text):
        return "plan"
    if path.endswith(".tfstate"):
        return ""
    if path.endswith(FILE_NAMES) and _is_kustomization(path, surroundings.files):
        return "kustomize"
    if _is_manifest(source):
        return "builds" if _skaffold().search(source.text) else "kubernetes"
    if path.endswith(".json"):
        return ""
    if _is_telling_name(path):
        return "" if _is_another_list(source) else "compose"
    return "compose" if _services().search(source.text) and _is_compose(source) else ""


def _may_be_ours(path: str, files: Files) -> bool:
    """Whether a refused file could hold workloads: its first bytes look like it, or nobody can look at them."""
    if not files.stands(path):
        return False
    glance = files.glance(path)
    if path.endswith((".json", ".tfstate")):
        return glance is not None and '"terraform_version"' in glance
    if glance is None:
        return True
    return bool(_manifest().search(glance) or _services().search(glance))


def _is_plan(text: str) -> bool:
    """Whether it may be a plan or state of Terraform: cheap, as most JSON is none."""
    if '"terraform_version"' not in text and '"format_version"' not in text:
        return False
    from vmlint.sources import plan

    return plan.looks_like(text)


def _is_telling_name(path: str) -> bool:
    from vmlint.sources.compose import is_compose_name

    return is_compose_name(path)


def _is_kustomization(path: str, files: Files) -> bool:
    from vmlint.sources import kustomize

    return kustomize.is_named_so(path) and kustomize.stands_in(path, files)


def _is_compose(source: SourceText) -> bool:
    from vmlint.sources import compose
    from vmlint.syntax import yaml

    documents = yaml.parse(source).documents
    return bool(documents) and compose.looks_like(source.path, documents[0].root)


def _is_another_list(source: SourceText) -> bool:
    """Whether a file with a name of Compose's is a list of something else, such as the tasks of a playbook."""
    if _list().match(source.text) is None:
        return False
    from vmlint.sources import compose
    from vmlint.syntax import yaml

    return all(compose.is_another_list(document.root) for document in yaml.parse(source).documents)


@cache
def _list() -> re.Pattern[str]:
    return re.compile(r"(?:[ \t]*(?:#.*|---.*)?\r?\n)*[ \t]*- ")


@cache
def _manifest() -> re.Pattern[str]:
    # At the margin; further in only where the whole document stands so.
    return re.compile(
        r"^(?:- |\{ ?)?[\"']?apiVersion[\"']?\s*:|\A(?:[ \t]*(?:#.*|---.*)?\r?\n)*[ -]*[\"']?apiVersion[\"']?\s*:",
        re.MULTILINE,
    )


@cache
def _json_manifest() -> re.Pattern[str]:
    return re.compile(r'^\s*[{\[][^{\[]{0,2000}"(?:apiVersion|kind)"\s*:', re.DOTALL)


@cache
def _skaffold() -> re.Pattern[str]:
    return re.compile(r"^apiVersion:\s*[\"']?skaffold/", re.MULTILINE)


@cache
def _services() -> re.Pattern[str]:
    return re.compile(r"^[\"']?(?:services|include)[\"']?\s*:", re.MULTILINE)
