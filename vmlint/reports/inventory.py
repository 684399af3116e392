"""The inventory: every workload on a line, by file."""

from __future__ import annotations

from vmlint.engine.report import Judged, Report
from vmlint.model.fact import Known, value_or
from vmlint.model.finding import ProblemKind, Verdict
from vmlint.model.record import record
from vmlint.model.workload import Substrate
from vmlint.reports.frames import printable


def render(report: Report) -> str:
    """Workloads grouped by file, with what they run on, what they need and where they belong."""
    lines: list[str] = []
    file = ""
    for item in report.workloads:
        path = item.workload.span.path
        if path != file:
            file = path
            lines += [*([""] if lines else []), printable(path)]
        lines += _row(item)
    lines += _not_rendered(report)
    lines.append("")
    lines.append(f"{len(report.workloads):,} workload{'' if len(report.workloads) == 1 else 's'}.")
    lines += _could_be_containers(report)
    return "\n".join(lines) + "\n"


def _not_rendered(report: Report) -> list[str]:
    """Templates and references behind which there are workloads that nobody has seen."""
    told = [problem for rule, problem in report.notices if rule.id == "VML902"]
    told += [problem for problem in report.passed_over if problem.kind is ProblemKind.REFERENCE]
    told.sort(key=lambda problem: problem.span.sort_key)
    rows = [f"  {printable(p.span.path)}:{p.span.line}: {printable(p.message)}" for p in told]
    return ["", "Not rendered", *rows] if rows else []


@record
class Declared:
    """What is declared in machines that containers could replace: machines, cores, MiB; `unsized` counts the
    workloads whose number or size is not known and that the sums leave out."""

    machines: int
    vcpu: float
    memory_mib: float
    unsized: int


def declared(report: Report) -> Declared:
    """The sums over all over-placed machines. Sizes are as declared: nothing is known of their use."""
    machines, unsized, vcpu, memory = 0, 0, 0.0, 0.0
    for item in report.workloads:
        workload = item.workload
        if item.judgement.verdict is not Verdict.OVER_PLACED or workload.machine is None:
            continue
        match workload.instances, workload.vcpu, workload.memory_mib:
            case Known(count), Known(cores), Known(mib):
                machines, vcpu, memory = machines + count, vcpu + count * cores, memory + count * mib
            case _:
                unsized += 1
    return Declared(machines, vcpu, memory, unsized)


def _could_be_containers(report: Report) -> list[str]:
    found = declared(report)
    lines = []
    if found.machines:
        lines.append(
            f"Declared in virtual machines that could be containers: {found.machines:,} "
            f"machine{'' if found.machines == 1 else 's'}, {found.vcpu:g} vCPU, {found.memory_mib / 1024:g} GiB "
            "(as declared; nothing is said of their use)."
        )
    if found.unsized:
        lines.append(
            f"{found.unsized:,} more whose number or size is not known."
            if found.machines
            else f"{found.unsized:,} virtual machines could be containers; their number or size is not known."
        )
    return lines


def _product(substrate: Substrate) -> str:
    """Provider and runtime; once where one names the other."""
    if substrate.runtime in substrate.provider:
        return substrate.provider
    return f"{substrate.provider}, {substrate.runtime}"


def _row(item: Judged) -> list[str]:
    workload, judgement = item.workload, item.judgement
    substrate = value_or(workload.substrate, None)
    on = f"{substrate.cls.value} ({_product(substrate)})" if substrate else "unknown substrate"
    size = []
    if isinstance(workload.vcpu, Known):
        size.append(f"{workload.vcpu.value:g} vCPU")
    if isinstance(workload.memory_mib, Known):
        size.append(f"{workload.memory_mib.value:.0f} MiB")
    if isinstance(workload.instances, Known):
        count = workload.instances.value
        size = [f"{count:,} ×", *size] if size else [f"{count:,} instance{'' if count == 1 else 's'}"]
    row = f"  {printable(workload.address)}: {workload.role.name} on {on}{', ' + ' '.join(size) if size else ''}"
    rows = [f"{row} — {judgement.verdict.value}"]
    for judged in judgement.needs:
        state = {True: "met", False: "unmet", None: "undecided"}[judged.met]
        rows.append(f"      needs {judged.need.kind.value} {judged.need.level} ({judged.rule.id}, {state})")
    if judgement.advice:
        rows.append(f"      recommended: {judgement.advice}")
    return rows
