"""The kernel map: which workloads share a kernel, as text, Mermaid or JSON (`vmlint.map/1`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vmlint.kernel_map import Group, KernelMap
from vmlint.model.fact import Known
from vmlint.model.workload import Workload
from vmlint.reports.frames import printable

FORMATS = ("text", "mermaid", "json")
_DECLARED = ("sensitivity", "tenant", "trust", "isolation")


def render(form: str, found: KernelMap) -> str:
    """The map in a format of `FORMATS`; raises KeyError for any other."""
    return {"text": _text, "mermaid": _mermaid, "json": _json}[form](found)


def _text(found: KernelMap) -> str:
    lines: list[str] = []
    for group in found.groups:
        if group.kernel.shared:
            lines += [printable(_title(group)), *_members(group), ""]
    own = [group for group in found.groups if not group.kernel.shared]
    if own:
        lines += ["Kernels of their own", *(line for group in own for line in _members(group)), ""]
    if found.alone:
        lines.append("Cannot be told")
        for alone in found.alone:
            lines.append(f"  {_line(alone.workload)}")
            lines.append(f"      {printable(alone.reason)}")
        lines.append("")
    shared = [group for group in found.groups if group.kernel.shared]
    together = sum(len(group.workloads) for group in shared)
    lines.append(
        f"{_count(together, 'workload')} on {_count(len(shared), 'shared kernel')}, "
        f"{len(own)} with one of their own, {len(found.alone)} that cannot be told."
    )
    return "\n".join(lines) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _title(group: Group) -> str:
    kernel = group.kernel
    title = kernel.name[0].upper() + kernel.name[1:]
    if kernel.host:
        title += f" ({kernel.host})"
    return title


def _members(group: Group) -> Iterator[str]:
    for workload in group.workloads:
        yield f"  {_line(workload)}"
        for started in _started(workload):
            yield f"      starts {printable(started)}"
    if not group.workloads:
        yield "  nothing in the scan selects it"
    for doubt in group.doubts:
        yield f"  {printable(doubt)}"


def _line(workload: Workload) -> str:
    words = [workload.role.name] if workload.role.name != "unknown" else []
    words += [f"{name} {value}" for name, value in _declared(workload).items()]
    if isinstance(workload.substrate, Known) and not workload.substrate.value.cls.shares_kernel:
        words.append(workload.substrate.value.cls.value)
    place = f"{workload.span.path}:{workload.span.line}"
    described = f" ({', '.join(words)})" if words else ""
    return f"{printable(workload.address)}{printable(described)}  {printable(place)}"


def _declared(workload: Workload) -> dict[str, str]:
    facts = {name: getattr(workload.declarations, name) for name in _DECLARED}
    return {name: fact.value for name, fact in facts.items() if isinstance(fact, Known)}


def _started(workload: Workload) -> list[str]:
    """The containers that a machine's user data starts: they run on its kernel."""
    machine = workload.machine
    return [] if machine is None else [one.name or "a container" for one in machine.runs if one.kind == "container"]


def _mermaid(found: KernelMap) -> str:
    """A flowchart with a subgraph for each shared kernel; workloads alone on one stand by themselves."""
    lines = ["flowchart LR"]
    number = 0
    for at, group in enumerate(found.groups):
        if group.kernel.shared:
            lines.append(f'  subgraph k{at}["{_label(_title(group))}"]')
        for workload in group.workloads:
            indent = "    " if group.kernel.shared else "  "
            lines.append(f'{indent}w{number}["{_label(_node(workload))}"]')
            number += 1
        if group.kernel.shared:
            lines.append("  end")
    if found.alone:
        lines.append('  subgraph unknown["Cannot be told"]')
        for alone in found.alone:
            lines.append(f'    w{number}["{_label(_node(alone.workload))}"]')
            number += 1
        lines.append("  end")
    return "\n".join(lines) + "\n"


def _node(workload: Workload) -> str:
    role = f" ({workload.role.name})" if workload.role.name != "unknown" else ""
    return workload.address + role


def _label(text: str) -> str:
    """Text for a quoted Mermaid label, which knows entities and reads no other escapes."""
    text = printable(text).replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return text.replace("`", "#96;")


def _json(found: KernelMap) -> str:
    document = {
        "schema": "vmlint.map/1",
        "kernels": [
            {
                "kind": group.kernel.kind,
                "name": group.kernel.name,
                "host": group.kernel.host or None,
                "shared": group.kernel.shared,
                "doubts": list(group.doubts),
                "workloads": [_workload(workload) for workload in group.workloads],
            }
            for group in found.groups
        ],
        "undecided": [{**_workload(alone.workload), "reason": alone.reason} for alone in found.alone],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _workload(workload: Workload) -> dict[str, Any]:
    cls = workload.substrate_class
    return {
        "address": workload.address,
        "format": workload.format,
        "file": workload.span.path,
        "line": workload.span.line,
        "role": workload.role.name,
        "class": cls.value if cls is not None else None,
        "declared": _declared(workload),
        "starts": _started(workload),
    }
