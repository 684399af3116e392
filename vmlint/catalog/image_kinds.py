"""What an image is built to do inside, beside its role. Data with sources: `data/image_kinds.yaml`."""

from __future__ import annotations

from vmlint.catalog.references import parse
from vmlint.catalog.tables import cache, table


@cache
def image_is(kind: str, text: str) -> bool:
    """Whether the image reference `text` is of a kind: `init`, `many-services`, `emulator`, `login`,
    `starts-containers`, `kernel-server`."""
    reference = parse(text)
    repository = f"/{reference.repository}"
    tagged = f"{repository}:{reference.tag}"
    return any(
        _matches(tagged if ":" in pattern else repository, f"*/{pattern}")
        for pattern in table("image_kinds")[kind]["patterns"]
    )


def _matches(text: str, pattern: str) -> bool:
    """Whether a glob whose only wildcard is `*` matches the whole text; a start-up compiles no patterns for it."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    at = len(first)
    if not text.startswith(first):
        return False
    for part in middle:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return text.endswith(last) and len(text) - len(last) >= at
