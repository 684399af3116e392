"""The evaluation of one module with its arguments: variables, locals, resources, calls and outputs, each when
somebody asks for it and once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.configuration import Configuration, configuration
from vmlint.evaluation.terraform.expressions import evaluate
from vmlint.evaluation.terraform.paths import Paths
from vmlint.evaluation.terraform.resources import (
    META,
    Expansion,
    Resource,
    address,
    entry,
    expansions,
    key_text,
)
from vmlint.evaluation.terraform.scope import MAX_HOPS, Budget, Scope
from vmlint.evaluation.terraform.values import LazyMapping, failed, is_large, is_null, scalar, unresolved
from vmlint.evaluation.terraform.variables import Setting, marked, undeclared, variable
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Problem
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Sequence, Value
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl import RawBlock

if TYPE_CHECKING:
    from vmlint.files import Files

MAX_MODULE_DEPTH = 30
MAX_CALLS = 64
"""Instances of one module call with `count` that are told apart; beyond, they are one."""

PROVIDER_VALUE = "only the provider knows it"


class World:
    """What all modules of a root share."""

    def __init__(self, root: str, files: Files, workspace: str) -> None:
        self.files = files
        self.root = root
        self.workspace = workspace
        self.paths = Paths(files, root)
        self.budget = Budget()
        self.instances = 0
        """Module instances that were made so far."""
        self.problems: list[Problem] = []
        self.extra_paths: list[str] = []
        self.configurations: dict[str, Configuration] = {}
        self.bare: dict[object, Module] = {}
        """Modules that are called without arguments, by folder and calling folders."""
        self._installed: dict[str, str] | None = None

    def configuration(self, folder: str) -> Configuration:
        if folder not in self.configurations:
            self.configurations[folder] = configuration(folder, self.files)
        return self.configurations[folder]

    @property
    def has_secrets(self) -> bool:
        """Whether anything that was read may be sensitive."""
        return any(found.may_have_secrets for found in self.configurations.values())

    @property
    def installed(self) -> dict[str, str]:
        """Folders of modules that `terraform init` fetched, by the path of the call (`vpc.subnets`)."""
        if self._installed is None:
            from vmlint.evaluation.terraform.manifest import installed_modules

            self._installed = installed_modules(self.root, self.files)
        return self._installed


class Call:
    """One instance of a module call. `module` is None where it could not be followed, `reason` says why."""

    __slots__ = ("block", "expansion", "index", "module", "name", "reason", "source")

    def __init__(self, block: RawBlock, expansion: Expansion, source: str) -> None:
        self.block = block
        self.name = block.labels[0]
        self.expansion = expansion
        self.source = source
        self.index: int | None = None
        self.module: Module | None = None
        self.reason = ""

    @property
    def address(self) -> str:
        index = f"[{self.index}]" if self.index is not None else key_text(self.expansion.key)
        return f"module.{self.name}{index}"


class Module:
    """See the module docstring. `path` is the dotted path of calls, without keys."""

    def __init__(
        self,
        world: World,
        found: Configuration,
        arguments: dict[str, Setting],
        path: str = "",
        callers: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.configuration = found
        self.arguments = arguments
        self.path = path
        self.callers = callers
        self._variables: dict[str, tuple[Value, str]] = {}
        self._locals: dict[str, Value] = {}
        self._outputs: dict[str, Value] = {}
        self._resources: dict[tuple[str, str, str], list[Resource]] = {}
        self._references: dict[tuple[str, str, str], Value] = {}
        self._calls: dict[str, list[Call]] = {}
        self._call_values: dict[str, Value] = {}
        self._open: set[tuple[str, str]] = set()

    def scope(self, source: SourceText, names: dict[str, Value] | None = None) -> Scope:
        return Scope(self, source, self.world.budget, self.world.paths, names)

    # What expressions refer to

    def refer(self, name: str, steps: list[ast.Step], scope: Scope, span: Span) -> tuple[Value, int, str]:
        """See `scope.Resolver`."""
        words = [step.name if isinstance(step, ast.GetAttribute) else "" for step in steps[:3]]
        first = words[0] if words else ""
        if name in ("data", "resource") and len(words) > 1 and words[1]:
            mode = "data" if name == "data" else "managed"
            key = self._key(mode, first, words[1], span)
            return self.resource_value(key, span), 2, self._label(key)
        match name:
            case "path":
                return self._path(first, span), 1, ""
            case "terraform" | "tofu":
                return self._terraform(first, span), 1, ""
            case "each" | "count" | "self":
                return unresolved(f"{name}.{first}", f"there is no `{name}` here", span), len(words[:1]), ""
        if not first:
            return failed(f"there is no `{name}`", span, name), 0, ""
        match name:
            case "var":
                first = self.configuration.preferred("variable", first, span.source.path)
                return self._variable(first, span)
            case "local":
                label = f"local.{first}"
                self.configuration.locals  # noqa: B018 (finds names with several definitions)
                return self.local(self.configuration.preferred("local", first, span.source.path), span), 1, label
            case "module":
                label = f"module.{first}"
                return (
                    self.call_value(self.configuration.preferred("module", first, span.source.path), span),
                    1,
                    label,
                )
        key = self._key("managed", name, first, span)
        return self.resource_value(key, span), 1, self._label(key)

    def _key(self, mode: str, kind: str, name: str, span: Span) -> tuple[str, str, str]:
        block = "data" if mode == "data" else "resource"
        return (mode, kind, self.configuration.preferred(block, name, span.source.path, kind))

    def _label(self, key: tuple[str, str, str]) -> str:
        return address(*key) if key in self.configuration.resources else ""

    def _path(self, name: str, span: Span) -> Value:
        world = self.world
        match name:
            case "module":
                folder = os.path.relpath(self.configuration.folder, world.root).replace(os.sep, "/")
                return scalar(folder, span)
            case "root":
                return scalar(".", span)
            case "cwd":
                return scalar(world.paths.absolute("."), span)
        return failed(f"there is no `path.{name}`", span)

    def _terraform(self, name: str, span: Span) -> Value:
        if name == "workspace" and self.world.workspace:
            return scalar(self.world.workspace, span)
        if name == "workspace":
            return unresolved("terraform.workspace", "the workspace is chosen when Terraform runs", span)
        return failed(f"there is no `terraform.{name}`", span)

    def _variable(self, name: str, span: Span) -> tuple[Value, int, str]:
        known = self._variables.get(name)
        if known is None:
            block = self.configuration.variables.get(name)
            if block is None:
                return undeclared(name, span), 1, ""
            scope = Scope(None, block.source, self.world.budget, self.world.paths)
            missing = "the module call does not set it" if self.path else "no value is set for it"
            known = variable(block, self.arguments.get(name), scope, missing)
            if is_large(known[0]):
                known = failed("the value is too large", block.span, f"var.{name}"), ""
            self._variables[name] = known
        value, label = known
        return value, 1, label

    def local(self, name: str, span: Span) -> Value:
        """The value of a local where it is defined."""
        known = self._locals.get(name)
        if known is not None:
            return known
        found = self.configuration.locals.get(name)
        if found is None:
            return unresolved(f"local.{name}", "the module declares no such local value", span)
        source, attribute = found
        value = self._once(("local", name), span, lambda: evaluate(attribute.expression, self.scope(source)))
        if ("local", name) not in self._open:
            self._locals[name] = value
        return value

    def output(self, name: str, span: Span) -> Value | None:
        """The value of an output, None where the module has none of that name."""
        known = self._outputs.get(name)
        if known is not None:
            return known
        block = self.configuration.outputs.get(name)
        if block is None:
            return None
        attribute = block.body.attributes.get("value")
        if attribute is None:
            return failed("the output has no value", block.span)
        scope = self.scope(attribute.source or block.source)
        value = self._once(("output", name), span, lambda: evaluate(attribute.expression, scope))
        value = marked(value, block)
        if ("output", name) not in self._open:
            self._outputs[name] = value
        return value

    def _once(self, key: tuple[str, str], span: Span, make: Callable[[], Value]) -> Value:
        """A definition's value, unless it is being worked out already or the chain is too long."""
        name = ".".join(key)
        if key in self._open:
            return unresolved(name, "it refers to itself", span)
        budget = self.world.budget
        if budget.hops >= MAX_HOPS:
            return unresolved(name, "the chain of references is too long", span)
        self._open.add(key)
        budget.hops += 1
        before = budget.start()
        try:
            value = make()
            return failed("the value is too large", span, name) if is_large(value) else value
        except RecursionError:
            return unresolved(name, "the expression is nested too deeply", span)
        finally:
            budget.finish(before)
            budget.hops -= 1
            self._open.discard(key)

    # Resources

    def resources(self, key: tuple[str, str, str]) -> list[Resource]:
        """The instances of a declared resource."""
        if key not in self._resources:
            block = self.configuration.resources[key]
            mark = ("resource", address(*key))
            if mark in self._open:
                return []
            self._open.add(mark)
            made = [Resource(self, block, key[0], found) for found in expansions(block, self.scope(block.source))]
            self._open.discard(mark)
            self._resources[key] = made
        return self._resources[key]

    def resource_value(self, key: tuple[str, str, str], span: Span) -> Value:
        """What a reference to a resource is: an object, or with count a tuple and with for_each a map of them. What
        the configuration does not set is unknown."""
        if key in self._references:
            return self._references[key]
        name = address(*key)
        block = self.configuration.resources.get(key)
        if block is None:
            reason = (
                f"the module declares no `{name}`" if "_" in key[1] or key[0] == "data" else "it is no name here"
            )
            return unresolved(name, reason, span)
        attributes = block.body.attributes
        found = self.resources(key)
        value: Value
        if "count" in attributes:
            value = self._counted(name, found, block)
        elif "for_each" in attributes:
            entries = {
                one.expansion.key: self._object(one, f"{name}{key_text(one.expansion.key)}")
                for one in found
                if one.expansion.key is not None
            }
            unkeyed = next((one for one in found if one.expansion.key is None), None)
            rest = Unknown(name, "its keys are not known", block.span) if unkeyed is not None else None
            value = Mapping(dict(entries), block.source, block.start, block.end, kind="object", rest=rest)
        elif found:
            value = self._object(found[0], name)
        else:
            return unresolved(name, "it refers to itself", span)
        self._references[key] = value
        return value

    def _counted(self, name: str, found: list[Resource], block: RawBlock) -> Sequence:
        items: list[Value] = []
        rest: Unknown | None = None
        if found:
            count = found[0].expansion.count
            number = count.value if isinstance(count, Known) else 1
            items = [self._object(found[0], f"{name}[{at}]", at) for at in range(min(number, 1000))]
            if not isinstance(count, Known) or number > 1000:
                rest = Unknown(name, "count is not known", block.span)
        return Sequence(items, block.source, block.start, block.end, kind="tuple", rest=rest)

    def _object(self, resource: Resource, name: str, index: int = 0) -> LazyMapping:
        def one(attribute: str) -> Value | None:
            from vmlint.evaluation.terraform.providers import computed

            if attribute in resource.names:
                value = self._once(
                    (name, attribute), resource.block.span, lambda: resource.attribute_at(attribute, index)
                )
                return None if is_null(value) else value
            return computed(resource, attribute)

        span = resource.block.block_span
        return LazyMapping(lambda: resource.names, one, span, Unknown(name, PROVIDER_VALUE, resource.block.span))

    # Module calls

    def calls(self, name: str) -> list[Call]:
        """The instances of a declared module call."""
        if name not in self._calls:
            mark = ("module", name)
            if mark in self._open:
                return []
            self._open.add(mark)
            from vmlint.evaluation.terraform.calls import module_calls

            self._calls[name] = module_calls(self, self.configuration.modules[name])
            self._open.discard(mark)
        return self._calls[name]

    def call_value(self, name: str, span: Span) -> Value:
        """What a reference to a module call is: an object of its outputs, or a tuple or map of them."""
        if name in self._call_values:
            return self._call_values[name]
        block = self.configuration.modules.get(name)
        if block is None:
            return unresolved(f"module.{name}", "the module makes no such call", span)
        attributes = block.body.attributes
        found = self.calls(name)
        source, start, end = block.source, block.start, block.end
        value: Value
        if "count" in attributes:
            items: list[Value] = []
            rest: Unknown | None = None
            for call in found:
                count = call.expansion.count
                number = count.value if isinstance(count, Known) else 1
                items += [self._outputs_of(call) for _ in range(min(number, 1000))]
                if not isinstance(count, Known):
                    rest = Unknown(f"module.{name}", "count is not known", block.span)
            value = Sequence(items, source, start, end, kind="tuple", rest=rest)
        elif "for_each" in attributes:
            entries = {c.expansion.key: self._outputs_of(c) for c in found if c.expansion.key is not None}
            unkeyed = any(call.expansion.key is None for call in found)
            unknown = Unknown(f"module.{name}", "its keys are not known", block.span) if unkeyed else None
            value = Mapping(dict(entries), source, start, end, kind="object", rest=unknown)
        elif found:
            value = self._outputs_of(found[0])
        else:
            return unresolved(f"module.{name}", "it refers to itself", span)
        self._call_values[name] = value
        return value

    def _outputs_of(self, call: Call) -> Value:
        module = call.module
        if module is None:
            return unresolved(call.address, call.reason, call.block.span)
        span = call.block.block_span
        return LazyMapping(lambda: module.configuration.outputs, lambda name: module.output(name, span), span)

    def argument_value(self, call: Call, name: str) -> Value | None:
        """An argument of a call, evaluated in this module."""
        return entry(call.block.body, name, self.scope(call.block.source, call.expansion.names))

    def call_arguments(self, call: Call) -> Mapping:
        names = [name for name in call.block.body.attributes if name not in META]
        entries = {name: value for name in names if (value := self.argument_value(call, name)) is not None}
        block = call.block
        return Mapping(entries, block.source, block.start, block.end, kind="object")
