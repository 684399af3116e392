"""What the catalogue knows of one thing by its kind and name: `vmlint catalog KIND NAME`.

An entry is plain data: facts by their names, always with the `source`. Several entries where a name means several
things (a machine type that two providers have).
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from vmlint.catalog import (
    architectures,
    commands,
    engines,
    images,
    instance_types,
    kernel,
    kubernetes_kinds,
    names,
    operating_systems,
    references,
    substrates,
    terraform_types,
    windows,
)
from vmlint.catalog.tables import table
from vmlint.model.need import SubstrateClass

Facts: TypeAlias = dict[str, Any]


class _Kind(NamedTuple):
    """`about` is a line of help, `known` the names where they can be counted."""

    about: str
    entries: Callable[[str, datetime.date], Iterable[Facts]]
    known: Callable[[], Iterable[str]] = tuple


def entries(kind: str, name: str, today: datetime.date) -> list[Facts]:
    """What is known of a thing; empty where nothing is. Raises KeyError for a kind that is none of `kinds`."""
    found = _KINDS[kind].entries(name.strip(), today)
    return [{key: value for key, value in facts.items() if not _is_empty(value)} for facts in found]


def kinds() -> dict[str, str]:
    """The kinds of things, each with a line about it."""
    return {name: kind.about for name, kind in _KINDS.items()}


def nearest(kind: str, name: str) -> str:
    """The known name that is spelled most like an unknown one; empty where none is near."""
    word = name.lower().rsplit("/", 1)[-1].split(":", 1)[0]
    near = difflib.get_close_matches(word, {known.lower() for known in _KINDS[kind].known()}, 1, 0.7)
    return near[0] if near else ""


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", (), [], {})


def _image(name: str, today: datetime.date) -> Iterator[Facts]:
    reference = references.parse(name)
    fact = images.image(name)
    system = operating_systems.of_image(name)
    if fact is None and system is None:
        return
    facts: Facts = {"registry": reference.registry, "repository": reference.repository}
    facts |= {"tag": reference.tag, "digest": reference.digest}
    if fact is not None:
        facts |= {"role": fact.role, "confidence": fact.confidence.label, "means": _TRAITS.get(fact.trait, "")}
        facts |= {"engine": fact.engine}
        engine = engines.engine(fact.engine)
        if engine is not None:
            facts |= {"data directory": " or ".join(engine.data_directories(name))}
    if system is not None:
        facts |= {"operating system": _system_name(system), "end of support": _end(system, today)}
    facts |= {"architecture": architectures.of_image(name)}
    facts |= {"source": fact.source if fact is not None else system.source if system is not None else ""}
    yield facts


_TRAITS = {
    "agent": "a node-agent where it reaches into its host",
    "helper": "stands beside a main container",
    "os": "an operating system: the command says what runs",
    "runtime": "a language runtime: it decides nothing alone",
    "tool": "a client or a build tool: the command says what runs",
}


def _known_images() -> Iterator[str]:
    for row in table("images")["names"]:
        yield from row["names"]


def _type(name: str, today: datetime.date) -> Iterator[Facts]:
    stated, slash, rest = name.partition("/")
    rows = table("instance_types")["providers"]
    wanted = [stated] if slash and stated in rows else list(rows)
    for provider in wanted:
        size = instance_types.size(provider, rest if wanted == [stated] else name)
        if size is None:
            continue
        yield {
            "provider": provider,
            "vCPU": size.vcpu,
            "memory": f"{size.memory_mib:g} MiB",
            "architecture": size.architecture,
            "bare metal": size.bare_metal or None,
            "GPUs": size.gpus or None,
            "burstable": size.burstable or None,
            "hypervisor": size.hypervisor,
            "source": size.source,
        }


def _known_types() -> Iterator[str]:
    for row in table("instance_types")["providers"].values():
        yield from row.get("types", ())


def _os(name: str, today: datetime.date) -> Iterator[Facts]:
    system = operating_systems.of_image(name) or operating_systems.of_machine_image(name)
    if system is None:
        return
    build = system.build or windows.build_of_host(name)
    yield {
        "family": system.family,
        "distribution": system.distribution,
        "release": system.release,
        "build": f"{build} ({windows.build_name(build)})" if build else "",
        "end of support": _end(system, today),
        "hosts containers": system.container_host or None,
        "appliance": system.appliance,
        "source": operating_systems.source_of(system.distribution) or system.source,
    }


def _system_name(system: operating_systems.OsFact) -> str:
    return " ".join(filter(None, (system.family, system.distribution, system.release)))


def _end(system: operating_systems.OsFact, today: datetime.date) -> str:
    end = operating_systems.end_of_support(system.distribution, system.release)
    if end is None:
        return ""
    years = operating_systems.years_past_end(system.distribution, system.release, today) or 0
    return f"{end} ({years:.1f} years ago)" if years > 0 else f"{end}"


def _known_systems() -> Iterator[str]:
    for name, row in table("operating_systems")["distributions"].items():
        yield name
        yield from row["images"]


def _runtime(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = substrates.of_runtime(name)
    if fact is not None:
        yield {
            "runtime": fact.runtime,
            "class": fact.cls.value,
            "substrate": fact.kind,
            "source": fact.source,
        }


def _known_runtimes() -> Iterator[str]:
    return (row.get("sample", row["name"]) for row in table("substrates")["runtimes"])


def _substrate(name: str, today: datetime.date) -> Iterator[Facts]:
    rows = table("substrates")
    if name not in rows["products"] and name not in rows["classes"]:
        return
    row = rows["products"].get(name) or rows["classes"][name]
    offer = substrates.offer(name)
    cls = row.get("class", name)
    overhead = substrates.overhead_mib(name)
    ways = rows["recommendations"].get(cls, {})
    yield {
        "name": row.get("name", name),
        "class": cls,
        "isolation": offer.isolation,
        "kernel": offer.kernel,
        "userland": offer.userland,
        "resources": offer.resources,
        "devices": offer.devices,
        "guest systems": sorted(offer.guest_os),
        "overhead": f"{overhead:g} MiB" if overhead is not None else "",
        "cannot run": [f"{limit.message} ({limit.source})" for limit in substrates.limits(name).values()],
        "asked for by": {platform: words for platform, words in ways.items() if platform != "source"},
        "source": row["source"],
    }


def _known_substrates() -> Iterator[str]:
    yield from table("substrates")["products"]
    yield from (cls.value for cls in SubstrateClass)


def _engine(name: str, today: datetime.date) -> Iterator[Facts]:
    engine = engines.engine(name)
    if engine is None:
        return
    yield {
        "name": engine.name,
        "data directory": list(engine.data),
        "moved by": [*engine.variables, *engine.flags],
        "data directory by vendor": {vendor: list(paths) for vendor, paths in engine.vendors.items()},
        "data directory from release on": {str(at): list(paths) for at, paths in engine.releases.items()},
        "keep no data": sorted(engine.clients | engine.routers),
        "wants a host of its own": engine.whole_host or None,
        "kernel settings": dict(engine.kernel),
        "kernel settings from release on": {str(at): dict(facts) for at, facts in engine.kernel_releases.items()},
        "source": engine.source,
    }


def _command(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = commands.command(tuple(name.split()))
    if fact is not None and (fact.role or fact.source):
        facts: Facts = {"program": fact.program, "role": fact.role, "kind": fact.kind, "engine": fact.engine}
        yield {**facts, "background": fact.background or None, "source": fact.source}


def _package(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = commands.package(name)
    if fact is not None:
        yield {"role": fact.role, "engine": fact.engine, "source": fact.source}


def _name(name: str, today: datetime.date) -> Iterator[Facts]:
    for of, machine in (("a workload", False), ("a machine", True)):
        fact = names.by_name(name, machine=machine)
        if fact is not None:
            facts: Facts = {"of": of, "role": fact.role, "by the word": fact.word, "engine": fact.engine}
            yield {**facts, "source": table("roles")["sources"]["names"]}


def _chart(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = names.by_chart(name)
    if fact is not None:
        yield {"role": fact.role, "engine": fact.engine, "source": table("roles")["sources"]["charts"]}


def _port(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = names.by_port(int(name)) if name.isdecimal() else None
    if fact is not None:
        yield {"role": fact.role, "engine": fact.engine, "source": table("roles")["sources"]["ports"]}


def _capability(name: str, today: datetime.date) -> Iterator[Facts]:
    meaning = kernel.capability_meaning(name)
    if meaning:
        reach = kernel.capability_reach(name)
        yield {"gives": meaning, "reaches": reach, "source": table("kernel")["capabilities"]["source"]}


def _known_capabilities() -> Iterator[str]:
    return (name for name in table("kernel")["capabilities"] if name != "source")


def _mount(name: str, today: datetime.date) -> Iterator[Facts]:
    fact = kernel.mount_fact(name)
    if fact is not None:
        facts: Facts = {"class": fact.cls, "means": fact.means, "the guest's own in a VM": fact.guest or None}
        yield {**facts, "source": table("kernel")["mounts"]["source"]}


def _device(name: str, today: datetime.date) -> Iterator[Facts]:
    cls, means = kernel.device_class(name)
    if cls:
        yield {"class": cls, "means": means, "source": table("kernel")["devices"]["source"]}


def _sysctl(name: str, today: datetime.date) -> Iterator[Facts]:
    if "." in name or "/" in name:
        yield {
            "namespaced": kernel.sysctl_is_namespaced(name),
            "namespaced with the host's network": kernel.sysctl_is_namespaced(name, host_network=True),
            "safe": kernel.sysctl_is_safe(name),
            "source": table("kernel")["sysctls"]["source"],
        }


def _kind(name: str, today: datetime.date) -> Iterator[Facts]:
    stated, _, group = name.partition(".")
    for row in table("kubernetes_kinds")["kinds"]:
        if row["kind"].lower() == stated.lower() and group in ("", row["group"]):
            kind = kubernetes_kinds.kind(row["group"], row["kind"])
            yield row if kind is None else {"kind": kind.kind, **row}


def _known_kinds() -> Iterator[str]:
    return (row["kind"] for row in table("kubernetes_kinds")["kinds"])


def _terraform(name: str, today: datetime.date) -> Iterator[Facts]:
    found = terraform_types.resource_type(name)
    if found is not None:
        row = {key: value for key, value in found.row.items() if key not in ("shape", "source")}
        yield {"shape": found.shape, **row, "source": found.word("source") or table("terraform_types")["source"]}


_KINDS = {
    "image": _Kind("a container image: its role, engine and operating system", _image, _known_images),
    "type": _Kind("a machine type (`m5.large`, `azure/Standard_D2s_v5`): its size", _type, _known_types),
    "os": _Kind("the system that an image, AMI name, marketplace offer or guest id states", _os, _known_systems),
    "runtime-class": _Kind("a RuntimeClass, handler or OCI runtime", _runtime, _known_runtimes),
    "substrate": _Kind("a substrate: what it offers and cannot run", _substrate, _known_substrates),
    "engine": _Kind("a database engine: where its data lies, what kernel it asks for", _engine, engines.engines),
    "command": _Kind("a command line, in quotes", _command),
    "package": _Kind("a package, systemd unit or Windows feature", _package),
    "name": _Kind("the name of a workload or machine", _name),
    "chart": _Kind("a Helm chart", _chart),
    "port": _Kind("a port number", _port),
    "capability": _Kind("a Linux capability", _capability, _known_capabilities),
    "mount": _Kind("a path of the host, or a Windows pipe", _mount),
    "device": _Kind("a device node", _device),
    "sysctl": _Kind("a kernel setting", _sysctl),
    "kind": _Kind("a Kubernetes kind (`Deployment`, `Cluster.postgresql.cnpg.io`)", _kind, _known_kinds),
    "terraform": _Kind("a Terraform resource type", _terraform, terraform_types.machine_names),
}
