"""Module calls that cannot be followed. Of a module that is known by name, its arguments tell most of the machine.
Any other may run anything: it is one workload of which nothing is known but which module was not read, unless its
name says that it runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from vmlint.catalog import instance_types, operating_systems
from vmlint.catalog.terraform_types import ResourceType, makes_no_workload, module_row, resource_type
from vmlint.evaluation.terraform.instances import Gap
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.need import SubstrateClass
from vmlint.model.record import replace
from vmlint.model.value import Mapping, Missing, at, boolean, entries, integer, text
from vmlint.model.workload import Machine, OperatingSystem, Substrate, Workload
from vmlint.sources import declarations
from vmlint.sources.provisioning import analyse

_INDEX = re.compile(r"\[\d+\]$")
_LAST_KEY = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]$')


def calls(addresses: Iterable[str]) -> set[str]:
    """The addresses of the module calls that resources stand in, without the keys of the innermost one."""
    found: set[str] = set()
    for address in addresses:
        for match in re.finditer(r"\.(?=module\.|[^.]+\.[^.]+$)", address):
            found.add(_LAST_KEY.sub("", address[: match.start()]))
    return found


def read_all(gaps: Iterable[Gap], root: str) -> Iterator[Workload | Problem]:
    """What the calls come to. Those that count makes of one call are one workload."""
    counted: dict[str, list[Gap]] = {}
    for gap in gaps:
        counted.setdefault(_INDEX.sub("", gap.address), []).append(gap)
    for address, same in counted.items():
        made = read(same[0], root)
        if isinstance(made, Workload) and isinstance(made.instances, Known) and address != made.address:
            stated = made.instances
            times = Known(stated.value * len(same), stated.span, stated.via)
            made = replace(made, address=address, name=address.rsplit(".", 1)[-1], instances=times)
        yield made


def read(gap: Gap, root: str) -> Workload | Problem:
    """The machine that the module makes, or what may be a workload, or that it was not read."""
    message = f"{gap.address} was not read: {gap.reason}"
    if gap.is_cycle:
        return Problem(ProblemKind.UNREADABLE, message, gap.span)
    if makes_no_workload(gap.source):
        return Problem(ProblemKind.SKIPPED, message, gap.span)
    row = module_row(gap.source)
    kind = resource_type(row["type"]) if row is not None else None
    return _unread(gap, root) if row is None or kind is None else _machine_of(gap, root, row, kind)


def _unread(gap: Gap, root: str) -> Workload:
    """One workload for a call, whatever its number of instances."""
    unknown = Unknown(gap.call_address, gap.reason, gap.span)
    return Workload(
        address=gap.call_address,
        name=gap.call_address.rsplit(".", 1)[-1],
        format="terraform",
        kind="module",
        span=gap.span,
        substrate=unknown,
        os=unknown,
        instances=unknown,
        vcpu=unknown,
        memory_mib=unknown,
        unit=root,
        call_chain=gap.call_chain,
        gaps=(unknown,),
    )


def _machine_of(gap: Gap, root: str, row: dict[str, Any], kind: ResourceType) -> Workload:
    arguments = gap.arguments
    image, size = text(at(arguments, row["image"])), text(at(arguments, row["size"]))
    labels = {key: text(value) for key, value in entries(at(arguments, row["labels"]))}
    vcpu, memory = _size(size, kind.word("sizes"), gap)
    cls, product, provider, runtime = kind.row["substrate"]
    made = Substrate(SubstrateClass(cls), provider, runtime, product, gap.span)
    return Workload(
        address=gap.address,
        name=gap.address.rsplit(".", 1)[-1],
        format="terraform",
        kind=kind.name,
        span=gap.span,
        substrate=Known(made, gap.span),
        os=_operating_system(image, row, gap),
        instances=_instances(arguments, row, gap),
        vcpu=vcpu,
        memory_mib=memory,
        machine=_machine(arguments, row, image, size),
        labels=labels,
        declarations=declarations.from_labels(labels.items()),
        unit=root,
        call_chain=gap.call_chain,
        gaps=(Unknown(gap.address, gap.reason, gap.span),),
    )


def _machine(arguments: Mapping, row: dict[str, Any], image: Fact[str], size: Fact[str]) -> Machine:
    found = [at(arguments, name) for name in row["user_data"]]
    scripts = [script for script in found if not isinstance(script, Missing)]
    ran = analyse(scripts)
    return Machine(image, size, tuple(text(script) for script in scripts), ran.runs, ran.understood)


def _size(size: Fact[str], provider: str, gap: Gap) -> tuple[Fact[float], Fact[float]]:
    if isinstance(size, Unknown):
        return size, size
    found = instance_types.size(provider, size.value) if isinstance(size, Known) and provider else None
    if found is None:
        return Absent(gap.span), Absent(gap.span)
    return Known(found.vcpu, size.span, size.via), Known(found.memory_mib, size.span, size.via)


def _operating_system(image: Fact[str], row: dict[str, Any], gap: Gap) -> Fact[OperatingSystem]:
    windows = boolean(at(gap.arguments, row["windows"])) if "windows" in row else Absent(gap.span)
    if isinstance(windows, Known) and windows.value:
        return Known(OperatingSystem("windows"), windows.span, windows.via)
    named = operating_systems.of_machine_image(image.value) if isinstance(image, Known) else None
    if named is None:
        return Known(OperatingSystem("linux"), gap.span)
    return Known(OperatingSystem(named.family, named.distribution, named.release), image.span, image.via)


def _instances(arguments: Mapping, row: dict[str, Any], gap: Gap) -> Fact[int]:
    stated = first_stated((integer(at(arguments, name)) for name in row.get("count", ())), Absent(gap.span))
    match stated, gap.count:
        case Known(), Known() as count:
            return Known(stated.value * count.value, stated.span, stated.via)
        case Unknown(), _:
            return stated
    return gap.count
