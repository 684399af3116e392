"""Module calls: their instances, their arguments, and the folder that their source names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.module import MAX_CALLS, MAX_MODULE_DEPTH, Call, Module
from vmlint.evaluation.terraform.resources import META, Expansion, at, expansions
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import scalar
from vmlint.evaluation.terraform.variables import Setting
from vmlint.files import join
from vmlint.model.fact import Known
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.syntax.hcl import RawBlock

if TYPE_CHECKING:
    from collections.abc import Callable


CYCLE = "the module calls itself through "

_CREDENTIALS = re.compile(r"://[^/@\s]*@")
"""Who fetches a module, with a password perhaps: what is told of its source leaves it out."""


def source_of(block: RawBlock) -> str:
    """The `source` of a call as it is written; empty where it is no plain string."""
    attribute = block.body.attributes.get("source")
    value = getattr(attribute.expression, "value", None) if attribute is not None else None
    return value if isinstance(value, str) else ""


def is_local(source: str) -> bool:
    return source.startswith(("./", "../")) or source in (".", "..")


def module_calls(caller: Module, block: RawBlock) -> list[Call]:
    """The instances of a call. Those whose arguments are the same share one evaluation."""
    source = source_of(block)
    folder, reason = _folder(caller, block.labels[0], source)
    calls: list[Call] = []
    shared: dict[object, Module] = {}
    for expansion in expansions(block, caller.scope(block.source)):
        for number, one in _told_apart(caller, block, expansion):
            call = Call(block, one, source)
            call.index = number
            call.reason = reason
            if not reason:
                arguments = _arguments(caller, block, one.names)
                key = _identity(arguments) if "for_each" in block.body.attributes else number
                if key not in shared:
                    shared[key] = _module(caller, block, folder, arguments)
                call.module = shared[key]
            calls.append(call)
    return calls


def _module(caller: Module, block: RawBlock, folder: str, arguments: dict[str, Setting]) -> Module:
    world = caller.world
    path = f"{caller.path}.{block.labels[0]}".lstrip(".")
    callers = (*caller.callers, caller.configuration.folder)
    if arguments:
        return Module(world, world.configuration(folder), arguments, path, callers)
    # Without arguments every call from the same chain of folders comes to the same.
    key = (folder, callers, path if world.installed else "")
    if key not in world.bare:
        world.bare[key] = Module(world, world.configuration(folder), arguments, path, callers)
    return world.bare[key]


def _told_apart(caller: Module, block: RawBlock, expansion: Expansion) -> list[tuple[int | None, Expansion]]:
    """The instances that count makes, one by one where an argument depends on the index, else all as one."""
    index, count = expansion.index, expansion.count
    if index is None or not isinstance(count, Known) or count.value > MAX_CALLS:
        if index is not None:
            expansion.names = {"count": _index(index)}
        return [(None, expansion)]
    scope = caller.scope(block.source, expansion.names)
    for name, attribute in block.body.attributes.items():
        if name not in META:
            _evaluate(attribute.source, attribute.expression, scope)
    if "count" not in scope.touched:
        return [(None, expansion)]
    one = Known(1, count.span, count.via)
    return [(at, Expansion(None, one, {"count": _index(scalar(at, count.span))})) for at in range(count.value)]


def _evaluate(source: object, node: object, scope: Scope) -> Value:
    from vmlint.evaluation.terraform.expressions import evaluate_safely
    from vmlint.syntax.hcl_ast import Node

    assert isinstance(node, Node)
    return evaluate_safely(node, at(source, scope))


def _index(value: Value) -> Mapping:
    return Mapping({"index": value}, value.source, value.start, value.end, kind="object")


def _arguments(caller: Module, block: RawBlock, names: dict[str, Value]) -> dict[str, Setting]:
    call = block.labels[0]
    scope = caller.scope(block.source, names)

    def make(name: str) -> Callable[[], Value]:
        attribute = block.body.attributes[name]
        return lambda: _evaluate(attribute.source, attribute.expression, scope)

    found = (name for name in block.body.attributes if name not in META)
    return {name: Setting(f'module "{call}" argument "{name}"', make(name)) for name in found}


def _identity(arguments: dict[str, Setting]) -> object:
    """What two calls have in common when their arguments are the same, provenance included."""
    return tuple((name, _fingerprint(setting.value)) for name, setting in arguments.items())


def _fingerprint(value: Value) -> object:
    place = (value.source.path, value.start, value.end, value.via)
    if isinstance(value, Scalar):
        return (type(value.value), value.value, place)
    if isinstance(value, Sequence):
        return (value.kind, tuple(_fingerprint(item) for item in value.items), value.rest, place)
    if isinstance(value, Mapping):
        return (value.kind, tuple((k, _fingerprint(v)) for k, v in value.entries.items()), value.rest, place)
    return (value.unknown.expression if isinstance(value, Unresolved) else "", place)


def _folder(caller: Module, name: str, source: str) -> tuple[str, str]:
    """The folder of a call's module, or the reason why there is none to read."""
    world = caller.world
    if not source:
        return "", "its source is no plain string"
    if is_local(source):
        folder = join(caller.configuration.folder, source)
    else:
        path = f"{caller.path}.{name}".lstrip(".")
        installed = world.installed.get(path)
        if installed is None:
            shown = _CREDENTIALS.sub("://…@", source)
            return "", f"the module {shown} is not in the scanned folder (terraform init fetches it)"
        folder = installed
    if not world.files.is_folder(folder):
        return "", f"the folder {folder} does not exist in the scanned folder"
    if folder == caller.configuration.folder or folder in caller.callers:
        return "", f"{CYCLE}{folder}"
    if len(caller.callers) >= MAX_MODULE_DEPTH:
        return "", "modules are nested too deeply"
    if not world.configuration(folder).paths:
        return "", f"the folder {folder} has no Terraform files"
    return folder, ""
