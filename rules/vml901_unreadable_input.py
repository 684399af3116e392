"""A file in scope could not be read, so nothing can be said of what it holds.

vmlint never calls a scan clean that left something out: a broken Compose file, a manifest that is not YAML, a
file over the budget of bytes or nodes, a link that leads out of the scanned folder. The rest is scanned all the
same, and the scan ends with exit code 3 where nothing else was wrong. A rule that fails on a workload is told in
the same way.

When not: `--allow-incomplete` accepts what is unreadable; a template is VML902, not this.

What to do instead: mend the file at the place that is shown, or leave it out of the paths.

Source: vmlint's own promise that a scan is never green because nothing was scanned.
"""

from vmlint.model.finding import Severity
from vmlint.rule import Rule

RULE = Rule(
    id="VML901",
    name="unreadable-input",
    summary="A file in scope could not be read",
    severity=Severity.ERROR,
    guidance="https://yaml.org/spec/1.2.2/",
    examples=(),
    by_engine=True,
)
