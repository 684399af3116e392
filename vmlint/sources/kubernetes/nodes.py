"""Machines that objects of a cluster stand for: node pools as hosts of the estate and workloads that host
containers, and instances that a cloud's controller makes from a manifest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from vmlint.catalog import instance_types, operating_systems, quantities
from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.need import SubstrateClass
from vmlint.model.span import Span
from vmlint.model.value import Value, at, entries, integer, items, text
from vmlint.model.workload import Host, Machine, OperatingSystem, Substrate, Workload
from vmlint.sources import declarations
from vmlint.sources.kubernetes.companions import Companions
from vmlint.sources.kubernetes.manifests import Manifest
from vmlint.sources.paths import select
from vmlint.sources.provisioning import analyse


def nodes(manifest: Manifest, kind: Kind, unit: str, companions: Companions) -> Iterator[Host | Workload]:
    """The hosts of an object, each with its machines where their number or make is stated; a cloud's machine."""
    columns = kind.machine
    if kind.shape == "machine":
        yield _machine(manifest, kind, manifest.body, "", unit, companions)
        return
    pools: list[tuple[Value, str]] = [
        (pool, _name(pool)) for path in columns.get("pools", ()) for pool in select(manifest.body, path)
    ]
    for pool, name in pools if "pools" in columns else [(manifest.body, "")]:
        made = _machine(manifest, kind, pool, name, unit, companions)
        yield _host(manifest, columns, pool, made, companions)
        if "substrate" in columns:
            yield made
    for profile in select(manifest.body, columns["profiles"]) if "profiles" in columns else ():
        yield from _profiles(manifest, profile, text(_one(manifest.body, columns.get("cluster", ""))))


def _name(pool: Value) -> str:
    name = text(at(pool, "name"))
    return name.value if isinstance(name, Known) else "nodes"


def _host(manifest: Manifest, columns: dict[str, Any], pool: Value, made: Workload, companions: Companions) -> Host:
    found = {key: text(value) for key, value in entries(_one(pool, columns.get("labels", "")))}
    for requirement in items(_one(pool, columns.get("requirements", ""))):
        key, operator = text(at(requirement, "key")), text(at(requirement, "operator"))
        values = [text(value) for value in items(at(requirement, "values"))]
        if isinstance(key, Known) and isinstance(operator, Known) and operator.value == "In" and len(values) == 1:
            found.setdefault(key.value, values[0])
    facts: dict[str, Fact[str]] = {}
    if isinstance(made.os, Known):
        facts["os"] = Known(made.os.value.family, made.os.span, made.os.via)
    if columns.get("class"):
        facts.update(_of_class(text(_one(pool, columns["class"])), companions))
    stated = first_stated((found.get("kubernetes.io/os", Absent(pool.span)),), Absent(pool.span))
    if isinstance(stated, Known):
        facts["os"] = stated
    if made.machine is not None and isinstance(made.machine.size, Known):
        facts["size"] = made.machine.size
    architecture = found.get("kubernetes.io/arch")
    if isinstance(architecture, Known):
        facts["architecture"] = architecture
    cluster = text(_one(manifest.body, columns.get("cluster", "")))
    if not isinstance(cluster, Absent):
        facts["cluster"] = cluster
    taints = tuple(_taint_keys(_one(pool, columns.get("taints", ""))))
    return Host(made.address, made.name, "node-pool", pool.span.first_line(), found, taints, facts)


def _of_class(name: Fact[str], companions: Companions) -> Iterator[tuple[str, Fact[str]]]:
    """The system of nodes whose class stands in the same folder: by its images' family or alias."""
    spec = companions.node_classes.get(name.value) if isinstance(name, Known) else None
    if spec is None:
        return
    aliases = [text(at(term, "alias")) for term in items(at(spec, "amiSelectorTerms"))]
    for stated in (text(at(spec, "amiFamily")), *aliases):
        if isinstance(stated, Known):
            family = "windows" if stated.value.lower().startswith("windows") else "linux"
            yield "os", Known(family, stated.span, stated.via)
            return


def _taint_keys(value: Value) -> Iterator[Fact[str]]:
    """A list of taints, or a mapping by their keys."""
    for item in items(value):
        yield text(at(item, "key"))
    for key, item in entries(value):
        yield Known(key, item.key_span)


def _one(value: Value, path: str) -> Value:
    return at(value, *path.split(".")) if path else at(value, "")


def _profiles(manifest: Manifest, profile: Value, cluster: Fact[str]) -> Iterator[Host]:
    """A Fargate profile for each of its selectors: any of them puts a pod there."""
    name = _name(profile)
    for selector in items(at(profile, "selectors")):
        labels = {key: text(value) for key, value in entries(at(selector, "labels"))}
        yield Host(
            f"{manifest.address}/{name}", name, "fargate-profile", selector.span.first_line(), labels,
            facts={"namespace": text(at(selector, "namespace")), "cluster": cluster},
        )  # fmt: skip


def _machine(manifest: Manifest, kind: Kind, pool: Value, name: str, unit: str, companions: Companions) -> Workload:
    columns = kind.machine
    span = pool.span.first_line() if name else manifest.span
    absent = Absent(span)
    size = _stated(pool, columns.get("size", ()), absent)
    if isinstance(size, Absent) and "default_size" in columns:
        size = Known(columns["default_size"], span)
    image = _stated(pool, columns.get("image", ()), absent)
    data = [value for path in columns.get("user_data", ()) for value in select(pool, path)]
    ran = analyse(data)
    found = {key: text(value) for key, value in entries(at(manifest.body, "metadata", "labels"))}
    vcpu, memory = _amounts(pool, columns, size, absent)
    return Workload(
        address=f"{manifest.address}/{name}" if name else manifest.address,
        name=name or manifest.name,
        format="kubernetes",
        kind=manifest.kind,
        span=span,
        substrate=Known(_substrate(columns, size, span), span),
        os=_system(pool, columns, image, span),
        instances=_count(manifest, kind, pool, companions, span),
        vcpu=vcpu,
        memory_mib=memory,
        machine=Machine(
            image=image,
            size=size,
            user_data=tuple(text(value) for value in data),
            runs=ran.runs,
            understood=ran.understood,
        ),
        declarations=declarations.from_labels(found.items()),
        labels=found,
        namespace=manifest.namespace,
        unit=unit,
        kind_role=kind.role or ("container-host" if kind.shape == "pool" else ""),
    )


def _stated(pool: Value, paths: tuple[str, ...] | list[str], absent: Absent) -> Fact[str]:
    return first_stated((text(value) for path in paths for value in select(pool, path)), absent)


def _substrate(columns: dict[str, Any], size: Fact[str], span: Span) -> Substrate:
    cls, product, provider, runtime = columns.get("substrate", ("vm", "vm", "Kubernetes node", "unknown"))
    pattern = columns.get("bare_metal")
    if pattern and isinstance(size, Known) and re.search(pattern, size.value):
        cls, product, runtime = "bare-metal", "bare-metal", "bare metal"
    return Substrate(SubstrateClass(cls), provider, runtime, product, span)


def _amounts(
    pool: Value, columns: dict[str, Any], size: Fact[str], absent: Absent
) -> tuple[Fact[float], Fact[float]]:
    """vCPU and MiB: as stated, else by the type's name."""
    vcpu = _amount(_stated(pool, columns.get("cpu", ()), absent), quantities.kubernetes_cpu)
    memory = _amount(_stated(pool, columns.get("memory", ()), absent), float)
    if isinstance(size, Unknown):
        return first_stated((vcpu,), size), first_stated((memory,), size)
    if isinstance(size, Known) and "sizes" in columns:
        found = instance_types.size(columns["sizes"], size.value)
        if found is not None:
            vcpu = first_stated((vcpu,), Known(found.vcpu, size.span, size.via))
            memory = first_stated((memory,), Known(found.memory_mib, size.span, size.via))
    return vcpu, memory


def _amount(stated: Fact[str], convert: Callable[[str], float | None]) -> Fact[float]:
    if not isinstance(stated, Known):
        return stated
    try:
        amount = convert(stated.value)
    except ValueError:
        amount = None
    if amount is None:
        return Unknown(stated.value, "it is not a number", stated.span, stated.via)
    return Known(float(amount), stated.span, stated.via)


def _system(pool: Value, columns: dict[str, Any], image: Fact[str], span: Span) -> Fact[OperatingSystem]:
    if "family" in columns:
        return Known(OperatingSystem(columns["family"]), span)
    for sign in (_stated(pool, columns.get("system", ()), Absent(span)), image):
        if not isinstance(sign, Known):
            continue
        if "windows" in sign.value.lower():
            return Known(OperatingSystem("windows"), sign.span, sign.via)
        found = operating_systems.of_machine_image(sign.value)
        if found is not None:
            return Known(OperatingSystem(found.family, found.distribution, found.release), sign.span, sign.via)
    return Known(OperatingSystem("linux"), span)


def _count(manifest: Manifest, kind: Kind, pool: Value, companions: Companions, span: Span) -> Fact[int]:
    """What is written; of a template the number in the set that is made from it; one of a single machine."""
    columns = kind.machine
    counts = (integer(value) for path in kind.count for value in select(pool, path))
    otherwise: Fact[int] = Absent(span)
    if "default_count" in columns:
        otherwise = Known(columns["default_count"], span)
    elif kind.shape == "machine":
        otherwise = Known(1, span)
    elif columns.get("template"):
        otherwise = companions.machines.get((manifest.kind, manifest.name), otherwise)
    return first_stated(counts, otherwise)
