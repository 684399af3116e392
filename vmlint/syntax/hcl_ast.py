"""The tree of HCL expressions and bodies. Every node has the character offsets `start:end` in its source."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from vmlint.model.span import SourceText


class SyntaxProblem(Exception):  # noqa: N818 (it is kept as a value more often than raised)
    """What is wrong with the text and at which offset; `message` is a clause without a full stop. `repeated` says
    that a name is set twice: nothing is wrong with the syntax."""

    def __init__(self, message: str, start: int, end: int = -1, repeated: bool = False) -> None:
        super().__init__(message)
        self.repeated = repeated
        self.message = message
        self.start = start
        self.end = max(start, end)


class Node:
    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end


class Literal(Node):
    __slots__ = ("value",)

    def __init__(self, start: int, end: int, value: str | int | Decimal | bool | None) -> None:
        self.start = start
        self.end = end
        self.value = value


class Template(Node):
    """A quoted or heredoc template, or a file. `parts` are literals, expressions and directives in order.
    `text` is False for a sole interpolation, whose value passes through unconverted."""

    __slots__ = ("parts", "text")

    def __init__(self, start: int, end: int, parts: list[Node], text: bool = True) -> None:
        super().__init__(start, end)
        self.parts = parts
        self.text = text


class TemplateIf(Node):
    __slots__ = ("condition", "negative", "positive")

    def __init__(self, start: int, end: int, condition: Node, positive: list[Node], negative: list[Node]) -> None:
        super().__init__(start, end)
        self.condition = condition
        self.positive = positive
        self.negative = negative


class TemplateFor(Node):
    __slots__ = ("collection", "key", "parts", "value")

    def __init__(self, start: int, end: int, key: str, value: str, collection: Node, parts: list[Node]) -> None:
        super().__init__(start, end)
        self.key = key
        self.value = value
        self.collection = collection
        self.parts = parts


class Name(Node):
    """The root of a reference: `var`, `local`, `each`, a resource type, a variable of a for expression."""

    __slots__ = ("name",)

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start = start
        self.end = end
        self.name = name


class GetAttribute(Node):
    __slots__ = ("name",)

    def __init__(self, start: int, end: int, name: str) -> None:
        self.start = start
        self.end = end
        self.name = name


class GetIndex(Node):
    __slots__ = ("key",)

    def __init__(self, start: int, end: int, key: Node) -> None:
        super().__init__(start, end)
        self.key = key


class Splat(Node):
    """`[*]` or `.*` with the steps that are applied to each member."""

    __slots__ = ("steps",)

    def __init__(self, start: int, end: int, steps: list[Step]) -> None:
        super().__init__(start, end)
        self.steps = steps


Step: TypeAlias = GetAttribute | GetIndex | Splat


class Traversal(Node):
    """A base with steps; a splat is always the last step, what follows it belongs to it."""

    __slots__ = ("base", "steps")

    def __init__(self, start: int, end: int, base: Node, steps: list[Step]) -> None:
        self.start = start
        self.end = end
        self.base = base
        self.steps = steps


class Unary(Node):
    __slots__ = ("operand", "operator")

    def __init__(self, start: int, end: int, operator: str, operand: Node) -> None:
        super().__init__(start, end)
        self.operator = operator
        self.operand = operand


class Binary(Node):
    __slots__ = ("left", "operator", "right")

    def __init__(self, operator: str, left: Node, right: Node) -> None:
        super().__init__(left.start, right.end)
        self.operator = operator
        self.left = left
        self.right = right


class Conditional(Node):
    __slots__ = ("condition", "negative", "positive")

    def __init__(self, condition: Node, positive: Node, negative: Node) -> None:
        super().__init__(condition.start, negative.end)
        self.condition = condition
        self.positive = positive
        self.negative = negative


class Call(Node):
    """`name(arguments)`; `expand` says that the last argument is followed by `...`."""

    __slots__ = ("arguments", "expand", "name")

    def __init__(self, start: int, end: int, name: str, arguments: list[Node], expand: bool) -> None:
        super().__init__(start, end)
        self.name = name
        self.arguments = arguments
        self.expand = expand


class TupleNode(Node):
    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[Node]) -> None:
        super().__init__(start, end)
        self.items = items


class ObjectNode(Node):
    """A bare identifier as a key is a Literal; any other key is an expression."""

    __slots__ = ("items",)

    def __init__(self, start: int, end: int, items: list[tuple[Node, Node]]) -> None:
        super().__init__(start, end)
        self.items = items


class For(Node):
    """`result_key` is None for a list. `key` is empty where only the value is named."""

    __slots__ = ("collection", "condition", "grouping", "key", "result", "result_key", "value")

    def __init__(
        self,
        start: int,
        end: int,
        names: tuple[str, str],
        collection: Node,
        result_key: Node | None,
        result: Node,
        condition: Node | None,
        grouping: bool,
    ) -> None:
        super().__init__(start, end)
        self.key, self.value = names
        self.collection = collection
        self.result_key = result_key
        self.result = result
        self.condition = condition
        self.grouping = grouping


class Parenthesised(Node):
    __slots__ = ("inner",)

    def __init__(self, start: int, end: int, inner: Node) -> None:
        super().__init__(start, end)
        self.inner = inner


class Invalid(Node):
    """Text that is no expression; the problem is in the body's list too."""

    __slots__ = ("message",)

    def __init__(self, start: int, end: int, message: str) -> None:
        super().__init__(start, end)
        self.message = message


class Embedded(Node):
    """An expression in a text of its own, such as a JSON string with escapes: its offsets are those of `text`, its
    place is `start:end`."""

    __slots__ = ("inner", "text")

    def __init__(self, start: int, end: int, text: str, inner: Node) -> None:
        super().__init__(start, end)
        self.text = text
        self.inner = inner


class AttributeNode(Node):
    """`name = expression`; `start` is where the name begins. `source` is set where an override file gave it, else
    it is the source of the block."""

    __slots__ = ("expression", "name", "source")

    def __init__(self, start: int, name: str, expression: Node) -> None:
        self.start = start
        self.end = expression.end
        self.name = name
        self.expression = expression
        self.source: SourceText | None = None


class BlockNode(Node):
    """A nested block; `header_end` is behind its last label. `source` as for an attribute."""

    __slots__ = ("body", "header_end", "labels", "source", "type")

    def __init__(
        self, start: int, end: int, header_end: int, kind: str, labels: tuple[str, ...], body: Body
    ) -> None:
        super().__init__(start, end)
        self.header_end = header_end
        self.type = kind
        self.labels = labels
        self.body = body
        self.source: SourceText | None = None


class Body:
    """What stands between the braces of a block. `problems` are confined to what could not be read."""

    __slots__ = ("attributes", "blocks", "problems")

    def __init__(self) -> None:
        self.attributes: dict[str, AttributeNode] = {}
        self.blocks: list[BlockNode] = []
        self.problems: list[SyntaxProblem] = []

    def blocks_of(self, kind: str) -> list[BlockNode]:
        return [block for block in self.blocks if block.type == kind]
