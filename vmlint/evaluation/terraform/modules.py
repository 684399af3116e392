"""Module folders as Terraform would plan them (signatures; the evaluation follows)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping as MappingOf, Sequence as SequenceOf

from vmlint.files import Files
from vmlint.model.fact import Fact
from vmlint.model.finding import Problem
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Value


class ResourceInstance:
    """One resource or data source after `count` and `for_each`.

    `address` has the module path and the key of for_each (`module.web.aws_instance.this["a"]`), never a count
    index: instances that count makes are one, with `count` how many (module counts multiplied in; Unknown where
    it does not resolve). `span` is the header line `resource "t" "n"`, `block_span` the whole block. `body` is
    evaluated when asked for: attributes and nested blocks, dynamic ones expanded; every nested block type is a
    Sequence of Mappings whose `tag` holds the block's labels. `call_chain` are the module calls' headers,
    outermost first.
    """

    address: str
    type: str
    name: str
    mode: str
    """`managed` or `data`."""
    key: str | None
    count: Fact[int]
    span: Span
    block_span: Span
    call_chain: tuple[Span, ...]
    module: ModuleInstance

    @property
    def body(self) -> Mapping:
        raise NotImplementedError

    def attribute(self, name: str) -> Value:
        """One attribute or block type alone, evaluated without the rest of the body; Missing if not written."""
        raise NotImplementedError


class Gap:
    """A module call that could not be followed: `address` (`module.web`), `source` as written, `reason` a clause,
    `span` of the call's header, `call_chain` of the calls above it. `arguments` is the call's own body."""

    address: str
    source: str
    reason: str
    span: Span
    call_chain: tuple[Span, ...]
    arguments: Mapping


class ModuleInstance:
    """A module with its arguments. `folder` as `vmlint.files` names paths; `address` is empty for the root."""

    folder: str
    address: str
    call_chain: tuple[Span, ...]

    def own_resources(self) -> Iterator[ResourceInstance]:
        """Of this module alone, in the order of files and lines; instances of count 0 are none."""
        raise NotImplementedError

    def resource(self, address: str) -> list[ResourceInstance]:
        """Instances of `aws_launch_template.x` or `data.aws_ami.y`, also with a key, an attribute or an index
        behind (`aws_launch_template.x[0].id`): what the `expression` of an `Unknown` names. Paths of modules
        (`module.m.aws_…`) are resolved downwards. Empty where it is not declared."""
        raise NotImplementedError

    def referred(self, value: Value) -> list[ResourceInstance]:
        """The resource instances that an unresolved value refers to, wherever they are declared (also through a
        module's argument or output)."""
        raise NotImplementedError


class RootModule(ModuleInstance):
    """`paths` are the files that were read, of all modules; `problems` what could not be."""

    paths: frozenset[str]
    problems: list[Problem]
    gaps: list[Gap]

    def resources(self) -> Iterator[ResourceInstance]:
        """Every resource instance of the root and the modules below it, in order."""
        raise NotImplementedError


def load_root(
    folder: str,
    files: Files,
    variables: MappingOf[str, str] | None = None,
    variable_files: SequenceOf[str] = (),
    workspace: str = "",
    strict: bool = False,
) -> RootModule:
    """The module of a folder, read as a root. `variables` are `--var` pairs, `variable_files` those of
    `--var-file` in order. `terraform.workspace` is unknown where `workspace` is empty. `strict` parses every
    block, so that each syntax error is told."""
    raise NotImplementedError


def roots(folders: SequenceOf[str], files: Files) -> list[str]:
    """Of folders with Terraform files, those that count as roots, sorted: a folder that another one calls counts
    only through its callers."""
    raise NotImplementedError


def evaluate(text: str, module: ModuleInstance) -> Value:
    """The value of an expression in a module: `vmlint eval`."""
    raise NotImplementedError


def to_json(value: Value) -> object:
    """Plain data for `json.dumps` of a wholly known value. Raises LookupError with the name that is missing."""
    raise NotImplementedError
