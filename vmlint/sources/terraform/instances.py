"""What a reader asks of a resource, whether its configuration was evaluated or Terraform's own plan tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vmlint.model.fact import Fact
from vmlint.model.span import Span
from vmlint.model.value import Mapping, Value


class Module(Protocol):
    """The module that a resource stands in: the scope of its references."""

    def referred(self, value: Value) -> Sequence[Instance]:
        """The resources that a value refers to; none where it is no reference."""


class Instance(Protocol):
    """One resource or data source after `count` and `for_each`; see `ResourceInstance`, which is one."""

    @property
    def address(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def count(self) -> Fact[int]: ...
    @property
    def span(self) -> Span: ...
    @property
    def call_chain(self) -> tuple[Span, ...]: ...
    @property
    def body(self) -> Mapping: ...
    @property
    def module(self) -> Module: ...
    def attribute(self, name: str) -> Value: ...
    def inherited(self, name: str) -> Value | None: ...
