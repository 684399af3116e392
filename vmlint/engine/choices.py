"""What the command line and the configuration choose for a run."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from vmlint.engine.config import Config
from vmlint.model.finding import Confidence, Severity
from vmlint.model.record import field, record


@record
class Choices:
    """Rules are named by id or name; `options` are the rules' own by id. `mark_suppressed` keeps suppressed
    findings in the report, marked; else they are only counted."""

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    pedantic: bool = False
    min_severity: Severity = Severity.NOTICE
    min_confidence: Confidence = Confidence.LOW
    jobs: int = 1
    today: datetime.date = field(default_factory=datetime.date.today)
    mark_suppressed: bool = False
    config: Config = field(default_factory=Config)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.config.options
