"""Operating systems as images, tags and machine images name them, and when their support ended.

Data with sources: `data/operating_systems.yaml`. The age of a derived image is never guessed: a release is only
what a name or tag states.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from vmlint.catalog.references import parse
from vmlint.catalog.tables import table


@dataclass(frozen=True, slots=True)
class OsFact:
    """`family`: linux, windows, other. `appliance` is the purpose of an image that is a product of its own:
    `network`, `desktop`, `home-automation`, `vm-host`. `build` is a Windows build number."""

    family: str
    distribution: str = ""
    release: str = ""
    source: str = ""
    container_host: bool = False
    appliance: str = ""
    build: int | None = None
    is_base: bool = False


@cache
def of_image(text: str) -> OsFact | None:
    """The OS that a container image's name or tag states; None where it states none."""
    reference = parse(text)
    repository = "/".join(part for part in (reference.repository,) if part).lower()
    tag = reference.tag.lower()
    windows = _windows_image(repository, tag)
    if windows is not None:
        return windows
    name = repository.rsplit("/", 1)[-1]
    for distribution, row in table("operating_systems")["distributions"].items():
        if name in row["images"]:
            return _fact(distribution, row, _base_release(row, name, tag, reference.registry), is_base=True)
    return _stated(f"{name}-{tag}")


def _base_release(row: Any, name: str, tag: str, registry: str) -> str:
    """The release of a distribution's own image by its tag."""
    if not tag or tag == "latest":
        plain = registry in ("", "docker.io") and "untagged" in row
        digits = re.search(r"\d+$", name)
        return str(row["untagged"]) if plain else digits[0] if digits else ""
    releases = row["releases"]
    for release, facts in releases.items():
        if facts.get("codename") and re.match(rf"{facts['codename']}\b", tag):
            return str(release)
    candidates = [release for release in releases if re.match(rf"{re.escape(release)}(?![0-9])", tag)]
    return max(candidates, key=len, default="")


@cache
def _tokens() -> list[tuple[re.Pattern[str], str, str]]:
    """Ways in which a tag states a distribution's release: a codename, `alpine3.15`, `centos7`, `debian-10`."""
    found = []
    for distribution, row in table("operating_systems")["distributions"].items():
        if row["family"] != "linux":
            continue
        for release, facts in row["releases"].items():
            names = [re.escape(distribution) + r"[-_]?" + re.escape(release)]
            if "codename" in facts:
                names.append(facts["codename"])
            pattern = rf"(?:^|[-_.+])(?:{'|'.join(names)})(?![0-9]|\.[0-9])(?:$|[-_.+])"
            found.append((re.compile(pattern), distribution, release))
    return found


def _stated(text: str) -> OsFact | None:
    if not any(word in text for word in _words()):
        return None
    for pattern, distribution, release in _tokens():
        if pattern.search(text):
            return _fact(distribution, table("operating_systems")["distributions"][distribution], release)
    return OsFact("linux", "alpine") if re.search(r"(^|[-_])alpine($|[-_0-9])", text) else None


@cache
def _words() -> tuple[str, ...]:
    """What must occur in a tag for it to state a release; spares most images the patterns."""
    rows = table("operating_systems")["distributions"]
    codenames = [f["codename"] for row in rows.values() for f in row["releases"].values() if "codename" in f]
    return (*(d for d, row in rows.items() if row["family"] == "linux"), *codenames)


def _fact(distribution: str, row: Any, release: str, is_base: bool = False) -> OsFact:
    facts = row["releases"].get(release, {})
    return OsFact(row["family"], distribution, release, row["source"], build=facts.get("build"), is_base=is_base)


def _windows_image(repository: str, tag: str) -> OsFact | None:
    rows = table("operating_systems")["windows_images"]
    if any(re.fullmatch(pattern, repository) for pattern in rows["not"]):
        return None
    by_name = any(re.fullmatch(pattern, repository) for pattern in rows["repositories"])
    if not by_name and not any(re.search(rf"(^|[-_.]){token}($|[-_.])", tag) for token in rows["tag_tokens"]):
        return None
    release = windows_release(tag)
    row = table("operating_systems")["distributions"]["windows-server"]
    return _fact("windows-server", row, release, is_base=by_name)


def windows_release(text: str) -> str:
    """The Windows Server release in a tag, label or SKU: `ltsc2019` and `windowsservercore-1809`; else empty."""
    text = text.lower()
    releases = table("operating_systems")["distributions"]["windows-server"]["releases"]
    for release in sorted(releases, key=len, reverse=True):
        if re.search(rf"(?:^|[^0-9a-z]|ltsc|windows|win){re.escape(release)}(?![0-9a-z])", text):
            return str(release)
    return next((r for r, row in releases.items() if str(row.get("build", "-")) in text), "")


@cache
def of_machine_image(text: str) -> OsFact | None:
    """The OS that the name of a machine image, template, catalogue offer or guest id states."""
    lowered = text.lower()
    for row in table("operating_systems")["machine_images"]["rows"]:
        found = re.search(row["pattern"], lowered)
        if found is None:
            continue
        groups = found.groupdict()
        release = _machine_release(row["distribution"], groups.get("release"), groups.get("codename"))
        return OsFact(
            row["family"],
            row["distribution"],
            release,
            table("operating_systems")["machine_images"]["source"],
            row.get("container_host", False),
            row.get("appliance", ""),
        )
    return None


def _machine_release(distribution: str, release: str | None, codename: str | None) -> str:
    releases = table("operating_systems")["distributions"].get(distribution, {}).get("releases", {})
    if codename:
        return next((r for r, row in releases.items() if row.get("codename") == codename), "")
    if not release:
        return ""
    plain = re.sub(r"[-_ ]", "", release)
    return next((r for r in releases if r.replace(".", "") == plain.replace(".", "")), plain)


def end_of_support(distribution: str, release: str) -> datetime.date | None:
    """The day on which free support of a release ended or will end."""
    row = table("operating_systems")["distributions"].get(distribution, {})
    facts = row.get("releases", {}).get(release)
    return datetime.date.fromisoformat(facts["end"]) if facts else None


def years_past_end(distribution: str, release: str, today: datetime.date) -> float | None:
    """Years since the end of support, negative before it; None where the catalogue has no date."""
    end = end_of_support(distribution, release)
    return None if end is None else (today - end).days / 365.25


def source_of(distribution: str) -> str:
    """Where the catalogue's dates of a distribution come from."""
    return str(table("operating_systems")["distributions"].get(distribution, {}).get("source", ""))
