"""Objects that make no workload themselves but complete those beside them in the same folder: ConfigMaps,
autoscalers, and KubeVirt's presets, instance types and preferences.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterable, Mapping, MutableMapping
from typing import TypeVar

from vmlint.catalog.kubernetes_kinds import machine_set
from vmlint.model.fact import Absent, Fact, Known
from vmlint.model.record import field, record
from vmlint.model.value import Value, at, entries, integer, text
from vmlint.sources.kubernetes.manifests import Manifest

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@record
class Companions:
    """`settings`: the data of ConfigMaps by name. `scaled`: the least instances that an autoscaler keeps of the
    object of this kind and name. `presets`: labels that a machine must have, with the machine spec that it then
    gets. `sizes`: the specs of instance types by name. `preferences`: preferences by name. `machines`: how many are
    made from the machine template of this kind and name. `secrets`: Secrets by name.
    `claims`: the device requests of ResourceClaims and their templates by kind and name.
    `node_classes`: what Karpenter's nodes are made from."""

    settings: MutableMapping[str, Value] = field(default_factory=dict)
    scaled: MutableMapping[tuple[str, str], Fact[int]] = field(default_factory=dict)
    presets: list[tuple[dict[str, Fact[str]], Value]] = field(default_factory=list)
    sizes: MutableMapping[str, Value] = field(default_factory=dict)
    preferences: MutableMapping[str, Value] = field(default_factory=dict)
    machines: MutableMapping[tuple[str, str], Fact[int]] = field(default_factory=dict)
    secrets: MutableMapping[str, Value] = field(default_factory=dict)
    node_classes: MutableMapping[str, Value] = field(default_factory=dict)
    claims: MutableMapping[tuple[str, str], Value] = field(default_factory=dict)

    def over(self, around: Companions) -> Companions:
        """These, and what stands around where they say nothing. Nothing is copied: a folder may have many files."""
        return Companions(
            ChainMap(self.settings, around.settings),
            ChainMap(self.scaled, around.scaled),
            around.presets or self.presets,
            ChainMap(self.sizes, around.sizes),
            ChainMap(self.preferences, around.preferences),
            ChainMap(self.machines, around.machines),
            ChainMap(self.secrets, around.secrets),
            ChainMap(self.node_classes, around.node_classes),
            ChainMap(self.claims, around.claims),
        )


def shared(files: Iterable[Companions]) -> Companions:
    """What the files of a folder give to each other. A name that two of them define means either: it is left to the
    file that it stands in."""
    found = list(files)
    return Companions(
        _unambiguous(file.settings for file in found),
        _unambiguous(file.scaled for file in found),
        [preset for file in found for preset in file.presets],
        _unambiguous(file.sizes for file in found),
        _unambiguous(file.preferences for file in found),
        _unambiguous(file.machines for file in found),
        _unambiguous(file.secrets for file in found),
        _unambiguous(file.node_classes for file in found),
        _unambiguous(file.claims for file in found),
    )


def _unambiguous(tables: Iterable[Mapping[K, V]]) -> dict[K, V]:
    found: dict[K, V] = {}
    twice: set[K] = set()
    for table in tables:
        twice |= found.keys() & table.keys()
        found.update(table)
    return {key: value for key, value in found.items() if key not in twice}


def companions(manifests: Iterable[Manifest]) -> Companions:
    """What the objects of a file give to their neighbours."""
    found = Companions()
    for manifest in manifests:
        body = manifest.body
        match manifest.group, manifest.kind:
            case "", "ConfigMap":
                found.settings[manifest.name] = at(body, "data")
            case "karpenter.k8s.aws", "EC2NodeClass":
                found.node_classes[manifest.name] = at(body, "spec")
            case "resource.k8s.io", "ResourceClaim" | "ResourceClaimTemplate" as kind:
                within = ("spec",) if kind == "ResourceClaim" else ("spec", "spec")
                found.claims[kind, manifest.name] = at(body, *within, "devices", "requests")
            case "", "Secret":
                found.secrets[manifest.name] = body
            case "autoscaling", "HorizontalPodAutoscaler":
                _scale(found, body, "minReplicas")
            case "keda.sh", "ScaledObject":
                _scale(found, body, "minReplicaCount")
            case "kubevirt.io", "VirtualMachineInstancePreset":
                found.presets.append((_preset_labels(body), at(body, "spec")))
            case "instancetype.kubevirt.io", "VirtualMachineInstancetype" | "VirtualMachineClusterInstancetype":
                found.sizes[manifest.name] = at(body, "spec")
            case "instancetype.kubevirt.io", "VirtualMachinePreference" | "VirtualMachineClusterPreference":
                found.preferences[manifest.name] = body
            case group, kind:
                _count_machines(found, body, machine_set(group, kind))
    return found


def _count_machines(found: Companions, body: Value, row: dict[str, str]) -> None:
    if not row:
        return
    template, count = at(body, *row["template"].split(".")), integer(at(body, *row["count"].split(".")))
    kind, name = text(at(template, "kind")), text(at(template, "name"))
    if isinstance(kind, Known) and isinstance(name, Known) and not isinstance(count, Absent):
        found.machines[kind.value, name.value] = count


def _preset_labels(body: Value) -> dict[str, Fact[str]]:
    """The selector stands in `spec`; many write it into `metadata` and mean the same."""
    places = (at(body, part, "selector", "matchLabels") for part in ("spec", "metadata"))
    return {key: text(value) for place in places for key, value in entries(place)}


def _scale(found: Companions, body: Value, key: str) -> None:
    target = at(body, "spec", "scaleTargetRef")
    name, kind = text(at(target, "name")), text(at(target, "kind"))
    least = integer(at(body, "spec", key))
    if isinstance(name, Known) and not isinstance(least, Absent):
        found.scaled[kind.value if isinstance(kind, Known) else "Deployment", name.value] = least
