"""What a command line, a package name or a systemd unit says that a container or a machine runs.

`command` reads the words that the runtime would receive: wrappers (`tini --`, `exec`, `bundle exec`) and shells are
seen through, a shell line is taken apart into its simple commands, and of several the one that serves decides.
The tables are in `data/commands.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from vmlint.catalog.tables import cache, table

_OTHER_USERS = frozenset({"su", "runuser"})
_SHELLS = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "ksh", "powershell", "powershell.exe", "pwsh", "cmd", "cmd.exe"}
)
# Of several commands in a row one that serves decides, else the last that runs something.
_SERVES = frozenset({"server"})
_RUNS = frozenset({"batch", "client", "init", "interpreter", "other"})
_IDLES = frozenset({"idle"})


class CommandFact(NamedTuple):
    """`kind`: `server` (stays and serves), `batch` (runs and ends), `client` (a client of an engine), `init`,
    `idle` (only keeps the container alive), `interpreter` or `other` (a program that says nothing), `builtin`.
    `role` is empty where the command tells no role; `background` says that a word of it names a background half
    (`worker`, `migrate`)."""

    role: str
    kind: str
    program: str
    engine: str = ""
    background: bool = False
    source: str = ""


@cache
def _programs() -> dict[str, dict[str, Any]]:
    return {name: row for row in table("commands")["programs"] for name in row["names"]}


@cache
def _packages() -> dict[str, dict[str, Any]]:
    return {name: row for row in table("commands")["packages"] for name in row["names"]}


@cache
def _background_words() -> frozenset[str]:
    return frozenset(table("commands")["background_words"])


def command(words: Sequence[str]) -> CommandFact | None:
    """What the command comes to; None where there is none."""
    found = [_simple(simple) for simple in simple_commands(words)]
    for kinds in (_SERVES, _RUNS, _IDLES):
        if chosen := [fact for fact in found if fact.kind in kinds]:
            return chosen[-1] if kinds is _RUNS else chosen[0]
    return found[0] if found else None


def half(image_names: Sequence[str], words: Sequence[str]) -> tuple[str, str] | None:
    """Role and source where the command decides between the halves of an image known by any of `image_names`."""
    spoken = {word for simple in simple_commands(words) for word in simple}
    for row in table("commands")["halves"]:
        if not spoken.isdisjoint(row["words"]) and any(name in row["images"] for name in image_names):
            return row["role"], row["source"]
    return None


def configures_engine(variable: str) -> bool:
    """Whether an environment variable configures a container engine or a node of a cluster."""
    rows = table("commands")["engine_variables"]
    return variable in rows["names"] or variable.startswith(tuple(rows["prefixes"]))


def package(name: str) -> CommandFact | None:
    """What a package, a systemd unit or a Windows feature makes of the machine that gets it; None where the name
    says nothing, as most do."""
    name = re.split(r"[=<>@:]", name.strip().lower(), maxsplit=1)[0]
    name = re.sub(r"\.(?:service|socket|timer|deb|rpm|x86_64|aarch64|noarch|amd64)$", "", name)
    # `postgresql-16`, `postgresql14-server`, `php8.1-fpm` are packages of a release.
    row = _packages().get(name) or _packages().get(re.sub(r"-?[0-9][0-9.]*(?=-|$)", "", name))
    if row is None:
        row = _programs().get(name)
        if row is None or row.get("kind", "server") != "server":
            return None
    return CommandFact(
        row["role"], "server", name, row.get("engine", ""), source=table("commands")["sources"]["packages"]
    )


def programs(words: Sequence[str]) -> tuple[str, ...]:
    """The base names of the programs that the command runs, wrappers aside."""
    return tuple(_base(simple[0]) for simple in simple_commands(words))


def simple_commands(words: Sequence[str], depth: int = 3) -> Iterator[tuple[str, ...]]:
    """The simple commands of a command line, without wrappers, redirections and assignments."""
    stripped = _unwrapped(words)
    if not stripped:
        return
    if depth and _base(stripped[0]) in _SHELLS | _OTHER_USERS and (script := _script(stripped)) is not None:
        for part in _parts(script):
            yield from simple_commands(part, depth - 1)
    elif len(stripped) == 1 and re.search(r"\s", stripped[0].strip()):
        for part in _parts(stripped[0]):
            yield from simple_commands(part, depth - 1) if depth else ()
    else:
        yield tuple(stripped)


def _script(words: Sequence[str]) -> str | None:
    """The text behind `-c` of a shell (`-lc`, `-exc` too) or of `su`, `-Command` of PowerShell or `/c` of cmd."""
    if _base(words[0]) in _OTHER_USERS:
        at = next((at for at, word in enumerate(words) if word in ("-c", "--command")), len(words))
        return " ".join(words[at + 1 : at + 2]) or None
    for at, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[a-z]*c", word):
            return " ".join(words[at + 1 : at + 2])
        if word.lower() in ("-command", "/c", "/s"):
            return " ".join(words[at + 1 :])
        if not word.startswith(("-", "+")):
            return None
    return None


def _parts(script: str) -> Iterator[list[str]]:
    """The words of each simple command of a shell script, quotes taken off; a rough reading that never fails."""
    script = re.sub(r"\\\r?\n", " ", script)
    script = _quoted().sub(lambda match: re.sub(r"[;|&\n]", " ", match[0]) if match[0][0] != "#" else "", script)
    for part in re.split(r"\|\||&&|[;|\n]|(?<![<>&])&(?![>&0-9])", script):
        text = re.sub(r"[0-9]?(?:>>?|<<?)&?\s*\S+", " ", part)
        words = [word.strip("\"'`()") for word in text.split()]
        if words := [word for word in words if word]:
            yield words


@cache
def _quoted() -> re.Pattern[str]:
    """Comments, and strings but for the scripts of an inner shell."""
    return re.compile(r"""(?:^|(?<=\s))\#[^\n]*|(?<!-c\ )(?:"(?:[^"\\]|\\.)*"|'[^']*')""", re.DOTALL | re.MULTILINE)


def _unwrapped(words: Sequence[str]) -> list[str]:
    """The words from the first on that is a program of its own."""
    rest = list(words)
    while rest:
        base = _base(rest[0])
        if re.match(r"[A-Za-z_]\w*=", rest[0]) or rest[0] == "--":
            rest = rest[1:]
        elif _programs().get(base, {}).get("kind") == "wrapper" and len(rest) > 1:
            rest = _behind_wrapper(base, rest[1:])
        else:
            return rest
    return []


# Wrappers whose first argument is not yet the command.
_WITH_OPERAND = {"gosu": 1, "su-exec": 1, "setuidgid": 1, "s6-setuidgid": 1, "chpst": 0, "chroot": 1, "timeout": 1}


# Options of wrappers that take a value as the next word.
_VALUED = {
    "sudo": "ugpCTrt",
    "doas": "uC",
    "nice": "n",
    "ionice": "cn",
    "env": "uC",
    "timeout": "sk",
    "stdbuf": "ioe",
}


def _behind_wrapper(wrapper: str, rest: list[str]) -> list[str]:
    valued = _VALUED.get(wrapper, "")
    while rest and rest[0].startswith("-") and rest[0] != "--":
        rest = rest[2:] if len(rest[0]) == 2 and rest[0][1] in valued else rest[1:]
    rest = rest[_WITH_OPERAND.get(wrapper, 0) :]
    if rest and rest[0] in ("run", "exec") and wrapper not in _WITH_OPERAND:
        rest = rest[1:]
    return rest


def _base(word: str) -> str:
    return re.split(r"[/\\]", word)[-1] if len(word) > 1 and word[0] != "-" else word


def _simple(words: Sequence[str]) -> CommandFact:
    """What one simple command is."""
    data = table("commands")
    program = _base(words[0])
    rest = words[1:]
    if unit := _started_unit(words):
        return package(unit) or CommandFact("", "other", unit)
    background = any(_is_background(word, at == 0) for at, word in enumerate(words))
    for row in data["subcommands"]:
        if program in row["programs"] and not set(rest).isdisjoint(row["words"]):
            return CommandFact(
                row["role"], row.get("kind", "server"), program, "", background, data["sources"]["subcommands"]
            )
    if "-m" in rest and program.startswith(("python", "pypy")):
        module = next(iter(rest[rest.index("-m") + 1 :]), "")
        for row in data["modules"]:
            if module in row["names"] or module.split(".")[0] in row["names"]:
                return CommandFact(row["role"], "server", module, "", background, data["sources"]["modules"])
    row = _programs().get(program) or _programs().get(program.lower()) or {}
    kind = row.get("kind", "server" if row else "other")
    if kind == "wrapper":
        kind = "other"
    elif row.get("bare") and rest:
        kind = "builtin"
    if program in _SHELLS and not rest:
        kind = "idle"
    source = data["sources"]["programs"] if row else ""
    role = row.get("role", "base-os" if kind == "idle" else "") if kind != "builtin" else ""
    return CommandFact(role, kind, program, row.get("engine", ""), background, source)


def _started_unit(words: Sequence[str]) -> str:
    """The service that `service NAME start` or `/etc/init.d/NAME start` starts; empty for any other command."""
    match [_base(words[0]), *words[1:3]]:
        case ["service" | "rc-service", name, "start" | "restart"]:
            return name
        case [name, "start" | "restart", *_] if words[0].startswith("/etc/init.d/"):
            return name
    return ""


def _is_background(word: str, first: bool) -> bool:
    """Whether a word names a background half: a bare word or a script's name, not a flag, setting or folder."""
    if word.startswith("-") or "=" in word or "$" in word:
        return False
    if "/" in word and not first and not re.search(r"\.(?:py|js|ts|rb|php|sh|pl)$", word):
        return False
    return not _background_words().isdisjoint(re.split(r"[^a-z]+", _base(word).lower()))
