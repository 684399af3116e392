"""Which files kustomizations of the scan use as patches: parts of objects that stand whole in another file."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.files import Files, Refusal, folder_of, join, normal
from vmlint.model.fact import Known
from vmlint.model.value import Scalar, Value, at, items, text
from vmlint.syntax import yaml

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_DEPTH = 3
"""How many folders up from a patch its kustomization is looked for: `overlays/x/patches/y.yaml` has it one up."""


def patched_by(path: str, files: Files) -> str:
    """The kustomization that names the file as a patch; empty where none in its folder or above does."""
    folder = folder_of(path)
    for _ in range(MAX_DEPTH):
        for name in NAMES:
            kustomization = join(folder, name)
            if files.is_file(kustomization) and path in _patches(kustomization, files):
                return kustomization
        if not folder or folder == ".":
            break
        folder = folder_of(folder)
    return ""


def _patches(kustomization: str, files: Files) -> frozenset[str]:
    source = files.text(kustomization)
    if isinstance(source, Refusal):
        return frozenset()
    folder = folder_of(kustomization)
    named = (path for document in yaml.parse(source).documents for path in _named(document.root))
    return frozenset(normal(join(folder, path)) for path in named if "\n" not in path)


def _named(root: Value) -> Iterator[str]:
    for item in items(at(root, "patchesStrategicMerge")):
        if isinstance(item, Scalar):
            yield item.text
    for key in ("patches", "patchesJson6902"):
        for item in items(at(root, key)):
            path = text(at(item, "path"))
            if isinstance(path, Known):
                yield path.value
