"""The JSON report `vmlint.report/1`: the outside contract for other programs.

`findings` lists one entry for each workload; entries with one rule, file, line and column are one finding of the
summary, met by several workloads (the instances of a module).
"""

from __future__ import annotations

import json
from typing import Any

from vmlint.engine.report import Judged, Report, Result, notice_fingerprint
from vmlint.model.fact import Known, value_or
from vmlint.model.finding import Problem
from vmlint.model.span import Span
from vmlint.model.workload import OperatingSystem
from vmlint.rule import Rule


def render(report: Report) -> str:
    """The whole report as JSON text with a line break at its end."""
    return json.dumps(document(report), indent=1, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    summary = report.summary
    return {
        "schema": "vmlint.report/1",
        "version": report.version,
        "summary": {
            "files": summary.files,
            "workloads": summary.workloads,
            "error": summary.error,
            "warning": summary.warning,
            "notice": summary.notice,
            "undecided": summary.undecided,
            "suppressed": summary.suppressed,
            "baselined": summary.baselined,
            "unreadable": summary.unreadable,
            "seconds": summary.seconds,
        },
        "workloads": [_workload(item) for item in report.workloads],
        "findings": [
            *(_finding(result) for result in report.results),
            *(_notice(rule, problem) for rule, problem in report.notices),
        ],
        "undecided": [
            {
                "rule": rule.id,
                "workload": workload.address,
                "unknown": outcome.unknown.expression,
                **_line(outcome.unknown.span),
            }
            for rule, workload, outcome in report.undecided
        ],
        "unreadable": [{**_line(p.span), "message": p.message} for p in report.unreadable],
    }


def schema() -> dict[str, Any]:
    """The JSON schema of the report."""
    import pkgutil

    return dict(json.loads(pkgutil.get_data(__package__, "report.schema.json") or b""))


def _workload(item: Judged) -> dict[str, Any]:
    workload, judgement = item.workload, item.judgement
    substrate = value_or(workload.substrate, None)
    system = value_or(workload.os, OperatingSystem("unknown"))
    return {
        "address": workload.address,
        "name": workload.name,
        "format": workload.format,
        **_place(workload.span),
        "substrate": {
            "class": substrate.cls.value if substrate else "unknown",
            "provider": substrate.provider if substrate else "",
            "runtime": substrate.runtime if substrate else "",
        },
        "role": {"name": workload.role.name, "confidence": workload.role.confidence.label},
        "os": {"family": system.family, "release": system.release or None},
        "images": [image.value for image in workload.images if isinstance(image, Known)],
        "instances": value_or(workload.instances, None),
        "vcpu": _amount(value_or(workload.vcpu, None)),
        "memory_mib": _amount(value_or(workload.memory_mib, None)),
        "needs": [
            {
                "need": judged.need.kind.value,
                "level": judged.need.level,
                "rule": judged.rule.id,
                "met": judged.met,
            }
            for judged in judgement.needs
        ],
        "verdict": judgement.verdict.value,
        "recommended": [cls.value for cls in judgement.recommended],
    }


def _amount(value: float | None) -> float | int | None:
    """A whole number without a fraction; others to three places."""
    if value is None:
        return None
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def _finding(result: Result) -> dict[str, Any]:
    finish = result.span.finish
    return {
        "rule": result.rule.id,
        "name": result.rule.name,
        "severity": result.severity.label,
        "confidence": result.finding.confidence.label,
        "message": result.finding.message,
        "help": result.finding.help,
        "workload": result.workload.address,
        **_place(result.span),
        "end_line": finish.line,
        "end_column": finish.column,
        "related": [{"message": note.message, **_place(note.span)} for note in result.related],
        "fingerprint": result.fingerprint,
        "suppressed": result.suppressed,
    }


def _notice(rule: Rule, problem: Problem) -> dict[str, Any]:
    """A template or a suppression: a finding on no workload."""
    finish = problem.span.finish
    return {
        "rule": rule.id,
        "name": rule.name,
        "severity": rule.severity.label,
        "confidence": rule.confidence.label,
        "message": f"{problem.message}.",
        "help": "",
        "workload": "",
        **_place(problem.span),
        "end_line": finish.line,
        "end_column": finish.column,
        "related": [],
        "fingerprint": notice_fingerprint(rule, problem),
        "suppressed": None,
    }


def _place(span: Span) -> dict[str, Any]:
    begin = span.begin
    return {"file": span.path, "line": begin.line, "column": begin.column}


def _line(span: Span) -> dict[str, Any]:
    return {"file": span.path, "line": span.line}
