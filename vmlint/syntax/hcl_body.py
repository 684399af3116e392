"""A recursive-descent parser of HCL bodies: attributes and blocks.

One regular expression reads a simple attribute (`name = "text"`, a number, a variable) whole, and most attributes
are simple.
"""

from __future__ import annotations

import re

from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import SyntaxProblem
from vmlint.syntax.hcl_parser import IDENTIFIER, KEYWORDS, SPACE_LINES, Parser

_LINE_END = re.compile(r"(?:[ \t]++|/\*(?s:.*?)\*/)*+(?:(?:#|//)[^\n]*+)?\r?(\n|\Z|(?=\}))")
_SIMPLE = re.compile(
    rf"({IDENTIFIER})[ \t]*+=[ \t]*+"
    rf'(?:"([^"\\$%\n]*+)"|((?:var|local)\.{IDENTIFIER})|(true|false|null)|(0|[1-9]\d{{0,15}}))'
    r"[ \t]*+(?=\r?\n)"
)
_ITEM = re.compile(rf"({IDENTIFIER})(?:[ \t]*+(=)(?!=))?")
_LABEL = re.compile(rf'"((?:[^"\\\n]|\\.)*+)"|({IDENTIFIER})')


class BodyParser(Parser):
    """Parses `text[pos:end]` as a body."""

    def body(self, nested: bool) -> ast.Body:
        """Attributes and blocks up to the end, or to the closing brace of a nested block (not consumed)."""
        body = ast.Body()
        text = self.text
        opened = self.pos - 1
        while True:
            self.pos = SPACE_LINES.match(text, self.pos, self.end).end()  # type: ignore[union-attr]
            if self.pos >= self.end:
                if nested:
                    raise SyntaxProblem("the block is not closed", opened, opened + 1)
                return body
            if text[self.pos] == "}" and nested:
                return body
            simple = _SIMPLE.match(text, self.pos, self.end)
            if simple is not None:
                self.simple_attribute(body, simple)
                continue
            start, depth = self.pos, self.depth
            try:
                self.item(body)
            except SyntaxProblem as problem:
                body.problems.append(problem)
                self.depth, self.newlines = depth, False
                self.recover(body, start, problem)

    def simple_attribute(self, body: ast.Body, match: re.Match[str]) -> None:
        kind = match.lastindex or 2
        start, end = match.span(kind)
        value: ast.Node
        if kind == 2:
            value = ast.Literal(start - 1, end + 1, match[2])
        elif kind == 3:
            root, _, name = match[3].partition(".")
            dot = start + len(root)
            value = ast.Traversal(start, end, ast.Name(start, dot, root), [ast.GetAttribute(dot, end, name)])
        elif kind == 4:
            value = ast.Literal(start, end, KEYWORDS[match[4]])
        else:
            value = ast.Literal(start, end, int(match[5]))
        self.pos = match.end()
        self.add(body, ast.AttributeNode(match.start(), match[1], value))

    def add(self, body: ast.Body, attribute: ast.AttributeNode) -> None:
        if attribute.name in body.attributes:
            problem = f"the attribute `{attribute.name}` is set twice in one block"
            end = attribute.start + len(attribute.name)
            body.problems.append(SyntaxProblem(problem, attribute.start, end, repeated=True))
        body.attributes[attribute.name] = attribute

    def item(self, body: ast.Body) -> None:
        match = _ITEM.match(self.text, self.pos, self.end)
        if match is None:
            raise SyntaxProblem("an attribute or a block is expected here", self.pos)
        start, name = match.start(), match[1]
        self.pos = match.end()
        if match[2]:
            expression = self.expression()
            self.add(body, ast.AttributeNode(start, name, expression))
            self.line_end("after the value")
        else:
            body.blocks.append(self.block(start, name))
            self.line_end("after the block")

    def line_end(self, where: str) -> None:
        match = _LINE_END.match(self.text, self.pos, self.end)
        if match is None:
            # A heredoc ends with its own line.
            if self.pos and self.text[self.pos - 1] == "\n":
                return
            raise SyntaxProblem(f"a line break is expected {where}", self.pos)
        self.pos = match.end()

    def block(self, start: int, kind: str) -> ast.BlockNode:
        labels: list[str] = []
        header_end = self.pos
        while self.space() != "{":
            label = _LABEL.match(self.text, self.pos, self.end)
            if label is None:
                raise SyntaxProblem("`=` or a block's `{` is expected here", self.pos)
            labels.append(label[1] if label[1] is not None else label[2])
            self.pos = header_end = label.end()
        self.pos += 1
        self.enter()
        inner = self.body(nested=True)
        self.depth -= 1
        self.pos += 1
        return ast.BlockNode(start, self.pos, header_end, kind, tuple(labels), inner)

    def recover(self, body: ast.Body, start: int, problem: SyntaxProblem) -> None:
        """Goes on behind the item that could not be read; an attribute keeps its place as invalid."""
        from vmlint.syntax.hcl import end_of_item

        self.pos = max(end_of_item(self.text, start, self.end), start + 1)
        match = _ITEM.match(self.text, start, self.end)
        if match is not None and match[2]:
            stop = max(min(self.pos, self.end), match.end())
            stop = match.end() + len(self.text[match.end() : stop].rstrip())
            body.attributes.setdefault(
                match[1], ast.AttributeNode(start, match[1], ast.Invalid(match.end(), stop, problem.message))
            )
