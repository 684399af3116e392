"""What reaches the kernel or the host: capabilities, mounts, devices, sysctls and commands.

Data with sources: `data/kernel.yaml`.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from vmlint.catalog.tables import cache, table
from vmlint.model.record import record


@record
class MountFact:
    """`cls`: `socket` (an engine's control socket), `credential`, `system` (a folder of the host's own), `cgroup`,
    `modules`, `harmless`. `guest` tells that under a hypervisor the path is the guest's own."""

    cls: str
    means: str
    guest: bool = False


def capability_reach(name: str) -> str:
    """`host`, `with-host-pid`, `module`, `network`, or empty where a capability stays in its namespaces."""
    row = table("kernel")["capabilities"].get(name.upper().removeprefix("CAP_"))
    return row["reach"] if isinstance(row, dict) else ""


def capability_meaning(name: str) -> str:
    """What a capability lets a process do, as the object of "it gives"."""
    row = table("kernel")["capabilities"].get(name.upper().removeprefix("CAP_"))
    return row["means"] if isinstance(row, dict) else ""


def normal_path(path: str) -> str:
    """A host path in one spelling: forward slashes, `..` folded, no slash at the end, pipes as `//./pipe/NAME`."""
    path = path.strip().replace("\\", "/")
    lowered = path.lower()
    if "pipe/" in lowered and (lowered.startswith(("//./", "npipe:"))):
        return "//./pipe/" + lowered.rsplit("pipe/", 1)[1]
    if re.match(r"[A-Za-z]:", path):
        drive, rest = path[0].upper(), path[2:]
        return f"{drive}:" + posixpath.normpath("/" + rest.lstrip("/"))
    return posixpath.normpath(path).replace("//", "/", 1) if path.startswith("/") else path


@cache
def mount_fact(path: str) -> MountFact | None:
    """What mounting this path of the host means; None for a path that is nobody's business."""
    path = normal_path(path)
    for row in table("kernel")["mounts"]["rows"]:
        if _is_at(path, row):
            return MountFact(row["class"], row["means"], row.get("guest", False))
    return None


def _is_at(path: str, row: dict[str, Any]) -> bool:
    """Whether a path is that of a row, below it, or ends as the row says."""
    if "ends" in row:
        return path.lower().endswith(row["ends"])
    base = row["path"]
    return path.lower() == base.lower() or (row.get("below", True) and _below(path, base))


def _below(path: str, base: str) -> bool:
    return path.lower().startswith(base.lower().rstrip("/") + "/")


@cache
def device_class(path: str) -> tuple[str, str]:
    """Class and meaning of a device node: `raw`, `kvm`, or empty for one that shares nothing of the host."""
    path = posixpath.normpath(path.strip())
    for row in table("kernel")["devices"]["rows"]:
        if re.fullmatch(row["pattern"], path):
            return row["class"], row["means"]
    return "", ""


def sysctl_is_namespaced(name: str, host_network: bool = False) -> bool:
    """Whether a kernel setting belongs to a namespace of the container (`net.*`: unless the host's)."""
    rows = table("kernel")["sysctls"]
    name = name.replace("/", ".")
    if name.startswith(tuple(rows["host_wide"])):
        return False
    if host_network and name.startswith(tuple(rows["network"])):
        return False
    return name.startswith(tuple(rows["namespaced"]))


def sysctl_is_safe(name: str) -> bool:
    """Whether a kubelet accepts the setting without being told to."""
    return name.replace("/", ".") in table("kernel")["sysctls"]["safe"]


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(table("kernel")["commands"][kind])


MAX_COMMAND = 20_000
"""Characters of a command line that are looked at; what is longer is a script file pasted in."""


def does(kind: str, command: str) -> bool:
    """Whether a command line does a thing: `modules`, `init`, `login`, `engine`, `hypervisor`, `kernel_server`,
    `supervisor`, `host_entry`."""
    return _pattern(kind).search(command[:MAX_COMMAND]) is not None


def huge_pages_set(command: str) -> str:
    """`always`, `madvise` or `never` where a command line sets the host's transparent huge pages; else empty."""
    found = _pattern("huge_pages").search(command[:MAX_COMMAND])
    return "" if found is None else str(found["value"])


def sysctls_set(command: str) -> list[tuple[str, str]]:
    """Name and value of each kernel setting that a command line writes; the value of a redirection is empty."""
    command = command[:MAX_COMMAND]
    found = [(m["name"].replace("/", "."), m["value"]) for m in _pattern("sysctl").finditer(command)]
    found += [(m["name"].replace("/", "."), "") for m in _pattern("sysctl_file").finditer(command)]
    return found


def is_login(name: str, port: int) -> bool:
    """Whether a service of this name that listens on this port inside is there to be logged in to."""
    logins = table("kernel")["logins"]
    return name.lower() in logins["names"] and port in logins["ports"]
