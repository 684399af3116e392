"""An object that makes pods, as a workload."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from math import prod

from vmlint.catalog import operating_systems, substrates
from vmlint.catalog.kubernetes_kinds import Kind, product_of_label
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated, value_or
from vmlint.model.need import SubstrateClass
from vmlint.model.record import record, replace
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Sequence, Unresolved, Value, at, boolean, entries, integer, items, text
from vmlint.model.workload import Container, OperatingSystem, Placement, Substrate, Workload
from vmlint.sources import declarations
from vmlint.sources.kubernetes import pods
from vmlint.sources.kubernetes.companions import Companions
from vmlint.sources.kubernetes.manifests import Manifest
from vmlint.sources.kubernetes.pods import Pod
from vmlint.sources.kubernetes.volumes import volumes
from vmlint.sources.paths import select
from vmlint.sources.primary import primary


@record
class _Pods:
    """The pod-shaped parts of an object: one for most, several for a job with roles."""

    specs: tuple[Value, ...]
    containers: tuple[Container, ...]


def workload(manifest: Manifest, kind: Kind, unit: str, companions: Companions) -> Workload | None:
    """The workload of an object; None where it makes no pod itself. `companions` are the objects beside it."""
    body = manifest.body
    if _makes_none(body, kind):
        return None
    labels, annotations = _metadata(manifest, kind)
    shape = _pods(body, kind, annotations, companions)
    spec = shape.specs[0] if shape.specs else at(body, "spec")
    refers = tuple(_refers(body, kind))
    if not kind.role and not refers and not any(_runs_something(container) for container in shape.containers):
        return None
    placement = pods.placement(spec)
    system = _operating_system(placement, shape.containers, body)
    purpose = primary(manifest.name, shape.containers)
    own = purpose.resources if purpose is not None else None
    # A pod may have a size as a whole.
    limit = own if own is not None and own.is_stated else pods.resources(at(spec, "resources"))
    absent = Absent(body.span.first_line())
    daemon = kind.daemon or _daemon_if(body, kind)
    scaled = companions.scaled.get((manifest.kind, manifest.name))
    instances = _instances(body, kind, daemon, scaled or _least(kind, annotations))
    return Workload(
        address=manifest.address,
        name=manifest.name,
        format="kubernetes",
        kind=manifest.kind,
        span=manifest.span,
        substrate=_substrate(body, kind, placement, system, labels, annotations),
        os=system,
        instances=instances,
        vcpu=first_stated((limit.cpu_limit, limit.cpu_request), absent),
        memory_mib=first_stated((limit.memory_limit, limit.memory_request), absent),
        containers=shape.containers,
        host=pods.host_access(spec),
        placement=placement,
        declarations=declarations.from_labels([*labels.items(), *annotations.items()]),
        labels=labels,
        annotations=annotations,
        sysctls=pods.sysctls(spec),
        modes={"os-name": text(at(spec, "os", "name"))},
        namespace=manifest.namespace,
        unit=unit,
        kind_role=(kind.daemon_role if daemon and kind.daemon_role else kind.role),
        daemon=daemon,
        durable=kind.durable,
        refers=refers,
        definition=kind.template,
    )


def _makes_none(body: Mapping, kind: Kind) -> bool:
    if kind.only_with and not list(select(body, kind.only_with)):
        return True
    if not kind.unless:
        return False
    stated = text(at(body, "metadata", "annotations", kind.unless["annotation"]))
    return isinstance(stated, Known) and stated.value == kind.unless["value"]


def _refers(body: Mapping, kind: Kind) -> Iterator[Known[str]]:
    """The objects whose containers it runs, as `Kind/name`."""
    for row in kind.refers:
        for value in select(body, row["path"]):
            name = text(at(value, "name")) if isinstance(value, Mapping) else text(value)
            named = value_or(text(at(value, "kind")), "") if isinstance(value, Mapping) else ""
            if isinstance(name, Known):
                yield Known(f"{named or row['kind']}/{name.value}", name.span, name.via)


def _runs_something(container: Container) -> bool:
    """A container without an image is part of a patch; an ImageStream's trigger leaves it empty."""
    return not isinstance(container.image, Absent)


def _metadata(manifest: Manifest, kind: Kind) -> tuple[dict[str, Fact[str]], dict[str, Fact[str]]]:
    """Labels and annotations of the pod template, then of the object."""
    metas = [at(manifest.body, "metadata")]
    for path in kind.pods:
        parent = path.rpartition(".")[0]
        if parent:
            metas = [at(template, "metadata") for template in select(manifest.body, parent)] + metas
    labels: dict[str, Fact[str]] = {}
    annotations: dict[str, Fact[str]] = {}
    for meta in metas:
        for key, value in entries(at(meta, "labels")):
            labels.setdefault(key, text(value))
        for key, value in entries(at(meta, "annotations")):
            annotations.setdefault(key, text(value))
    return labels, annotations


def _pods(body: Mapping, kind: Kind, annotations: dict[str, Fact[str]], companions: Companions) -> _Pods:
    specs = [spec for path in kind.pods for spec in select(body, path)]
    claims = at(body, "spec", "volumeClaimTemplates")
    found: list[Container] = []
    for spec in specs:
        found += pods.containers(
            Pod(spec, volumes(spec, claims), annotations, companions.settings, companions.claims)
        )
    beside = _joined([part for path in kind.spec for part in select(body, path)])
    if kind.containers:
        spec = beside if beside is not None else at(body, "spec")
        pod = Pod(spec, volumes(spec, claims), annotations, companions.settings, companions.claims)
        base = next(select(body, kind.base), None) if kind.base else None
        for path in kind.containers:
            for item in select(body, path):
                found.append(pods.container(item if base is None else _over(base, item), _part_of(path), pod))
        specs.append(spec)
    elif beside is not None:
        specs.append(beside)
    found = _with_added(body, kind, _with_operator_image(body, kind, found))
    return _Pods(tuple(specs), tuple(found))


def _part_of(path: str) -> str:
    """What the containers at a path are to their pod, by the list that they stand in."""
    last = path.rpartition(".")[2]
    return {"sidecars[]": "sidecar", "initContainers[]": "init"}.get(last, "main")


def _joined(parts: list[Value]) -> Value | None:
    """Pod-shaped parts as one: lists in a row, of other keys the first."""
    if len(parts) < 2:
        return parts[0] if parts else None
    found: dict[str, Value] = {}
    for part in parts:
        for key, value in entries(part):
            earlier = found.setdefault(key, value)
            if earlier is not value and isinstance(earlier, Sequence) and isinstance(value, Sequence):
                joined = copy(earlier)
                joined.items = [*earlier.items, *value.items]
                found[key] = joined
    first = parts[0]
    return Mapping(found, first.source, first.start, first.end, first.via)


def _over(base: Value, item: Value) -> Value:
    """A container with what all of its kind begin with; its own keys go first."""
    joined = _joined([item, base])
    if not isinstance(item, Mapping) or not isinstance(joined, Mapping):
        return item
    made = copy(item)
    made.entries = {**joined.entries, **{k: v for k, v in item.entries.items() if not isinstance(v, Sequence)}}
    return made


def _with_operator_image(body: Mapping, kind: Kind, found: list[Container]) -> list[Container]:
    """The container that an operator makes, from the image and resources that the object names."""
    if not (kind.image or kind.resources) or any(c.kind == "main" and isinstance(c.image, Known) for c in found):
        return found
    image = next((value for path in kind.image for value in select(body, path)), None)
    block = next((value for path in kind.resources for value in select(body, path)), None)
    if image is None and block is None:
        return found
    span = body.span.first_line()
    given = next((c for c in found if c.kind == "main"), None)
    if given is not None and image is not None:
        return [replace(c, image=text(image)) if c is given else c for c in found]
    made = Container(
        name=kind.kind.lower(),
        span=span,
        image=text(image) if image is not None else Absent(span),
        resources=pods.resources(block) if block is not None else None,
    )
    return [made, *found]


def _with_added(body: Mapping, kind: Kind, found: list[Container]) -> list[Container]:
    """With the sidecar that an operator adds unless it is told not to, or with its work in the main container."""
    added = kind.added
    if added is None:
        return found
    for path, value in added["unless"].items():
        for switch in select(body, path):
            if isinstance(switch, Unresolved) or value_or(text(switch), "") == value:
                return found
    span = body.span.first_line()
    privileged = Known(bool(added["privileged"]), span)
    for switch in select(body, added["inside"]):
        stated = boolean(switch)
        if isinstance(stated, Known) and stated.value:
            inner = Known(privileged.value, stated.span, stated.via)
            main = [c for c in found if c.kind == "main"] or [Container(added["name"], span, Absent(span))]
            return [*(replace(c, privileged=inner) for c in main), *(c for c in found if c.kind != "main")]
    image = Known(added["image"], span)
    return [*found, Container(name=added["name"], span=span, image=image, kind="sidecar", privileged=privileged)]


def _daemon_if(body: Mapping, kind: Kind) -> bool:
    if not kind.daemon_if:
        return False
    for value in select(body, kind.daemon_if["path"]):
        wanted = kind.daemon_if.get("value")
        stated = text(value)
        if wanted is None or (isinstance(stated, Known) and stated.value == wanted):
            return True
    return False


def _instances(body: Mapping, kind: Kind, daemon: bool, scaled: Fact[int] | None) -> Fact[int]:
    """What the counts add up to; where none is written the least that an autoscaler keeps, else one, as the API
    server fills it in."""
    if daemon:
        return Absent(body.span.first_line())
    counts = [integer(value) for path in kind.count for value in select(body, path)]
    counts += _multiplied(body, kind)
    unknown = next((count for count in counts if isinstance(count, Unknown)), None)
    if unknown is not None:
        return unknown
    known = [count for count in counts if isinstance(count, Known)]
    if not known and scaled is not None:
        return scaled
    if not known:
        parts = [part for path in kind.pods if "[]" in path or "{}" in path for part in select(body, path)]
        return Known(max(1, kind.fixed + len(parts)), body.span.first_line())
    return Known(kind.fixed + sum(count.value for count in known), known[0].span, known[0].via)


def _multiplied(body: Mapping, kind: Kind) -> list[Fact[int]]:
    """The number of each part that has one of its own: a factor that is not written is one."""
    if kind.counted is None:
        return []
    found: list[Fact[int]] = []
    stated = False
    for part in select(body, kind.counted["each"]):
        factors = [integer(at(part, *path.split("."))) for path in kind.counted["factors"]]
        known = [factor for factor in factors if isinstance(factor, Known)]
        stated = stated or bool(known)
        unknown = next((factor for factor in factors if isinstance(factor, Unknown)), None)
        span = known[0].span if known else part.span.first_line()
        found.append(unknown or Known(prod(factor.value for factor in known), span))
    return found if stated or any(isinstance(number, Unknown) for number in found) else []


def _least(kind: Kind, annotations: dict[str, Fact[str]]) -> Fact[int] | None:
    """What an annotation makes an autoscaler keep; none where that may be nothing, as without it."""
    for key in kind.least:
        stated = annotations.get(key)
        if isinstance(stated, Unknown):
            return stated
        if isinstance(stated, Known) and stated.value.isdecimal() and int(stated.value):
            return Known(int(stated.value), stated.span, stated.via)
    return None


def _operating_system(
    placement: Placement, containers: tuple[Container, ...], body: Mapping
) -> Fact[OperatingSystem]:
    """By selector or `spec.os`, else by an image that states it, else what nearly every node runs."""
    if isinstance(placement.os, Known) and placement.os.value in ("windows", "linux"):
        return system_of(placement, placement.os)
    for key, fact in placement.selectors.items():
        if isinstance(fact, Known) and "windows" in fact.value.lower() and ("os" in key or "build" in key):
            return Known(OperatingSystem("windows", release=_release(placement)), fact.span, fact.via)
    for container in containers:
        if isinstance(container.image, Known):
            found = operating_systems.of_image(container.image.value)
            if found is not None and (found.family != "linux" or container.kind == "main"):
                system = OperatingSystem(found.family, found.distribution, found.release)
                return Known(system, container.image.span, container.image.via)
        if isinstance(container.host_process, Known) and container.host_process.value:
            return Known(OperatingSystem("windows"), container.host_process.span)
    if isinstance(placement.os, Unknown):
        return placement.os
    return Known(OperatingSystem("linux"), body.span.first_line())


def system_of(placement: Placement, stated: Known[str]) -> Known[OperatingSystem]:
    """The system that selectors ask for: the family, of Windows the release too."""
    release = _release(placement) if stated.value == "windows" else ""
    return Known(OperatingSystem(stated.value, release=release), stated.span, stated.via)


def _release(placement: Placement) -> str:
    build = placement.selectors.get("node.kubernetes.io/windows-build")
    return operating_systems.windows_release(build.value) if isinstance(build, Known) else ""


def _own_product(body: Mapping, kind: Kind) -> str:
    """The product of what is no pod of the cluster's own."""
    condition = kind.product_if
    for value in select(body, condition["path"]) if condition else ():
        for item in items(value):
            if value_or(text(item), "") == condition["value"]:
                return str(condition["product"])
    return kind.product


def _substrate(
    body: Mapping,
    kind: Kind,
    placement: Placement,
    system: Fact[OperatingSystem],
    labels: dict[str, Fact[str]],
    annotations: dict[str, Fact[str]],
) -> Fact[Substrate]:
    """By RuntimeClass name, or by a label or toleration that puts the pod on a product of its own. A class that
    nobody knows is a plain container that claims to be more: `certain` is false, and rules can tell."""
    span = body.span.first_line()
    if kind.product:
        return Known(of_product(_own_product(body, kind), span), span)
    match placement.runtime_class:
        case Known(value=name) as stated:
            windows = isinstance(system, Known) and system.value.family == "windows"
            return Known(of_class(name, stated, windows=windows), stated.span, stated.via)
        case Unknown() as unknown:
            return unknown
    product = _product(placement, labels, annotations)
    if product is not None:
        name, fact = product
        return Known(of_product(name, fact.span), fact.span, fact.via)
    windows = isinstance(system, Known) and system.value.family == "windows"
    runtime = ("process isolation", "windows-process") if windows else ("runc", "runc")
    return Known(Substrate(SubstrateClass.CONTAINER, "Kubernetes", *runtime, span), span)


def of_class(
    name: str, stated: Known[str], handler: Known[str] | None = None, *, windows: bool = False
) -> Substrate:
    """The substrate of a RuntimeClass by its handler where one is known, else by its name."""
    fact = substrates.of_runtime(handler.value) if handler is not None else None
    fact = fact or substrates.of_runtime(name)
    if fact is None:
        kind = "windows-process" if windows else "runc"
        return Substrate(SubstrateClass.CONTAINER, "Kubernetes", name, kind, stated.span, False)
    return Substrate(fact.cls, "Kubernetes", fact.runtime, fact.kind, stated.span)


def of_product(kind: str, span: Span) -> Substrate:
    """The substrate of a product by its key in the catalogue."""
    return Substrate(substrates.substrate_class(kind), "Kubernetes", substrates.product_name(kind), kind, span)


def _product(
    placement: Placement, labels: dict[str, Fact[str]], annotations: dict[str, Fact[str]]
) -> tuple[str, Known[str]] | None:
    for key, fact in (*placement.selectors.items(), *labels.items(), *annotations.items()):
        if isinstance(fact, Known):
            kind = product_of_label(key, fact.value)
            if kind:
                return kind, fact
    return None
