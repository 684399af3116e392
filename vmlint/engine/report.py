"""What a scan comes to: one immutable report that every format prints."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.finding import Note, Problem, Severity, Undecided
from vmlint.model.record import record
from vmlint.model.span import Span
from vmlint.model.workload import Estate, Workload
from vmlint.placement import JudgedFinding, Judgement
from vmlint.rule import Rule


@record
class Result:
    """A finding on a workload, as it is reported. `others` are further workloads of the same source place (module
    instances): formats that tell one finding a place tell them as related. `occurrence` counts the findings of one
    identity. `suppressed` is the reason of the suppression that covers it, None where there is none."""

    rule: Rule
    finding: JudgedFinding
    workload: Workload
    occurrence: int = 1
    suppressed: str | None = None

    @property
    def fingerprint(self) -> str:
        """A stable name of the finding, from file, workload, rule and evidence: never from lines or prose."""
        return f"{_digest(identity(self.rule, self.finding, self.workload))}:{self.occurrence}"

    @property
    def severity(self) -> Severity:
        return self.finding.severity

    @property
    def span(self) -> Span:
        return self.finding.span

    @property
    def related(self) -> tuple[Note, ...]:
        """The chain of evidence and the module calls or kustomizations that lead to the workload."""
        label = "called here" if self.workload.format == "terraform" else "included here"
        calls = tuple(Note(label, span) for span in self.workload.call_chain)
        return (*self.finding.notes, *calls)

    @property
    def as_other(self) -> tuple[Note, ...]:
        """How the workload is reached, where another one is told at the same place: its module calls."""
        chain = self.workload.call_chain or (self.workload.span,)
        return tuple(Note(f"also {self.workload.address}", span) for span in chain)

    @property
    def place(self) -> tuple[str, tuple[str, int, int], str]:
        return (self.rule.id, self.span.sort_key, self.finding.message)


@record
class Judged:
    """A workload with what the rules came to."""

    workload: Workload
    judgement: Judgement


@record
class Summary:
    files: int
    workloads: int
    error: int
    warning: int
    notice: int
    undecided: int
    suppressed: int
    baselined: int
    unreadable: int
    seconds: float


@record
class Report:
    """Lists are sorted by file, line and id. `notices` are what the engine itself finds on no workload: templates
    that nobody rendered, suppressions without effect."""

    version: str
    summary: Summary
    workloads: tuple[Judged, ...]
    results: tuple[Result, ...]
    undecided: tuple[tuple[Rule, Workload, Undecided], ...]
    unreadable: tuple[Problem, ...]
    notices: tuple[tuple[Rule, Problem], ...]
    passed_over: tuple[Problem, ...]
    rules: tuple[Rule, ...]
    estate: Estate = Estate()
    """All workloads and hosts that were read, whatever of them is reported."""

    def by_place(self) -> Iterator[tuple[Result, tuple[Result, ...]]]:
        """Each source place once: its first result and those of other workloads at the same place."""
        groups: dict[tuple[str, tuple[str, int, int], str], list[Result]] = {}
        for result in self.results:
            groups.setdefault(result.place, []).append(result)
        for first, *others in groups.values():
            yield first, tuple(others)


def identity(rule: Rule, finding: JudgedFinding, workload: Workload) -> str:
    """What makes a finding the same one in another run."""
    evidence = finding.evidence or " ".join(finding.span.text.split())[:200]
    return "\0".join((finding.span.path, workload.address, rule.id, evidence))


def notice_fingerprint(rule: Rule, problem: Problem) -> str:
    """A stable name for what the engine itself finds at a place."""
    evidence = " ".join(problem.span.text.split())[:200]
    return _digest("\0".join((problem.span.path, rule.id, evidence)))


def _digest(text: str) -> str:
    import hashlib  # loads OpenSSL: a clean scan does without

    return hashlib.sha256(text.encode()).hexdigest()[:20]
