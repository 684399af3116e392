"""Kustomizations as files: what they are called, and what they name."""

from __future__ import annotations

import os
from collections.abc import Iterator

from vmlint.catalog.kustomize import FILE_NAMES, looks_remote
from vmlint.files import Files, Refusal, folder_of, join
from vmlint.model.record import record
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at, items
from vmlint.sources.kustomize.objects import words
from vmlint.sources.kustomize.transforms import known
from vmlint.syntax import yaml

GROUP = "kustomize.config.k8s.io"


@record
class Kustomization:
    path: str
    root: Mapping

    @property
    def folder(self) -> str:
        return folder_of(self.path)

    @property
    def resources(self) -> list[Scalar]:
        return [*words(at(self.root, "resources")), *words(at(self.root, "bases"))]

    @property
    def is_component(self) -> bool:
        return known(at(self.root, "kind")) == "Component"

    @property
    def components(self) -> list[Scalar]:
        return words(at(self.root, "components"))


def is_named_so(path: str) -> bool:
    return os.path.basename(path) in FILE_NAMES


def load(path: str, files: Files) -> Kustomization | None:
    """The kustomization of a file; None for what is none or cannot be read."""
    source = files.text(path)
    if isinstance(source, Refusal):
        return None
    documents = yaml.parse(source).documents
    root = documents[0].root if documents else None
    if not isinstance(root, Mapping):
        return None
    group = known(at(root, "apiVersion")).rpartition("/")[0]
    return Kustomization(path, root) if group in ("", GROUP) else None


def in_folder(folder: str, files: Files) -> str:
    """The path of the kustomization in a folder; empty where there is none."""
    return next((path for name in FILE_NAMES if files.is_file(path := join(folder, name))), "")


@record
class Leads:
    """Where an entry leads to. One of the three: a file, the kustomization of a folder, or `why` it leads nowhere;
    `remote` tells that only the network would say."""

    file: str = ""
    kustomization: str = ""
    why: str = ""
    remote: bool = False


def leads(entry: Scalar, folder: str, files: Files) -> Leads:
    """What an entry of `resources`, `bases` or `components` names."""
    path = join(folder, entry.text)
    if "\n" not in path and files.is_file(path):
        return Leads(file=path)
    if "\n" not in path and files.is_folder(path):
        found = in_folder(path, files)
        return Leads(kustomization=found) if found else Leads(why="the folder holds no kustomization")
    if looks_remote(entry.text):
        return Leads(why="it is fetched from elsewhere", remote=True)
    refusal = files.refusal(path)
    return Leads(why=refusal.message if refusal is not None else "it cannot be read")


def uses(kustomization: Kustomization, files: Files) -> Iterator[str]:
    """The kustomizations that one names."""
    for entry in (*kustomization.resources, *kustomization.components):
        found = leads(entry, kustomization.folder, files).kustomization
        if found:
            yield found


def holds(kustomization: Kustomization, files: Files) -> Iterator[str]:
    """The files of manifests that a kustomization names."""
    for entry in kustomization.resources:
        found = leads(entry, kustomization.folder, files).file
        if found:
            yield found


def patch_files(kustomization: Kustomization, files: Files) -> Iterator[str]:
    """The files of patches that a kustomization names, whether they are there or not."""
    named = [item.text for item in words(at(kustomization.root, "patchesStrategicMerge"))]
    for key in ("patches", "patchesJson6902"):
        named += [known(at(item, "path")) for item in items(at(kustomization.root, key))]
    for name in named:
        if name and "\n" not in name:
            yield join(kustomization.folder, name)


def settings(root: Value) -> Iterator[Scalar]:
    """The files that change how transformers work; vmlint goes by what they do without."""
    for field in ("configurations", "crds"):
        yield from words(at(root, field))


def work(value: Value) -> int:
    """How many values a kustomization writes: its changes are at most as many."""
    if isinstance(value, Mapping):
        return 1 + sum(work(child) for child in value.entries.values())
    return 1 + (sum(work(child) for child in value.items) if isinstance(value, Sequence) else 0)


def not_built(root: Value) -> Iterator[tuple[str, Value]]:
    """What a kustomization names that only kustomize itself would make, and what it is."""
    for field, what in (("helmCharts", "a Helm chart"), ("helmChartInflationGenerator", "a Helm chart")):
        for item in items(at(root, field)):
            name = known(at(item, "name")) or known(at(item, "chartName"))
            yield f"{what} ({name})" if name else what, item
    for field, what in (("generators", "a generator"), ("transformers", "a transformer")):
        for item in items(at(root, field)):
            yield what, item
