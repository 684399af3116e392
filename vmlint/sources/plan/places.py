"""Where the values of a plan stand: in the JSON, or in the configuration that the plan was made from."""

from __future__ import annotations

from typing import Protocol

from vmlint.model.span import SourceText, Span
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl import RawBlock
from vmlint.syntax.json_places import Places


class Place(Protocol):
    """The characters of a value and, where it is the member of something, where its key begins (-1 else). What is
    not to be found below it stands at the place itself."""

    @property
    def source(self) -> SourceText: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def key_start(self) -> int: ...
    def member(self, key: str) -> Place: ...
    def item(self, index: int) -> Place: ...


class JsonPlace:
    """A value in the JSON; what lies below is looked for when it is asked for."""

    __slots__ = ("_places", "end", "key_start", "start")

    def __init__(self, places: Places, start: int, end: int, key_start: int = -1) -> None:
        self._places = places
        self.start = start
        self.end = end
        self.key_start = key_start

    @property
    def source(self) -> SourceText:
        return self._places.source

    def member(self, key: str) -> JsonPlace:
        found = self._places.members(self.start).get(key)
        return self if found is None else JsonPlace(self._places, found[1], found[2], found[0])

    def item(self, index: int) -> JsonPlace:
        found = self._places.items(self.start)
        return JsonPlace(self._places, *found[index]) if index < len(found) else self

    def walk(self, path: tuple[str | int, ...]) -> JsonPlace:
        place = self
        for step in path:
            place = place.member(step) if isinstance(step, str) else place.item(step)
        return place


class WrittenPlace:
    """A value in the configuration: an attribute's expression, a nested block, or all blocks of a type."""

    __slots__ = ("_node", "end", "key_start", "source", "start")

    def __init__(
        self,
        source: SourceText,
        start: int,
        end: int,
        key_start: int = -1,
        node: ast.Node | ast.Body | list[ast.BlockNode] | None = None,
    ) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.key_start = key_start
        self._node = node

    def member(self, key: str) -> WrittenPlace:
        match self._node:
            case ast.Body() as body:
                attribute = body.attributes.get(key)
                if attribute is not None:
                    return self._attribute(attribute)
                blocks = [b for b in body.blocks if b.type == key or (b.type == "dynamic" and b.labels == (key,))]
                if blocks:
                    return self._block(blocks[0], blocks)
            case ast.ObjectNode(items=items):
                for name, node in items:
                    if _word(name) == key:
                        return WrittenPlace(self.source, node.start, node.end, name.start, node)
        return WrittenPlace(self.source, self.start, self.end)

    def item(self, index: int) -> WrittenPlace:
        match self._node:
            case list() as blocks:
                plain = all(block.type != "dynamic" for block in blocks)
                block = blocks[index] if plain and index < len(blocks) else blocks[0]
                content = block.body.blocks_of("content") if block.type == "dynamic" else []
                return self._block(block, content[0].body if content else block.body)
            case ast.TupleNode(items=items) if index < len(items):
                return WrittenPlace(self.source, items[index].start, items[index].end, -1, items[index])
        return WrittenPlace(self.source, self.start, self.end)

    def _attribute(self, attribute: ast.AttributeNode) -> WrittenPlace:
        node = attribute.expression
        return WrittenPlace(attribute.source or self.source, node.start, node.end, attribute.start, node)

    def _block(self, block: ast.BlockNode, node: ast.Body | list[ast.BlockNode]) -> WrittenPlace:
        return WrittenPlace(block.source or self.source, block.start, block.end, -1, node)


def of_block(block: RawBlock) -> WrittenPlace:
    """A resource in the configuration. What it does not state stands at its header."""
    return WrittenPlace(block.source, block.start, block.header_end, -1, block.body)


def span_of(place: Place) -> Span:
    return Span(place.source, place.start, place.end)


def _word(name: ast.Node) -> str | None:
    match name:
        case ast.Literal(value=str() as word) | ast.Name(name=word):
            return word
    return None
