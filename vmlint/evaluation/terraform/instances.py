"""What a module comes to, as the readers of resources see it: instances of resources, and calls that could not be
followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.calls import CYCLE
from vmlint.evaluation.terraform.module import Call
from vmlint.evaluation.terraform.resources import Resource
from vmlint.evaluation.terraform.secrets import veiled
from vmlint.model.fact import Fact, Known, Unknown
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Value, text

if TYPE_CHECKING:
    from vmlint.evaluation.terraform.modules import ModuleInstance


class ResourceInstance:
    """One resource or data source after `count` and `for_each`.

    `address` has the module path and the key of for_each (`module.web.aws_instance.this["a"]`), never a count
    index: instances that count makes are one, with `count` how many (module counts multiplied in; Unknown where
    it does not resolve). `span` is the header line `resource "t" "n"`, `block_span` the whole block. `call_chain`
    are the module calls' headers, outermost first. `mode` is `managed` or `data`.
    """

    __slots__ = ("_body", "_resource", "count", "module")

    def __init__(self, resource: Resource, module: ModuleInstance) -> None:
        self._resource = resource
        self._body: Mapping | None = None
        self.module = module
        self.count: Fact[int] = product(resource.expansion.count, module.count)

    @property
    def address(self) -> str:
        return f"{self.module.address}.{self._resource.address}".lstrip(".")

    @property
    def type(self) -> str:
        return self._resource.type

    @property
    def name(self) -> str:
        return self._resource.name

    @property
    def mode(self) -> str:
        return self._resource.mode

    @property
    def key(self) -> str | None:
        """The key of for_each."""
        return self._resource.expansion.key

    @property
    def span(self) -> Span:
        return self._resource.block.span

    @property
    def block_span(self) -> Span:
        return self._resource.block.block_span

    @property
    def call_chain(self) -> tuple[Span, ...]:
        return self.module.call_chain

    @property
    def body(self) -> Mapping:
        """Attributes and nested blocks, evaluated when asked for. Dynamic blocks are expanded; every nested block
        type is a Sequence of Mappings whose `tag` holds the block's labels. Sensitive parts are unknown."""
        if self._body is None:
            body = self._resource.body
            found = veiled(body) if self.module.module.world.has_secrets else body
            assert isinstance(found, Mapping)
            self._body = found
        return self._body

    def attribute(self, name: str) -> Value:
        """One attribute or block type alone; Missing where it is not written."""
        value = self._resource.attribute(name)
        return veiled(value) if self.module.module.world.has_secrets else value

    def inherited(self, name: str) -> Value | None:
        """A setting of the provider configuration that the resource has; None where there is none."""
        stated = text(self.attribute("provider"))
        provider = stated.value if isinstance(stated, Known) else getattr(stated, "expression", "")
        value = self.module.provider_setting(provider or self.type.partition("_")[0], name)
        return veiled(value) if value is not None and self.module.module.world.has_secrets else value

    def __repr__(self) -> str:
        return f"ResourceInstance({self.address!r})"


class Gap:
    """A module call that could not be followed: `reason` is a clause, `source` as written."""

    __slots__ = ("_call", "_caller", "reason", "source", "span")

    def __init__(self, call: Call, caller: ModuleInstance, reason: str = "") -> None:
        self._call = call
        self._caller = caller
        self.source = call.source
        self.reason = reason or call.reason
        self.span = call.block.span

    @property
    def address(self) -> str:
        return f"{self._caller.address}.{self._call.address}".lstrip(".")

    @property
    def call_address(self) -> str:
        """The address without the keys or the index of the call itself."""
        return f"{self._caller.address}.module.{self._call.name}".lstrip(".")

    @property
    def is_cycle(self) -> bool:
        """Whether Terraform would refuse the call, since the module calls itself."""
        return self.reason.startswith(CYCLE)

    @property
    def count(self) -> Fact[int]:
        return product(self._call.expansion.count, self._caller.count)

    @property
    def call_chain(self) -> tuple[Span, ...]:
        """Of the calls above this one."""
        return self._caller.call_chain

    @property
    def arguments(self) -> Mapping:
        """What the call sets, evaluated."""
        found = veiled(self._caller.module.call_arguments(self._call))
        assert isinstance(found, Mapping)
        return found


def product(one: Fact[int], two: Fact[int]) -> Fact[int]:
    """How many there are of something inside something of which there are several."""
    match one, two:
        case Known(), Known():
            return Known(one.value * two.value, one.span, (*one.via, *two.via)) if two.value != 1 else one
        case Known(), Unknown():
            return two
    return one
