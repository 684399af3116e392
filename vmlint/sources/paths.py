"""A small path language over value trees: `spec.tasks[].template`, `spec.replicaSpecs{}.template`.

A step is a key; `[]` steps into each element of a list, `{}` into each value of a mapping.
"""

from __future__ import annotations

from collections.abc import Iterator

from vmlint.model.value import Mapping, Missing, Sequence, Unresolved, Value, at


def select(value: Value, path: str) -> Iterator[Value]:
    """Every value at the path, in order; nothing where a step is missing. An unresolved step yields itself."""
    if not path:
        if not isinstance(value, Missing):
            yield value
        return
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]").removesuffix("{}")
    child = at(value, name)
    if isinstance(child, Missing):
        return
    if isinstance(child, Unresolved):
        yield child
    elif step.endswith("[]"):
        for item in child.items if isinstance(child, Sequence) else ():
            yield from select(item, rest)
    elif step.endswith("{}"):
        for item in child.entries.values() if isinstance(child, Mapping) else ():
            yield from select(item, rest)
    else:
        yield from select(child, rest)
