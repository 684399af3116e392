"""Shell scripts: a rough reading that never fails. Here-documents that are written to files are looked into."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from vmlint.catalog import commands, provisioning
from vmlint.sources.provisioning.script import UNKNOWN, Log, Script

MAX_FILES = 20
"""Files that user data writes and runs, one inside the other."""

_HEREDOC = re.compile(r"<<(-?)[ \t]*\\?(['\"]?)([A-Za-z_]\w*)\2")
_KEYWORDS = frozenset(
    {
        "if",
        "then",
        "else",
        "elif",
        "while",
        "until",
        "do",
        "!",
        "{",
        "}",
        "(",
        ")",
        "time",
        "fi",
        "done",
        "esac",
        "&",
    }
)
_SKIPPED = frozenset({"for", "case", "function", "select", "in", ";;"})
_FUNCTION = re.compile(r"^[ \t]*(?:function[ \t]+)?([A-Za-z_][\w:-]*)[ \t]*\(\)", re.MULTILINE)


def run(script: Script, log: Log) -> None:
    """What a script starts."""
    text = script.text.replace("\r\n", "\n")
    text, files = _without_heredocs(text)
    text = _with_variables(text)
    for path, content, more in files:
        write(path, content, log, more=more)
    for path, content, _ in files:
        written_file(path, content, script, log)
    own = frozenset(_FUNCTION.findall(text))
    for pipeline in pipelines(text):
        _pipeline(pipeline, script, log, own)


_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+|readonly[ \t]+)?([A-Za-z_]\w*)=(\"[^\"$`\n]*\"|'[^'\n]*'|[^\s\"'$`;&|()]+)[ \t]*$",
    re.MULTILINE,
)


def _with_variables(text: str) -> str:
    """The text with the variables that it sets once to a plain word filled in."""
    found: dict[str, str | None] = {}
    for name, value in _ASSIGNMENT.findall(text):
        found[name] = None if name in found else value.strip("\"'")
    known = {name: value for name, value in found.items() if value}
    if not known:
        return text
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda used: known.get(used[1] or used[2]) or used[0], text)


def _without_heredocs(text: str) -> tuple[str, list[tuple[str, str, bool]]]:
    """The text without its here-documents, and each of them with the file that it is written to, and whether it is
    added to what stands there."""
    lines = text.split("\n")
    ends: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        ends.setdefault(line.strip(), []).append(number)
    kept: list[str] = []
    files: list[tuple[str, str, bool]] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        found = _HEREDOC.search(line) if "<<" in line else None
        if found is not None:
            after = ends.get(found[3], [])
            end = bisect_left(after, at)
            if end < len(after):
                more = ">>" in line or "tee -a" in line
                files.append((_target(line), "\n".join(lines[at : after[end]]), more))
                at = after[end] + 1
                line = line[: found.start()] + line[found.end() :]
        kept.append(line)
    return "\n".join(kept), files


def _target(line: str) -> str:
    """The file that a line writes to by redirection or `tee`."""
    found = re.search(r"(?<!<)>>?[ \t]*([^\s<>|;&]+)|\btee[ \t]+(?:-\w+[ \t]+)*([^\s<>|;&]+)", line)
    return "" if found is None else found[1] or found[2]


def write(path: str, content: str, log: Log, *, more: bool = False) -> None:
    """A file that is put on the machine; `more` is added to what stands there."""
    path = path.strip("\"'")
    log.files[path] = f"{log.files[path]}\n{content}" if more and path in log.files else content
    log.paths[path.rsplit("/", 1)[-1]] = path


def written_file(path: str, content: str, script: Script, log: Log) -> None:
    """What a file that is put on the machine starts by lying there: a systemd unit, a script that runs at boot."""
    path = path.strip("\"'")
    if provisioning.runs_at_boot(path):
        _run_file(path, script, log)
    elif path.endswith((".service", ".container")) or "/systemd/system/" in path:
        log.written_units.add(path.rsplit("/", 1)[-1].removesuffix(".service"))
        unit(content, script, log)


def unit(content: str, script: Script, log: Log) -> None:
    """What a systemd unit executes; a Quadlet's `Image=` is a container."""
    content = re.sub(r"\\\r?\n\s*", " ", content)
    image = re.search(r"^Image=(\S+)", content, re.MULTILINE)
    if image is not None and "[Container]" in content:
        log.add("container", image[1], script)
    for line in re.findall(r"^ExecStart=[-@+!:]*(.+)$", content, re.MULTILINE):
        for pipeline in pipelines(line):
            _pipeline(pipeline, script, log, frozenset())


def _run_file(path: str, script: Script, log: Log) -> bool:
    """What a file that the user data wrote does when it is run; False where it wrote no such file."""
    name = path if path in log.files else log.paths.get(path.rsplit("/", 1)[-1])
    if name is None or log.depth > MAX_FILES:
        return False
    if name not in log.ran:
        log.ran.add(name)
        log.depth += 1
        run(script.part(log.files[name]), log)
        log.depth -= 1
    return True


def _compose_up(words: tuple[str, ...], script: Script, log: Log) -> None:
    """The containers of the Compose file that the user data wrote; a project of which nothing is known else."""
    from vmlint.sources.provisioning.documents import compose_images

    found = False
    for path in [path for path in log.files if path.endswith((".yml", ".yaml")) and path not in log.ran]:
        log.ran.add(path)
        images = compose_images(log.files[path])
        found = found or bool(images)
        for image in images:
            log.add("container", image, script, " ".join(words))
    if not found:
        log.add("compose", words[0].rsplit("/", 1)[-1], script, " ".join(words))


def _pipeline(pipeline: list[list[str]], script: Script, log: Log, own: frozenset[str]) -> None:
    shown = " ".join(word for words in pipeline for word in words)
    for at, written in enumerate(pipeline):
        words = _without_keywords(tuple(written))
        if words[:1] == ("command",) and words[1:2] and words[1].startswith("-"):
            continue  # `command -v` only looks a program up
        for simple in commands.simple_commands(words):
            if at and simple[0].rsplit("/", 1)[-1] in ("sh", "bash", "python", "python3") and not simple[2:3]:
                _piped_into_shell(shown, script, log)
            elif simple[0] not in own:
                command(simple, script, log)


def _piped_into_shell(shown: str, script: Script, log: Log) -> None:
    package = provisioning.install_script(shown)
    if package:
        log.add("package", package, script)
    elif package is None and provisioning.join(shown) is None:
        log.understood = False


def command(words: tuple[str, ...], script: Script, log: Log) -> None:
    """What one simple command starts."""
    words = _without_keywords(words)
    if not words or words[0] in _SKIPPED or words[0].startswith(("#", "$(", "`", "-", "((")):
        return
    if words[0].endswith(("()", ")", "(){")):
        return  # a function's head, a pattern of `case`
    image = provisioning.container_image(words)
    packages = provisioning.installed_packages(words)
    services = provisioning.started_services(words)
    if image is not None:
        log.add("container", image.split("$")[0], script, " ".join(words))
    elif provisioning.is_compose_up(words):
        _compose_up(words, script, log)
    elif packages is not None:
        for package in packages:
            log.add("package", package, script)
    elif services is not None:
        for service in services:
            name = service.removesuffix(".service")
            if name not in log.written_units:
                log.add("service", name, script)
    elif words[0].rsplit("/", 1)[-1] in provisioning.words("modules"):
        for module in [word for word in words[1:] if not word.startswith("-")][:1]:
            log.add("module", module, script)
    else:
        _other(words, script, log)


def _without_keywords(words: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word for word in words if word)
    while words and (words[0] in _KEYWORDS or re.match(r"[A-Za-z_]\w*\+?=", words[0])):
        words = words[1:]
    return words


def _other(words: tuple[str, ...], script: Script, log: Log) -> None:
    path = provisioning.script_file(words)
    if path is not None and _run_file(path, script, log):
        return
    if words[0] in (".", "source"):
        log.understood = log.understood and (path is None or provisioning.sets_environment(path))
    elif provisioning.is_plain(words):
        return
    else:
        fact = commands.command(words)
        if fact is not None and fact.kind == "server" and fact.role and not words[0].startswith(UNKNOWN):
            log.add("command", fact.program, script, " ".join(words[1:]))
        elif provisioning.join(" ".join(words)) is None and provisioning.install_script(" ".join(words)) is None:
            log.understood = False


def pipelines(text: str) -> Iterator[list[list[str]]]:
    """The pipelines of a script, each a list of simple commands, each a list of words without quotes, comments and
    redirections."""
    pipeline: list[list[str]] = [[]]
    for lexeme in _lexemes(re.sub(r"\\\n", " ", text)):
        if lexeme == "|":
            pipeline.append([])
        elif lexeme in _SEPARATORS:
            if any(pipeline):
                yield [words for words in pipeline if words]
            pipeline = [[]]
        else:
            pipeline[-1].append(lexeme[1:])
    if any(pipeline):
        yield [words for words in pipeline if words]


_SEPARATORS = frozenset({"\n", ";", "&&", "||", "&", ";;"})
_TOKEN = re.compile(
    r"(?P<space>[ \t]+)|(?P<comment>\#[^\n]*)|(?P<redirection>(?:\d+|&)?(?:>>?|<(?!<))(?:&[\d-]|[ \t]*[^\s;&|]+)?)"
    r"|(?P<separator>\n|;;|;|&&|\|\||\||&)"
)
_WORD = re.compile(
    r"\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}\n]{0,300}\}|`[^`]*`|'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^\s;&|<>'\"\\`$]+|[$'\"`\\]"
)


def _lexemes(text: str) -> Iterator[str]:
    """Separators as they are, words with a `w` before them."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is not None:
            if found.lastgroup == "separator":
                yield found[0]
            at = found.end()
            continue
        pieces = []
        while at < len(text) and (piece := _WORD.match(text, at)) is not None:
            pieces.append(_unquoted(piece[0]))
            at = piece.end()
        if not pieces:
            at += 1
            continue
        yield "w" + "".join(pieces)


def _unquoted(piece: str) -> str:
    if len(piece) > 1 and piece[0] == piece[-1] and piece[0] in "'\"":
        return piece[1:-1]
    return piece[1:] if piece[0] == "\\" and len(piece) > 1 else piece
