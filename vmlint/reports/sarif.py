"""SARIF 2.1.0, as code-scanning services read it.

One run; one result a source place, with further workloads of that place and the chain of evidence as related
locations. Columns are counted in UTF-16 code units. `primaryLocationLineHash` is the rolling hash that GitHub's
upload action computes; `vmlint/v1` is our own fingerprint, from evidence.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any
from urllib.parse import quote

from vmlint.engine.report import Report, Result
from vmlint.model.finding import Problem, Severity
from vmlint.model.span import SourceText, Span
from vmlint.reports.line_hash import line_hashes
from vmlint.rule import Rule

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
# Of GitHub's bands: high, medium, low. Only for rules of security: waste is no security alert.
_SECURITY = {Severity.ERROR: "8.0", Severity.WARNING: "5.5", Severity.NOTICE: "2.0"}
_PRECISION = {"high": "very-high", "medium": "high", "low": "medium"}
_MAX_RELATED = 100
_HOME = "https://github.com/vmlint/vmlint"


def render(report: Report) -> str:
    """The report as SARIF text with a line break at its end."""
    return json.dumps(document(report), indent=1, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    _root.cache_clear()  # the working directory may be another one than at the last report
    _artifact.cache_clear()
    rules = sorted(report.rules, key=lambda rule: rule.id)
    index = {rule.id: number for number, rule in enumerate(rules)}
    hashes: dict[str, list[str]] = {}
    # All results carry the property or none does: a reader takes its absence for "not known".
    marked = any(result.suppressed is not None for result in report.results)
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "vmlint",
                        "semanticVersion": report.version,
                        "informationUri": _HOME,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "automationDetails": {"id": "vmlint/"},
                "columnKind": "utf16CodeUnits",
                "originalUriBaseIds": {"SRCROOT": {"uri": _file_uri(_root().rstrip(os.sep)) + "/"}},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            *(_notification(problem, "VML901", "error") for problem in report.unreadable),
                            *(_notification(problem, rule.id, "note") for rule, problem in report.notices),
                        ],
                    }
                ],
                "results": [_result(first, others, index, hashes, marked) for first, others in report.by_place()],
            }
        ],
    }


@cache
def _root() -> str:
    """The folder that URIs are relative to: the repository's if there is one, else the working directory."""
    here = folder = os.path.realpath(".")
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return here
        folder = parent
    return folder


def _file_uri(path: str) -> str:
    return "file://" + quote(path.replace(os.sep, "/"))


@cache
def _artifact(path: str) -> dict[str, str]:
    """Where a file lies: relative to the root, links resolved; absolute if it lies outside."""
    real = os.path.realpath(path)
    inside = real.startswith(_root().rstrip(os.sep) + os.sep)
    if not inside:
        return {"uri": _file_uri(real)}
    return {"uri": quote(os.path.relpath(real, _root()).replace(os.sep, "/")), "uriBaseId": "SRCROOT"}


def _rule(rule: Rule) -> dict[str, Any]:
    tags = ["placement", *(["security"] if rule.security else [])]
    properties: dict[str, Any] = {
        "tags": tags,
        "precision": _PRECISION[rule.confidence.label],
        "problem.severity": {"notice": "recommendation"}.get(rule.severity.label, rule.severity.label),
    }
    if rule.security:
        properties["security-severity"] = _SECURITY[rule.severity]
    text = f"{rule.summary}."
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": text[:1024]},
        "fullDescription": {"text": text[:1024]},
        "help": {
            "text": f"{text} Run `vmlint explain {rule.id}` for the manual.",
            "markdown": f"{text} Run `vmlint explain {rule.id}` for the manual. [Guidance]({rule.guidance})",
        },
        "helpUri": rule.guidance,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": properties,
    }


def _result(
    first: Result, others: tuple[Result, ...], index: dict[str, int], hashes: dict[str, list[str]], marked: bool
) -> dict[str, Any]:
    related = [(note.message, note.span) for note in first.related]
    related += [(note.message, note.span) for other in others for note in other.as_other]
    locations = [
        {"id": number, **_location(span), "message": {"text": message}}
        for number, (message, span) in enumerate(related[:_MAX_RELATED], start=1)
    ]
    mentions = "".join(f" [{_escaped(loc['message']['text'])}]({loc['id']})" for loc in locations[:5])
    text = first.finding.message.rstrip(".") + "."
    if first.finding.help:
        text += f" {first.finding.help}"
    return {
        "ruleId": first.rule.id,
        "ruleIndex": index[first.rule.id],
        "level": _LEVELS[first.severity],
        "message": {"text": f"{text}{' See' + mentions + '.' if mentions else ''}"},
        "locations": [_location(first.span)],
        **({"relatedLocations": locations} if locations else {}),
        **({"suppressions": _suppressions(first)} if marked else {}),
        "partialFingerprints": {
            "primaryLocationLineHash": _line_hash(first.span, hashes),
            "vmlint/v1": first.fingerprint,
        },
    }


def _suppressions(result: Result) -> list[dict[str, str]]:
    return [] if result.suppressed is None else [{"kind": "inSource", "justification": result.suppressed}]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _line_hash(span: Span, hashes: dict[str, list[str]]) -> str:
    if span.path not in hashes:
        hashes[span.path] = line_hashes(span.source.text)
    lines = hashes[span.path]
    return lines[min(span.line, len(lines)) - 1]


def _notification(problem: Problem, rule: str, level: str) -> dict[str, Any]:
    return {
        "level": level,
        "message": {"text": f"{problem.message}."},
        "descriptor": {"id": rule},
        "locations": [_location(problem.span)],
    }


def _location(span: Span) -> dict[str, Any]:
    begin, finish = span.begin, span.finish
    region = {
        "startLine": begin.line,
        "startColumn": _utf16_column(span.source, begin.line, begin.column),
        "endLine": finish.line,
        "endColumn": _utf16_column(span.source, finish.line, finish.column),
    }
    return {"physicalLocation": {"artifactLocation": _artifact(span.path), "region": region}}


def _utf16_column(source: SourceText, line: int, column: int) -> int:
    if source.text.isascii():
        return column
    text = source.line(line)[: column - 1]
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + 1 if text else column
