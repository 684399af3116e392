"""The run itself: read the units, build the estate, ask the rules, judge, report."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from vmlint.catalog.tables import extend
from vmlint.engine.assembly import report
from vmlint.engine.choices import Choices
from vmlint.engine.config import Config
from vmlint.engine.discovery import discover
from vmlint.engine.plugins import LoadedRule
from vmlint.engine.report import Judged, Report
from vmlint.engine.selection import is_named
from vmlint.engine.suppression import Ledger, Suppression, suppressions
from vmlint.engine.unrendered import grouped
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import replace
from vmlint.model.workload import Estate, Host, Workload
from vmlint.placement import judge
from vmlint.roles import assign
from vmlint.rule import Context, Outcome, Rule
from vmlint.sources.declarations import checked
from vmlint.sources.reading import Reading, Surroundings, Unit

UnitRead: TypeAlias = tuple[Reading, tuple[Suppression, ...]]

# Below these a pool of processes costs more than it gives.
POOL_BYTES = 1_000_000
POOL_UNITS = 300
COLLECT_AFTER = 200
"""Units between two collections of garbage."""


def scan(
    paths: Iterable[str],
    surroundings: Surroundings,
    rules: tuple[LoadedRule, ...],
    choices: Choices,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read everything that the paths lead to and judge it. `progress` is told the units read and their number."""
    start = time.perf_counter()
    extend(choices.config.catalog)
    scope = discover(paths, surroundings)
    read: list[UnitRead] = []
    for unit_read in _readings(scope.units, surroundings, choices.jobs):
        read.append(unit_read)
        if progress is not None:
            progress(len(read), len(scope.units))
    readings = [reading for reading, _ in read]
    estate, mistakes = _estate(readings, choices.config)
    problems = [*scope.problems, *(problem for reading in readings for problem in reading.problems), *mistakes]
    active = tuple(loaded for loaded in rules if _is_active(loaded.rule, choices))
    judged: list[Judged] = []
    for workload in estate.workloads:
        outcomes, faults = _ask(active, workload, estate, choices)
        problems += faults
        judged.append(Judged(workload, judge(workload, outcomes)))
    files = frozenset(path for reading in readings for path in reading.files)
    templates = [problem for problem in problems if problem.kind is ProblemKind.UNRENDERED]
    problems = [problem for problem in problems if problem.kind is not ProblemKind.UNRENDERED]
    problems += grouped(templates, surroundings.files, scope.no_rendering)
    ledger = Ledger((suppression for _, found in read for suppression in found), choices.today)
    made = report(judged, problems, len(files), scope, rules, choices, ledger)
    return replace(
        made, estate=estate, summary=replace(made.summary, seconds=round(time.perf_counter() - start, 3))
    )


def _readings(units: list[Unit], surroundings: Surroundings, jobs: int) -> Iterator[UnitRead]:
    size = sum(_size(path) for unit in units for path in unit.paths)
    worth = size > POOL_BYTES or len(units) > POOL_UNITS
    if jobs > 1 and worth and len(units) > 1 and hasattr(os, "fork"):
        from vmlint.engine.pool import read_in_pool

        yield from read_in_pool(units, surroundings, jobs)
        return
    for number, unit in enumerate(units, start=1):
        yield read_unit(unit, surroundings)
        if number % COLLECT_AFTER == 0:
            collect()


def collect() -> None:
    """Free what the units of before left behind, where the command line has switched the collector off. What is
    still there stays, and is not looked at again."""
    if not gc.isenabled():
        gc.collect()
        gc.freeze()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def read_unit(unit: Unit, surroundings: Surroundings) -> UnitRead:
    """What one unit holds, with the suppressions in its files."""
    reading = _by_format(unit, surroundings)
    return reading, suppressions(reading.files, surroundings.files)


def _by_format(unit: Unit, surroundings: Surroundings) -> Reading:
    match unit.format:
        case "compose":
            from vmlint.sources import compose

            return compose.read(unit, surroundings)
        case "builds":
            from vmlint.sources import builds

            return builds.read(unit, surroundings)
        case "kubernetes":
            from vmlint.sources import kubernetes

            return kubernetes.read(unit, surroundings)
        case "plan":
            from vmlint.sources import plan

            return plan.read(unit, surroundings)
        case "helm":
            from vmlint.sources import helm

            return helm.read(unit, surroundings)
        case "kustomize":
            from vmlint.sources import kustomize

            return kustomize.read(unit, surroundings)
        case _:
            from vmlint.sources import terraform

            return terraform.read(unit, surroundings)


def _estate(readings: list[Reading], config: Config) -> tuple[Estate, list[Problem]]:
    """All workloads and hosts, linked across files and with their roles; malformed declarations."""
    workloads = [workload for reading in readings for workload in reading.workloads]
    hosts: list[Host] = [host for reading in readings for host in reading.hosts]
    if any(w.namespace or w.placement.runtime_class is not None or w.format == "kubernetes" for w in workloads):
        from vmlint.sources.kubernetes import link

        workloads = list(link(workloads, hosts))
    images = [image for reading in readings for image in reading.images]
    if images:
        from vmlint.sources.builds import with_builds

        workloads = list(with_builds(workloads, images))
    workloads = config.declared(workloads) if config.workloads else workloads
    found: list[Workload] = []
    problems: list[Problem] = []
    for workload in workloads:
        workload, mistakes = checked(workload)
        problems += mistakes
        found.append(replace(workload, role=assign(workload)))
    found.sort(key=lambda w: (w.span.sort_key, w.address))
    return Estate(tuple(found), tuple(sorted(hosts, key=lambda h: (h.span.sort_key, h.address)))), problems


def _is_active(rule: Rule, choices: Choices) -> bool:
    if is_named(rule, choices.ignore):
        return False
    if choices.select:
        return is_named(rule, choices.select)
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
