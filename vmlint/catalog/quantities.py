"""Amounts as the platforms write them. Each function gives None for what its platform would refuse.

Sources: Kubernetes, "Resource Management for Pods and Containers" (suffixes k M G T P E and Ki … Ei); Compose
specification, "Byte values" (binary units); AWS, "Task definition parameters" (`1 vCPU`, `2 GB`); LXD, "Units for
storage and network limits" (decimal `MB`, binary `MiB`).
"""

from __future__ import annotations

MIB = 1024 * 1024

_DECIMAL = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15, "e": 1e18}
_BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50, "e": 2**60}
_KUBERNETES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def _split(text: str) -> tuple[float, str] | None:
    """Number and unit: `1.5Gi` is (1.5, "Gi"); a digit exponent belongs to the number (`1e3`). None for what is no
    amount: not a number, negative, or beyond every machine."""
    text = text.strip()
    end = 0
    while end < len(text) and (text[end] in "0123456789.+-" or _is_exponent(text, end)):
        end += 1
    try:
        number = float(text[:end])
    except ValueError:
        return None
    return (number, text[end:].strip()) if 0 <= number < 1e30 else None


def _is_exponent(text: str, at: int) -> bool:
    following = text[at + 1 : at + 2]
    return text[at] in "eE" and at > 0 and (following.isdigit() or (following in "+-" and following != ""))


def kubernetes_quantity(text: str) -> float | None:
    """A quantity in its base unit: `500m` is 0.5, `1Gi` is 1073741824."""
    parts = _split(text)
    if parts is None or parts[1] not in _KUBERNETES:
        return None
    return parts[0] * _KUBERNETES[parts[1]]


def kubernetes_cpu(text: str) -> float | None:
    """Cores: `500m` is 0.5."""
    return kubernetes_quantity(text)


def kubernetes_memory_mib(text: str) -> float | None:
    """MiB: `1Gi` is 1024, `1G` is 953.67."""
    amount = kubernetes_quantity(text)
    return None if amount is None else amount / MIB


def docker_memory_mib(text: str) -> float | None:
    """MiB of a Compose byte value, whose units are binary: `300M` and `300mb` are 300, `1g` is 1024."""
    parts = _split(text)
    if parts is None:
        return None
    unit = parts[1].lower().removesuffix("ib").removesuffix("b")
    return parts[0] * _BINARY[unit] / MIB if unit in _BINARY else None


def docker_cpus(text: str) -> float | None:
    """Cores as Compose and Docker write them: `0.5`, `"2"`."""
    parts = _split(text)
    return parts[0] if parts is not None and not parts[1] else None


def lxd_memory_mib(text: str) -> float | None:
    """MiB of an LXD or Incus limit: `2GiB` is 2048, `2GB` is decimal; None for a percentage, which is of a host
    that nobody names."""
    return human_memory_mib(text)


def human_memory_mib(text: str) -> float | None:
    """MiB of `512mib`, `1.0 gib`, `2GB` (decimal) or plain bytes."""
    parts = _split(text)
    if parts is None:
        return None
    unit = parts[1].lower()
    factor = _BINARY.get(unit.removesuffix("ib")) if unit.endswith("ib") else _DECIMAL.get(unit.removesuffix("b"))
    return None if factor is None else parts[0] * factor / MIB


def ecs_cpu(text: str) -> float | None:
    """vCPU of a task's CPU: `1024` units are one, `.5 vCPU` is a half."""
    parts = _split(text)
    if parts is None:
        return None
    if not parts[1]:
        return parts[0] / 1024
    return parts[0] if parts[1].lower() == "vcpu" else None


def ecs_memory_mib(text: str) -> float | None:
    """MiB of a task's memory: `2048` and `2 GB` are the same."""
    parts = _split(text)
    if parts is None:
        return None
    factor = {"": 1.0, "mb": 1.0, "mib": 1.0, "gb": 1024.0, "gib": 1024.0}.get(parts[1].lower())
    return None if factor is None else parts[0] * factor


# Units of a number in a provider's attribute, in MiB each.
MEMORY_UNITS: dict[str, float] = {
    "bytes": 1 / MIB, "B": 1 / MIB, "KiB": 1 / 1024, "KB": 1 / 1024, "MiB": 1.0, "MB": 1.0,
    "GiB": 1024.0, "GB": 1024.0,
}  # fmt: skip


def memory_mib(text: str, unit: str) -> float | None:
    """MiB of a value whose unit the attribute's row names: a number of `MiB`, `GB` …, or a format with units of
    its own (`k8s-quantity`, `human-string`, `docker`, `lxd`, `ecs`)."""
    formats = {
        "k8s-quantity": kubernetes_memory_mib,
        "human-string": human_memory_mib,
        "size-string": human_memory_mib,
        "docker": docker_memory_mib,
        "lxd": lxd_memory_mib,
        "ecs": ecs_memory_mib,
    }
    if unit in formats:
        return formats[unit](text)
    parts = _split(text)
    if parts is None or parts[1] or unit not in MEMORY_UNITS:
        return human_memory_mib(text) if parts is not None and parts[1] else None
    return parts[0] * MEMORY_UNITS[unit]


def cpu_count(text: str, unit: str) -> float | None:
    """vCPU of a value whose unit the attribute's row names."""
    parts = _split(text)
    match unit:
        case "k8s-quantity":
            return kubernetes_cpu(text)
        case "1024-units":
            return ecs_cpu(text)
        case "mCPU":
            return None if parts is None else parts[0] / 1000
        case "nano":
            return None if parts is None else parts[0] / 1e9
        case "percent":
            return None if parts is None else parts[0] / 100
        case _:
            return parts[0] if parts is not None and not parts[1] else None
