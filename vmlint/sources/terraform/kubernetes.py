"""Kubernetes in Terraform: resources of its provider, manifests in attributes, and Helm releases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vmlint.catalog.terraform_types import kubernetes_kind, kubernetes_names
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.finding import Problem
from vmlint.model.record import replace
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value, at, integer, text
from vmlint.model.workload import Container, Host, HostAccess, Workload
from vmlint.sources import kubernetes
from vmlint.sources.terraform.embedded import trees
from vmlint.sources.terraform.facts import Resource, container_os, multiplied, substrate, workload
from vmlint.sources.terraform.selection import first, select


def read(resource: Resource) -> Iterator[Workload | Host | Problem]:
    """What a resource comes to in the cluster."""
    match resource.kind.shape:
        case "helm":
            yield _release(resource)
        case "manifest":
            value = first(resource.instance, resource.kind.word("text"))
            yield from _objects(trees(value) if value is not None else (), resource)
        case _:
            yield from _objects(_manifest(resource), resource)


def _objects(roots: Iterable[Value], resource: Resource) -> Iterator[Workload | Host | Problem]:
    """The Kubernetes reader's workloads under the address of the resource."""
    instance = resource.instance
    found = kubernetes.read_objects(roots, resource.root, resource.kinds)
    for number, made in enumerate(found.workloads):
        address = instance.address if not number else f"{instance.address}/{made.name}"
        yield replace(
            made,
            address=address,
            format="terraform",
            span=instance.span,
            instances=made.instances if made.daemon else multiplied(resource, made.instances),
            call_chain=instance.call_chain,
            unit=resource.root,
        )
    yield from found.hosts
    yield from found.problems


# Resources of the provider as manifests


def _manifest(resource: Resource) -> Iterator[Value]:
    kind = kubernetes_kind(resource.instance.type)
    if kind is None:
        return
    body = _converted(resource.instance.body)
    if not isinstance(body, Mapping):
        return
    span = resource.instance.span
    given: dict[str, Value] = {
        "apiVersion": Scalar(kind[0], span.source, span.start, span.end),
        "kind": Scalar(kind[1], span.source, span.start, span.end),
    }
    entries = {**given, **body.entries, **_with_pod_spec(body)}
    made = Mapping(entries, body.source, body.start, body.end, body.via, rest=body.rest)
    yield made


def _with_pod_spec(body: Mapping) -> dict[str, Value]:
    """Old versions of the provider let a template hold the pod's own fields without `spec`."""
    spec = at(body, "spec")
    template = at(spec, "template")
    if not isinstance(spec, Mapping) or not isinstance(template, Mapping) or "containers" not in template.entries:
        return {}
    inner = {name: value for name, value in template.entries.items() if name != "metadata"}
    pod: dict[str, Value] = {"spec": _like(template, inner)}
    if "metadata" in template.entries:
        pod["metadata"] = template.entries["metadata"]
    return {"spec": _like(spec, {**spec.entries, "template": _like(template, pod)})}


def _like(value: Mapping, entries: dict[str, Value]) -> Mapping:
    made = Mapping(entries, value.source, value.start, value.end, value.via, rest=value.rest)
    made.key_start = value.key_start
    return made


def _converted(value: Value) -> Value:
    """A body with the names of a manifest: blocks that are lists there stay lists, others are their one mapping."""
    if not isinstance(value, Mapping):
        return value
    names = kubernetes_names()
    entries: dict[str, Value] = {}
    for key, child in value.entries.items():
        name = names["lists"].get(key) or names["names"].get(key) or _camel(key)
        if key in names["verbatim"]:
            entries[name] = _single(child)
        elif key in names["lists"] and isinstance(child, Sequence):
            entries[name] = _with_items(child, [_converted(item) for item in child.items])
        elif isinstance(child, Sequence) and child.items and all(isinstance(i, Mapping) for i in child.items):
            entries[name] = _converted(child.items[0])
        else:
            entries[name] = child
    return _like(value, entries)


def _single(value: Value) -> Value:
    """A map that old provider versions wrote as a block."""
    return value.items[0] if isinstance(value, Sequence) and len(value.items) == 1 else value


def _with_items(value: Sequence, items: list[Value]) -> Sequence:
    made = Sequence(items, value.source, value.start, value.end, value.via, rest=value.rest)
    made.key_start = value.key_start
    return made


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


# Helm releases


def _release(resource: Resource) -> Workload:
    """A release by its chart's name and what its values say plainly. How many instances a chart makes where no
    value tells is its own affair."""
    instance = resource.instance
    chart = text(instance.attribute("chart"))
    name = text(instance.attribute("name"))
    layers = [*_set_values(resource), *_value_trees(resource)]
    image = _image(layers, resource)
    basename = re.split(r"[/\\]", chart.value.rstrip("/"))[-1] if isinstance(chart, Known) else ""
    made = Container(
        name=instance.name,
        span=instance.span,
        image=image,
        privileged=_stated(layers, ("securityContext", "privileged"), resource).map(lambda word: word == "true"),
    )
    return workload(
        resource,
        name=name.value if isinstance(name, Known) and name.value else instance.name,
        substrate=substrate(resource),
        os=container_os(resource, [image]),
        instances=_replicas(layers, resource),
        vcpu=resource.absent,
        memory_mib=resource.absent,
        containers=(made,) if isinstance(image, Known) or isinstance(made.privileged, Known) else (),
        host=HostAccess.none(instance.span),
        chart=re.sub(r"-\d+\.\d+.*$", "", basename),
        gaps=(chart,) if isinstance(chart, Unknown) else (),
    )


def _value_trees(resource: Resource) -> list[Value]:
    """The documents of `values`, the last first: it overrides those before it."""
    found = [tree for value in select(resource.instance, "values") for tree in trees(value)]
    return found[::-1]


def _set_values(resource: Resource) -> list[Value]:
    """`set { name = "a.b" value = "c" }` as trees."""
    found: list[Value] = []
    for block in select(resource.instance, "set"):
        name = text(at(block, "name"))
        value = at(block, "value")
        if not isinstance(name, Known) or not isinstance(value, Scalar | Unresolved):
            continue
        tree: Value = value
        for key in reversed(re.split(r"(?<!\\)\.", name.value)):
            tree = Mapping({key: tree}, block.source, block.start, block.end)
        found.append(tree)
    return found[::-1]


def _stated(layers: list[Value], path: tuple[str, ...], resource: Resource) -> Fact[str]:
    for layer in layers:
        found = first(layer, ".".join(path))
        if found is not None and not isinstance(found, Mapping):
            return text(found)
    return resource.absent


def _image(layers: list[Value], resource: Resource) -> Fact[str]:
    """`image.repository` with `image.tag` and `image.registry`, or `image` as one text."""
    repository = _stated(layers, ("image", "repository"), resource)
    if not isinstance(repository, Known):
        return _stated([layer for layer in layers if isinstance(at(layer, "image"), Scalar)], ("image",), resource)
    tag, registry = _stated(layers, ("image", "tag"), resource), _stated(layers, ("image", "registry"), resource)
    written = repository.value
    if isinstance(registry, Known) and registry.value:
        written = f"{registry.value}/{written}"
    if isinstance(tag, Known) and tag.value:
        written = f"{written}:{tag.value}"
    return Known(written, repository.span, repository.via)


def _replicas(layers: list[Value], resource: Resource) -> Fact[int]:
    for name in ("replicaCount", "replicas"):
        for layer in layers:
            found = first(layer, name)
            if found is not None and not isinstance(found, Mapping):
                return multiplied(resource, integer(found))
    return resource.absent
