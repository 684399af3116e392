"""The disk image of a machine and the operating system that it, and other hints, name."""

from __future__ import annotations

import re

from vmlint.catalog import operating_systems
from vmlint.catalog.terraform_types import image_paths
from vmlint.model.fact import Absent, Fact, Known, Origin, Unknown
from vmlint.model.value import Value, at, text
from vmlint.model.workload import OperatingSystem
from vmlint.sources.terraform.facts import Resource, stated_family
from vmlint.sources.terraform.instances import Instance, Module
from vmlint.sources.terraform.selection import referred, select

MAX_HOPS = 4


def image(resource: Resource) -> Fact[str]:
    """The image as written, joined from the parts of a reference (`publisher:offer:sku`), or as the data source or
    resource that it refers to names it."""
    parts = resource.kind.mapping("parts")
    for block in select(resource.instance, parts["path"]) if parts else ():
        found = _joined(block, parts["names"])
        if found is not None:
            return found
    unknown: Fact[str] = resource.absent
    for path in resource.kind.paths("image"):
        for value in select(resource.instance, path):
            named = resolved(value, resource.instance.module)
            if isinstance(named, Known):
                return named
            unknown = named if isinstance(unknown, Absent) else unknown
    return unknown


def _joined(block: Value, names: list[str]) -> Fact[str] | None:
    facts = [text(at(block, name)) for name in names]
    known = [fact for fact in facts if isinstance(fact, Known)]
    if not known:
        return next((fact for fact in facts if isinstance(fact, Unknown)), None)
    via = tuple(origin for fact in known for origin in fact.via)
    return Known(":".join(fact.value for fact in known), block.entry_span, via)


def resolved(value: Value, module: Module, hops: int = MAX_HOPS) -> Fact[str]:
    """The name of an image: the text itself, else what the resource that it refers to is called."""
    fact = text(value)
    if isinstance(fact, Absent) or not hops:
        return fact
    for target in referred(value, module):
        found = _named_by(target, hops)
        if found is not None:
            label = f'{"data" if target.mode == "data" else "resource"} "{target.type}" "{target.name}"'
            return Known(found.value, value.entry_span, (Origin(label, found.span), *found.via, *value.via))
    return fact


def _named_by(target: Instance, hops: int) -> Known[str] | None:
    kind = f"data.{target.type}" if target.mode == "data" else target.type
    for path in image_paths(kind):
        for value in select(target, path):
            found = resolved(value, target.module, hops - 1)
            if isinstance(found, Known):
                return found
    return None


def machine_os(resource: Resource, disk: Fact[str], scripts: tuple[Fact[str], ...]) -> Fact[OperatingSystem]:
    """The guest's operating system: by type or attribute, by the image's name, by the kind of its scripts, by its
    own name; Linux where nothing says otherwise, as on nearly every machine that does not say."""
    stated = stated_family(resource)
    hints = [disk, resource.text("release")]
    for hint in hints:
        written = hint.value if isinstance(hint, Known) else hint.prefix if isinstance(hint, Unknown) else ""
        named = operating_systems.of_machine_image(written) if written else None
        if named is not None and (not isinstance(stated, Known) or stated.value == named.family):
            return Known(OperatingSystem(named.family, named.distribution, named.release), hint.span, hint.via)
    if isinstance(stated, Known):
        return Known(OperatingSystem(stated.value), stated.span, stated.via)
    for script in scripts:
        if isinstance(script, Known) and re.match(r"\s*<(powershell|script)>", script.value, re.IGNORECASE):
            return Known(OperatingSystem("windows"), script.span, script.via)
    named = _by_expression(disk)
    if named is not None:
        return Known(OperatingSystem(named.family, named.distribution), disk.span, disk.via)
    if re.search(r"(?:^|[^a-z])win(?:dows|20\d\d)?(?:$|[^a-z])", resource.instance.name, re.IGNORECASE):
        return Known(OperatingSystem("windows"), resource.instance.span)
    return Known(OperatingSystem("linux"), resource.instance.span)


def _by_expression(disk: Fact[str]) -> operating_systems.OsFact | None:
    """What the name of an unresolved reference says: `data.aws_ami.windows_2019.id`."""
    if not isinstance(disk, Unknown):
        return None
    parts = [part for part in re.split(r"[.\[\]\"]+", disk.expression) if part not in ("data", "var", "local")]
    found = operating_systems.of_machine_image(".".join(part for part in parts if not part.startswith("aws_")))
    return found if found is not None and found.family == "windows" else None
