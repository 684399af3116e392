"""Objects that say what workloads run on: RuntimeClasses, Namespaces, node pools of Karpenter."""

from __future__ import annotations

from vmlint.model.fact import Fact
from vmlint.model.value import Missing, at, entries, items, text
from vmlint.model.workload import Host
from vmlint.sources.kubernetes.manifests import Manifest


def host(manifest: Manifest) -> Host | None:
    """A RuntimeClass with its handler, a Namespace with its labels, a node pool; None for any other object."""
    body = manifest.body
    meta = at(body, "metadata")
    labels = {key: text(value) for field in ("labels", "annotations") for key, value in entries(at(meta, field))}
    if manifest.kind == "RuntimeClass" and manifest.group.startswith("node.k8s.io"):
        handler = at(body, "handler")
        if isinstance(handler, Missing):
            handler = at(body, "spec", "runtimeHandler")
        facts: dict[str, Fact[str]] = {"handler": text(handler)}
        for key, value in entries(at(body, "scheduling", "nodeSelector")):
            facts[f"selector {key}"] = text(value)
        return Host(manifest.address, manifest.name, "runtime-class", manifest.span, labels, facts=facts)
    if manifest.kind == "Namespace" and not manifest.group:
        return Host(manifest.address, manifest.name, "namespace", manifest.span, labels)
    if manifest.kind in ("NodePool", "Provisioner") and manifest.group.startswith("karpenter."):
        return _pool(manifest)
    return None


def _pool(manifest: Manifest) -> Host:
    """A NodePool of Karpenter (or the Provisioner of its older versions): labels and taints of the nodes that it
    makes. What its requirements allow is a set, and no label of its own."""
    body = manifest.body
    template = at(body, "spec", "template")
    spec = at(template, "spec") if manifest.kind == "NodePool" else at(body, "spec")
    stated = at(template, "metadata", "labels") if manifest.kind == "NodePool" else at(spec, "labels")
    return Host(
        manifest.address,
        manifest.name,
        "node-pool",
        manifest.span,
        {key: text(value) for key, value in entries(stated)},
        tuple(text(at(taint, "key")) for taint in items(at(spec, "taints"))),
    )
