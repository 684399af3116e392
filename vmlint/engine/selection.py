"""Rules named by a user: by id (`VML404`), by name, or by the beginning of ids (`VML4`)."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.engine.plugins import LoadedRule
from vmlint.rule import Rule


def is_named(rule: Rule, names: Iterable[str]) -> bool:
    """Whether one of the names means the rule."""
    return any(name == rule.name or (name and rule.id.startswith(name.upper())) for name in names)


def complaint(name: str, rules: tuple[LoadedRule, ...]) -> str:
    """What is wrong with a name that means no rule, with the nearest one that does; empty for one that does."""
    if any(is_named(loaded.rule, (name,)) for loaded in rules):
        return ""
    import difflib

    known = [known for loaded in rules for known in (loaded.rule.id, loaded.rule.name)]
    folded = f"VML{name}" if name.isdigit() else name
    near = [folded] if folded in known else difflib.get_close_matches(folded, known, 1)
    return f"there is no rule {name}" + (f"; did you mean {near[0]}?" if near else "")
