"""The manual of a rule, and the list of all."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.model.record import fields
from vmlint.rule import Bad, Rule


def render(rule: Rule, text: str) -> str:
    """What `vmlint explain` prints: the manual, options and an example of each kind."""
    head = f"{rule.id} {rule.name} ({rule.severity.label}{', pedantic' if rule.pedantic else ''})"
    lines = [head, "", f"{rule.summary}.", "", text.strip(), ""]
    if rule.options is not None:
        lines.append("Options:")
        lines += [f"  {name} = {default!r}" for name, _, default in fields(rule.options)]
        lines.append("")
    for example in rule.examples[:4]:
        lines.append(f"{'Wrong' if isinstance(example, Bad) else 'Right'} ({example.file}):")
        lines += [f"    {line}" for line in example.text.strip("\n").splitlines()]
        lines.append("")
    lines.append(f"Guidance: {rule.guidance}")
    return "\n".join(lines) + "\n"


def listing(rules: Iterable[Rule]) -> str:
    """A line for each rule."""
    rows = [f"{rule.id}  {rule.severity.label:<8}{rule.name:<34}{rule.summary}" for rule in rules]
    return "\n".join(rows) + "\n"
