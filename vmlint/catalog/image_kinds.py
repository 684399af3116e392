"""What an image is built to do inside, beside its role. Data with sources: `data/image_kinds.yaml`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

from vmlint.catalog.references import parse
from vmlint.catalog.tables import table


@cache
def image_is(kind: str, text: str) -> bool:
    """Whether the image reference `text` is of a kind: `init`, `many-services`, `emulator`, `login`,
    `starts-containers`, `kernel-server`."""
    reference = parse(text)
    repository = f"/{reference.repository}"
    tagged = f"{repository}:{reference.tag}"
    return any(
        fnmatchcase(tagged if ":" in pattern else repository, f"*/{pattern}")
        for pattern in table("image_kinds")[kind]["patterns"]
    )
