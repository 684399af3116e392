"""What one container comes to: its image, the half of it that the command runs, its ports and its name.

The command decides between halves of one image, and what an operating-system or language image is for.
"""

from __future__ import annotations

from typing import NamedTuple

from vmlint.catalog import commands, images, names
from vmlint.catalog.references import parse
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.finding import Confidence
from vmlint.model.record import replace
from vmlint.model.workload import UNKNOWN_ROLE, Container, Evidence, Role, Workload

_HIGH, _MEDIUM, _LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW

_OWN_IMAGE = "an image of its own"


class Reading(NamedTuple):
    """What one container comes to. `helper` stands beside a main one; `generic` says that its image is an
    operating system, a runtime or a tool; `agent` that it is a node-agent where it reaches into its host."""

    role: Role
    container: Container
    helper: bool = False
    generic: bool = False
    agent: bool = False


def read(container: Container, workload: Workload) -> Reading:
    """The role of a main container of `workload`; unknown where nothing tells."""
    fact, where = image_fact(container.image)
    built = False
    if fact is None and container.base_image is not None:
        fact, where = image_fact(container.base_image)
        built = fact is not None
    command = commands.command(container.command)
    if (
        built
        and fact is not None
        and fact.trait == "os"
        and command is not None
        and command.kind in ("idle", "init")
    ):
        return Reading(
            Role("base-os", _MEDIUM, (Evidence(f"built from {where}", container.image.span),)), container
        )
    if fact is None or (built and fact.generic) or (fact.confidence == _LOW and not fact.generic):
        return _first_party(container, workload, command, fact)
    evidence = Evidence(f"{'built from' if built else 'image'} {where}", container.image.span, fact.source)
    if fact.generic:
        return _generic(container, workload, command, fact, evidence)
    if built and (job := names.by_name(container.name or workload.name)) is not None and job.role == "worker":
        role = Role("worker", _MEDIUM, (Evidence(f"name {job.word}", workload.span), evidence))
        return Reading(role, container)
    confidence = min(fact.confidence, _MEDIUM) if built else fact.confidence
    role = Role(fact.role, confidence, (evidence,), fact.engine)
    role = _by_half(container, command, role)
    return Reading(role, container, helper=fact.trait == "helper", agent=fact.trait == "agent")


def image_fact(image: Fact[str]) -> tuple[images.ImageFact | None, str]:
    """What an image is, and the part of its name that told it."""
    match image:
        case Known(text):
            return images.image(text), text
        case Unknown(prefix=prefix) if prefix:
            return images.image_by_prefix(prefix), prefix + "…"
    return None, ""


def _by_half(container: Container, command: commands.CommandFact | None, role: Role) -> Role:
    """The command decides between halves of one image: worker and server, client and engine."""
    if command is None:
        return role
    shown = Evidence(f"command {command.program}", container.command_span, command.source)
    if isinstance(container.image, Known):
        reference = parse(container.image.value)
        half = commands.half((reference.name, "/".join(reference.path[-2:])), container.command)
        if half is not None:
            shown = Evidence(f"command {' '.join(container.command)[:60]}", container.command_span, half[1])
            return Role(half[0], _HIGH, (*role.evidence, shown))
    if command.kind in ("batch", "client") or (command.background and role.name in ("application", "app-server")):
        return Role("worker", _MEDIUM, (*role.evidence, shown), role.engine)
    if command.kind in ("idle", "builtin"):
        return replace(role, confidence=min(role.confidence, _MEDIUM), evidence=(*role.evidence, shown))
    outranked = role.confidence < _HIGH or role.name == "worker"
    if command.kind == "server" and command.role and outranked and command.role != role.name:
        return Role(command.role, _MEDIUM, (shown, *role.evidence), command.engine)
    return role


def _generic(
    container: Container,
    workload: Workload,
    command: commands.CommandFact | None,
    fact: images.ImageFact,
    evidence: Evidence,
) -> Reading:
    """An operating system, a language runtime or a tool: the command says what it is for."""
    if (told := _by_command(container, command, _HIGH, evidence)) is not None:
        return told
    if fact.trait == "os" and (command is None or command.kind in ("idle", "init")):
        return Reading(Role("base-os", _HIGH, (evidence,)), container, generic=True)
    own_program = command is not None and command.kind in ("interpreter", "other") and command.program[:1] != "-"
    if fact.trait == "runtime" or own_program:
        reading = _first_party(container, workload, command, fact)
        if fact.trait == "runtime" or reading.role.evidence[0].text != _OWN_IMAGE:
            role = replace(reading.role, evidence=(*reading.role.evidence, evidence))
            return reading._replace(role=role, generic=command is None)
    if fact.trait == "tool" and command is None and container.ports:
        return _first_party(container, workload, command, fact)  # a tool that is reached from outside serves
    ends = command is not None and command.kind == "builtin"
    shown = [Evidence(f"command {' '.join(container.command)[:60]}", container.command_span)] if ends else []
    sure = _MEDIUM if ends or fact.trait == "tool" else _LOW
    return Reading(Role("worker", sure, (*shown, evidence)), container, generic=True)


def _by_command(
    container: Container, command: commands.CommandFact | None, confidence: Confidence, *evidence: Evidence
) -> Reading | None:
    """What a command that names a program or a background half says by itself."""
    if command is None or command.kind == "init":
        return None
    role = command.role if command.kind in ("server", "batch", "client") else ""
    if not role and (not command.background or command.kind == "init"):
        return None
    shown = Evidence(f"command {' '.join(container.command)[:60]}", container.command_span, command.source)
    sure = confidence if role and command.kind == "server" else _MEDIUM
    return Reading(Role(role or "worker", sure, (shown, *evidence), command.engine), container)


def _first_party(
    container: Container,
    workload: Workload,
    command: commands.CommandFact | None,
    fact: images.ImageFact | None,
) -> Reading:
    """An image of the user's own: the command, then ports together with the name, then a word of the image's name,
    then the name alone. `fact` is what little the image or its base says."""
    if (told := _by_command(container, command, _MEDIUM)) is not None:
        return told
    named = _named(container, workload)
    ported = next((said for port in container.ports if (said := _port_fact(port.number)) is not None), None)
    agree = named is not None and ported is not None and ported.role == named.role
    if fact is not None and not fact.generic and not agree:
        shown = Evidence(f"image {known_text(container.image)}", container.image.span, fact.source)
        return Reading(Role(fact.role, _LOW, (shown,)), container)
    if named is not None:
        engine = named.engine or (ported.engine if agree and ported else "")
        shown = Evidence(f"name {named.word}", workload.span)
        role = Role(named.role, _MEDIUM if agree else _LOW, (shown,), engine)
        return Reading(role, container, agent=named.agent)
    if ported is not None:
        role = Role(ported.role, _LOW, (Evidence(f"port {ported.word}", workload.span),), ported.engine)
        return Reading(role, container)
    settled = not isinstance(container.image, Unknown) or fact is not None
    serves = bool(container.ports) or names.is_service(workload.kind)
    if serves or settled:
        what = "serves requests" if serves else _OWN_IMAGE
        return Reading(Role("application", _LOW, (Evidence(what, container.image.span),)), container)
    return Reading(UNKNOWN_ROLE, container)


def _named(container: Container, workload: Workload) -> names.NameFact | None:
    """What the workload's name says, else the container's, the image's unresolved name or the last of it."""
    spoken = [workload.name, container.name]
    match container.image:
        case Unknown(expression=expression):
            spoken.append(names.of_expression(expression))
        case Known(text):
            spoken.append(parse(text).name)
    for name in spoken:
        if name and (fact := names.by_name(name)) is not None:
            return fact
    return None


def _port_fact(number: Fact[int]) -> names.NameFact | None:
    return names.by_port(number.value) if isinstance(number, Known) else None


def known_text(fact: Fact[str]) -> str:
    """The known text, or what a template is known to begin with."""
    match fact:
        case Known(value):
            return value
        case Unknown(prefix=prefix):
            return prefix
    return ""
