"""What names, ports, charts and disk images say of a role, where no container image does.

The tables are in `data/roles.yaml`; products' names come from the images' table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from vmlint.catalog.images import ImageFact, product, product_run_together
from vmlint.catalog.tables import cache, table
from vmlint.model.finding import Confidence


class NameFact(NamedTuple):
    """`word` is what of the name told the role."""

    role: str
    word: str
    engine: str = ""
    agent: bool = False


@cache
def roles() -> frozenset[str]:
    """The roles of the specification."""
    return frozenset(table("roles")["roles"])


@cache
def _words(machine: bool) -> dict[str, str]:
    words: dict[str, str] = {}
    for row in table("roles")["names"]:
        if row.get("everywhere") or bool(row.get("machine")) == machine:
            for word in row["words"]:
                words.setdefault(word, row["role"])
    return words


def by_name(name: str, *, machine: bool = False, whole_words: bool = False) -> NameFact | None:
    """What the name of a service or container (or of a `machine`) says: a product, or a word for a job. The whole
    name first, then its words from the last, which says what the thing is, to the first; at last
    the endings of words, unless only `whole_words` count."""
    name = _plain(name)
    if machine and name in table("roles")["silent_machine_names"]:
        return None
    words = _words(machine)
    parts = name.split("-")
    candidates = [name, *(part for at in range(len(parts), 0, -1) for part in _ending_at(parts, at))]
    for candidate in dict.fromkeys(candidates):
        if role := words.get(candidate):
            return NameFact(role, candidate)
        fact = _product(candidate, whole=candidate == name)
        if fact is not None and not (machine and (fact.generic or fact.role in table("roles")["platform_roles"])):
            return NameFact(fact.role, candidate, fact.engine, fact.trait == "agent")
    if whole_words:
        return None
    fact = product_run_together(name)
    if fact is not None and not fact.generic:
        return NameFact(fact.role, name, fact.engine, fact.trait == "agent")
    for row in table("roles")["endings"]:
        for part in reversed(parts):
            if len(part) > 3 and part.endswith(tuple(row["endings"])):
                return NameFact(row["role"], part)
    return None


def of_expression(expression: str) -> str:
    """What the name of a variable that holds an image says: `var.redis_image` is `redis`."""
    said = [part for part in re.split(r"[^a-z0-9]+", expression.lower()) if part]
    silent = table("roles")["silent_in_expressions"]
    return "-".join(part for part in said if part not in silent)


def _plain(name: str) -> str:
    """Lower case with hyphens, camel case and trailing numbers taken apart: `WebServer01` is `web-server`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    name = re.sub(r"[^a-z0-9]+", "-", name.lower())
    # What a name denies is not its role: `master-no-etcd`.
    name = re.sub(r"(?:^|-)no-[a-z]+", "", name)
    return re.sub(r"(?:-|(?<=[a-z]{3}))\d+(?=-|$)", "", name).strip("-")


def _ending_at(parts: list[str], at: int) -> Iterator[str]:
    for size in (3, 2, 1):
        if at >= size and size < len(parts):
            yield "-".join(parts[at - size : at])


def _product(candidate: str, *, whole: bool) -> ImageFact | None:
    """A product of that very name; short words are none, and a word of the language is one only as the `whole`."""
    if len(candidate) < 3 or (candidate in table("images")["alone"] and not whole):
        return None
    fact = product(candidate)
    compound = "-" in candidate
    if fact is None or (compound and fact.confidence < Confidence.MEDIUM):
        return None
    if fact.generic:
        return fact if compound and fact.trait == "tool" else None
    return fact if not compound or fact.confidence is Confidence.HIGH else None


@cache
def _ports() -> dict[int, dict[str, Any]]:
    return {number: row for row in table("roles")["ports"] for number in row["numbers"]}


def by_port(number: int) -> NameFact | None:
    """The role whose usual port that is."""
    row = _ports().get(number)
    return NameFact(row["role"], str(number), row.get("engine", "")) if row else None


def is_batch(kind: str) -> bool:
    """Whether workloads of that kind run and end."""
    return kind in table("roles")["batch_kinds"]


def is_service(kind: str) -> bool:
    """Whether workloads of that kind exist to serve requests."""
    return kind in table("roles")["service_kinds"]


def by_chart(chart: str) -> NameFact | None:
    """What a Helm chart installs, by its name (`bitnami/postgresql`, `oci://…/argo-cd`)."""
    name = chart.rstrip("/").rsplit("/", 1)[-1].lower()
    for row in table("roles")["charts"]:
        if name in row["names"]:
            return NameFact(row["role"], name, row.get("engine", ""))
    fact = product(name)
    if fact is None or fact.generic:
        return None
    # A chart installs an agent on every node unless told otherwise.
    role = "node-agent" if fact.trait == "agent" else fact.role
    return NameFact(role, name, fact.engine, fact.trait == "agent")


def by_disk_image(text: str) -> NameFact | None:
    """What a machine's disk image, template, AMI name or marketplace offer says: a special system, or `base-os`."""
    plain = "-" + re.sub(r"[^a-z0-9]+", "-", text.lower()) + "-"
    for row in table("roles")["disk_images"]:
        for word in row["words"]:
            word = word.replace("_", "-")
            if f"-{word}-" in plain or (len(word) > 4 and re.search(rf"-{re.escape(word)}[0-9]*-", plain)):
                return NameFact(row["role"], word, row.get("engine", ""))
    return None


def reaches_host(path: str) -> bool:
    """Whether a mount of that path of the host reaches into the host's own system."""
    path = "/" + path.strip("/")
    return any(
        path == root or (root != "/" and path.startswith(root + "/")) for root in table("roles")["host_paths"]
    )
