"""Objects that say what workloads run on: RuntimeClasses and Namespaces."""

from __future__ import annotations

from vmlint.model.fact import Fact
from vmlint.model.value import Missing, at, entries, text
from vmlint.model.workload import Host
from vmlint.sources.kubernetes.manifests import Manifest


def host(manifest: Manifest) -> Host | None:
    """A RuntimeClass with its handler, or a Namespace with its labels; None for any other object."""
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
    return None
