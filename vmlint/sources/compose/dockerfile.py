"""What a Dockerfile says of the image that `build:` makes: base, user, command, ports, volumes.

Only the last stage (or `target`) and what it builds on count. Build arguments take their defaults.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.record import record, replace
from vmlint.model.span import SourceText, Span


@record
class Instruction:
    """One instruction with its continuation lines joined; `word` in upper case."""

    word: str
    rest: str
    span: Span


@dataclass(slots=True)
class BuiltImage:
    """The facts of a built image. `entrypoint` and `arguments` are absent where the file sets none."""

    base: Fact[str]
    entrypoint: Fact[tuple[str, ...]]
    arguments: Fact[tuple[str, ...]]
    user: Fact[str]
    volumes: list[Known[str]] = field(default_factory=list)
    ports: list[Known[str]] = field(default_factory=list)


def instructions(source: SourceText) -> Iterator[Instruction]:
    """The instructions of a Dockerfile in order; comments, here-documents' bodies and noise are passed over."""
    number, total = 0, len(source.line_starts)
    escape = _escape(source)
    while number < total:
        number += 1
        first, line = number, source.line(number)
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        lines = [text]
        while lines[-1].endswith(escape) and number < total:
            number += 1
            following = source.line(number).strip()
            if following and not following.startswith("#"):
                lines.append(following)
        text = " ".join(joined.removesuffix(escape) for joined in lines)
        match = re.match(r"([A-Za-z]+)\s+(.*)", text)
        if match is None:
            continue
        marker = re.search(r"<<-?\s*[\"']?(\w+)[\"']?", match[2])
        if marker is not None and match[1].upper() in ("RUN", "COPY", "ADD"):
            while number < total and source.line(number + 1).strip() != marker[1]:
                number += 1
            number += 1
        start = source.line_starts[first - 1]
        yield Instruction(match[1].upper(), match[2].strip(), source.span(start, start + len(line)))


def _escape(source: SourceText) -> str:
    """What ends a line that goes on: a backslash, or what the directive at the top says (Windows: `` ` ``)."""
    match = re.match(r"(?:\s*#[^\n]*\n)*?\s*#\s*escape\s*=\s*(\S)", source.text)
    return match[1] if match is not None else "\\"


def read(source: SourceText, target: str = "", given: Mapping[str, str] | None = None) -> BuiltImage:
    """The image that the last stage, or the stage `target`, makes. `given` are build arguments, which go before the
    defaults of the file."""
    arguments: dict[str, str] = {}
    stages: dict[str, BuiltImage] = {}
    current: BuiltImage | None = None
    for instruction in instructions(source):
        if instruction.word == "ARG":
            name, _, default = instruction.rest.partition("=")
            stated = (given or {}).get(name.strip(), default.strip().strip("\"'"))
            arguments.setdefault(name.strip(), stated)
        elif instruction.word == "FROM":
            if current is not None and target and target in stages and stages[target] is current:
                break
            name, current = _stage(instruction, arguments, stages)
            stages[name.lower()] = current
        elif current is not None:
            _apply(current, instruction)
    if current is None:
        absent = Absent(source.whole().first_line())
        return BuiltImage(absent, absent, absent, absent)
    return stages.get(target.lower(), current) if target else current


def placed(image: BuiltImage, span: Span) -> BuiltImage:
    """The image with all its facts at one place: the one of a Dockerfile that stands inside another file."""
    return BuiltImage(
        replace(image.base, span=span),
        replace(image.entrypoint, span=span),
        replace(image.arguments, span=span),
        replace(image.user, span=span),
        [replace(volume, span=span) for volume in image.volumes],
        [replace(port, span=span) for port in image.ports],
    )


def _stage(
    instruction: Instruction, arguments: dict[str, str], stages: dict[str, BuiltImage]
) -> tuple[str, BuiltImage]:
    words = [word for word in instruction.rest.split() if not word.startswith("--")]
    reference = _substituted(words[0] if words else "", arguments)
    name = words[2] if len(words) > 2 and words[1].lower() == "as" else f"\0{len(stages)}"
    absent = Absent(instruction.span)
    earlier = stages.get(reference.lower())
    if earlier is not None:
        return name, BuiltImage(
            earlier.base, earlier.entrypoint, earlier.arguments, earlier.user, [*earlier.volumes], [*earlier.ports]
        )
    base: Fact[str] = Known(reference, instruction.span)
    if "$" in reference:
        base = Unknown(
            reference, "the build argument has no default", instruction.span, (), reference.partition("$")[0]
        )
    return name, BuiltImage(base, absent, absent, absent)


def _apply(image: BuiltImage, instruction: Instruction) -> None:
    match instruction.word:
        case "CMD":
            image.arguments = Known(words_of(instruction.rest), instruction.span)
        case "ENTRYPOINT":
            image.entrypoint = Known(words_of(instruction.rest), instruction.span)
            image.arguments = Absent(instruction.span)
        case "USER":
            image.user = Known(instruction.rest.split()[0], instruction.span)
        case "VOLUME":
            image.volumes += [Known(word, instruction.span) for word in _list(instruction.rest)]
        case "EXPOSE":
            image.ports += [Known(word, instruction.span) for word in instruction.rest.split()]


def words_of(text: str) -> tuple[str, ...]:
    """Exec form as its words; shell form as the shell that runs it."""
    listed = _json_list(text)
    return tuple(listed) if listed is not None else ("/bin/sh", "-c", text)


def _list(text: str) -> list[str]:
    listed = _json_list(text)
    if listed is not None:
        return listed
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _json_list(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [str(word) for word in listed] if isinstance(listed, list) else None


def _substituted(text: str, arguments: dict[str, str]) -> str:
    """Build arguments put in; one without a value stays as it is written."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return arguments.get(name) or match[2] or match[0]

    return re.sub(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))", value, text)
