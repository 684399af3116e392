"""Modules with their instances, as the readers of resources see them.

root = load_root("infra", files)
for instance in root.resources():
    instance.address, instance.count, instance.body
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence as SequenceOf

from vmlint.evaluation.terraform.calls import is_local, source_of
from vmlint.evaluation.terraform.configuration import (
    Configuration,
    configuration,
    configuration_files,
    problem_of,
)
from vmlint.evaluation.terraform.expressions import evaluate_safely
from vmlint.evaluation.terraform.instances import Gap, ResourceInstance, product
from vmlint.evaluation.terraform.module import Module, World
from vmlint.evaluation.terraform.resources import entry
from vmlint.evaluation.terraform.scope import Scope
from vmlint.evaluation.terraform.values import failed, plain
from vmlint.evaluation.terraform.variables import settings
from vmlint.files import Files, join
from vmlint.model.fact import Fact, Known, value_or
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Unresolved, Value, text
from vmlint.syntax import hcl
from vmlint.syntax.hcl_ast import Body, SyntaxProblem

RECURSION = 8_000
"""Frames of the interpreter: chains of references through modules are deeper than its default allows."""

MAX_MODULES = 5_000
"""Module instances of one root."""
TOO_MANY = f"the root has more than {MAX_MODULES:,} instances of modules"

MAX_OPINIONS = 10
"""Blocks of one folder that are put to the second parser."""

MAX_INSTANCES = 10_000
"""Resource instances of one root module; what is beyond is told as a problem."""


class ModuleInstance:
    """A module with its arguments and its place in the tree of calls. `address` is empty for the root; `count` is
    how many instances of it there are. Instances with the same arguments share one evaluation (`module`)."""

    def __init__(
        self,
        module: Module,
        address: str,
        call_chain: tuple[Span, ...],
        count: Fact[int],
        parent: ModuleInstance | None,
    ) -> None:
        self.module = module
        self.address = address
        self.call_chain = call_chain
        self.count = count
        self.parent = parent
        self._children: list[ModuleInstance] | None = None
        self.given_providers = False
        self.own_gaps: list[Gap] = []

    @property
    def folder(self) -> str:
        return self.module.configuration.folder

    def own_resources(self, wanted: Callable[[str], bool] | None = None) -> Iterator[ResourceInstance]:
        """Of this module alone, in the order of files and lines; instances of count 0 are none. Of types that are
        not `wanted`, and of data sources then, only the syntax is looked at."""
        for key, block in self.module.configuration.resources.items():
            if wanted is not None and not (key[0] == "managed" and wanted(key[1])):
                assert block.body is not None
                continue
            for resource in self.module.resources(key):
                yield ResourceInstance(resource, self)

    @property
    def children(self) -> list[ModuleInstance]:
        """The modules that this one calls."""
        if self._children is None:
            self._children = []
            for name in self.module.configuration.modules:
                for call in self.module.calls(name):
                    world = self.module.world
                    if call.module is None or world.instances >= MAX_MODULES:
                        self.own_gaps.append(Gap(call, self, "" if call.module is None else TOO_MANY))
                        continue
                    world.instances += 1
                    where = f"{self.address}.{call.address}".lstrip(".")
                    chain = (*self.call_chain, call.block.span)
                    count = product(call.expansion.count, self.count)
                    child = ModuleInstance(call.module, where, chain, count, self)
                    child.given_providers = "providers" in call.block.body.attributes
                    self._children.append(child)
        return self._children

    def descendants(self) -> Iterator[ModuleInstance]:
        """This module and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.descendants()

    def provider_setting(self, provider: str, name: str) -> Value | None:
        """A setting of the provider configuration `aws` or `aws.alias` as a resource of this module has it: a
        configuration without an alias is inherited from the caller. None where there is none, or where the call
        hands over configurations of its own."""
        kind, _, alias = provider.partition(".")
        for block in self.module.configuration.providers:
            if block.labels != (kind,):
                continue
            scope = self.module.scope(block.source)
            own = entry(block.body, "alias", scope)
            if (value_or(text(own), "") if own is not None else "") == alias:
                return entry(block.body, name, scope)
        if alias or self.given_providers or self.parent is None:
            return None
        return self.parent.provider_setting(provider, name)

    def resource(self, address: str) -> list[ResourceInstance]:
        """Instances of `aws_launch_template.x` or `data.aws_ami.y`, also with a key, an index or an attribute
        behind (`aws_launch_template.x[0].id`): what the `expression` of an `Unknown` names. `module.m.` in front
        goes down. Empty where it is not declared here."""
        call = _MODULE_CALL.match(address)
        if call is not None:
            rest = address[call.end() :]
            keyed = f"{self.address}.module.{call[1]}{call[2] or ''}".lstrip(".")
            plain_name = f"{self.address}.module.{call[1]}".lstrip(".")
            inside = [c for c in self.children if c.address in (keyed, plain_name) or (
                not call[2] and c.address.startswith(plain_name + "["))]  # fmt: skip
            return [found for child in inside for found in child.resource(rest)]
        match = _RESOURCE.match(address)
        if match is None:
            return []
        key = ("data" if match[1] else "managed", match[2], match[3])
        if key not in self.module.configuration.resources:
            return []
        found = self.module.resources(key)
        if match[4] is not None:
            found = [one for one in found if one.expansion.key in (match[4], None)]
        return [ResourceInstance(one, self) for one in found]

    def referred(self, value: Value) -> list[ResourceInstance]:
        """The resource instances that an unresolved value refers to, wherever they are declared: a module's
        argument leads to the caller, an output to the called module."""
        if not isinstance(value, Unresolved):
            return []
        origin = value.via[-1].span if value.via else value.unknown.span
        expression = value.unknown.expression
        written = origin.path
        above: list[ModuleInstance] = []
        module: ModuleInstance | None = self
        while module is not None:
            above.append(module)
            module = module.parent
        for module in above:
            if written in module.module.configuration.paths:
                return module.resource(expression)
        for module in above[-1].descendants():
            if written in module.module.configuration.paths:
                found = module.resource(expression)
                if found:
                    return found
        return self.resource(expression)


_MODULE_CALL = re.compile(r'module\.([^.\[]+)(\[(?:\d+|"[^"]*")\])?\.(?=.)')
_RESOURCE = re.compile(
    r'(data\.)?(?:resource\.)?([^.\[\]"]+)\.([^.\[\]"]+)(?:\["([^"]*)"\]|\[[^\]]*\])?(?:$|[.\[])'
)


class RootModule(ModuleInstance):
    """The module of a folder, read as a root, and what is known of reading all modules below it."""

    def __init__(self, module: Module) -> None:
        super().__init__(module, "", (), Known(1, SourceText(module.configuration.folder, "").whole()), None)
        self._overflow: list[Problem] = []

    def resources(self, wanted: Callable[[str], bool] | None = None) -> Iterator[ResourceInstance]:
        """Every resource instance of the root and the modules below it, in order: of the types that are `wanted`,
        where that is said."""
        number = 0
        for module in self.descendants():
            for instance in module.own_resources(wanted):
                number += 1
                if number > MAX_INSTANCES:
                    message = f"the module has more than {MAX_INSTANCES:,} resource instances"
                    self._overflow = [Problem(ProblemKind.UNREADABLE, message, instance.span)]
                    return
                yield instance

    @property
    def gaps(self) -> list[Gap]:
        """Module calls anywhere in the tree that could not be followed."""
        # Gaps are found when the children are.
        return [gap for module in list(self.descendants()) for gap in module.own_gaps]

    @property
    def paths(self) -> frozenset[str]:
        """The files that were read, of all modules, variable files included."""
        for _ in self.descendants():
            pass
        world = self.module.world
        found = {path for conf in world.configurations.values() for path in conf.paths}
        return frozenset(found | set(world.extra_paths))

    @property
    def problems(self) -> list[Problem]:
        """What could not be read so far: ask for it after the resources."""
        world = self.module.world
        found = [*world.problems, *self._overflow]
        for conf in world.configurations.values():
            found += conf.problems
            found += body_problems(conf)
        return found


def body_problems(conf: Configuration) -> Iterator[Problem]:
    """Syntax errors inside the blocks that were parsed. A block that python-hcl2 reads all the same is told so: the
    gap may be ours."""
    asked = 0
    for block in conf.all_blocks():
        found = list(_nested_problems(block.body)) if block.is_parsed else []
        note = ""
        if any(not problem.repeated for problem in found) and asked < MAX_OPINIONS:
            asked += 1
            from vmlint.syntax.hcl_opinion import accepts

            note = "; python-hcl2 accepts it" if accepts(block.source.text[block.start : block.end]) else ""
        for problem in found:
            yield problem_of(block.source, problem, "" if problem.repeated else note)


def _nested_problems(body: Body) -> Iterator[SyntaxProblem]:
    yield from body.problems
    for block in body.blocks:
        yield from _nested_problems(block.body)


def load_root(
    folder: str,
    files: Files,
    variables: MappingOf[str, str] | None = None,
    variable_files: SequenceOf[str] = (),
    workspace: str = "",
    strict: bool = False,
    environment: MappingOf[str, str] | None = None,
) -> RootModule:
    """The module of a folder, read as a root. `variables` are `--var` pairs, `variable_files` those of
    `--var-file` in order, `environment` the variables of the process where
    `--env` asks for them. `terraform.workspace` is unknown where `workspace` is empty. `strict` parses every
    block, so that each syntax error is told."""
    if sys.getrecursionlimit() < RECURSION:
        sys.setrecursionlimit(RECURSION)
    world = World(folder, files, workspace)
    conf = world.configuration(folder)
    empty = SourceText(folder, "")
    scope = Scope(None, empty, world.budget, world.paths)
    given = settings(
        folder, files, environment or {}, variables or {}, variable_files, scope, world.problems, world.extra_paths
    )
    root = RootModule(Module(world, conf, given))
    if strict:
        for module in root.descendants():
            for block in module.module.configuration.all_blocks():
                assert block.body is not None
    return root


def roots(folders: SequenceOf[str], files: Files) -> list[str]:
    """Of folders with Terraform files, those that count as roots, sorted: a folder that another one calls counts
    only through its callers. Of folders that only call each other, the first is a root."""
    known = sorted(set(folders))
    called: dict[str, set[str]] = {folder: _called(folder, files) for folder in known}
    targets = {target for folder, found in called.items() for target in found if target != folder}
    chosen = [folder for folder in known if folder not in targets]
    reached = _reachable(chosen, called)
    for folder in known:
        if folder not in reached:
            chosen.append(folder)
            reached |= _reachable([folder], called)
    return sorted(chosen)


def _called(folder: str, files: Files) -> set[str]:
    if not configuration_files(files.names(folder)):
        return set()
    sources = (source_of(block) for block in configuration(folder, files).modules.values())
    return {join(folder, source) for source in sources if is_local(source)}


def _reachable(start: list[str], called: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        folder = waiting.pop()
        if folder not in found:
            found.add(folder)
            waiting += called.get(folder, ())
    return found


def evaluate(text: str, module: ModuleInstance) -> Value:
    """The value of an expression in a module: `vmlint eval`. What is no expression is a failure."""
    source = SourceText("<expression>", text)
    try:
        node = hcl.parse_expression(source)
    except SyntaxProblem as problem:
        return failed(problem.message, source.span(problem.start, problem.end))
    return evaluate_safely(node, module.module.scope(source))


def to_json(value: Value) -> object:
    """Plain data for JSON of a wholly known value: whole numbers are `int`, others `float`. Raises LookupError with
    the name that is missing."""
    from vmlint.evaluation.terraform.values import first_unknown

    missing = first_unknown(value)
    if missing is not None:
        raise LookupError(missing.unknown.expression)
    return _floats(plain(value))


def _floats(data: object) -> object:
    from decimal import Decimal

    match data:
        case dict():
            return {key: _floats(data[key]) for key in sorted(data)}
        case list():
            return [_floats(item) for item in data]
        case Decimal():
            return float(data)
    return data
