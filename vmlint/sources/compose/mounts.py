"""Volumes, devices and ports of a Compose service, in short and long syntax."""

from __future__ import annotations

from vmlint.model.fact import Absent, Fact, Known, Unknown, value_or
from vmlint.model.value import Mapping, Scalar, Unresolved, Value, at, boolean, integer, items, text
from vmlint.model.workload import Device, Mount, Port
from vmlint.sources.compose.short_syntax import Hole, split_colons


def mounts(service: Value, volumes: Value) -> tuple[Mount, ...]:
    """The service's mounts; `volumes` is the project's top-level mapping, whose driver options may name a path."""
    found = [_mount(item, volumes) for item in items(at(service, "volumes"))]
    found += [_tmpfs(item) for item in items(at(service, "tmpfs"))]
    match boolean(at(service, "use_api_socket")):
        case Known(value=True, span=span):
            socket = Known("/var/run/docker.sock", span)
            found.append(Mount("host", socket, socket, Absent(span), span))
    return tuple(found)


def _mount(item: Value, volumes: Value) -> Mount:
    if isinstance(item, Mapping):
        return _long(item, volumes)
    if _parts(item):
        return _short(item, volumes)
    fact = text(item)
    return Mount("unknown", fact, fact, Absent(item.span), item.span)


def _part(part: str | None, item: Value) -> Fact[str]:
    """A part of a short syntax as a fact with the place of the whole."""
    if part is None:
        return Absent(item.span)
    if isinstance(part, Hole):
        unknown = item.unknown if isinstance(item, Unresolved) else None
        name = part[part.find("${") :] if "${" in part else part
        prefix = part.partition("${")[0]
        reason = unknown.reason if unknown is not None else "it is not known"
        return Unknown(name, reason, item.span, item.via, prefix)
    return Known(str(part), item.span, item.via)


def _parts(item: Value) -> list[str]:
    """The parts of a short syntax; none where nothing at all of it is known."""
    if isinstance(item, Scalar) or (isinstance(item, Unresolved) and item.parts):
        return split_colons(item)
    return []


def _short(item: Value, volumes: Value) -> Mount:
    parts = _parts(item)
    if len(parts) == 1:
        target = _part(parts[0], item)
        return Mount("anonymous", Absent(item.span), target, Absent(item.span), item.span)
    source, target = _part(parts[0], item), _part(parts[1], item)
    options = parts[2].split(",") if len(parts) > 2 else []
    read_only: Fact[bool] = Known("ro" in options, item.span) if options else Absent(item.span)
    kind, source = _kind(source, volumes)
    if kind == "unknown" and "/" in parts[0].rpartition("}")[2]:
        kind = "host"  # `${HOME}/x`: a volume's name has no slash
    return Mount(kind, source, target, read_only, item.span)


def _kind(source: Fact[str], volumes: Value) -> tuple[str, Fact[str]]:
    """Kind and resolved source: a path is the host's, a name a volume, which its driver may bind to a path."""
    match source:
        case Known(value=path) if path.startswith("npipe:") or "pipe/" in path.replace("\\", "/"):
            return "pipe", source
        case Known(value=path) if path.startswith(("/", ".", "~")) or path[1:2] == ":" or "\\" in path:
            return "host", source
        case Known(value=name):
            return _named(name, source, volumes)
        case Unknown(prefix=prefix) if prefix.startswith(("/", ".", "~")):
            return "host", source
        case Unknown():
            return "unknown", source
        case _:
            return "anonymous", source


def _named(name: str, source: Fact[str], volumes: Value) -> tuple[str, Fact[str]]:
    options = at(volumes, name, "driver_opts")
    device, kind = text(at(options, "device")), text(at(options, "type"))
    bound = text(at(options, "o"))
    if isinstance(kind, Known) and kind.value == "tmpfs":
        return "ephemeral", source
    if isinstance(bound, Known) and "bind" in bound.value and not isinstance(device, Absent):
        return "host", device
    return "volume", source


def _long(item: Mapping, volumes: Value) -> Mount:
    kind = text(at(item, "type"))
    source, target = text(at(item, "source")), text(at(item, "target"))
    read_only = boolean(at(item, "read_only"))
    span = item.span.first_line()
    match kind:
        case Known(value="bind"):
            return Mount("host", source, target, read_only, span)
        case Known(value="tmpfs" | "image"):
            return Mount("ephemeral", source, target, read_only, span)
        case Known(value="npipe"):
            return Mount("pipe", source, target, read_only, span)
        case _ if isinstance(source, Absent):
            return Mount("anonymous", source, target, read_only, span)
        case _:
            resolved, source = _kind(source, volumes)
            return Mount(resolved, source, target, read_only, span)


def _tmpfs(item: Value) -> Mount:
    target = text(item).map(lambda path: path.partition(":")[0])
    return Mount("ephemeral", Absent(item.span), target, Absent(item.span), item.span)


def devices(service: Value) -> tuple[Device, ...]:
    found = []
    for item in items(at(service, "devices")):
        if isinstance(item, Mapping):
            found.append(Device(text(at(item, "source")), text(at(item, "target")), item.span.first_line()))
            continue
        parts = _parts(item)
        source = _part(parts[0], item) if parts else text(item)
        target = _part(parts[1], item) if len(parts) > 1 else source
        found.append(Device(source, target, item.span))
    return tuple(found)


def ports(service: Value) -> tuple[Port, ...]:
    """Published ports, and those of `expose` without a host port. Ranges count by their first port."""
    found = []
    for item in items(at(service, "ports")):
        if isinstance(item, Mapping):
            protocol = text(at(item, "protocol"))
            found.append(
                Port(
                    integer(at(item, "target")),
                    _first(text(at(item, "published"))),
                    protocol.value if isinstance(protocol, Known) else "tcp",
                    item.span.first_line(),
                )
            )
        elif isinstance(item, Scalar | Unresolved):
            found.append(_short_port(item))
    for item in items(at(service, "expose")):
        number, _, exposed = value_or(text(item), "").partition("/")
        found.append(Port(_port(number, item), Absent(item.span), exposed or "tcp", item.span))
    return tuple(found)


def _short_port(item: Scalar | Unresolved) -> Port:
    parts = _parts(item)
    if not parts:
        unknown = text(item)
        fact = unknown if isinstance(unknown, Unknown) else Absent(item.span)
        return Port(fact, fact, "tcp", item.span)
    number, _, protocol = parts[-1].partition("/")
    inside = _part(parts[-1], item) if isinstance(parts[-1], Hole) else None
    host: Fact[int] = Absent(item.span)
    if len(parts) > 1:
        published = _part(parts[-2], item)
        host = published if isinstance(published, Unknown) else _port(parts[-2], item)
    return Port(inside if isinstance(inside, Unknown) else _port(number, item), host, protocol or "tcp", item.span)


def _port(number: str, item: Value) -> Fact[int]:
    first = number.partition("-")[0].strip()
    return Known(int(first), item.span, item.via) if first.isdigit() else Absent(item.span)


def _first(published: Fact[str]) -> Fact[int]:
    match published:
        case Known(value=number, span=span) if number.partition("-")[0].isdigit():
            return Known(int(number.partition("-")[0]), span)
        case Unknown():
            return published
        case _:
            return Absent(published.span)
