"""The JSON form of Terraform's configuration (`.tf.json`), to the same blocks and tree.

JSON does not tell nested blocks from attributes: inside a resource everything is an attribute, and `dynamic` stays
one. Strings are templates; those of a `type`, a `depends_on` and the like are read as the expressions they are.
"""

from __future__ import annotations

import json
import re

from vmlint.model.span import SourceText
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl import Document, RawBlock, parse_expression, parse_template
from vmlint.syntax.hcl_ast import SyntaxProblem
from vmlint.syntax.hcl_parser import MAX_DEPTH, number

_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]++|\\.)*+)"')
_NUMBER = re.compile(r"-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?")
_LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}


def blocks(source: SourceText) -> Document:
    """The top-level blocks of a `.tf.json` file. Never raises."""
    document = Document(source)
    try:
        root = _Reader(source).document()
        for kind, value in _members(root):
            for item in _alternatives(value):
                _add(document, kind, _LABELS.get(kind, 0), (), item, item.start)
    except SyntaxProblem as problem:
        document.problems.append(problem)
    return document


def parse_file(source: SourceText) -> ast.Body:
    """A whole JSON file as one body: `terraform.tfvars.json`, whose strings are no templates."""
    body = ast.Body()
    try:
        reader = _Reader(source)
        reader.literal = True
        for key, value in reader.members_of(reader.document()):
            body.attributes[str(key.value)] = ast.AttributeNode(key.start, str(key.value), value)
    except SyntaxProblem as problem:
        body.problems.append(problem)
    return body


def _members(node: ast.Node) -> list[tuple[str, ast.Node]]:
    if not isinstance(node, ast.ObjectNode):
        raise SyntaxProblem("an object is expected here", node.start)
    found = [(str(key.value), value) for key, value in node.items if isinstance(key, ast.Literal)]
    return [(key, value) for key, value in found if key != "//"]


def _alternatives(node: ast.Node) -> list[ast.Node]:
    """A block may be written as one object or as a list of them."""
    return node.items if isinstance(node, ast.TupleNode) else [node]


def _add(
    document: Document, kind: str, labels_left: int, labels: tuple[str, ...], node: ast.Node, start: int
) -> None:
    if labels_left:
        if not isinstance(node, ast.ObjectNode):
            raise SyntaxProblem("an object is expected here", node.start)
        for key, value in node.items:
            if isinstance(key, ast.Literal) and key.value != "//":
                for item in _alternatives(value):
                    _add(document, kind, labels_left - 1, (*labels, str(key.value)), item, key.start)
        return
    block = RawBlock(document.source, kind, labels, start, node.start, node.start + 1, node.end)
    if labels:
        block.header_end = start + len(json.dumps(labels[-1], ensure_ascii=False))
    block.body = _body(kind, node)
    document.blocks.append(block)


def _body(kind: str, node: ast.Node) -> ast.Body:
    body = ast.Body()
    for name, value in _members(node):
        if name == "dynamic" and kind in ("resource", "data", "dynamic"):
            body.blocks += _dynamic_blocks(value)
        else:
            body.attributes[name] = ast.AttributeNode(_key_start(node, name), name, _expression(kind, name, value))
    return body


def _dynamic_blocks(node: ast.Node) -> list[ast.BlockNode]:
    """`"dynamic": {"disk": {"for_each": …, "content": {…}}}` as the blocks that the native syntax would have."""
    found: list[ast.BlockNode] = []
    for label, value in _members(node):
        for item in _alternatives(value):
            body = ast.Body()
            for name, inner in _members(item):
                if name == "content":
                    content = _body("dynamic", inner)
                    body.blocks.append(ast.BlockNode(inner.start, inner.end, inner.start, name, (), content))
                else:
                    body.attributes[name] = ast.AttributeNode(inner.start, name, inner)
            found.append(ast.BlockNode(item.start, item.end, item.start, "dynamic", (label,), body))
    return found


def _key_start(node: ast.Node, name: str) -> int:
    assert isinstance(node, ast.ObjectNode)
    return next(key.start for key, _ in node.items if isinstance(key, ast.Literal) and key.value == name)


def _expression(kind: str, name: str, value: ast.Node) -> ast.Node:
    """The type of a variable is an expression in a string."""
    if kind == "variable" and name == "type" and isinstance(value, ast.Literal) and isinstance(value.value, str):
        text = SourceText("<type>", value.value)
        try:
            return ast.Embedded(value.start, value.end, value.value, parse_expression(text))
        except SyntaxProblem:
            return value
    return value


class _Reader:
    """JSON to expression nodes with offsets. `literal` strings are no templates."""

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.text = source.text
        self.pos = 0
        self.depth = 0
        self.literal = False

    def document(self) -> ast.ObjectNode:
        node = self.value()
        if self.space():
            raise SyntaxProblem("more text follows the JSON value", self.pos)
        if not isinstance(node, ast.ObjectNode):
            raise SyntaxProblem("an object is expected here", node.start)
        return node

    def members_of(self, node: ast.ObjectNode) -> list[tuple[ast.Literal, ast.Node]]:
        return [(key, value) for key, value in node.items if isinstance(key, ast.Literal)]

    def space(self) -> str:
        self.pos = _SPACE.match(self.text, self.pos).end()  # type: ignore[union-attr]
        return self.text[self.pos : self.pos + 1]

    def value(self) -> ast.Node:
        character = self.space()
        start = self.pos
        if character == '"':
            return self.string()
        if character in ("{", "["):
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise SyntaxProblem(f"it is nested more than {MAX_DEPTH} levels deep", start)
            node = self.object() if character == "{" else self.array()
            self.depth -= 1
            return node
        for word, constant in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, start):
                self.pos += len(word)
                return ast.Literal(start, self.pos, constant)
        match = _NUMBER.match(self.text, start)
        if match is None:
            raise SyntaxProblem("a JSON value is expected here", start)
        self.pos = match.end()
        text = match[0]
        value = -number(text[1:], start) if text.startswith("-") else number(text, start)
        return ast.Literal(start, self.pos, value)

    def object(self) -> ast.Node:
        start = self.pos
        self.pos += 1
        items: list[tuple[ast.Node, ast.Node]] = []
        while self.space() != "}":
            key_start = self.pos
            key = self.raw_string()
            key_node = ast.Literal(key_start, self.pos, key)
            if self.space() != ":":
                raise SyntaxProblem("`:` is missing behind the key", self.pos)
            self.pos += 1
            items.append((key_node, self.value()))
            self.separator("}")
        self.pos += 1
        return ast.ObjectNode(start, self.pos, items)

    def array(self) -> ast.Node:
        start = self.pos
        self.pos += 1
        items: list[ast.Node] = []
        while self.space() != "]":
            items.append(self.value())
            self.separator("]")
        self.pos += 1
        return ast.TupleNode(start, self.pos, items)

    def separator(self, closing: str) -> None:
        character = self.space()
        if character == ",":
            self.pos += 1
            if self.space() == closing:
                raise SyntaxProblem("a comma has nothing behind it", self.pos)
        elif character != closing:
            raise SyntaxProblem(f"`,` or `{closing}` is missing", self.pos)

    def raw_string(self) -> str:
        match = _STRING.match(self.text, self.pos)
        if match is None:
            raise SyntaxProblem("a JSON string is expected here", self.pos)
        self.pos = match.end()
        if "\\" not in match[1]:
            return match[1]
        try:
            return str(json.loads(match[0]))
        except ValueError:
            raise SyntaxProblem("the string has a bad escape", match.start()) from None

    def string(self) -> ast.Node:
        start = self.pos
        text = self.raw_string()
        if self.literal or ("${" not in text and "%{" not in text):
            return ast.Literal(start, self.pos, text)
        if text == self.text[start + 1 : self.pos - 1]:
            return parse_template(self.source, start + 1, self.pos - 1)
        try:
            inner = parse_template(SourceText(self.source.path, text))
        except SyntaxProblem as problem:
            raise SyntaxProblem(problem.message, start) from None
        return ast.Embedded(start, self.pos, text, inner)


def parse_value(source: SourceText) -> ast.Node:
    """A JSON text as an expression; its strings are no templates. Raises SyntaxProblem."""
    reader = _Reader(source)
    reader.literal = True
    node = reader.value()
    if reader.space():
        raise SyntaxProblem("more text follows the JSON value", reader.pos)
    return node
