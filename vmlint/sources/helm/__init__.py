"""Helm: charts rendered by the `helm` that is installed, where `--render` asks for it. What the templates make is
reported at the lines that make it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from vmlint.files import Files, Refusal, folder_of, join
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record, replace
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Scalar, Value, at, items
from vmlint.rendering import copied, program, put, run, workspace
from vmlint.sources.charts import units
from vmlint.sources.helm.layout import Layout
from vmlint.sources.helm.places import Places
from vmlint.sources.kubernetes import read_objects
from vmlint.sources.reading import Reading, Surroundings, Unit
from vmlint.syntax import yaml

__all__ = ["is_installed", "read", "units"]

RELEASE = "release-name"
# A schema may name others by URL, and helm would fetch them.
_OMITTED = frozenset({"values.schema.json", ".git"})
_SOURCE = re.compile(r"^# Source: (?P<path>[^\n]+)$", re.MULTILINE)


def is_installed() -> bool:
    return bool(program("helm"))


@record
class _Chart:
    """A chart and what its description says: `head` is the line to show where no better place is known."""

    folder: str
    source: SourceText
    root: Value

    @property
    def head(self) -> Span:
        name = at(self.root, "name")
        return name.entry_span if isinstance(name, Scalar) else self.source.span(0, 0)

    @property
    def is_library(self) -> bool:
        kind = at(self.root, "type")
        return isinstance(kind, Scalar) and kind.text == "library"


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """The workloads and hosts that a chart makes with the values of the settings."""
    path, files = unit.paths[0], surroundings.files
    source = files.text(path)
    if isinstance(source, Refusal):
        return Reading(problems=(Problem(ProblemKind.UNREADABLE, source.message, SourceText(path, "").whole()),))
    parsed = yaml.parse(source)
    root = parsed.documents[0].root if parsed.documents else Scalar(None, source, 0, 0)
    chart = _Chart(folder_of(path), source, root)
    if chart.is_library:
        return Reading(files=frozenset({path}))
    layout = Layout(chart.folder, root, files)
    text, problems = _rendered(chart, layout, surroundings)
    if not text:
        return Reading(problems=tuple(problems), files=frozenset({path}))
    roots: list[Value] = []
    read_files = {path}
    for place, template, rendered in _by_template(text, layout, files):
        made = yaml.parse(rendered)
        values = _values(place, layout, surroundings, read_files)
        places = Places(template, rendered, values, _fallback(place, chart))
        for document in made.documents:
            places.move(document.root)
            roots.append(document.root)
        problems += [
            Problem(ProblemKind.UNREADABLE, f"what {rendered.path} renders to: {p.message}", chart.head)
            for p in made.problems
        ]
        if template.text:
            read_files.add(template.path)
    found = read_objects(roots, path, surroundings.settings.kinds)
    parts = tuple(_parts(chart, files))
    workloads = tuple(replace(workload, parts=parts) for workload in found.workloads)
    return Reading(workloads, found.hosts, (*problems, *found.problems), frozenset(read_files))


def _parts(chart: _Chart, files: Files) -> Iterator[Span]:
    """What has a hand in everything that a chart makes: its description and its values."""
    yield chart.source.whole().first_line()
    path = join(chart.folder, "values.yaml")
    values = files.text(path) if files.is_file(path) else None
    if isinstance(values, SourceText):
        yield values.whole().first_line()


def _rendered(chart: _Chart, layout: Layout, surroundings: Surroundings) -> tuple[str, list[Problem]]:
    """What `helm template` prints of a copy of the chart, and what is wrong with it."""
    files, settings = surroundings.files, surroundings.settings
    with workspace() as folder:
        refused = copied(files, chart.folder, os.path.join(folder, "chart"), _OMITTED)
        for place, other in layout.local.items():
            refused += copied(files, other, os.path.join(folder, "chart", *place.split("/")), _OMITTED)
        problems = [Problem(ProblemKind.UNREADABLE, f"{r.path}: {r.message}", chart.head) for r in refused]
        # Constant names: none of the scanned tree becomes an argument.
        command = [program("helm"), "template", RELEASE, "./chart", "--skip-tests"]
        for number, path in enumerate(settings.values):
            data = files.data(path)
            if isinstance(data, Refusal):
                problem = Problem(ProblemKind.UNREADABLE, data.message, SourceText(path, "").whole())
                return "", [*problems, problem]
            name = f"values-{number}.yaml"
            put(folder, name, data)
            command += ["--values", name]
        output = run(command, folder, _variables(folder))
    if output.why:
        message = f"helm does not render the chart {chart.folder}: {output.why}"
        return "", [*problems, Problem(ProblemKind.UNREADABLE, message, chart.head)]
    return output.text, problems


def _variables(folder: str) -> dict[str, str]:
    """Helm's own configuration: empty, and in the workspace."""
    home = os.path.join(folder, "home")
    found = {
        name: os.path.join(home, name.lower())
        for name in (
            "HELM_CACHE_HOME",
            "HELM_CONFIG_HOME",
            "HELM_DATA_HOME",
            "HELM_PLUGINS",
            "HELM_REGISTRY_CONFIG",
            "HELM_REPOSITORY_CACHE",
            "HELM_REPOSITORY_CONFIG",
            "KUBECONFIG",
        )
    }
    return {**found, "HELM_NO_PLUGINS": "1"}


def _by_template(text: str, layout: Layout, files: Files) -> list[tuple[str, SourceText, SourceText]]:
    """The output by the template that made it, with its place in the chart. A template has no text where it cannot
    be shown (it is in an archive)."""
    pieces: dict[str, list[str]] = {}
    marks = list(_SOURCE.finditer(text))
    for number, mark in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        body = text[mark.end() : end].rstrip("\n").removesuffix("---").strip("\n")
        pieces.setdefault(mark["path"].strip(), []).append(body)
    found = []
    for named, bodies in pieces.items():
        place = named.partition("/")[2]
        path = layout.path(place)
        source = files.text(path)
        template = SourceText(path, "") if isinstance(source, Refusal) else source
        found.append((place, template, SourceText(path, "\n---\n".join(bodies) + "\n")))
    return found


def _fallback(path: str, chart: _Chart) -> Span:
    """The place of what cannot be shown: where the description names the chart that it is a part of, else its
    own name."""
    for dependency in items(at(chart.root, "dependencies")):
        name, alias = at(dependency, "name"), at(dependency, "alias")
        if any(isinstance(n, Scalar) and f"/charts/{n.text}/" in f"/{path}" for n in (alias, name)):
            return name.entry_span
    return chart.head


def _values(place: str, layout: Layout, surroundings: Surroundings, read: set[str]) -> list[Value]:
    """The value files that a template sees, strongest first: those of the command line and of the charts above it,
    by what they say of its chart, then its own."""
    files = surroundings.files
    found: list[Value] = []
    parts = place.split("/")
    names = [parts[n + 1] for n in range(0, len(parts) - 2, 2) if parts[n] == "charts"]
    for path in reversed(surroundings.settings.values):
        found += _root(path, names, files)
    for depth in range(len(names) + 1):
        path = layout.path("/".join([*(f"charts/{name}" for name in names[:depth]), "values.yaml"]))
        own = _root(path, names[depth:], files)
        found += own
        if own:
            read.add(path)
    return found


def _root(path: str, names: list[str], files: Files) -> list[Value]:
    source = files.text(path) if files.is_file(path) else None
    if not isinstance(source, SourceText):
        return []
    documents = yaml.parse(source).documents
    return [at(documents[0].root, *names)] if documents else []
