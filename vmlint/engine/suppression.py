"""Inline suppressions: `# vmlint: ignore[VML404] reason`.

A comment holds for findings on its own line and on the next, for all findings of the workload (or of the
module call) on whose header it stands, and with `until YYYY-MM-DD` up to that day. One that covers nothing, or
whose day has passed, is VML904.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from functools import cache

from vmlint.files import Files
from vmlint.model.record import record
from vmlint.model.span import SourceText, Span
from vmlint.model.workload import Workload
from vmlint.placement import JudgedFinding

MARK = "vmlint: ignore"


@record
class Suppression:
    """One comment. `rules` are ids or names, empty for all; `until` the last day on which it holds."""

    rules: frozenset[str]
    reason: str
    until: datetime.date | None
    span: Span
    lines: tuple[int, int]

    def names(self, rule_id: str, rule_name: str) -> bool:
        return not self.rules or rule_id in self.rules or rule_name in self.rules

    def has_expired(self, today: datetime.date) -> bool:
        return self.until is not None and today > self.until


@cache
def _comment() -> re.Pattern[str]:
    return re.compile(
        r"(?:#|//|/\*)\s*vmlint: ignore(?:\[(?P<rules>[^\]]*)\])?[ \t]*"
        r"(?:until (?P<until>\d{4}-\d{2}-\d{2})\b)?[ \t]*(?P<reason>[^\n]*)"
    )


def suppressions(paths: Iterable[str], files: Files) -> tuple[Suppression, ...]:
    """The suppressions in these files, in their order."""
    found: list[Suppression] = []
    for path in sorted(paths):
        source = files.text(path)
        if isinstance(source, SourceText) and MARK in source.text:
            found += _of(source)
    return tuple(found)


def _of(source: SourceText) -> Iterable[Suppression]:
    for match in _comment().finditer(source.text):
        span = source.span(match.start(), match.end())
        line = span.line
        alone = source.line(line)[: span.column - 1].strip() == ""
        # A comment on a line of its own speaks of the line below it.
        lines = (line + 1, line + 1) if alone else (line, line)
        rules = frozenset(name.strip() for name in (match["rules"] or "").split(",") if name.strip())
        reason = match["reason"].removesuffix("*/").strip()
        yield Suppression(rules, reason, _day(match["until"]), span, lines)


def _day(text: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        return None


class Ledger:
    """Which suppression covers what; keeps count of those that were used and of the findings left out."""

    def __init__(self, found: Iterable[Suppression], today: datetime.date) -> None:
        self.today = today
        self.used: set[Suppression] = set()
        self.omitted = 0
        self.all = tuple(found)
        self._by_line: dict[tuple[str, int], list[Suppression]] = {}
        for suppression in self.all:
            first, last = suppression.lines
            for line in range(first, last + 1):
                self._by_line.setdefault((suppression.span.path, line), []).append(suppression)

    def covering(self, rule_id: str, rule_name: str, finding: JudgedFinding, workload: Workload) -> str | None:
        """The reason of the suppression that covers a finding (its text, or `ignored` without one); None where
        none does."""
        if not self.all:
            return None
        for span in (finding.span, workload.span, *workload.call_chain):
            for suppression in self._by_line.get((span.path, span.line), ()):
                if suppression.names(rule_id, rule_name) and not suppression.has_expired(self.today):
                    self.used.add(suppression)
                    return suppression.reason or "ignored"
        return None

    def idle(self) -> list[tuple[Suppression, str]]:
        """Suppressions that cover nothing, with the reason why."""
        return [
            (s, f"it expired on {s.until}" if s.has_expired(self.today) else "nothing is found where it stands")
            for s in self.all
            if s not in self.used
        ]
