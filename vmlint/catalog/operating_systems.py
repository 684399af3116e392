"""Operating systems as images, tags and machine images name them, and when their support ended.

Data with sources: `data/operating_systems.yaml`, `data/machine_images.yaml`. The age of a derived image is never
guessed: a release is only what a name or tag states.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from vmlint.catalog import windows
from vmlint.catalog.references import ImageReference, parse
from vmlint.catalog.tables import cache, table
from vmlint.model.record import record


@record
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


@cache
def of_image(text: str) -> OsFact | None:
    """The OS that a container image's name or tag states; None where it states none. The text may be the readable
    beginning of a reference: one that ends in `:` has a tag that nobody knows."""
    reference = parse(text)
    repository, tag = reference.repository.lower(), reference.tag.lower()
    windows_image = _windows_image(repository, tag)
    if windows_image is not None:
        return windows_image
    for distribution, row in _distributions().items():
        if reference.name.lower() in row["images"]:
            release = _base_release(row, reference, open_end=text.rstrip().endswith(":"))
            return OsFact(row["family"], distribution, release, row["source"])
    return _stated(reference.name.lower(), tag, repository.split("/")[:-1])


def _distributions() -> dict[str, Any]:
    rows: dict[str, Any] = table("operating_systems")["distributions"]
    return rows


def _base_release(row: Any, reference: ImageReference, open_end: bool) -> str:
    """The release of a distribution's own image: by its tag, else by a number in its repository."""
    tag = reference.tag.lower()
    if tag in ("", "latest"):
        if "untagged" in row and reference.registry in row["untagged_registries"]:
            return "" if open_end else str(row["untagged"])
        numbers = re.findall(r"\d+", reference.repository)
        return _known_release(row["releases"], numbers[-1]) if numbers else ""
    word = re.match(r"[a-z]+", tag)
    for release, facts in row["releases"].items():
        if word and facts.get("codename") == word[0]:
            return str(release)
    spelled = re.match(rf"(?:{'|'.join(row.get('spellings', ['$']))})?((?:stream)?\d+(?:\.\d+)*)(?!\w)", tag)
    return _known_release(row["releases"], spelled[1]) if spelled else ""


def _known_release(releases: Any, number: str) -> str:
    """The release that a number names: `7.9.2009` is `7`, `1804` is `18.04`; empty where the catalogue has none."""
    parts = number.split(".")
    for length in range(len(parts), 0, -1):
        if (candidate := ".".join(parts[:length])) in releases:
            return candidate
    return next((str(r) for r in releases if len(number) >= 4 and r.replace(".", "") == number), "")


@cache
def _spelled() -> re.Pattern[str]:
    """A distribution's name before a number or an end: `centos7`, `debian-10`, `alpine`. Short spellings (`el7`)
    take no hyphen."""
    names = {s for row in _distributions().values() for s in row.get("spellings", ())}
    long = "|".join(sorted((n for n in names if len(n) > 3), key=len, reverse=True))
    short = "|".join(sorted(n for n in names if len(n) <= 3))
    return re.compile(
        rf"(?:^|[-_.+])(?:(?P<long>{long})(?:[-_]?(?P<number>\d+(?:\.\d+)*))?|(?P<short>{short})(?P<digits>\d+))"
        r"(?=$|[-_.+])"
    )


@cache
def _by_spelling() -> dict[str, str]:
    return {s: name for name, row in _distributions().items() for s in row.get("spellings", ())}


@cache
def _codenames() -> dict[str, tuple[str, str, bool]]:
    """Distribution, release and whether it is an ordinary word, by codename."""
    return {
        facts["codename"]: (name, release, facts.get("word", False))
        for name, row in _distributions().items()
        for release, facts in row["releases"].items()
        if "codename" in facts
    }


def _stated(name: str, tag: str, namespaces: Sequence[str]) -> OsFact | None:
    """What the name or tag of an image that is no distribution's own says it is built on; the tag before the name,
    a release before a mere distribution. A namespace counts only with a release (`ubi8/go-toolset`)."""
    bare: OsFact | None = None
    for text in (tag, name, *namespaces):
        for found in _spelled().finditer(text):
            distribution = _by_spelling()[found["long"] or found["short"]]
            row = _distributions()[distribution]
            release = _known_release(row["releases"], found["number"] or found["digits"] or "")
            fact = OsFact(row["family"], distribution, release, row["source"])
            if release:
                return fact
            bare = bare or (fact if text not in namespaces else None)
    for text, is_tag in ((tag, True), (name, False)):
        for word in re.split(r"[^a-z]+", text):
            distribution, release, ambiguous = _codenames().get(word, ("", "", False))
            if distribution and (is_tag or not ambiguous or distribution in name):
                return OsFact("linux", distribution, release, source_of(distribution))
    return bare


def _windows_image(repository: str, tag: str) -> OsFact | None:
    rows = table("operating_systems")["windows_images"]
    if not any(word in repository or word in tag for word in rows["words"]):
        return None  # without one of these words no pattern below can match; most images end here
    if any(re.fullmatch(pattern, repository) for pattern in rows["not"]):
        return None
    by_name = any(re.fullmatch(pattern, repository) for pattern in rows["repositories"])
    if not by_name and not any(re.search(rf"(^|[-_.]){token}($|[-_.])", tag) for token in rows["tag_tokens"]):
        return None
    distribution = "windows-server"
    row = _distributions()[distribution]
    return OsFact(
        row["family"],
        distribution,
        windows_release(tag),
        row["source"],
        build=windows.build_of_tag(tag),
    )


def windows_release(text: str) -> str:
    """The Windows Server release in a tag, label or SKU: `ltsc2019` and `windowsservercore-1809`; else empty."""
    text = text.lower()
    releases = _distributions()["windows-server"]["releases"]
    for release in sorted(releases, key=len, reverse=True):
        if re.search(rf"(?:^|[^0-9a-z]|ltsc|windows|win|core|server){re.escape(release)}(?![0-9a-z])", text):
            return str(release)
    build = windows.build_of_tag(text)
    return next((r for r, row in releases.items() if row.get("build") == build), "") if build else ""


@cache
def of_machine_image(text: str) -> OsFact | None:
    """The OS that the name of a machine image states: an AMI's name or filter, a marketplace offer (publisher,
    offer and SKU joined by blanks), an image family, a template or ISO, a guest id, a node pool's image."""
    data = table("machine_images")
    lowered = text.lower()
    for row in data["rows"]:
        found = re.search(row["pattern"], lowered)
        if found is not None:
            family, distribution = row["family"], row["distribution"]
            release = _machine_release(row, {k: v for k, v in found.groupdict().items() if v})
            host, appliance = row.get("container_host", False), row.get("appliance", "")
            build = _distributions().get(distribution, {}).get("releases", {}).get(release, {}).get("build")
            return OsFact(family, distribution, release, data["source"], host, appliance, build)
    return None


def _machine_release(row: Any, groups: dict[str, str]) -> str:
    """The release by a row's fixed one or by the group that took part; a group's name may end in a number."""
    if "release" in row:
        return str(row["release"])
    releases = _distributions().get(row["distribution"], {}).get("releases", {})
    for group, text in groups.items():
        match group.partition("_")[0]:
            case "codename":
                return _codenames()[text][1]
            case "stream":
                return _known_release(releases, f"stream{text}")
            case "release":
                plain = re.sub(r"[-_ ]", "", text)
                return _known_release(releases, plain) or _known_release(releases, f"20{plain}")
    return ""


def end_of_support(distribution: str, release: str) -> datetime.date | None:
    """The day on which free support of a release ended or will end."""
    facts = _distributions().get(distribution, {}).get("releases", {}).get(release)
    return datetime.date.fromisoformat(facts["end"]) if facts else None


def years_past_end(distribution: str, release: str, today: datetime.date) -> float | None:
    """Years since the end of support, negative before it; None where the catalogue has no date."""
    end = end_of_support(distribution, release)
    return None if end is None else (today - end).days / 365.25


def source_of(distribution: str) -> str:
    """Where the catalogue's dates of a distribution come from."""
    return str(_distributions().get(distribution, {}).get("source", ""))
