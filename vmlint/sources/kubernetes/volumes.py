"""Volumes of a pod and where its containers mount them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmlint.catalog.kubernetes_kinds import volume_kind
from vmlint.model.fact import Absent, Fact, Known
from vmlint.model.record import record
from vmlint.model.value import Value, at, boolean, entries, items, text
from vmlint.model.workload import Mount


@record
class Volume:
    """A volume by its name: `kind` as for a mount, `source` its path or claim."""

    kind: str
    source: Fact[str]
    value: Value


def volumes(spec: Value, claims: Value) -> dict[str, Volume]:
    """The pod's volumes; `claims` is the controller's `volumeClaimTemplates`."""
    found: dict[str, Volume] = {}
    for item in items(at(spec, "volumes")):
        name = text(at(item, "name"))
        if isinstance(name, Known):
            found[name.value] = _volume(item)
    for claim in items(claims):
        name = text(at(claim, "metadata", "name"))
        if isinstance(name, Known):
            found[name.value] = Volume("volume", name, claim)
    return found


def _volume(item: Value) -> Volume:
    for key, source in entries(item):
        if key == "name":
            continue
        kind = volume_kind(key)
        path = text(at(source, "path")) if kind == "host" else text(at(source, "claimName"))
        if kind == "host" and isinstance(path, Known) and "pipe" in path.value.replace("/", "\\").split("\\"):
            kind = "pipe"
        return Volume(kind, path, item)
    # A volume with a name alone is an emptyDir, as the API server fills it in.
    return Volume("ephemeral", Absent(item.span), item)


def mounts(container: Value, known: Mapping[str, Volume]) -> Iterator[Mount]:
    """The container's mounts and raw block devices."""
    for item in items(at(container, "volumeMounts")):
        name = text(at(item, "name"))
        volume = known.get(name.value) if isinstance(name, Known) else None
        sub_path = at(item, "subPath")
        stated = text(sub_path)
        if volume is None:
            yield Mount(
                "unknown", name, text(at(item, "mountPath")), boolean(at(item, "readOnly")), item.span.first_line()
            )
            continue
        # A host path is set in the volume, and that is the place to show; the mount tells where it lands.
        place = volume.source.span if volume.kind in ("host", "pipe") else at(item, "mountPath").entry_span
        yield Mount(
            volume.kind,
            volume.source,
            text(at(item, "mountPath")),
            boolean(at(item, "readOnly")),
            place,
            None if isinstance(stated, Absent) else stated,
        )
    for item in items(at(container, "volumeDevices")):
        path = at(item, "devicePath")
        yield Mount("block", text(at(item, "name")), text(path), Absent(item.span), path.entry_span)
