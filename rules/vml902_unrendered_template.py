"""A template was not rendered, so what it would deploy is not known.

Helm charts and Jinja templates are programs that make manifests; vmlint runs no program. It says once for each
chart or folder that there is something that it did not look at.

A part that lies elsewhere is told the same way, at the place that names it: what a Compose file includes from a
repository or a registry, or from a path that depends on an unknown variable.

When not: a manifest whose strings merely contain `{{` is read like any other.

What to do instead: scan what the template makes, `helm template CHART | vmlint scan -`.

Source: Helm documentation, Chart Template Guide.
"""

from vmlint.model.finding import Severity
from vmlint.rule import Rule

RULE = Rule(
    id="VML902",
    name="unrendered-template",
    summary="A template was not rendered and is not judged",
    severity=Severity.NOTICE,
    guidance="https://helm.sh/docs/chart_template_guide/getting_started/",
    examples=(),
    by_engine=True,
)
