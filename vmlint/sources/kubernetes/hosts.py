"""Objects that say what workloads run on: RuntimeClasses, Namespaces, node pools of Karpenter."""

from __future__ import annotations

from vmlint.model.fact import Fact
from vmlint.model.value import Missing, at, entries, text
from vmlint.model.workload import Host
from vmlint.sources.kubernetes.manifests import Manifest

SELECTOR = "selector "
"""What the names of a RuntimeClass's facts begin with that are node selectors: pods of the class are placed so."""
POD_SECURITY = "pod-security.kubernetes.io/enforce"


def host(manifest: Manifest) -> Host | None:
    """A RuntimeClass with its handler, node selectors and overhead, or a Namespace with its labels and its Pod
    Security level; None for any other object."""
    body = manifest.body
    meta = at(body, "metadata")
    labels = {key: text(value) for field in ("labels", "annotations") for key, value in entries(at(meta, field))}
    if manifest.kind == "RuntimeClass" and manifest.group.startswith("node.k8s.io"):
        handler = at(body, "handler")
        if isinstance(handler, Missing):
            handler = at(body, "spec", "runtimeHandler")
        facts: dict[str, Fact[str]] = {"handler": text(handler)}
        for key, value in entries(at(body, "scheduling", "nodeSelector")):
            facts[f"{SELECTOR}{key}"] = text(value)
        for key, value in entries(at(body, "overhead", "podFixed")):
            facts[f"overhead {key}"] = text(value)
        return Host(manifest.address, manifest.name, "runtime-class", manifest.span, labels, facts=facts)
    if manifest.kind == "Namespace" and not manifest.group:
        level = labels.get(POD_SECURITY)
        stated = {} if level is None else {"pod_security": level}
        return Host(manifest.address, manifest.name, "namespace", manifest.span, labels, facts=stated)
    return None
