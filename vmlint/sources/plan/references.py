"""What a plan's configuration says of its expressions: constants, and the resources that they refer to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from vmlint.model.record import record

MAX_HOPS = 20

_INDEX = re.compile(r'\["(?:[^"\\]|\\.)*+"\]|\[\d+\]')
_CALL = re.compile(r'module\.([^.\[]+)(?:\["(?:[^"\\]|\\.)*+"\]|\[\d+\])?\.?')
_TARGET = re.compile(r"((?:data\.)?[^.\[\]]+\.[^.\[\]]+)")
_PLAIN = ("each.", "count.", "local.", "path.", "self.", "terraform.")


def without_counts(address: str) -> str:
    """An address as vmlint writes it: keys of for_each stay, indices of count do not."""
    return _INDEX.sub(lambda found: found[0] if found[0].startswith('["') else "", address)


def without_keys(address: str) -> str:
    return _INDEX.sub("", address)


def module_names(address: str) -> tuple[str, ...]:
    """The names of the calls of a module address: `module.a["x"].module.b` as (`a`, `b`)."""
    return tuple(found[1] for found in _CALL.finditer(address))


@record
class Configured:
    """The configuration of a plan's root module, as Terraform prints it."""

    root: dict[str, Any]

    def module(self, names: tuple[str, ...]) -> dict[str, Any]:
        module = self.root
        for name in names:
            module = _dict(_dict(_dict(module.get("module_calls")).get(name)).get("module"))
        return module

    def resource(self, names: tuple[str, ...], address: str) -> dict[str, Any]:
        """The configuration of `type.name` in a module."""
        resources = self.module(names).get("resources")
        for resource in resources if isinstance(resources, list) else ():
            if isinstance(resource, dict) and resource.get("address") == address:
                return resource
        return {}

    def addresses(self) -> Iterator[str]:
        """The addresses of all resources, without keys."""
        waiting: list[tuple[str, dict[str, Any]]] = [("", self.root)]
        while waiting:
            prefix, module = waiting.pop()
            resources = module.get("resources")
            for resource in resources if isinstance(resources, list) else ():
                if isinstance(resource, dict):
                    yield f"{prefix}{resource.get('address')}"
            for name, call in _dict(module.get("module_calls")).items():
                waiting.append((f"{prefix}module.{name}.", _dict(_dict(call).get("module"))))

    def targets(self, reference: str, names: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
        """The resources that a reference in a module leads to, as module and `type.name`: through the arguments of
        calls and the outputs of modules."""
        found: list[tuple[tuple[str, ...], str]] = []
        waiting = [(reference, names)]
        for _ in range(MAX_HOPS):
            if not waiting:
                break
            reference, names = waiting.pop(0)
            if reference.startswith("var.") and names:
                *above, call = names
                calls = _dict(self.module(tuple(above)).get("module_calls"))
                arguments = _dict(_dict(calls.get(call)).get("expressions"))
                inner = references(arguments.get(reference.split(".")[1]))
                waiting += [(other, tuple(above)) for other in inner]
            elif (match := _CALL.match(reference)) is not None:
                below = (*names, match[1])
                output = re.split(r"[.\[]", reference[match.end() :])[0]
                inner = references(_dict(_dict(self.module(below).get("outputs")).get(output)).get("expression"))
                waiting += [(other, below) for other in inner]
            elif not reference.startswith((*_PLAIN, "var.")) and (target := _TARGET.match(reference)) is not None:
                found.append((names, target[1]))
        return found


def references(expression: object) -> list[str]:
    """The names that an expression of the configuration refers to, the most precise first."""
    found = _dict(expression).get("references")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def constant(expression: object) -> Any:
    """The constant that an expression is; None where it is none."""
    return _dict(expression).get("constant_value")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
