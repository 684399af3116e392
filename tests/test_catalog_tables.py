"""The catalogue's tables: true to their sources, of the shape that their schema says, each row with a source, and
without duplicates or contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from vmlint.catalog.compile import compiled, source_table
from vmlint.catalog.tables import FOLDER, table

SOURCES = sorted((Path(FOLDER) / "data").glob("*.yaml"))
SCHEMAS = source_table(Path(__file__).parent / "data" / "catalog_schemas.yaml")
TABLES = [path.stem for path in SOURCES]
NAMES = [("images", "names"), ("commands", "programs"), ("commands", "packages"), ("roles", "charts")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_compiled_table_is_its_source(path: Path) -> None:
    """Run `python -m vmlint.catalog.compile` after an edit."""
    assert (Path(FOLDER) / "compiled" / f"{path.stem}.json").read_text(encoding="utf-8") == compiled(path)


def test_every_compiled_table_has_a_source_table() -> None:
    assert {path.stem for path in (Path(FOLDER) / "compiled").iterdir()} == set(TABLES)
    with pytest.raises(FileNotFoundError):
        table("no such table")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_its_schema_says(name: str) -> None:
    schema = {"$defs": SCHEMAS["$defs"], "type": "object", **SCHEMAS[name]}
    Draft202012Validator.check_schema(schema)
    errors = [
        f"{list(error.path)}: {error.message[:200]}"
        for error in Draft202012Validator(schema).iter_errors(table(name))
    ]
    assert errors == []


def test_a_misspelt_row_is_refused() -> None:
    schema = {"$defs": SCHEMAS["$defs"], "type": "object", **SCHEMAS["images"]}
    wrong = {
        **table("images"),
        "names": [{"role": "cache", "names": ["x"]}, {"rolle": "cache", "source": "s", "names": ["y"]}],
    }
    messages = [error.message for error in Draft202012Validator(schema).iter_errors(wrong)]
    assert any("'source' is a required property" in message for message in messages)
    assert any("'rolle' was unexpected" in message for message in messages)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source(name: str) -> None:
    """Its own, or the one of the section or table that it stands in."""
    data = table(name)
    assert _without_source(data) == []
    assert set(data.get("sources", {})) <= set(data)
    assert all(len(str(source)) > 3 for source in [*_sources(data), *data.get("sources", {}).values()])


@pytest.mark.parametrize(
    ("data", "bare"),
    [
        ({"names": [{"role": "cache", "source": "a manual"}, {"role": "mail"}]}, ["names: {'role': 'mail'}"]),
        ({"words": ["web", "app"]}, ["words"]),
        ({"sources": {"names": "a manual"}, "names": ["x"], "endings": ["db"]}, ["endings"]),
        (
            {"builds": {"1": {"name": "one", "source": "a manual"}, "2": {"name": "two"}}},
            ["builds: {'name': 'two'}"],
        ),
        ({"limits": {"x": [{"feature": "kvm"}], "y": "a word"}}, ["limits: {'feature': 'kvm'}", "limits"]),
        ({"source": "a manual", "words": ["web"]}, []),
        ({"kinds": {"source": "a manual", "patterns": ["x"]}}, []),
    ],
)
def test_a_row_or_a_section_without_a_source_is_refused(data: dict[str, Any], bare: list[str]) -> None:
    assert _without_source(data) == bare


def _without_source(data: dict[str, Any]) -> list[str]:
    """The rows that neither they themselves, their section nor the table gives a source; of what is no row the
    section."""
    if data.get("source"):
        return []
    bare = []
    for section, content in data.items():
        sourced = isinstance(content, dict) and content.get("source")
        if section == "sources" or sourced or data.get("sources", {}).get(section):
            continue
        bare += [f"{section}: {str(row)[:80]}" for row in _rows(content) if not row.get("source")]
        if not all(isinstance(each, (dict, list)) for each in _members(content)):
            bare.append(section)
    return bare


def _members(section: Any) -> list[Any]:
    match section:
        case list():
            return section
        case dict():
            return list(section.values())
    return [section]


def _rows(section: Any) -> Iterator[dict[str, Any]]:
    """The rows of a section: members of a list, members of a mapping that holds more than a source."""
    match section:
        case list():
            yield from (row for row in section if isinstance(row, dict))
        case dict():
            for key, inner in section.items():
                if isinstance(inner, list) and key != "source":
                    yield from (row for row in inner if isinstance(row, dict))
                elif isinstance(inner, dict):
                    yield inner


def _sources(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for key, inner in value.items():
                if key == "source":
                    yield inner
                else:
                    yield from _sources(inner)
        case list():
            for inner in value:
                yield from _sources(inner)


ROWS: dict[str, Callable[[Any], list[dict[str, Any]]]] = {
    "images": lambda data: [row for section in ("names", "repositories", "tags", "parts") for row in data[section]],
    "engines": lambda data: list(data.values()),
    "substrates": lambda data: [*data["runtimes"], *data["products"].values(), *data["classes"].values()],
    "kubernetes_kinds": lambda data: list(data["kinds"]),
    "operating_systems": lambda data: list(data["distributions"].values()),
    "instance_types": lambda data: list(data["providers"].values()),
    "windows": lambda data: list(data["builds"].values()),
    "image_kinds": lambda data: list(data.values()),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_the_large_tables_have_sources_of_their_own(name: str) -> None:
    rows = ROWS[name](table(name))
    assert rows
    assert [row for row in rows if not row.get("source")] == []


@pytest.mark.parametrize(("name", "section"), NAMES, ids=[" ".join(row) for row in NAMES])
def test_a_name_stands_in_one_row(name: str, section: str) -> None:
    counts = Counter(each for row in table(name)[section] for each in row["names"])
    assert [each for each, count in counts.items() if count > 1] == []


def test_a_repository_stands_in_one_row() -> None:
    counts = Counter(match for row in table("images")["repositories"] for match in row["match"])
    assert [match for match, count in counts.items() if count > 1] == []


def test_a_word_says_one_thing() -> None:
    for section, key in (("words", "words"), ("parts", "words")):
        counts = Counter(word for row in table("images")[section] for word in row[key])
        assert [word for word, count in counts.items() if count > 1] == []
    ports = Counter(number for row in table("roles")["ports"] for number in row["numbers"])
    assert [number for number, count in ports.items() if count > 1] == []
    for machine in (False, True):
        rows = [
            row for row in table("roles")["names"] if row.get("everywhere") or row.get("machine", False) == machine
        ]
        counts = Counter(word for row in rows for word in row["words"])
        assert [word for word, count in counts.items() if count > 1] == []


# Where one name is another thing as a package or a program than as an image: a program of that name is a client of
# the engine, controls the product from outside, or is the half of it that runs on a machine.
TWO_THINGS = frozenset(
    ["rsync", "certbot", "cilium", "velero", "mysql", "mariadb", "mongo", "nats", "ceph", "podman", "calico-node",
     "kube-router", "samba", "fortio", "infisical", "flask", "php-fpm", "uwsgi", "unicorn", "puma", "iis"]
)  # fmt: skip


def test_tables_do_not_contradict_each_other() -> None:
    images = {name: row for row in table("images")["names"] for name in row["names"]}
    wrong = []
    for section in ("programs", "packages"):
        for row in table("commands")[section]:
            for name in row["names"]:
                image = images.get(name, {})
                said = image.get("role")
                if (
                    "role" in row
                    and said
                    and said != row["role"]
                    and name not in TWO_THINGS
                    and row.get("kind") != "client"
                ):
                    wrong.append((section, name, row["role"], said))
    assert wrong == []


def test_samples_are_read_by_their_own_row() -> None:
    """The first pattern that fits decides, so a row whose sample an earlier row takes is dead."""
    import re

    for name, rows in (
        ("machine_images", table("machine_images")["rows"]),
        ("windows", table("windows")["tags"]["rows"]),
        ("windows", table("windows")["hosts"]["rows"]),
    ):
        for row in rows:
            first = next(other for other in rows if re.search(other["pattern"], row["sample"].lower()))
            assert first is row, (name, row["sample"], first["pattern"])
