"""The operating system of the one engine that runs a project, where its files prove it.

A project is started on one engine, whose containers are all of one system; a Swarm has nodes of several and picks
by the image, so that only a constraint tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.catalog import compose as facts
from vmlint.model.fact import Known, Origin, value_or
from vmlint.model.value import Missing, Scalar, Value, at, entries, items, text
from vmlint.sources.compose import mounts
from vmlint.sources.compose.project import Project


def engine_of(project: Project) -> Known[str] | None:
    """`linux` or `windows` with the sign of it; None without a sign, where signs disagree, and on a Swarm."""
    if _is_swarm(project):
        return None
    signs = list(_signs(project))
    return signs[0] if len({sign.value for sign in signs}) == 1 else None


def _is_swarm(project: Project) -> bool:
    drivers = [text(at(network, "driver")) for _, network in entries(at(project.root, "networks"))]
    stated = (at(service.body, "deploy", key) for service in project.services for key in ("placement", "mode"))
    return any(value_or(driver, "") == "overlay" for driver in drivers) or any(
        not isinstance(value, Missing) for value in stated
    )


def _signs(project: Project) -> Iterator[Known[str]]:
    for name, network in entries(at(project.root, "networks")):
        driver = at(network, "driver")
        if family := facts.driver_family(value_or(text(driver), "")):
            yield _sign(family, f"network driver {value_or(text(driver), '')}", driver)
        external = at(network, "external")
        named = value_or(text(at(external, "name")), "") or value_or(text(at(network, "name")), name)
        if not isinstance(external, Missing) and (family := facts.network_family(named)):
            yield _sign(family, f"network {named}", external)
    for service in project.services:
        yield from service_signs(service.body, project.volumes)


def service_signs(body: Value, volumes: Value) -> Iterator[Known[str]]:
    """What only one system has: its keys, named pipes, paths of the host."""
    for key, family in facts.keys_of_one_system().items():
        value = at(body, key)
        off = isinstance(value, Scalar) and value.text in ("default", "false")
        if not isinstance(value, Missing) and not off:
            yield _sign(family, key, value)
    for option in items(at(body, "security_opt")):
        if value_or(text(option), "").startswith("credentialspec"):
            yield _sign("windows", "credential spec", option)
    for mount in mounts.mounts(body, volumes):
        target, source = value_or(mount.target, ""), value_or(mount.source, "")
        if mount.kind == "pipe" or target[1:3] in (":\\", ":/"):
            yield Known("windows", mount.span, (Origin("Windows path", mount.span),))
        elif mount.kind == "host" and source.startswith("/"):
            yield Known("linux", mount.span, (Origin("path of a Linux host", mount.span),))


def _sign(family: str, label: str, value: Value) -> Known[str]:
    span = value.entry_span.first_line()
    return Known(family, span, (Origin(label, span),))
