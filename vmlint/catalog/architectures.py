"""Architectures as images, platforms and hosts name them. Data: `data/architectures.yaml`."""

from __future__ import annotations

import re

from vmlint.catalog.references import parse
from vmlint.catalog.tables import table


def architecture(text: str) -> str:
    """One spelling (`amd64`, `arm64`, …) of an architecture; empty where nobody knows it."""
    return str(table("architectures")["spellings"].get(text.strip(), ""))


def of_image(text: str) -> str:
    """The one architecture that an image's repository or tag names; empty for all others, which hold several."""
    reference = parse(text)
    rows = table("architectures")
    if len(reference.path) > 1 and reference.path[0] in rows["repositories"]:
        return str(rows["repositories"][reference.path[0]])
    for ending in rows["tag_endings"]:
        if reference.tag.endswith(("-" + ending, "_" + ending)):
            return architecture(ending)
    return ""


def of_disk_image(text: str) -> str:
    """The architecture that the name of a machine's disk image states; empty where it states none or several."""
    words = re.split(r"[^a-z0-9_]+", text.lower().replace("x86-64", "x86_64"))
    found = {architecture(word) for word in words if word in table("architectures")["disk_image_words"]}
    return found.pop() if len(found) == 1 else ""
