"""The run itself: read the units, build the estate, ask the rules, judge, report."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vmlint import __version__
from vmlint.engine.discovery import Scope, discover
from vmlint.engine.plugins import LoadedRule
from vmlint.engine.report import Judged, Report, Result, Summary, fingerprints
from vmlint.engine.unrendered import grouped
from vmlint.model.finding import Confidence, Problem, ProblemKind, Severity, Undecided
from vmlint.model.workload import Estate, Host, Workload
from vmlint.placement import JudgedFinding, judge
from vmlint.roles import assign
from vmlint.rule import Context, Outcome, Rule
from vmlint.sources.reading import Reading, Surroundings, Unit

# Below these a pool of processes costs more than it gives.
POOL_BYTES = 1_000_000
POOL_UNITS = 300


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line and the configuration choose. Rules are named by id or name; `options` are the
    rules' own by id."""

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    pedantic: bool = False
    min_severity: Severity = Severity.NOTICE
    min_confidence: Confidence = Confidence.LOW
    jobs: int = 1
    today: datetime.date = field(default_factory=datetime.date.today)
    options: Mapping[str, Any] = field(default_factory=dict)


def scan(
    paths: Iterable[str], surroundings: Surroundings, rules: tuple[LoadedRule, ...], choices: Choices
) -> Report:
    """Read everything that the paths lead to and judge it."""
    start = time.perf_counter()
    scope = discover(paths, surroundings)
    readings = list(_readings(scope.units, surroundings, choices.jobs))
    estate = _estate(readings)
    problems = [*scope.problems, *(problem for reading in readings for problem in reading.problems)]
    active = tuple(loaded for loaded in rules if _is_active(loaded.rule, choices))
    judged: list[Judged] = []
    for workload in estate.workloads:
        outcomes, faults = _ask(active, workload, estate, choices)
        problems += faults
        judged.append(Judged(workload, judge(workload, outcomes)))
    files = frozenset(path for reading in readings for path in reading.files)
    templates = [problem for problem in problems if problem.kind is ProblemKind.UNRENDERED]
    problems = [problem for problem in problems if problem.kind is not ProblemKind.UNRENDERED]
    problems += grouped(templates, surroundings.files)
    return _report(judged, problems, len(files), scope, rules, choices, time.perf_counter() - start)


def _readings(units: list[Unit], surroundings: Surroundings, jobs: int) -> Iterator[Reading]:
    size = sum(_size(path) for unit in units for path in unit.paths)
    worth = size > POOL_BYTES or len(units) > POOL_UNITS
    if jobs > 1 and worth and len(units) > 1 and hasattr(os, "fork"):
        from vmlint.engine.pool import read_in_pool

        yield from read_in_pool(units, surroundings, jobs)
        return
    for unit in units:
        yield read_unit(unit, surroundings)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def read_unit(unit: Unit, surroundings: Surroundings) -> Reading:
    """What one unit holds, by the source that its format names."""
    match unit.format:
        case "compose":
            from vmlint.sources import compose

            return compose.read(unit, surroundings)
        case "kubernetes":
            from vmlint.sources import kubernetes

            return kubernetes.read(unit, surroundings)
        case _:
            from vmlint.sources import terraform

            return terraform.read(unit, surroundings)


def _estate(readings: list[Reading]) -> Estate:
    """All workloads and hosts, linked across files and with their roles."""
    workloads = [workload for reading in readings for workload in reading.workloads]
    hosts: list[Host] = [host for reading in readings for host in reading.hosts]
    if any(w.namespace or w.placement.runtime_class is not None or w.format == "kubernetes" for w in workloads):
        from vmlint.sources.kubernetes import link

        workloads = list(link(workloads, hosts))
    found = [replace(workload, role=assign(workload)) for workload in workloads]
    found.sort(key=lambda w: (w.span.sort_key, w.address))
    return Estate(tuple(found), tuple(sorted(hosts, key=lambda h: (h.span.sort_key, h.address))))


def _is_active(rule: Rule, choices: Choices) -> bool:
    names = {rule.id, rule.name}
    if names & choices.ignore:
        return False
    if choices.select:
        return bool(names & choices.select) or any(rule.id.startswith(chosen) for chosen in choices.select)
    return choices.pedantic or not rule.pedantic


def _ask(
    rules: tuple[LoadedRule, ...], workload: Workload, estate: Estate, choices: Choices
) -> tuple[list[tuple[Rule, Outcome]], list[Problem]]:
    """What every rule says of a workload. A rule that raises is told and the others go on."""
    outcomes: list[tuple[Rule, Outcome]] = []
    faults: list[Problem] = []
    for loaded in rules:
        rule = loaded.rule
        if loaded.check is None or workload.format not in rule.formats:
            continue
        if workload.role.name in rule.exempt_roles and not choices.pedantic:
            continue
        options = choices.options.get(rule.id) or (rule.options() if rule.options is not None else None)
        context = Context(estate, options, choices.today, choices.pedantic)
        try:
            outcomes += [(rule, outcome) for outcome in loaded.check(workload, context)]
        except Exception as error:
            message = f"the rule {rule.id} failed on {workload.address}: {type(error).__name__}: {error}"
            faults.append(Problem(ProblemKind.UNREADABLE, message, workload.span))
    return outcomes, faults


def _report(
    judged: list[Judged],
    problems: list[Problem],
    files: int,
    scope: Scope,
    rules: tuple[LoadedRule, ...],
    choices: Choices,
    seconds: float,
) -> Report:
    judged = [item for item in judged if _in_scope(item, scope)]
    results = tuple(_results(judged, scope, choices))
    undecided = _undecided(judged)
    by_kind: dict[ProblemKind, list[Problem]] = {kind: [] for kind in ProblemKind}
    for problem in sorted(set(problems), key=lambda p: (p.span.sort_key, p.message)):
        by_kind[problem.kind].append(problem)
    places = {result.place: result.severity for result in results if result.suppressed is None}
    counts = {severity: list(places.values()).count(severity) for severity in Severity}
    unreadable = tuple(by_kind[ProblemKind.UNREADABLE])
    summary = Summary(
        files=files,
        workloads=len(judged),
        error=counts[Severity.ERROR],
        warning=counts[Severity.WARNING],
        notice=counts[Severity.NOTICE] + len(by_kind[ProblemKind.UNRENDERED]),
        undecided=len(undecided),
        suppressed=sum(result.suppressed is not None for result in results),
        baselined=0,
        unreadable=len(unreadable),
        seconds=round(seconds, 3),
    )
    return Report(
        __version__,
        summary,
        tuple(judged),
        results,
        undecided,
        unreadable,
        tuple(by_kind[ProblemKind.UNRENDERED]),
        tuple(by_kind[ProblemKind.SKIPPED]),
        tuple(loaded.rule for loaded in rules),
    )


def _in_scope(item: Judged, scope: Scope) -> bool:
    """Whether a workload is reported: all of a folder's, and of named files those that have a part in them."""
    if scope.folders and not scope.named:
        return True
    paths = {item.workload.span.path, *(span.path for span in item.workload.call_chain)}
    paths |= {finding.span.path for finding in item.judgement.findings}
    paths |= {note.span.path for finding in item.judgement.findings for note in finding.notes}
    if paths & scope.named:
        return True
    return any(
        path == folder or path.startswith(folder + "/") or folder == "."
        for folder in scope.folders
        for path in paths
    )


def _results(judged: list[Judged], scope: Scope, choices: Choices) -> Iterator[Result]:
    found: list[tuple[Rule, JudgedFinding, Workload]] = []
    for item in judged:
        for finding in item.judgement.findings:
            rule = finding.rule
            if finding.severity >= choices.min_severity and finding.confidence >= choices.min_confidence:
                assert isinstance(rule, Rule)
                found.append((rule, finding, item.workload))
    found.sort(key=lambda f: (f[1].span.sort_key, f[0].id, f[2].address, f[1].message))
    for (rule, finding, workload), fingerprint in zip(found, fingerprints(found), strict=True):
        yield Result(rule, finding, workload, fingerprint)


def _undecided(judged: list[Judged]) -> tuple[tuple[Rule, Workload, Undecided], ...]:
    found = []
    for item in judged:
        for rule, outcome in item.judgement.undecided:
            assert isinstance(rule, Rule)
            found.append((rule, item.workload, outcome))
    found.sort(key=lambda f: (f[2].unknown.span.sort_key, f[0].id, f[1].address))
    return tuple(found)
