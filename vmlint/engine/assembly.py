"""From judged workloads to the report: scope, thresholds, suppressions, counts, order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from vmlint import __version__
from vmlint.engine.choices import Choices
from vmlint.engine.discovery import Scope
from vmlint.engine.plugins import LoadedRule
from vmlint.engine.report import Judged, Report, Result, Summary, identity
from vmlint.engine.suppression import Ledger
from vmlint.model.finding import Problem, ProblemKind, Severity, Undecided
from vmlint.model.workload import Workload
from vmlint.placement import JudgedFinding
from vmlint.rule import Rule

# Which rule tells a problem that is no finding on a workload.
_RULE_OF = {ProblemKind.UNRENDERED: "VML902", ProblemKind.ELSEWHERE: "VML902", ProblemKind.IDLE: "VML904"}


def report(
    judged: list[Judged],
    problems: list[Problem],
    files: int,
    scope: Scope,
    rules: tuple[LoadedRule, ...],
    choices: Choices,
    ledger: Ledger,
) -> Report:
    """The report of a scan, without its duration."""
    judged = [item for item in judged if _in_scope(item, scope)]
    results = tuple(_results(judged, choices, ledger))
    problems = [*problems, *_idle(ledger, scope)]
    undecided = _undecided(judged)
    by_kind: dict[ProblemKind, list[Problem]] = {kind: [] for kind in ProblemKind}
    for problem in sorted(set(problems), key=lambda p: (p.span.sort_key, p.message)):
        by_kind[problem.kind].append(problem)
    places = {result.place: result.severity for result in results if result.suppressed is None}
    counts = {severity: list(places.values()).count(severity) for severity in Severity}
    unreadable = tuple(by_kind[ProblemKind.UNREADABLE])
    by_id = {loaded.rule.id: loaded.rule for loaded in rules}
    notices = tuple(
        (by_id[rule], problem) for kind, rule in _RULE_OF.items() if rule in by_id for problem in by_kind[kind]
    )
    summary = Summary(
        files=files,
        workloads=len(judged),
        error=counts[Severity.ERROR],
        warning=counts[Severity.WARNING],
        notice=counts[Severity.NOTICE] + len(notices),
        undecided=len(undecided),
        suppressed=ledger.omitted + sum(result.suppressed is not None for result in results),
        baselined=0,
        unreadable=len(unreadable),
        seconds=0.0,
    )
    return Report(
        __version__,
        summary,
        tuple(judged),
        results,
        undecided,
        unreadable,
        notices,
        (*by_kind[ProblemKind.REFERENCE], *by_kind[ProblemKind.SKIPPED]),
        tuple(loaded.rule for loaded in rules),
    )


def _in_scope(item: Judged, scope: Scope) -> bool:
    """Whether a workload is reported: all of a folder's, and of named files those that have a part in them."""
    if scope.folders and not scope.named:
        return True
    workload = item.workload
    paths = {workload.span.path, *(span.path for span in (*workload.call_chain, *workload.parts))}
    paths |= {finding.span.path for finding in item.judgement.findings}
    paths |= {note.span.path for finding in item.judgement.findings for note in finding.notes}
    if paths & scope.named:
        return True
    return any(
        path == folder or path.startswith(folder + "/") or folder == "."
        for folder in scope.folders
        for path in paths
    )


def _results(judged: list[Judged], choices: Choices, ledger: Ledger) -> Iterator[Result]:
    found: list[tuple[Rule, JudgedFinding, Workload]] = []
    for item in judged:
        for finding in item.judgement.findings:
            rule = finding.rule
            if finding.severity >= choices.min_severity and finding.confidence >= choices.min_confidence:
                assert isinstance(rule, Rule)
                found.append((rule, finding, item.workload))
    found.sort(key=lambda f: (f[1].span.sort_key, f[0].id, f[2].address, f[1].message))
    seen: Counter[str] = Counter()
    for rule, finding, workload in found:
        same = identity(rule, finding, workload)
        seen[same] += 1
        reason = ledger.covering(rule.id, rule.name, finding, workload)
        if reason is None or choices.mark_suppressed:
            yield Result(rule, finding, workload, seen[same], reason)
        else:
            ledger.omitted += 1


def _idle(ledger: Ledger, scope: Scope) -> Iterable[Problem]:
    """Suppressions that cover nothing, in the files that are reported."""
    for suppression, why in ledger.idle():
        if not scope.named or suppression.span.path in scope.named:
            yield Problem(ProblemKind.IDLE, f"this suppression has no effect: {why}", suppression.span)


def _undecided(judged: list[Judged]) -> tuple[tuple[Rule, Workload, Undecided], ...]:
    found = []
    for item in judged:
        for rule, outcome in item.judgement.undecided:
            assert isinstance(rule, Rule)
            found.append((rule, item.workload, outcome))
    found.sort(key=lambda f: (f[2].unknown.span.sort_key, f[0].id, f[1].address))
    return tuple(found)
