"""What a Dockerfile says of the image that it makes: base, user, command, ports, volumes.

Only the last stage (or `target`) and what it builds on count. Build arguments take their defaults.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.record import record, replace
from vmlint.model.span import SourceText, Span
from vmlint.model.workload import Container, Mount, Port

MAX_STAGES = 200
MAX_INSTRUCTIONS = 10_000
MAX_TEXT = 4096
"""Characters that a name put in may come to; a longer text stays as it is written."""


@record
class Instruction:
    """One instruction with its continuation lines joined; `word` in upper case."""

    word: str
    rest: str
    span: Span


@dataclass(slots=True)
class BuiltImage:
    """The facts of a built image. `entrypoint` and `arguments` are absent where the file sets none; `triggers` are
    the instructions that `ONBUILD` leaves for what builds on it."""

    base: Fact[str]
    entrypoint: Fact[tuple[str, ...]]
    arguments: Fact[tuple[str, ...]]
    user: Fact[str]
    volumes: list[Known[str]] = field(default_factory=list)
    ports: list[Known[str]] = field(default_factory=list)
    triggers: list[Instruction] = field(default_factory=list)
    environment: dict[str, Fact[str]] = field(default_factory=dict)

    def beneath(self, container: Container) -> Container:
        """The container with what the image sets and it does not: an entrypoint of its own takes the image's
        command away; an anonymous volume stands where nothing else is mounted."""
        entrypoint, arguments = container.entrypoint, container.arguments
        if not _is_set(entrypoint):
            entrypoint = self.entrypoint
            arguments = arguments if _is_set(arguments) else self.arguments
        covered = {mount.target.value for mount in container.mounts if isinstance(mount.target, Known)}
        anonymous = [
            Mount("anonymous", Absent(volume.span), volume, Absent(volume.span), volume.span)
            for volume in self.volumes
            if volume.value not in covered
        ]
        return replace(
            container,
            base_image=self.base,
            entrypoint=entrypoint,
            arguments=arguments,
            user=container.user if _is_set(container.user) else self.user,
            mounts=(*container.mounts, *anonymous),
            ports=container.ports or tuple(self._exposed()),
            environment={**self.environment, **container.environment},
        )

    def on(self, below: BuiltImage) -> BuiltImage:
        """The image where its base is itself one that is built here."""
        own = _is_set(self.entrypoint)
        return BuiltImage(
            below.base,
            self.entrypoint if own else below.entrypoint,
            self.arguments if own or _is_set(self.arguments) else below.arguments,
            self.user if _is_set(self.user) else below.user,
            [*below.volumes, *self.volumes],
            [*below.ports, *self.ports],
            environment={**below.environment, **self.environment},
        )

    def _exposed(self) -> Iterator[Port]:
        for port in self.ports:
            number, _, protocol = port.value.partition("/")
            if number.isdigit():
                yield Port(Known(int(number), port.span), Absent(port.span), protocol or "tcp", port.span)


def _is_set(fact: Fact[Any] | None) -> bool:
    return fact is not None and not isinstance(fact, Absent)


@dataclass(slots=True)
class _Stage:
    """A stage as far as it is read. `shell` runs the shell form; `own_command` tells that the stage itself has set
    a CMD."""

    image: BuiltImage
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    own_command: bool = False

    @property
    def names(self) -> dict[str, str]:
        """What a `$NAME` of the stage may mean."""
        return {**self.arguments, **self.environment}


def read(source: SourceText, target: str = "", given: Mapping[str, str] | None = None) -> BuiltImage:
    """The image that the last stage, or the stage `target`, makes. `given` are build arguments, which go before the
    defaults of the file."""
    given = given or {}
    outer: dict[str, str] = {}
    stages: dict[str, _Stage] = {}
    current: _Stage | None = None
    for number, instruction in enumerate(instructions(source)):
        if number >= MAX_INSTRUCTIONS or len(stages) > MAX_STAGES:
            break
        if instruction.word == "FROM":
            if current is not None and target and stages.get(target.lower()) is current:
                break
            name, current = _stage(instruction, outer, stages)
            stages[name] = current
            triggers, current.image.triggers = current.image.triggers, []
            for trigger in triggers:
                _apply(current, replace(trigger, span=instruction.span), outer, given)
        elif current is not None:
            _apply(current, instruction, outer, given)
        elif instruction.word == "ARG":
            outer.update(_arguments(instruction.rest, outer, {}, given))
    if current is None:
        absent = Absent(source.whole().first_line())
        return BuiltImage(absent, absent, absent, absent)
    chosen = stages.get(target.lower()) if target else None
    if target.isdigit() and int(target) < len(stages):
        chosen = chosen or list(stages.values())[int(target)]
    return (chosen or current).image


def placed(image: BuiltImage, span: Span) -> BuiltImage:
    """The image with all its facts at one place: the one of a Dockerfile that stands inside another file."""
    return BuiltImage(
        replace(image.base, span=span),
        replace(image.entrypoint, span=span),
        replace(image.arguments, span=span),
        replace(image.user, span=span),
        [replace(volume, span=span) for volume in image.volumes],
        [replace(port, span=span) for port in image.ports],
        environment={name: replace(value, span=span) for name, value in image.environment.items()},
    )


def instructions(source: SourceText) -> Iterator[Instruction]:
    """The instructions of a Dockerfile in order; comments, here-documents' bodies and noise are passed over."""
    number, total = 0, len(source.line_starts)
    escape = _escape(source)
    endless: set[str] = set()  # markers of here-documents that nothing ends
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
        if match[1].upper() in ("RUN", "COPY", "ADD"):
            for marker in _heredoc().finditer(match[2]):
                if marker[0] not in endless:
                    end = _after(source, number, marker[2], dashed=bool(marker[1]))
                    number = end or number
                    endless |= set() if end else {marker[0]}
        start = source.line_starts[first - 1]
        yield Instruction(match[1].upper(), match[2].strip(), source.span(start, start + len(line)))


@cache
def _heredoc() -> re.Pattern[str]:
    return re.compile(r"(?:(?<=\s)|^)\d*<<(-?)[\"']?([^\s<\"']+)[\"']?(?=\s|$|[;|&>)])")


def _after(source: SourceText, number: int, marker: str, dashed: bool) -> int:
    """The line that ends a here-document which begins behind line `number`; 0 where none does."""
    for end in range(number + 1, len(source.line_starts) + 1):
        line = source.line(end).rstrip("\r\n")
        if (line.lstrip("\t") if dashed else line) == marker:
            return end
    return 0


def _escape(source: SourceText) -> str:
    """What ends a line that goes on: a backslash, or what a directive at the very top says (Windows: `` ` ``)."""
    for number in range(1, len(source.line_starts) + 1):
        match = re.match(r"\s*#\s*([A-Za-z]+)\s*=\s*(\S+)\s*$", source.line(number))
        if match is None:
            break
        if match[1].lower() == "escape":
            return match[2]
    return "\\"


def _stage(instruction: Instruction, outer: dict[str, str], stages: dict[str, _Stage]) -> tuple[str, _Stage]:
    words = [word for word in instruction.rest.split() if not word.startswith("--")]
    reference = _substituted(words[0].strip("\"'") if words else "", outer)
    name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else f"\0{len(stages)}"
    absent = Absent(instruction.span)
    earlier = stages.get(reference.lower())
    if earlier is not None:
        return name, _Stage(_copy(earlier.image), {**earlier.environment}, shell=earlier.shell)
    base: Fact[str] = Known(reference, instruction.span)
    if "$" in reference:
        base = Unknown(
            reference, "the build argument has no default", instruction.span, (), reference.partition("$")[0]
        )
    return name, _Stage(BuiltImage(base, absent, absent, absent))


def _copy(image: BuiltImage) -> BuiltImage:
    """A copy whose lists are its own."""
    return BuiltImage(
        image.base,
        image.entrypoint,
        image.arguments,
        image.user,
        [*image.volumes],
        [*image.ports],
        [*image.triggers],
        {**image.environment},
    )


def _apply(stage: _Stage, instruction: Instruction, outer: dict[str, str], given: Mapping[str, str]) -> None:
    image, span = stage.image, instruction.span
    match instruction.word:
        case "ARG":
            stage.arguments.update(_arguments(instruction.rest, stage.names, outer, given))
        case "ENV":
            said = _environment(instruction.rest, stage.names)
            stage.environment.update(said)
            image.environment.update({name: _settled(value, span) for name, value in said.items()})
        case "SHELL":
            stage.shell = tuple(_json_list(instruction.rest) or stage.shell)
        case "CMD":
            image.arguments = Known(_words(instruction.rest, stage.shell), span)
            stage.own_command = True
        case "ENTRYPOINT":
            image.entrypoint = Known(_words(instruction.rest, stage.shell), span)
            if not stage.own_command:
                image.arguments = Absent(span)  # the base image's goes
        case "USER":
            image.user = _text(instruction.rest.split()[0], stage, span)
        case "VOLUME":
            found = (_text(word, stage, span) for word in _list(instruction.rest))
            image.volumes += [volume for volume in found if isinstance(volume, Known)]
        case "EXPOSE":
            found = (_text(word, stage, span) for word in instruction.rest.split())
            image.ports += [port for port in found if isinstance(port, Known)]
        case "ONBUILD":
            word, _, rest = instruction.rest.partition(" ")
            if word.upper() not in ("ONBUILD", "FROM", "") and rest:
                image.triggers.append(Instruction(word.upper(), rest.strip(), span))


def _text(word: str, stage: _Stage, span: Span) -> Fact[str]:
    return _settled(_substituted(word, stage.names), span)


def _settled(text: str, span: Span) -> Fact[str]:
    if "$" in text:
        return Unknown(text, "the build argument has no default", span, (), text.partition("$")[0])
    return Known(text, span)


def _arguments(
    rest: str, names: Mapping[str, str], outer: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """What `ARG NAME=default …` sets. What is given, and what the same name has before the first stage, fill in."""
    found: dict[str, str] = {}
    for word in _list_of_words(rest):
        name, separator, default = word.partition("=")
        if name in given:
            found[name] = given[name]
        elif separator:
            found[name] = _substituted(default, {**names, **found})
        elif name in outer:
            found[name] = outer[name]
    return found


def _environment(rest: str, names: Mapping[str, str]) -> dict[str, str]:
    words = _list_of_words(rest)
    if words and "=" not in words[0]:  # the old form: ENV NAME value
        name, _, value = rest.partition(" ")
        return {name: _substituted(value.strip(), names)}
    pairs = (word.partition("=") for word in words)
    return {name: _substituted(value, names) for name, separator, value in pairs if separator}


def _words(text: str, shell: tuple[str, ...]) -> tuple[str, ...]:
    """Exec form as its words; shell form as the shell that runs it."""
    listed = _json_list(text)
    return tuple(listed) if listed is not None else (*shell, text)


def _list(text: str) -> list[str]:
    listed = _json_list(text)
    return listed if listed is not None else _list_of_words(text)


def _list_of_words(text: str) -> list[str]:
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


@cache
def _variable() -> re.Pattern[str]:
    return re.compile(r"\$(?:\{(\w+)(?:(:?[-+])([^}]*))?\}|(\w+))")


def _substituted(text: str, names: Mapping[str, str]) -> str:
    """Names put in; one without a value stays as it is written."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match[1] or match[4], match[2] or "", match[3]
        found = names.get(name)
        unset = found is None or (found == "" and operator.startswith(":"))
        if operator.endswith("+"):
            return "" if unset else word
        if operator.endswith("-") and unset:
            return str(word)
        return match[0] if found is None else found

    result = _variable().sub(value, text)
    return result if len(result) <= MAX_TEXT else text
