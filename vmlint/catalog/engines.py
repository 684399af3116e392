"""Database engines and their like: where the state lies, what of an image keeps none, what kernel they ask for.

The rows are in `data/engines.yaml`, each with its source. An engine is found by the key that an image, a command or
a custom resource gives (`Role.engine`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from vmlint.catalog.commands import command as catalogue_command
from vmlint.catalog.commands import programs
from vmlint.catalog.references import ImageReference, parse
from vmlint.catalog.tables import cache, table
from vmlint.model.record import record

T = TypeVar("T")


@record
class Engine:
    """`data` are the data directories of its images: they differ by version and vendor, and a durable volume on one
    (or above it) will do; empty where the engine keeps nothing worth keeping. `variables`, `flags` and
    `settings` (keys of its configuration files) move it.
    `clients` and `routers` are programs of the image that keep no data. `whole_host` says that the vendor supports
    or sizes it for a host of its own. `kernel` are host-wide settings that it asks for, by name; `thp` stands for
    transparent huge pages."""

    key: str
    name: str
    data: tuple[str, ...]
    variables: tuple[str, ...]
    flags: tuple[str, ...]
    settings: tuple[str, ...]
    clients: frozenset[str]
    routers: frozenset[str]
    whole_host: bool
    kernel: Mapping[str, str]
    source: str
    vendors: Mapping[str, tuple[str, ...]]
    releases: Mapping[int, tuple[str, ...]]
    kernel_releases: Mapping[int, Mapping[str, str]]

    def data_directories(
        self,
        image: str = "",
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        files: Iterable[str] = (),
    ) -> tuple[str, ...]:
        """The directories of which one holds the state: by the command's flags, else by the environment, else by
        configuration files, else by the image's vendor and release. Empty where the engine keeps nothing."""
        if moved := self._by_flag(command):
            return (moved,)
        for variable in self.variables:
            if value := (environment or {}).get(variable):
                return (value,)
        for file in files if self.settings else ():
            if found := _setting(self.settings).search(file):
                return (found["path"],)
        reference = parse(image)
        for component in (reference.registry, *reference.path[:-1]):
            if component in self.vendors:
                return self.vendors[component]
        return _of_release(self.releases, reference, self.data)

    def kernel_settings(self, image: str = "") -> Mapping[str, str]:
        """The host-wide settings that this release of the engine asks for."""
        return _of_release(self.kernel_releases, parse(image), self.kernel)

    def keeps_data(self, command: Sequence[str]) -> bool:
        """False where the command runs clients or routers of the image, and nothing else that serves."""
        runs = programs(command)
        if all(program not in self.clients and program not in self.routers for program in runs):
            return True
        fact = catalogue_command(command)
        return fact is not None and fact.kind == "server" and fact.program not in self.routers

    def _by_flag(self, command: Sequence[str]) -> str:
        for at, word in enumerate(command):
            flag, equals, value = word.partition("=")
            if flag in self.flags:
                value = value if equals else next(iter(command[at + 1 : at + 2]), "")
                return value.removeprefix("path=")
        return ""


@cache
def _setting(names: tuple[str, ...]) -> re.Pattern[str]:
    keys = "|".join(map(re.escape, names))
    return re.compile(rf"""^[ \t]*["']?(?:{keys})["']?[ \t]*[:=][ \t]*["']?(?P<path>/[^\s"'#;]+)""", re.MULTILINE)


def _of_release(releases: Mapping[int, T], reference: ImageReference, otherwise: T) -> T:
    """What holds from the image's major release on; `otherwise` where the tag names none."""
    major = re.match(r"v?(\d{1,2})(?!\d)", reference.tag)
    if major is None:
        return otherwise
    reached = [release for release in releases if release <= int(major[1])]
    return releases[max(reached)] if reached else otherwise


@cache
def engine(key: str) -> Engine | None:
    """The engine of that key, or None."""
    row = table("engines").get(key)
    if row is None:
        return None
    return Engine(
        key=key,
        name=row["name"],
        data=tuple(row["data"]),
        variables=tuple(row.get("variables", ())),
        flags=tuple(row.get("flags", ())),
        settings=tuple(row.get("settings", ())),
        clients=frozenset(row.get("clients", ())),
        routers=frozenset(row.get("routers", ())),
        whole_host=row.get("whole_host", False),
        kernel=row.get("kernel", {}),
        source=row["source"],
        vendors={vendor: tuple(paths) for vendor, paths in row.get("vendors", {}).items()},
        releases={int(release): tuple(paths) for release, paths in row.get("releases", {}).items()},
        kernel_releases={int(release): facts for release, facts in row.get("kernel_releases", {}).items()},
    )


def engines() -> tuple[str, ...]:
    """The keys of all engines."""
    return tuple(table("engines"))
