"""A pod spec as containers, host access and placement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from vmlint.catalog import quantities, references
from vmlint.catalog.kubernetes_kinds import (
    device_resource,
    family_of_sku,
    misspells_runtime_class,
    selector_meaning,
)
from vmlint.model.fact import Absent, Fact, Known, Unknown, first_stated
from vmlint.model.record import field, record, replace
from vmlint.model.value import (
    Missing,
    Scalar,
    Sequence,
    Unresolved,
    Value,
    at,
    boolean,
    entries,
    integer,
    items,
    number,
    text,
)
from vmlint.model.workload import Container, Device, HostAccess, Placement, Port, Resources, Sysctl
from vmlint.sources.kubernetes.claims import claimed_gpus
from vmlint.sources.kubernetes.volumes import Volume, mounts

MAX_FILE = 65_536
"""Characters of a configuration file that a rule may look into: one that a person writes."""


@record
class Pod:
    """What the containers of a pod have in common. `settings` are the ConfigMaps of the same file by name, `claims`
    the device requests of claims by kind and name."""

    spec: Value
    volumes: Mapping[str, Volume]
    annotations: Mapping[str, Fact[str]]
    settings: Mapping[str, Value] = field(default_factory=dict)
    claims: Mapping[tuple[str, str], Value] = field(default_factory=dict)


def containers(pod: Pod) -> Iterator[Container]:
    """Every container of a pod spec, init and ephemeral ones with their kind."""
    for key, kind in (("containers", "main"), ("initContainers", "init"), ("ephemeralContainers", "ephemeral")):
        for item in items(at(pod.spec, key)):
            if not isinstance(item, Scalar):
                yield container(item, kind, pod)


def container(body: Value, kind: str, pod: Pod) -> Container:
    """One container; what its pod sets for all is merged in."""
    name = text(at(body, "name"))
    security, pod_security = at(body, "securityContext"), at(pod.spec, "securityContext")
    restart = text(at(body, "restartPolicy"))
    if kind == "init" and isinstance(restart, Known) and restart.value == "Always":
        kind = "sidecar"
    environment = _environment(body, pod.settings)
    entrypoint, arguments = (_words(at(body, key), environment) for key in ("command", "args"))
    script = at(body, "script")
    if isinstance(entrypoint, Absent) and isinstance(script, Scalar):
        entrypoint = Known(("/bin/sh", "-c", script.text), script.key_span, script.via)
    image = text(at(body, "image"))
    label = name.value if isinstance(name, Known) else _named_after(image)
    return Container(
        name=label,
        span=body.span.first_line(),
        image=image,
        kind=kind,
        entrypoint=entrypoint,
        arguments=arguments,
        user=first_stated(
            (text(at(security, "runAsUser")), text(at(pod_security, "runAsUser"))), Absent(body.span)
        ),
        privileged=boolean(at(security, "privileged")),
        capabilities=_capabilities(at(security, "capabilities", "add")),
        devices=tuple(_devices(body, pod.volumes)),
        mounts=tuple(mounts(body, pod.volumes)),
        ports=tuple(_ports(body)),
        environment=environment,
        confinement=tuple(_confinement(label, security, pod_security, pod.annotations)),
        resources=_with_claims(resources(at(body, "resources")), body, pod),
        files=tuple(_files(body, pod)),
        host_process=first_stated(
            (
                boolean(at(security, "windowsOptions", "hostProcess")),
                boolean(at(pod_security, "windowsOptions", "hostProcess")),
            ),
            Absent(body.span),
        ),
    )


def _with_claims(stated: Resources, body: Value, pod: Pod) -> Resources:
    if isinstance(at(body, "resources", "claims"), Missing) or not isinstance(stated.gpus, Absent):
        return stated
    return replace(stated, gpus=claimed_gpus(body, pod.spec, pod.claims))


def _named_after(image: Fact[str]) -> str:
    """What a container without a name is called in messages: a step of a task, an operator's own."""
    return references.parse(image.value).name if isinstance(image, Known) else "container"


def _words(value: Value, environment: Mapping[str, Fact[str]]) -> Fact[tuple[str, ...]]:
    match value:
        case Sequence():
            words = (_word(item, environment) for item in value.items)
            return Known(tuple(w.value for w in words if isinstance(w, Known)), value.entry_span, value.via)
        case Scalar():
            return Known((value.text,), value.entry_span, value.via)
        case Unresolved():
            return value.as_fact()
        case _:
            return Absent(value.span)


def _word(item: Value, environment: Mapping[str, Fact[str]]) -> Fact[str]:
    """A word of a command; one with an unknown variable stays as it is written."""
    stated = text(item)
    found = expanded(stated, environment)
    return found if isinstance(found, Known) else stated


def _capabilities(value: Value) -> tuple[Fact[str], ...]:
    return tuple(text(item).map(lambda name: name.upper().removeprefix("CAP_")) for item in items(value))


def _devices(body: Value, known: Mapping[str, Volume]) -> Iterator[Device]:
    """Device nodes mounted from the host, and the hardware that device plugins hand in."""
    for mount in mounts(body, known):
        if mount.kind == "host" and isinstance(mount.source, Known) and mount.source.value.startswith("/dev/"):
            yield Device(mount.source, mount.target, mount.span)
    for name, value in entries(at(body, "resources", "limits")):
        if device_resource(name) == "kvm":
            path = Known("/dev/kvm", value.entry_span, value.via)
            yield Device(path, path, value.entry_span)


def _ports(body: Value) -> Iterator[Port]:
    for item in items(at(body, "ports")):
        protocol = text(at(item, "protocol"))
        yield Port(
            integer(at(item, "containerPort")),
            integer(at(item, "hostPort")),
            protocol.value.lower() if isinstance(protocol, Known) else "tcp",
            item.span.first_line(),
        )


def _files(body: Value, pod: Pod) -> Iterator[str]:
    """The texts of the ConfigMaps beside it that are mounted into the container."""
    for item in items(at(body, "volumeMounts")):
        name = text(at(item, "name"))
        volume = pod.volumes.get(name.value) if isinstance(name, Known) else None
        if volume is None or volume.kind != "config":
            continue
        held = text(at(volume.value, "configMap", "name"))
        for _, value in (
            entries(pod.settings[held.value]) if isinstance(held, Known) and held.value in pod.settings else ()
        ):
            stated = text(value)
            if isinstance(stated, Known) and len(stated.value) <= MAX_FILE:
                yield stated.value


def _environment(body: Value, settings: Mapping[str, Value]) -> dict[str, Fact[str]]:
    """By name; `env` goes before `envFrom`. A value out of a ConfigMap of the same file is known."""
    found: dict[str, Fact[str]] = {}
    for source in items(at(body, "envFrom")):
        prefix, name = text(at(source, "prefix")), text(at(source, "configMapRef", "name"))
        if isinstance(name, Known) and name.value in settings:
            start = prefix.value if isinstance(prefix, Known) else ""
            found.update((start + key, text(value)) for key, value in entries(settings[name.value]))
    for item in items(at(body, "env")):
        name = text(at(item, "name"))
        if not isinstance(name, Known):
            continue
        reference = at(item, "valueFrom")
        if isinstance(reference, Missing):
            found[name.value] = expanded(text(at(item, "value")), found)
        else:
            found[name.value] = _referenced(name.value, reference, settings)
    return found


_VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_.][\w.-]*)\)")


def expanded(stated: Fact[str], environment: Mapping[str, Fact[str]]) -> Fact[str]:
    """A text with `$(NAME)` put in, as the kubelet does; `$$` is a dollar, a name that nobody sets stays. With an
    unknown one the text is unknown from there on."""
    if not isinstance(stated, Known) or "$" not in stated.value:
        return stated
    parts: list[str] = []
    at_ = 0
    for match in _VARIABLE.finditer(stated.value):
        parts.append(stated.value[at_ : match.start()])
        at_ = match.end()
        fact = environment.get(match[1]) if match[1] else None
        if isinstance(fact, Unknown):
            return Unknown(match[0], fact.reason, stated.span, (*stated.via, *fact.via), "".join(parts))
        parts.append("$" if not match[1] else fact.value if isinstance(fact, Known) else match[0])
    return Known("".join(parts) + stated.value[at_:], stated.span, stated.via)


def _referenced(name: str, reference: Value, settings: Mapping[str, Value]) -> Fact[str]:
    held, key = text(at(reference, "configMapKeyRef", "name")), text(at(reference, "configMapKeyRef", "key"))
    if isinstance(held, Known) and isinstance(key, Known) and held.value in settings:
        stated = text(at(settings[held.value], key.value))
        if not isinstance(stated, Absent):
            return stated
    return Unknown(name, "its value stands in another object", reference.key_span)


def _confinement(
    name: str, security: Value, pod_security: Value, annotations: Mapping[str, Fact[str]]
) -> Iterator[Fact[str]]:
    def profile(key: str, label: str) -> Iterator[Fact[str]]:
        stated = first_stated(
            (text(at(security, key, "type")), text(at(pod_security, key, "type"))), Absent(security.span)
        )
        if not isinstance(stated, Absent):
            yield stated.map(lambda kind: f"{label}={kind.lower()}")

    yield from profile("seccompProfile", "seccomp")
    yield from profile("appArmorProfile", "apparmor")
    # The older spelling of the same, for a container before that for its pod.
    for label, keys in (
        ("apparmor", [f"container.apparmor.security.beta.kubernetes.io/{name}"]),
        (
            "seccomp",
            [f"container.seccomp.security.alpha.kubernetes.io/{name}", "seccomp.security.alpha.kubernetes.io/pod"],
        ),
    ):
        old = next((annotations[key] for key in keys if key in annotations), None)
        if old is not None:
            yield old.map(f"{label}=".__add__).map(str.lower)
    domain = first_stated(
        [text(at(context, "seLinuxOptions", "type")) for context in (security, pod_security)], Absent(security.span)
    )
    if not isinstance(domain, Absent):
        yield domain.map(lambda value: f"label=type:{value}")
    mask = text(at(security, "procMount"))
    if not isinstance(mask, Absent):
        yield mask.map(lambda value: f"procmount={value.lower()}")


def resources(body: Value) -> Resources:
    """Requests and limits in cores and MiB."""
    limits, requests = at(body, "limits"), at(body, "requests")
    pages = [v for name, v in entries(limits) if name.startswith("hugepages-")]
    gpus = [v for name, v in entries(limits) if device_resource(name) == "gpu"]
    return Resources(
        cpu_limit=_amount(at(limits, "cpu"), quantities.kubernetes_cpu),
        cpu_request=_amount(at(requests, "cpu"), quantities.kubernetes_cpu),
        memory_limit=_amount(at(limits, "memory"), quantities.kubernetes_memory_mib),
        memory_request=_amount(at(requests, "memory"), quantities.kubernetes_memory_mib),
        huge_pages=_amount(pages[0], quantities.kubernetes_memory_mib) if pages else Absent(body.span),
        gpus=number(gpus[0]) if gpus else Absent(body.span),
    )


def _amount(value: Value, convert: Callable[[str], float | None]) -> Fact[float]:
    stated = text(value)
    if not isinstance(stated, Known):
        return stated
    amount = convert(stated.value)
    if amount is None:
        return Unknown(stated.value, "it is not a quantity", stated.span, stated.via)
    return Known(amount, stated.span, stated.via)


def host_access(spec: Value) -> HostAccess:
    return HostAccess(
        network=boolean(at(spec, "hostNetwork")),
        pid=boolean(at(spec, "hostPID")),
        ipc=boolean(at(spec, "hostIPC")),
        cgroup=Absent(spec.span),
        users=boolean(at(spec, "hostUsers")),
    )


def sysctls(spec: Value) -> tuple[Sysctl, ...]:
    found = []
    for item in items(at(spec, "securityContext", "sysctls")):
        name = at(item, "name")
        stated = text(name)
        if isinstance(stated, Known):
            found.append(Sysctl(stated.value, text(at(item, "value")), name.entry_span))
    return tuple(found)


def placement(spec: Value, host: str = "") -> Placement:
    """Selectors, required affinity, tolerations and runtime class, with what they say of OS and architecture."""
    runtime = at(spec, "runtimeClassName")
    system = text(at(spec, "os", "name"))
    misspelt = next((text(value) for key, value in entries(spec) if misspells_runtime_class(key)), None)
    placed = Placement(
        tolerations=tuple(text(at(item, "key")) for item in items(at(spec, "tolerations"))),
        runtime_class=None if isinstance(runtime, Missing) else _filled_in(runtime),
        os=None if isinstance(system, Absent) else system.map(str.lower),
        host=host,
        misspelt=misspelt,
        apart=tuple(_kept_apart(spec)),
    )
    return selecting(placed, dict(_selectors(spec)))


_PLACEHOLDER = re.compile(r"\$\{[\w.:-]+\}|\$\([\w.-]+\)|\{\{.+?\}\}")


def _filled_in(value: Value) -> Fact[str]:
    """A text that nothing is left out of: what another program fills in (`${CLASS}`, `$(params.class)`,
    `{{inputs.class}}`) is unknown."""
    stated = text(value)
    found = _PLACEHOLDER.search(stated.value) if isinstance(stated, Known) else None
    if found is None or not isinstance(stated, Known):
        return stated
    prefix = stated.value[: found.start()]
    return Unknown(found[0], "another program fills it in", stated.span, stated.via, prefix)


def selecting(placed: Placement, selectors: Mapping[str, Fact[str]]) -> Placement:
    """A placement with further selectors, and what they say of OS and architecture where it says nothing."""
    by_meaning: dict[str, Fact[str]] = {}
    for key, fact in selectors.items():
        by_meaning.setdefault(selector_meaning(key), fact)
    system = by_meaning.get("os")
    build = by_meaning.get("windows_build")
    if system is None and build is not None:
        system = build.map(lambda _: "windows")
    if system is None and "os_sku" in by_meaning:
        sku = by_meaning["os_sku"].map(family_of_sku)
        system = sku if isinstance(sku, Known) and sku.value else None
    return replace(
        placed,
        selectors={**selectors, **placed.selectors},
        os=placed.os or (None if system is None else system.map(str.lower)),
        os_build=placed.os_build or build or by_meaning.get("os_sku"),
        architecture=placed.architecture or by_meaning.get("architecture"),
    )


def _kept_apart(spec: Value) -> Iterator[Mapping[str, Fact[str]]]:
    for term in items(at(spec, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")):
        topology = text(at(term, "topologyKey"))
        if isinstance(topology, Known) and topology.value == "kubernetes.io/hostname":
            labels = at(term, "labelSelector", "matchLabels")
            yield {key: text(value) for key, value in entries(labels)}


def _selectors(spec: Value) -> Iterator[tuple[str, Fact[str]]]:
    for key, value in entries(at(spec, "nodeSelector")):
        yield key, _filled_in(value)
    required = at(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = [dict(_required(term)) for term in items(at(required, "nodeSelectorTerms"))]
    for label, fact in terms[0].items() if terms else ():
        # Several terms are alternatives: what all of them ask for is required.
        if all(_same(fact, other.get(label)) for other in terms[1:]):
            yield label, fact


def _same(one: Fact[str], other: Fact[str] | None) -> bool:
    return isinstance(one, Known) and isinstance(other, Known) and one.value == other.value


_OTHER_SYSTEM = {"linux": "windows", "windows": "linux"}


def _required(term: Value) -> Iterator[tuple[str, Fact[str]]]:
    """Labels with the one value that a term leaves them; not one of the two systems is the other."""
    for expression in items(at(term, "matchExpressions")):
        label, operator = text(at(expression, "key")), text(at(expression, "operator"))
        values = [_filled_in(member) for member in items(at(expression, "values"))]
        if not isinstance(label, Known) or not isinstance(operator, Known) or len(values) != 1:
            continue
        (value,) = values
        if operator.value == "In":
            yield label.value, value
        elif operator.value == "NotIn" and selector_meaning(label.value) == "os" and isinstance(value, Known):
            other = _OTHER_SYSTEM.get(value.value.lower())
            if other is not None:
                yield label.value, Known(other, value.span, value.via)
