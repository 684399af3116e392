"""What a file is, by its name and a first look, before anything is parsed: a repository is full of YAML that is
nobody's workload, and saying so must cost little."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, TypeAlias

from vmlint.catalog.kustomize import FILE_NAMES
from vmlint.files import Files
from vmlint.model.span import SourceText

# `builds` makes images (Skaffold, Tilt), `template` would make manifests or a Compose file, `other` is nobody's.
Kind: TypeAlias = Literal["builds", "compose", "kubernetes", "kustomize", "other", "plan", "template"]

TERRAFORM = (".tf", ".tofu", ".tf.json", ".tofu.json")
VARIABLES = (".tfvars", ".tfvars.json")
YAML = (".yaml", ".yml")
_TILTFILE = "Tiltfile"
# What an engine makes a YAML file from, by the second ending: `deployment.yaml.j2`.
_TEMPLATES = tuple(
    kind + engine
    for kind in YAML
    for engine in (".j2", ".jinja", ".jinja2", ".tpl", ".tmpl", ".gotmpl", ".template", ".erb")
)
MAX_JSON_LOOK = 500_000
"""Characters of a JSON file whose beginning does not tell what it is that are parsed to find out."""


def is_candidate(name: str) -> bool:
    """Whether a file of this name is worth a look."""
    by_ending = name.endswith((*TERRAFORM, *YAML, *_TEMPLATES, ".json", ".tfstate"))
    return by_ending or name in (*FILE_NAMES, _TILTFILE)


def kind_of(source: SourceText, named: bool, files: Files) -> Kind:
    """What a file is that is neither Terraform nor its variables. `named` tells that the command line names it."""
    path = source.path
    if path.rsplit("/", 1)[-1] == _TILTFILE:
        return "builds"
    if path.endswith(_TEMPLATES):
        found = _manifest().search(source.text) or _services().search(source.text)
        return "template" if found else "other"
    if (named or not path.endswith(YAML)) and _is_plan(source.text):
        return "plan"
    if path.endswith(".tfstate"):
        return "other"
    if path.endswith(FILE_NAMES) and _is_kustomization(path, files):
        return "kustomize"
    if is_manifest(source):
        return "builds" if _skaffold().search(source.text) else "kubernetes"
    if path.endswith(".json"):
        return "other"
    if _is_telling_name(path):
        return "other" if _is_another_list(source) else "compose"
    return "compose" if _services().search(source.text) and _is_compose(source) else "other"


def may_be_ours(path: str, files: Files) -> bool:
    """Whether a file that cannot be read could hold workloads: its name or its first bytes look like it, or nobody
    can look at them."""
    if _is_telling_name(path):
        return True
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


def is_manifest(source: SourceText) -> bool:
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
