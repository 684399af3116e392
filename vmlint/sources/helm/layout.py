"""Where the files of a chart lie: its own, and those of dependencies that it names by a path (`file://../common`)
and that `helm dependency build` would copy into `charts/`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmlint.files import Files, join
from vmlint.model.span import SourceText
from vmlint.model.value import Scalar, Value, at, items
from vmlint.syntax import yaml

_LOCAL = "file://"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_MAX_DEPTH = 5


class Layout:
    """`local` are the folders of dependencies named by a path, by their place in the chart (`charts/common`)."""

    def __init__(self, folder: str, root: Value, files: Files) -> None:
        self.folder = folder
        self.local = dict(_dependencies(folder, root, files, "", _MAX_DEPTH))

    def path(self, relative: str) -> str:
        """The file of the root that stands at a place in the rendered chart; the chart's own folder for a place
        that is none (`../x`)."""
        for place in sorted(self.local, key=len, reverse=True):
            if relative.startswith(f"{place}/"):
                return _below(self.local[place], relative.removeprefix(f"{place}/"))
        return _below(self.folder, relative)


def _below(folder: str, name: str) -> str:
    path = join(folder, name)
    return path if folder == "." or path.startswith(f"{folder}/") else folder


def _dependencies(folder: str, root: Value, files: Files, prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    there = files.names(join(folder, "charts")) if files.is_folder(join(folder, "charts")) else []
    for item in items(at(root, "dependencies")):
        name, repository = at(item, "name"), at(item, "repository")
        if not (isinstance(name, Scalar) and isinstance(repository, Scalar) and _NAME.fullmatch(name.text)):
            continue
        if not repository.text.startswith(_LOCAL) or any(_is_of(entry, name.text) for entry in there):
            continue
        target = join(folder, repository.text.removeprefix(_LOCAL))
        source = files.text(join(target, "Chart.yaml"))
        if isinstance(source, SourceText):
            place = f"{prefix}charts/{name.text}"
            yield place, target
            documents = yaml.parse(source).documents
            if documents and depth > 0:
                yield from _dependencies(target, documents[0].root, files, f"{place}/", depth - 1)


def _is_of(entry: str, name: str) -> bool:
    return entry == name or (entry.startswith(f"{name}-") and entry.endswith(".tgz"))
