"""What the commands of user data start on a machine. Data: `data/provisioning.yaml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vmlint.catalog.tables import cache, table


@cache
def _by_program(name: str) -> dict[str, dict[str, Any]]:
    return {program: row for row in table("provisioning")[name] for program in row["programs"]}


@cache
def words(name: str) -> frozenset[str]:
    """A list of the table as a set: `plain`, `plain_verbs`, `engines`, `cloud_init_plain` …"""
    return frozenset(table("provisioning")[name])


@cache
def _joins() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["pattern"], re.MULTILINE), row["name"]) for row in table("provisioning")["joins"])


def join(text: str) -> tuple[str, str] | None:
    """The cluster that a script makes its machine a node of, and the words that say so."""
    for pattern, name in _joins():
        found = pattern.search(text)
        if found is not None:
            return name, found[0].split("\n")[0]
    return None


def installed_packages(command: Sequence[str]) -> list[str] | None:
    """Packages that a command installs; None where it installs none."""
    row = _by_program("installers").get(command[0].lower())
    if row is None:
        return None
    rest = list(command[1:])
    at = next((at for at, word in enumerate(rest) if word in row["verbs"]), None)
    if at is None:
        return None
    return [*_operands(rest[:at], row), *_operands(rest[at + 1 :], row)]


def _operands(given: list[str], row: dict[str, Any]) -> list[str]:
    found, skip = [], False
    for word in given:
        if skip:
            skip = False
        elif word in row["valued"]:
            skip = True
        elif not word.startswith(("-", "<", ">")) and (name := _package_name(word)):
            found.append(name)
    return found


def _package_name(word: str) -> str:
    """The package of a word: of a file or address its base name without ending."""
    if "/" not in word:
        return word
    base = word.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"\.(?:rpm|deb|apk|snap)$", "", base) if re.search(r"\.(?:rpm|deb|apk|snap)$", base) else ""


def installed_features(command: Sequence[str]) -> list[str] | None:
    """Windows features and packages that a cmdlet installs; None where it installs none."""
    options = table("provisioning")["cmdlet_installers"].get(command[0].lower())
    if options is None:
        return None
    found: list[str] = []
    taking = True
    for word in command[1:]:
        if word.startswith("-"):
            taking = word.lower() in options
        elif taking:
            found += [name for name in word.split(",") if name]
    return found


def started_services(command: Sequence[str]) -> list[str] | None:
    """Services that a command starts or enables; None where it starts none."""
    if re.match(r"/etc/(?:rc\.d/)?init\.d/", command[0]):
        return [command[0].rsplit("/", 1)[-1]] if {"start", "restart"} & set(command[1:]) else []
    row = _by_program("service_managers").get(command[0].lower())
    if row is None:
        return None
    rest = [word for word in command[1:] if not word.startswith("-") and "=" not in word]
    if not row["verbs"]:
        return rest[:1]
    at = next((at for at, word in enumerate(rest) if word in row["verbs"]), None)
    if at is None:
        return None
    return rest[:at][:1] if row["before"] else rest[at + 1 :]


def container_image(command: Sequence[str]) -> str | None:
    """The image that `docker run` and its kin start; None for any other command."""
    data = table("provisioning")
    if command[0].rsplit("/", 1)[-1] not in data["engines"]:
        return None
    rest = list(command[1:])
    while rest and rest[0].startswith("-"):
        rest = rest[1:]
    if rest[:2] in (["service", "create"], ["container", "run"], ["container", "create"]):
        rest = rest[1:]
    if not rest or rest[0] not in data["engine_runs"]:
        return None
    at = 1
    while at < len(rest) and rest[at].startswith("-"):
        at += 1 if _is_flag(rest[at], data) else 2
    return rest[at] if at < len(rest) else ""


def _is_flag(word: str, data: Any) -> bool:
    if "=" in word or word in data["engine_flags"]:
        return True
    if word.startswith("--"):
        return False
    letters = word[1:]
    # `-p8080:80` holds its value; `-itd` are flags.
    return all(letter in data["engine_letters"] for letter in letters) or len(letters) > 1


def is_compose_up(command: Sequence[str]) -> bool:
    """Whether the command starts a Compose project or a stack."""
    program = command[0].rsplit("/", 1)[-1]
    rest = list(command[1:])
    if program in words("compose_programs"):
        return "up" in rest or "start" in rest
    if program not in words("engines"):
        return False
    return ("compose" in rest and "up" in rest) or rest[:2] == ["stack", "deploy"] or rest[:2] == ["play", "kube"]


@cache
def _agents() -> frozenset[str]:
    return frozenset(table("machines")["agents"])


def is_agent(name: str) -> bool:
    """Whether a package or service watches or serves the machine that it is installed on, whatever that is for."""
    return name.lower().removesuffix(".service") in _agents()


def runs_at_boot(path: str) -> bool:
    """Whether a file of this path is run as a script when the machine starts or by its clock."""
    return re.search(table("provisioning")["boot_scripts"], path) is not None


def script_file(command: Sequence[str]) -> str | None:
    """The script file that a command runs in a shell; None for a command of another kind."""
    program = command[0].rsplit("/", 1)[-1]
    if program in (".", "source"):
        return command[1] if len(command) > 1 else None
    if program in words("shells"):
        return next((word for word in command[1:] if not word.startswith(("-", "+"))), None)
    return command[0] if "/" in command[0] or command[0].endswith(".sh") else None


def sets_environment(path: str) -> bool:
    """Whether a file that a script sources only sets variables."""
    return re.search(table("provisioning")["environment_files"], path) is not None


def install_script(text: str) -> str | None:
    """The package behind a download that is piped into a shell; None for an unknown one."""
    for row in table("provisioning")["install_scripts"]:
        if re.search(row["pattern"], text):
            return str(row["package"])
    return None


def is_plain(command: Sequence[str]) -> bool:
    """Whether a command starts nothing of its own."""
    program = command[0].rsplit("/", 1)[-1]
    if program in words("plain"):
        return program not in words("package_runners") or words("package_starts").isdisjoint(command[1:3])
    tables = (_by_program("installers"), _by_program("service_managers"))
    known = any(program.lower() in rows for rows in tables) or program in words("engines") | words(
        "compose_programs"
    )
    return known and not words("plain_verbs").isdisjoint(command[1:])


def is_plain_cmdlet(name: str) -> bool:
    return name.lower().startswith(tuple(table("provisioning")["plain_cmdlets"]))
