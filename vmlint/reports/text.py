"""The report for people: grouped by file, with source frames, the chain of evidence and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.engine.report import Report, Result
from vmlint.model.finding import Problem, ProblemKind, Severity
from vmlint.reports.frames import Mark, excerpt, printable
from vmlint.reports.style import Style

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
_MAX_OTHERS = 5


def render(report: Report, style: Style | None = None, show_undecided: bool = False) -> str:
    """The whole report as text with a line break at its end."""
    style = style or Style(False)
    lines: list[str] = []
    file = ""
    for result, others in report.by_place():
        if result.span.path != file:
            file = result.span.path
            lines += ["", style.bold(printable(file))]
        lines += ["", *_finding(result, others, style)]
    for problem in report.unreadable:
        lines += ["", *_problem("error", "VML901", problem, style, "red")]
    for rule, problem in report.notices:
        lines += ["", *_problem(rule.severity.label, rule.id, problem, style, _COLOURS[rule.severity])]
    if show_undecided and report.undecided:
        lines += ["", style.bold("Undecided")]
        lines += list(_undecided(report))
    lines += ["", *_summary(report, style)]
    if report.summary.undecided and not show_undecided:
        lines.append(style.dim("  --show-undecided lists the names that would settle what is undecided"))
    return "\n".join(lines).lstrip("\n") + "\n"


def _finding(result: Result, others: tuple[Result, ...], style: Style) -> Iterator[str]:
    colour = _COLOURS[result.severity]
    head = style.paint(f"{result.severity.label}[{result.rule.id}]", colour)
    yield f"{head} {style.bold(printable(result.finding.message))}"
    chains = [note for other in others[:_MAX_OTHERS] if other.workload.call_chain for note in other.as_other]
    notes = [Mark(note.span, printable(note.message)) for note in dict.fromkeys((*result.related, *chains))]
    yield from _located([Mark(result.span, primary=True), *notes], style, colour)
    if result.suppressed is not None:
        yield f"     {style.dim('=')} suppressed: {printable(result.suppressed)}"
    yield f"     {style.dim('=')} workload: {_workload(result)}"
    if others:
        names = [printable(other.workload.address) for other in others]
        more = f" and {len(names) - _MAX_OTHERS} more" if len(names) > _MAX_OTHERS else ""
        yield f"     {style.dim('=')} also: {', '.join(names[:_MAX_OTHERS])}{more}"
    if result.finding.help:
        yield f"     {style.dim('=')} {style.paint('help', 'green')}: {printable(result.finding.help)}"
    yield style.dim(f"     = vmlint explain {result.rule.id}")


def _workload(result: Result) -> str:
    """The workload with its role, and its place where the finding does not lie in it (a namespace, an anchor)."""
    workload, span = result.workload, result.workload.span
    text = f"{printable(workload.address)} ({workload.role.name})"
    beyond = span.path != result.span.path or span.start > result.span.end
    return f"{text} at {printable(span.path)}:{span.line}" if beyond else text


def _located(marks: list[Mark], style: Style, colour: str) -> Iterator[str]:
    """An excerpt of each file that the marks lie in, that of the primary one first."""
    by_file: dict[str, list[Mark]] = {}
    for mark in marks:
        by_file.setdefault(mark.span.path, []).append(mark)
    arrow = "-->"
    for path, within in by_file.items():
        begin = within[0].span.begin
        yield f"    {style.paint(arrow, 'blue')} {printable(path)}:{begin.line}:{begin.column}"
        arrow = ":::"
        if not within[0].span.source.text:
            continue
        for row in excerpt(within):
            body = style.paint(row.body, colour if row.primary else "blue") if row.kind == "mark" else row.body
            yield f"{style.paint(f'{row.gutter} │', 'blue')} {body}".rstrip()


def _problem(severity: str, rule: str, problem: Problem, style: Style, colour: str) -> Iterator[str]:
    yield f"{style.paint(f'{severity}[{rule}]', colour)} {style.bold(printable(_sentence(problem.message)))}"
    yield from _located([Mark(problem.span, primary=True)], style, colour)


def _sentence(clause: str) -> str:
    """A problem's clause as a sentence; a name in front keeps its spelling."""
    first = clause.split(" ", 1)[0]
    return f"{clause[0].upper() if first.isalpha() else clause[:1]}{clause[1:]}."


def _undecided(report: Report) -> Iterator[str]:
    for rule, workload, outcome in report.undecided:
        unknown = outcome.unknown
        place = f"{printable(unknown.span.path)}:{unknown.span.line}"
        name = printable(unknown.expression)
        yield f"  {rule.id} {printable(workload.address)}: {name} ({unknown.reason}) {place}"


def _summary(report: Report, style: Style) -> Iterator[str]:
    summary = report.summary
    scope = f"{_count(summary.workloads, 'workload')} in {_count(summary.files, 'file')}"
    if not summary.files and not summary.unreadable:
        why = "no Terraform, Compose or Kubernetes file was found"
        if any(problem.kind is ProblemKind.UNRENDERED for _, problem in report.notices):
            why = "all that was found are templates, which nobody rendered"
        yield style.paint(f"Nothing was scanned: {why}.", "yellow")
        return
    found = [
        style.paint(_count(summary.error, "error"), "red") if summary.error else "",
        style.paint(_count(summary.warning, "warning"), "yellow") if summary.warning else "",
        _count(summary.notice, "notice") if summary.notice else "",
    ]
    stated = ", ".join(part for part in found if part)
    if not stated and not summary.unreadable:
        stated = style.paint("nothing to report", "green")
    rest = [f"{summary.undecided} undecided" if summary.undecided else ""]
    rest += [f"{summary.suppressed} suppressed" if summary.suppressed else ""]
    rest += [style.paint(f"{_count(summary.unreadable, 'place')} unreadable", "red") if summary.unreadable else ""]
    yield f"{scope}: {'; '.join(part for part in [stated, *rest] if part)}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
