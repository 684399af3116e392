"""Templates that nobody rendered, told once for each chart or folder."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.files import Files, folder_of, join
from vmlint.model.finding import Problem, ProblemKind
from vmlint.sources.charts import outermost


def grouped(problems: Iterable[Problem], files: Files, why: str = "") -> list[Problem]:
    """One problem for each Helm chart, else for each folder, at its first template; `why` tells why a chart was not
    rendered where that was asked for."""
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        folder = folder_of(problem.span.path)
        chart = _chart_of(folder, files)
        key = ("chart", chart) if chart is not None else ("folder", folder)
        groups.setdefault(key, []).append(problem)
    found = []
    for (kind, name), members in groups.items():
        number = f"{len(members)} templates" if len(members) > 1 else "a template"
        verb = "are" if len(members) > 1 else "is"
        reason = f": {why}" if why and kind == "chart" else ""
        message = f"{number} of the {kind} {name} {verb} not rendered{reason}"
        found.append(Problem(ProblemKind.UNRENDERED, message, members[0].span))
    return found


def _chart_of(folder: str, files: Files) -> str | None:
    """The nearest folder above that holds a `Chart.yaml`."""
    while True:
        if files.is_file(join(folder, "Chart.yaml")):
            return outermost(folder, files)
        parent = folder_of(folder)
        if folder in (".", "/", parent):
            return None
        folder = parent
