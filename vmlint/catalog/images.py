"""What an image is: its role, by the reference alone.

The tables are in `data/images.yaml`. Steps, first hit wins: a tag that decides (`docker:dind`), a full name
(`calico/node`), a vendor all of whose images are alike (`kindest/`), a part of the product before it
(`gotify/server`), the last component of the name, that without
a variant suffix (`-alpine`, `-server`), and at last a word of it (`my-mysql`). Names that say nothing by
themselves (`agent`, `server`) decide nothing alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from vmlint.catalog.references import ImageReference, is_placeholder, parse, without_placeholders
from vmlint.catalog.tables import cache, table
from vmlint.model.finding import Confidence

# What the traits mean where the table gives no role of its own.
_TRAIT_ROLES = {"os": "base-os", "runtime": "application", "tool": "worker"}


class ImageFact(NamedTuple):
    """`role` is one of the specification's. `engine` is the key of the engines' table where there is one.

    `trait` bounds what the role is good for: `agent` (part of the platform where it reaches into its host, else
    `role`), `helper` (stands beside a main container), `os` (an operating system: the command decides), `runtime`
    (a language runtime: decides nothing alone), `tool` (a client or build tool), or empty.
    """

    role: str
    confidence: Confidence
    engine: str = ""
    source: str = ""
    trait: str = ""

    @property
    def generic(self) -> bool:
        """Whether the command, the ports or the name say more than the image does."""
        return self.trait in _TRAIT_ROLES


class _Tables(NamedTuple):
    names: dict[str, ImageFact]
    repositories: dict[str, ImageFact]
    vendors: dict[str, ImageFact]
    tags: dict[str, list[tuple[str, ImageFact]]]
    words: dict[str, ImageFact]
    weak_words: dict[str, ImageFact]
    ambiguous: frozenset[str]
    alone: frozenset[str]
    homonyms: frozenset[str]


@cache
def _tables() -> _Tables:
    data = table("images")
    source = data["source"]
    names: dict[str, ImageFact] = {}
    for row in data["names"]:
        names.update(dict.fromkeys(row["names"], _fact(row, source, Confidence.HIGH)))
    repositories: dict[str, ImageFact] = {}
    vendors: dict[str, ImageFact] = {}
    for row in data["repositories"]:
        fact = _fact(row, source, Confidence.HIGH)
        for match in row["match"]:
            (vendors if match.endswith("/") else repositories)[match.rstrip("/")] = fact
    tags: dict[str, list[tuple[str, ImageFact]]] = {}
    for row in data["tags"]:
        for name in row["names"]:
            tags.setdefault(name, []).append((row["tag"], _fact(row, source, Confidence.HIGH)))
    words: dict[str, ImageFact] = {}
    weak_words: dict[str, ImageFact] = {}
    for row in data["words"]:
        target = weak_words if row.get("weak") else words
        target.update(dict.fromkeys(row["words"], _fact(row, source, Confidence.MEDIUM)))
    sets = (frozenset(data[name]) for name in ("ambiguous", "alone", "homonyms"))
    return _Tables(names, repositories, vendors, tags, words, weak_words, *sets)


def _fact(row: dict[str, Any], source: str, confidence: Confidence) -> ImageFact:
    trait = row.get("trait", "")
    role = row.get("role") or _TRAIT_ROLES[trait]
    if trait == "runtime" or row.get("confidence") == "low":
        confidence = Confidence.LOW
    elif trait == "tool":
        confidence = Confidence.MEDIUM
    return ImageFact(role, confidence, row.get("engine", ""), row.get("source", source), trait)


@cache
def image(text: str) -> ImageFact | None:
    """What the image reference `text` is; None where the reference says nothing."""
    if is_placeholder(text):
        return None
    return of_reference(parse(text))


def image_by_prefix(prefix: str) -> ImageFact | None:
    """What an image is of which only the beginning is known: `postgres:` of `postgres:${var.tag}`. None where the
    beginning may stop in the middle of the name."""
    last = prefix.rsplit("/", 1)[-1]
    if ":" in last or "@" in last:
        return image(prefix)
    if last.endswith("-"):
        return image(last.rstrip("-"))
    return None


def of_reference(reference: ImageReference) -> ImageFact | None:
    """What the product is that `reference` names."""
    tables = _tables()
    path = reference.path
    name = without_placeholders(reference.name).strip("-_.")
    for tag, fact in tables.tags.get(name, []) + tables.tags.get("*", []):
        if re.search(rf"(?:^|[-_.]){tag}(?:$|[-_.0-9])", reference.tag):
            return fact
    for count in range(min(3, len(path)), 1, -1):
        if found := tables.repositories.get("/".join(path[-count:])):
            return found
    for component in reversed(path[:-1]):
        if found := tables.vendors.get(component):
            return found
    if len(path) > 1 and name in _part_words():
        return _part_of(path[-2], name)
    if len(path) > 1 and name in tables.homonyms and not _is_of(path[-2], name):
        return None
    return product(name)


def _is_of(vendor: str, name: str) -> bool:
    """Whether a namespace vouches for a product whose name others use too."""
    vendor, plain = vendor.replace("-", ""), name.replace("-", "")
    return plain in vendor or vendor in plain or vendor in table("images")["publishers"]


@cache
def _part_words() -> Mapping[str, str]:
    """Last components that name a part of the product before them (`gotify/server`), and what part."""
    return {word: row["part"] for row in table("images")["parts"] for word in row["words"]}


def _part_of(vendor: str, word: str) -> ImageFact | None:
    """What `vendor/word` is: the product itself where the word says `server` or the like, or an application beside
    it (`strimzi/operator`). None where the vendor is no product."""
    fact = _tables().names.get(vendor)
    if fact is None or fact.generic:
        return None if word in _tables().ambiguous else product(word)
    if _part_words()[word] == "itself":
        return _weakened(fact)
    return ImageFact("application", Confidence.MEDIUM, source=fact.source)


@cache
def product(name: str) -> ImageFact | None:
    """What a bare name (an image's last component, a chart, a package) says of a product."""
    tables = _tables()
    name = name.lower().partition("-with-")[0]  # what it comes with is not what it is
    spellings = list(_spellings(name))
    for at, spelling in enumerate(spellings):
        if spelling in tables.ambiguous:
            return None
        if fact := tables.names.get(spelling):
            return fact if at == 0 or fact.trait == "runtime" else _weakened(fact)
    return _by_word(name)


@cache
def _joined() -> dict[str, ImageFact]:
    return {name.replace("-", ""): fact for name, fact in _tables().names.items() if "-" in name}


def product_run_together(name: str) -> ImageFact | None:
    """What a name says that a person wrote without the product's hyphens: `uptimekuma`."""
    fact = _joined().get(name.lower())
    return _weakened(fact) if fact is not None and len(name) > 5 else None


def _weakened(fact: ImageFact) -> ImageFact:
    return fact._replace(confidence=min(fact.confidence, Confidence.MEDIUM))


def _spellings(name: str) -> list[str]:
    """The name as it stands, then without prefixes, variant suffixes and version numbers."""
    data = table("images")
    found = [name]
    current = name.replace("_", "-")
    for _ in range(4):
        if current not in found:
            found.append(current)
        shorter = current
        for suffix in data["suffixes"]:
            if current.endswith("-" + suffix):
                shorter = current[: -len(suffix) - 1]
                break
        else:
            for prefix in data["prefixes"]:
                if current.startswith(prefix + "-"):
                    shorter = current[len(prefix) + 1 :]
                    break
            else:
                shorter = re.sub(r"[-.]?v?[0-9][0-9.]*$", "", current)
        if shorter in (current, ""):
            break
        current = shorter
    if current not in found:
        found.append(current)
    return found


def _by_word(name: str) -> ImageFact | None:
    """A role by the words of a compound name. What the thing does for a product comes last in English
    (`mysql-exporter`, `kafka-ui`), so the last telling word wins; a product name decides only where no such
    word stands."""
    tables = _tables()
    parts = [part for part in re.split(r"[-_.\s]+", name) if part]
    if len(parts) < 2:
        return _first_product(parts)
    if parts[0] in table("images")["publisher_words"]:
        parts = parts[1:]
    return _last_of(parts, tables.words) or _first_product(parts) or _last_of(parts, tables.weak_words)


def _last_of(parts: list[str], words: dict[str, ImageFact]) -> ImageFact | None:
    for at in range(len(parts), 0, -1):
        for size in (2, 1):
            if at >= size and (fact := words.get("-".join(parts[at - size : at]))):
                return fact
    return None


def _first_product(parts: list[str]) -> ImageFact | None:
    """The first word or pair of words that is a product's name, or such a name with something behind it."""
    tables = _tables()
    for size in (2, 1):
        for at in range(len(parts) - size + 1):
            candidate = "-".join(parts[at : at + size])
            for spelling in (candidate, _stem(candidate)):
                fact = tables.names.get(spelling)
                if fact and len(spelling) > 3 and spelling not in tables.alone and not fact.generic:
                    return _weakened(fact)
    return None


def _stem(word: str) -> str:
    """`mysqldb`, `redisslave`, `postgresql15`, `mytomcat` as their product."""
    return re.sub(r"^my(?=[a-z]{4})|(?:db|slave|master|server|[0-9]+)$", "", word)
