"""What a live cluster holds twice: pods that a controller of the same dump made, and copies of one pod whose
controller is not in it.

A dump (`kubectl get … -o json`) names the owner of each object; the manifests that people write do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from vmlint.catalog import kubernetes_kinds
from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.model.fact import Known, value_or
from vmlint.model.value import at, boolean, items, text
from vmlint.sources.kubernetes.manifests import Manifest

_HASH = "pod-template-hash"


Makers: TypeAlias = frozenset[tuple[str, str, str]]
"""Kind, namespace and name of objects that make pods."""


def makers(objects: Iterable[Manifest], own: tuple[Kind, ...] = ()) -> Makers:
    return frozenset((o.kind, o.namespace, o.name) for o in objects if _makes_pods(o, own))


def without_owned(objects: Iterable[Manifest], there: Makers) -> list[tuple[Manifest, int]]:
    """The objects that none of `there` made, in order, each with how many stand for it: pods of one controller that
    is not there are one."""
    found: dict[object, list[Manifest]] = {}
    for number, manifest in enumerate(objects):
        owner = _owner(manifest)
        if owner is None:
            found[number] = [manifest]
        elif not _is_there(owner, manifest, there):
            found.setdefault((manifest.kind, manifest.namespace, *owner), []).append(manifest)
    return [(same[0], len(same)) for same in found.values()]


def _makes_pods(manifest: Manifest, own: tuple[Kind, ...]) -> bool:
    kind = kubernetes_kinds.kind(manifest.group, manifest.kind, own)
    return kind is not None and kind.shape != "pool"


def _owner(manifest: Manifest) -> tuple[str, str] | None:
    """Kind and name of the controller; None where it names none that makes pods, as a node's own pods do."""
    for reference in items(at(manifest.body, "metadata", "ownerReferences")):
        kind, name = text(at(reference, "kind")), text(at(reference, "name"))
        if (
            isinstance(kind, Known)
            and isinstance(name, Known)
            and value_or(boolean(at(reference, "controller")), False)
        ):
            return None if kind.value == "Node" else (kind.value, name.value)
    return None


def _is_there(owner: tuple[str, str], manifest: Manifest, there: Makers) -> bool:
    """Whether the owner is among the objects, or what made it is: a ReplicaSet is called after its Deployment."""
    kind, name = owner
    if (kind, manifest.namespace, name) in there:
        return True
    stamp = text(at(manifest.body, "metadata", "labels", _HASH))
    if kind != "ReplicaSet" or not isinstance(stamp, Known) or not name.endswith(f"-{stamp.value}"):
        return False
    made_by = name.removesuffix(f"-{stamp.value}")
    return any((maker, manifest.namespace, made_by) in there for maker in ("Deployment", "Rollout"))
