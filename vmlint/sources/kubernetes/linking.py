"""What other objects of the scan say of a pod: its RuntimeClass's handler, its Fargate profile,
its Namespace's declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from vmlint.model.fact import Fact, Known, Origin, Unknown
from vmlint.model.record import replace
from vmlint.model.workload import Host, Workload
from vmlint.sources import declarations
from vmlint.sources.kubernetes.hosts import SELECTOR
from vmlint.sources.kubernetes.pods import selecting
from vmlint.sources.kubernetes.references import resolved
from vmlint.sources.kubernetes.workloads import of_class, of_product, system_of


def link(workloads: Iterable[Workload], hosts: Iterable[Host]) -> Iterator[Workload]:
    """The workloads with what the hosts decide, in the same order."""
    classes: dict[str, Host] = {}
    namespaces: dict[str, Host] = {}
    profiles: list[Host] = []
    scalers: dict[str, list[Host]] = {}
    clusters: set[str] = set()
    for host in hosts:
        if host.kind == "runtime-class":
            classes.setdefault(host.name, host)
        elif host.kind == "namespace":
            namespaces.setdefault(host.name, host)
        elif host.kind == "fargate-profile":
            profiles.append(host)
        elif host.kind == "autoscaler":
            scalers.setdefault(_name(host.facts["target"]), []).append(host)
        if host.kind in ("fargate-profile", "node-pool") and "cluster" in host.facts:
            clusters.add(_name(host.facts["cluster"]))
    if len(clusters) > 1:
        profiles = []  # whose cluster a manifest is for cannot be told
    for workload in resolved(workloads):
        if workload.machine is None:
            workload = _on_fargate(_of_class(_scaled(workload, scalers), classes), profiles)
        namespace = namespaces.get(workload.namespace) if workload.namespace else None
        yield workload if namespace is None else _in_namespace(workload, namespace)


def _scaled(workload: Workload, scalers: Mapping[str, list[Host]]) -> Workload:
    """With the least number that the one autoscaler of the scan keeps, where nobody wrote another: a number that is
    filled in has the place of the workload itself."""
    if workload.daemon or not isinstance(workload.instances, Known) or workload.instances.span != workload.span:
        return workload
    found = [
        scaler
        for scaler in scalers.get(f"{workload.kind}/{workload.name}", ())
        if not workload.namespace or _name(scaler.facts["namespace"]) in ("", workload.namespace)
    ]
    if len(found) != 1:
        return workload
    least = found[0].facts["least"]
    if isinstance(least, Known) and least.value.isdecimal():
        return replace(workload, instances=least.map(int))
    return replace(workload, instances=least) if isinstance(least, Unknown) else workload


def _name(fact: Fact[str]) -> str:
    match fact:
        case Known(value):
            return value
        case Unknown(expression=expression):
            return expression
    return ""


def _of_class(workload: Workload, classes: dict[str, Host]) -> Workload:
    stated = workload.placement.runtime_class
    if not isinstance(stated, Known) or stated.value not in classes:
        return workload
    host = classes[stated.value]
    placed = selecting(
        workload.placement,
        {name.removeprefix(SELECTOR): fact for name, fact in host.facts.items() if name.startswith(SELECTOR)},
    )
    changed = replace(workload, placement=placed)
    if workload.placement.os is None and isinstance(placed.os, Known) and placed.os.value in ("linux", "windows"):
        changed = replace(changed, os=system_of(placed, placed.os))
    handler = host.facts.get("handler")
    if not isinstance(handler, Known):
        return changed
    windows = isinstance(changed.os, Known) and changed.os.value.family == "windows"
    substrate = of_class(stated.value, stated, handler, windows=windows)
    origin = Origin(f"RuntimeClass {host.name}", handler.span)
    return replace(changed, substrate=Known(substrate, stated.span, (origin, *stated.via)))


def _on_fargate(workload: Workload, profiles: list[Host]) -> Workload:
    """EKS puts a pod on Fargate where a profile selects its namespace and labels; the manifest does not say so. A
    DaemonSet never runs there."""
    if workload.format == "compose" or workload.daemon or workload.placement.runtime_class is not None:
        return workload
    for profile in profiles:
        namespace = profile.facts.get("namespace")
        if not isinstance(namespace, Known) or not workload.namespace:
            continue
        if fnmatchcase(workload.namespace, namespace.value) and all(
            _selects(wanted, workload.labels.get(key)) for key, wanted in profile.labels.items()
        ):
            span = workload.span
            substrate = of_product("eks-fargate", span)
            return replace(workload, substrate=Known(substrate, span, (Origin(profile.address, namespace.span),)))
    return workload


def _selects(wanted: Fact[str], stated: Fact[str] | None) -> bool:
    return isinstance(wanted, Known) and isinstance(stated, Known) and fnmatchcase(stated.value, wanted.value)


def _in_namespace(workload: Workload, namespace: Host) -> Workload:
    """Declarations on a Namespace hold for what is in it, behind the workload's own."""
    inherited = declarations.from_labels(namespace.labels.items())
    merged = declarations.merged(workload.declarations, inherited)
    return workload if merged == workload.declarations else replace(workload, declarations=merged)
