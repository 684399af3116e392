"""Objects that say what workloads run on: RuntimeClasses, Namespaces, node pools of Karpenter."""

from __future__ import annotations

from vmlint.model.fact import Absent, Fact, Known, value_or
from vmlint.model.value import Missing, at, entries, text
from vmlint.model.workload import Host
from vmlint.sources.kubernetes.manifests import Manifest

SELECTOR = "selector "
"""What the names of a RuntimeClass's facts begin with that are node selectors: pods of the class are placed so."""
POD_SECURITY = "pod-security.kubernetes.io/enforce"


def host(manifest: Manifest) -> Host | None:
    """A RuntimeClass with its handler, node selectors and overhead, a Namespace with its labels and Pod Security
    level, an autoscaler; None for any other object."""
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
    if (manifest.group, manifest.kind) in _AUTOSCALERS:
        return _autoscaler(manifest, _AUTOSCALERS[manifest.group, manifest.kind])
    return None


# Kinds that set the number of another object's instances, and where their least number stands.
_AUTOSCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): "minReplicas",
    ("keda.sh", "ScaledObject"): "minReplicaCount",
}


def _autoscaler(manifest: Manifest, key: str) -> Host | None:
    """What it scales (`target`, as `Kind/name`) and the `least` that it keeps; None where it says neither."""
    target = at(manifest.body, "spec", "scaleTargetRef")
    name, kind = text(at(target, "name")), value_or(text(at(target, "kind")), "Deployment")
    least = text(at(manifest.body, "spec", key))
    if not isinstance(name, Known) or isinstance(least, Absent):
        return None
    facts: dict[str, Fact[str]] = {
        "target": name.map(f"{kind}/".__add__),
        "least": least,
        "namespace": Known(manifest.namespace, manifest.span),
    }
    return Host(manifest.address, manifest.name, "autoscaler", manifest.span, facts=facts)
