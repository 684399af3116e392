"""The decision trace of one workload."""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.engine.report import Judged
from vmlint.model.fact import Absent, Fact, Known, Origin, Unknown
from vmlint.model.span import Span
from vmlint.model.workload import Workload
from vmlint.reports.frames import printable


def render(item: Judged) -> str:
    """Substrate, role, facts, needs and verdict, each with its evidence."""
    return "\n".join(_lines(item)) + "\n"


def _lines(item: Judged) -> Iterator[str]:
    workload, judgement = item.workload, item.judgement
    yield f"{printable(workload.address)} ({workload.format}, {workload.kind}) at {_place(workload.span)}"
    yield from _substrate(workload)
    yield f"  role: {workload.role.name} ({workload.role.confidence.label} confidence)"
    for evidence in workload.role.evidence:
        yield f"      because of {printable(evidence.text)} at {_place(evidence.span)}"
    yield from _fact(
        "os",
        workload.os.map(
            lambda system: " ".join(filter(None, (system.family, system.distribution, system.release)))
        ),
    )
    for image in workload.images:
        yield from _fact("image", image)
    for name, fact in (
        ("instances", workload.instances),
        ("vCPU", workload.vcpu),
        ("memory (MiB)", workload.memory_mib),
    ):
        yield from _fact(name, fact)
    declared = workload.declarations
    for name in ("role", "isolation", "trust", "sensitivity", "tenant"):
        value = getattr(declared, name)
        if value is not None:
            yield from _fact(f"declared {name}", value)
    for judged in judgement.needs:
        state = {True: "offered", False: "not offered", None: "cannot be told"}[judged.met]
        yield f"  needs {judged.need.kind.value} {judged.need.level}: {state} ({judged.rule.id})"
        yield f"      {printable(judged.need.message)} at {_place(judged.need.span)}"
        for note in judged.need.notes:
            yield f"      {printable(note.message)} at {_place(note.span)}"
    for finding in judgement.findings:
        yield f"  {finding.severity.label} {finding.rule.id}: {printable(finding.message)}"
        yield f"      at {_place(finding.span)}"
    for rule, undecided in judgement.undecided:
        unknown = undecided.unknown
        yield f"  undecided {rule.id}: {printable(unknown.expression)}, {unknown.reason}, at {_place(unknown.span)}"
    yield f"  verdict: {judgement.verdict.value}"
    if judgement.advice:
        yield f"  recommended: {judgement.advice}"


def _substrate(workload: Workload) -> Iterator[str]:
    match workload.substrate:
        case Known(value=substrate, span=span, via=via):
            product = f"{substrate.provider}, {substrate.runtime}"
            yield f"  substrate: {substrate.cls.value} ({product}) by {_place(span)}"
            yield from _chain(via)
        case Unknown() as unknown:
            yield f"  substrate: unknown, {printable(unknown.expression)} would settle it ({unknown.reason})"
        case _:
            yield "  substrate: not stated"


def _fact(name: str, fact: Fact[object]) -> Iterator[str]:
    match fact:
        case Known(value=value, span=span, via=via):
            yield f"  {name}: {printable(_shown(value))} at {_place(span)}"
            yield from _chain(via)
        case Unknown() as unknown:
            yield f"  {name}: unknown, {printable(unknown.expression)} would settle it ({unknown.reason})"
            yield from _chain(unknown.via)
        case Absent():
            return


def _shown(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _chain(via: tuple[Origin, ...]) -> Iterator[str]:
    for origin in via:
        yield f"      through {printable(origin.label)} at {_place(origin.span)}"


def _place(span: Span) -> str:
    begin = span.begin
    return f"{printable(span.path)}:{begin.line}:{begin.column}"
