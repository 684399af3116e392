"""Charts in the scan: which are rendered by themselves, and which files are theirs."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.files import Files, folder_of, join
from vmlint.sources.reading import Unit

FORMAT = "helm"
CHART = "Chart.yaml"
_PARTS = ("templates", "charts", "crds", "files")


def units(paths: Iterable[str], files: Files) -> tuple[list[Unit], set[str]]:
    """A unit for each chart that one of the paths is a part of, and those of the paths that are read with it. A
    chart in the `charts` of another is rendered by that one, if that is in the scan too."""
    found: set[str] = set()
    theirs: set[str] = set()
    paths = list(paths)
    own = {folder_of(path) for path in paths if path.rpartition("/")[2] == CHART}
    for path in paths:
        chart = chart_of(path, files)
        if chart is None:
            continue
        outer = outermost(chart, files)
        chart = outer if outer in own or chart not in own else chart
        found.add(chart)
        theirs.add(path)
    return [Unit(FORMAT, (join(chart, CHART),)) for chart in sorted(found)], theirs


def chart_of(path: str, files: Files) -> str | None:
    """The folder of the chart that a file is a part of: its templates, its values, its own description. None for
    other files, wherever they lie."""
    folder, name = folder_of(path), path.rpartition("/")[2]
    if name in (CHART, "values.yaml", "values.yml") and files.is_file(join(folder, CHART)):
        return folder
    parts = folder.split("/")
    for number in range(len(parts) - 1, -1, -1):
        if parts[number] in _PARTS:
            above = "/".join(parts[:number]) or "."
            if files.is_file(join(above, CHART)):
                return above
    return None


def outermost(chart: str, files: Files) -> str:
    """The chart that a chart in its `charts` folder is a part of, as far up as there are any."""
    folder = chart
    while folder_of(folder).rpartition("/")[2] == "charts":
        above = folder_of(folder_of(folder))
        if not files.is_file(join(above, CHART)):
            break
        folder = above
    return folder
