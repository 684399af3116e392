"""A rule could not decide, because a value is not in the files.

A fact is known, absent or unknown: a variable without a value, a data source, an image that the environment names.
An unknown is neither a pass nor a finding. The summary counts what is undecided; `--show-undecided` lists rule,
workload and the name that would settle it.

When not: an unknown that could not change the verdict (a tag, a size within reason) leaves the workload as it is.

What to do instead: give the value with `--var`, `--var-file` or `--env-file`, or declare the role or isolation.

Source: vmlint's own promise that unknown is never treated as a pass or a failure.
"""

from vmlint.model.finding import Severity
from vmlint.rule import Rule

RULE = Rule(
    id="VML903",
    name="undecided",
    summary="A rule could not decide for want of a value",
    severity=Severity.NOTICE,
    guidance="https://developer.hashicorp.com/terraform/language/values/variables",
    examples=(),
    by_engine=True,
)
