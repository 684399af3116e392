"""KubeVirt's virtual machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vmlint.catalog import instance_types, operating_systems, quantities
from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated, value_or
from vmlint.model.need import SubstrateClass
from vmlint.model.span import Span
from vmlint.model.value import (
    Mapping,
    Missing,
    Scalar,
    Unresolved,
    Value,
    at,
    entries,
    integer,
    items,
    number,
    text,
)
from vmlint.model.workload import Device, Machine, OperatingSystem, Substrate, Workload
from vmlint.sources import declarations
from vmlint.sources.kubernetes import pods
from vmlint.sources.kubernetes.companions import Companions
from vmlint.sources.kubernetes.manifests import Manifest
from vmlint.sources.paths import select
from vmlint.sources.provisioning import analyse


def machine(manifest: Manifest, kind: Kind, unit: str, companions: Companions) -> Workload | None:
    """The workload of a VirtualMachine, VirtualMachineInstance, replica set or pool. `companions` may hold its
    presets and its instance type."""
    body = manifest.body
    template = _template(body, kind)
    if template is None:
        return None
    spec = at(template, "spec")
    labels = {
        key: text(value)
        for meta in (at(template, "metadata"), at(body, "metadata"))
        for field in ("labels", "annotations")
        for key, value in entries(at(meta, field))
    }
    image = _image(body, spec)
    span = manifest.span
    specs = [spec, *_given(body, labels, companions)]
    size = text(at(body, "spec", "instancetype", "name"))
    common = _common_type(size, span)
    data = _user_data(spec, companions)
    provisioned = analyse(data)
    counts = [integer(value) for path in kind.count for value in select(body, path)]
    instances: Fact[int] = next(iter(counts), Known(1, span))
    return Workload(
        address=manifest.address,
        name=manifest.name,
        format="kubernetes",
        kind=manifest.kind,
        span=span,
        substrate=Known(Substrate(SubstrateClass.VM, "KubeVirt", "KVM", "vm", span), span),
        os=_operating_system(manifest, body, spec, image, companions),
        instances=instances,
        vcpu=first_stated([*(_vcpu(given) for given in specs), common[0]], Absent(span)),
        memory_mib=first_stated([*(_memory(given) for given in specs), common[1]], Absent(span)),
        machine=Machine(
            image=image,
            size=size,
            user_data=tuple(text(value) for value in data),
            runs=provisioned.runs,
            understood=provisioned.understood,
            durable_disks=_has_durable_disk(spec),
            devices=tuple(_devices(spec)),
        ),
        placement=pods.placement(spec),
        modes={"dedicated-cpu": text(at(spec, "domain", "cpu", "dedicatedCpuPlacement"))},
        declarations=declarations.from_labels(labels.items()),
        labels=labels,
        namespace=manifest.namespace,
        unit=unit,
    )


def _template(body: Mapping, kind: Kind) -> Value | None:
    """The first that there is; where it stands by an old version's rule only if it is a machine indeed."""
    for place, path in enumerate(kind.vm):
        for template in select(body, path):
            if not place or not isinstance(at(template, "spec", "domain"), Missing):
                return template
    return None


def _given(body: Mapping, labels: dict[str, Fact[str]], companions: Companions) -> Iterator[Value]:
    """What the machine gets without writing it: its instance type, and presets that select its labels."""
    size = text(at(body, "spec", "instancetype", "name"))
    if isinstance(size, Known) and size.value in companions.sizes:
        yield companions.sizes[size.value]
    for wanted, spec in companions.presets:
        if wanted and all(_same(fact, labels.get(key)) for key, fact in wanted.items()):
            yield spec


def _common_type(size: Fact[str], span: Span) -> tuple[Fact[float], Fact[float]]:
    """vCPU and MiB of an instance type that clusters have without anybody's writing it."""
    found = instance_types.size("kubevirt", size.value) if isinstance(size, Known) else None
    if not isinstance(size, Known) or found is None:
        return Absent(span), Absent(span)
    return Known(found.vcpu, size.span, size.via), Known(found.memory_mib, size.span, size.via)


def _same(wanted: Fact[str], stated: Fact[str] | None) -> bool:
    return isinstance(wanted, Known) and isinstance(stated, Known) and wanted.value == stated.value


def _image(body: Mapping, spec: Value) -> Fact[str]:
    paths = ("containerDisk.image", "dataVolume.name", "persistentVolumeClaim.claimName")
    for path in paths[:1]:
        for volume in items(at(spec, "volumes")):
            for value in select(volume, path):
                return text(value)
    for template in items(at(body, "spec", "dataVolumeTemplates")):
        for path in (
            "spec.source.registry.url",
            "spec.source.http.url",
            "spec.sourceRef.name",
            "spec.source.pvc.name",
        ):
            for value in select(template, path):
                return text(value)
    for path in paths[1:]:
        for volume in items(at(spec, "volumes")):
            for value in select(volume, path):
                return text(value)
    return Absent(body.span.first_line())


def _user_data(spec: Value, companions: Companions) -> list[Value]:
    """The scripts of the machine; one that stands in a Secret or ConfigMap is unresolved."""
    found: list[Value] = []
    for volume in items(at(spec, "volumes")):
        for source in ("cloudInitNoCloud", "cloudInitConfigDrive"):
            for key in ("userData", "userDataBase64"):
                value = at(volume, source, key)
                if not isinstance(value, Missing):
                    found.append(value)
            found += _elsewhere(at(volume, source, "secretRef"), companions)
        found += _elsewhere(at(volume, "sysprep"), companions)
    return found


def _elsewhere(reference: Value, companions: Companions) -> list[Value]:
    """The user data in a Secret beside the machine; unresolved where it stands anywhere else."""
    if isinstance(reference, Missing):
        return []
    name = value_or(text(at(reference, "name")), "secretRef")
    secret = companions.secrets.get(name)
    if secret is not None:
        # `data` stays closed: a report would show the whole of it.
        stated = [at(secret, "stringData", key) for key in ("userdata", "userData")]
        found = [value for value in stated if not isinstance(value, Missing)]
        if found:
            return found
    return [Unresolved(Unknown(name, "it stands in another object", reference.key_span))]


def _has_durable_disk(spec: Value) -> bool:
    volumes = [key for volume in items(at(spec, "volumes")) for key, _ in entries(volume)]
    return sum(key in ("persistentVolumeClaim", "dataVolume") for key in volumes) > 1


def _devices(spec: Value) -> Iterator[Device]:
    """Hardware of the node that is passed through to the guest."""
    for key in ("gpus", "hostDevices"):
        for item in items(at(spec, "domain", "devices", key)):
            named = at(item, "deviceName")
            yield Device(text(named), Absent(item.span), named.entry_span)


def _vcpu(spec: Value) -> Fact[float]:
    """Cores × sockets × threads, where a part that is not written is one; `cpu.guest` of an instance type. Without
    a `cpu` block nothing is declared."""
    block = at(spec, "domain", "cpu")
    guest = number(at(spec, "cpu", "guest"))
    if not isinstance(guest, Absent):
        return guest
    parts = [integer(at(block, key)) for key in ("cores", "sockets", "threads")]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is not None:
        return unknown
    known = [part for part in parts if isinstance(part, Known)]
    if not known:
        requested = text(at(spec, "domain", "resources", "requests", "cpu"))
        limit = text(at(spec, "domain", "resources", "limits", "cpu"))
        return _converted(first_stated((limit, requested), Absent(block.span)), quantities.kubernetes_cpu)
    product = 1
    for part in known:
        product *= part.value
    return Known(float(product), known[0].span, known[0].via)


def _memory(spec: Value) -> Fact[float]:
    domain = at(spec, "domain")
    stated = first_stated(
        [
            text(at(domain, "memory", "guest")),
            text(at(spec, "memory", "guest")),
            text(at(domain, "resources", "limits", "memory")),
            text(at(domain, "resources", "requests", "memory")),
        ],
        Absent(domain.span),
    )
    return _converted(stated, quantities.kubernetes_memory_mib)


def _converted(stated: Fact[str], convert: Callable[[str], float | None]) -> Fact[float]:
    if not isinstance(stated, Known):
        return stated
    amount = convert(stated.value)
    if amount is None:
        return Unknown(stated.value, "it is not a quantity", stated.span, stated.via)
    return Known(float(amount), stated.span, stated.via)


def _operating_system(
    manifest: Manifest, body: Mapping, spec: Value, image: Fact[str], companions: Companions
) -> Fact[OperatingSystem]:
    """By the preference, the labels, the disk's name, Hyper-V features and last the machine's own name."""
    preference = text(at(body, "spec", "preference", "name"))
    preferred = companions.preferences.get(preference.value) if isinstance(preference, Known) else None
    signs: list[Fact[str]] = [
        preference,
        *_preferred_systems(preferred),
        *(text(value) for key, value in entries(at(body, "metadata", "labels")) if key.endswith("/os")),
        image,
        text(at(body, "metadata", "annotations", "vm.kubevirt.io/os")),
    ]
    for sign in signs:
        if isinstance(sign, Known):
            found = operating_systems.of_machine_image(sign.value)
            if found is not None:
                return Known(OperatingSystem(found.family, found.distribution, found.release), sign.span)
    hyperv = at(spec, "domain", "features", "hyperv")
    if isinstance(hyperv, Missing) and preferred is not None:
        hyperv = at(preferred, "spec", "features", "preferredHyperv")
    if isinstance(hyperv, (Mapping, Scalar)):
        return Known(OperatingSystem("windows"), hyperv.key_span)
    named = operating_systems.of_machine_image(manifest.name)
    if named is not None:
        return Known(OperatingSystem(named.family, named.distribution, named.release), manifest.span)
    return Known(OperatingSystem("linux"), manifest.span)


def _preferred_systems(preference: Value | None) -> Iterator[Fact[str]]:
    """What a preference says of the guest, in its labels and in the annotations that it hands on."""
    if preference is None:
        return
    for place in (at(preference, "metadata", "labels"), at(preference, "spec", "annotations")):
        for key, value in entries(place):
            if key.rpartition("/")[2] in ("os", "os-type"):
                yield text(value)
