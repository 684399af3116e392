"""Windows builds: which image runs on which host, under which isolation.

Builds are numbers of the kernel (`17763` is Windows Server 2019). Data with sources: `data/windows.yaml`.
"""

from __future__ import annotations

import re

from vmlint.catalog.references import parse
from vmlint.catalog.tables import cache, table


@cache
def build_of_image(reference: str) -> int | None:
    """The build of the base that a Windows image's tag names: `servercore:ltsc2019` is 17763. None where the tag
    names none; whether the image is a Windows image at all is not asked here."""
    return build_of_tag(parse(reference).tag)


@cache
def build_of_tag(tag: str) -> int | None:
    """The build that a Windows image's tag names."""
    tag = tag.lower()
    for row in table("windows")["tags"]["rows"]:
        if re.search(row["pattern"], tag):
            return int(row["build"])
    return None


@cache
def build_of_host(text: str) -> int | None:
    """The build of a host by what a platform calls it: a node label's value (`10.0.17763`), an OS SKU
    (`Windows2022`), an AMI type (`WINDOWS_CORE_2022_x86_64`), an operating-system family, an image's name or a
    guest id. None where it names no build."""
    lowered = text.strip().lower()
    for row in table("windows")["hosts"]["rows"]:
        if re.search(row["pattern"], lowered):
            return int(row["build"])
    return None


def runs_on(image_build: int, host_build: int, isolation: str) -> bool | None:
    """Whether an image of one build starts on a host of another, under `process` or `hyperv` isolation. None where
    the build alone does not decide (equal builds of 2016, whose revisions must be equal too) or is not known."""
    known = table("windows")["builds"]
    if str(image_build) not in known or str(host_build) not in known or isolation not in ("process", "hyperv"):
        return None
    for row in table("windows")["exceptions"]["rows"]:
        if isolation in row["isolation"] and image_build in row["images"] and host_build in row["hosts"]:
            return None if row["runs"] == "unknown" else bool(row["runs"])
    return image_build == host_build if isolation == "process" else image_build <= host_build


def build_name(build: int) -> str:
    """The product of a build in Microsoft's words: `Windows Server 2019`; its number where nobody knows it."""
    row = table("windows")["builds"].get(str(build))
    return f"build {build}" if row is None else str(row["name"])


def source() -> str:
    """Where the rules of compatibility come from."""
    return str(table("windows")["source"])
