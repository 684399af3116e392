"""A suppression has no effect: what it covered is gone, or its day has passed.

`# vmlint: ignore[VML404] reason` holds on its line and, on a line of its own, on the next; on the header of a
service, resource, manifest or module call it holds for the whole workload; `until 2027-01-31` ends it. One that
covers nothing hides the next finding at its place, so it is told.

When not: a suppression that covers a finding of this scan.

What to do instead: remove the comment, or mend what it covered and renew its day.

Source: the practice of linters that report unused suppressions.
"""

from vmlint.model.finding import Severity
from vmlint.rule import Rule

RULE = Rule(
    id="VML904",
    name="expired-or-unused-suppression",
    summary="A suppression has no effect",
    severity=Severity.NOTICE,
    guidance="https://docs.astral.sh/ruff/rules/unused-noqa/",
    examples=(),
    by_engine=True,
)
