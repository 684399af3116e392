"""A recursive-descent parser of HCL expressions, straight from characters to the tree: there is no token list.

Nesting is bounded before the interpreter's stack is.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import SyntaxProblem

MAX_DEPTH = 100
"""Levels of brackets, blocks, templates and operators in one expression."""

MAX_DIGITS = 1000
"""Digits of a number literal; its exponent is bounded as well."""

IDENTIFIER = r"[^\W\d][\w-]*+"
_SPACE = re.compile(r"(?:[ \t]++|/\*(?s:.*?)\*/|\r(?=\n))*+")
SPACE_LINES = re.compile(r"(?:\s++|#[^\n]*+|//[^\n]*+|/\*(?s:.*?)\*/)*+")
_NAME = re.compile(IDENTIFIER)
_NUMBER = re.compile(r"\d++(?:\.\d++)?(?:[eE][+-]?\d++)?")
_HEREDOC = re.compile(rf"<<(-?)({IDENTIFIER})\r?\n")
_QUOTED = re.compile(r'[^"\\$%\n]*+')
# A whole expression that needs no more looking at, told by what follows it.
_ATOM_TEXT = rf'(?:"([^"\\$%\n]*+)"|({IDENTIFIER}(?:\.{IDENTIFIER})*+)|(0|[1-9]\d{{0,15}}+))'
_ATOM = re.compile(rf"{_ATOM_TEXT}(?=[ \t]*+(?:[,\n)\]]|\r\n))")
_ATOM_WITHIN = re.compile(rf"{_ATOM_TEXT}(?=[ \t]*+[,)\]])")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+*%-]|/(?![/*])")
_FUNCTION = re.compile(rf"(?:::{IDENTIFIER})*+[ \t]*+\(")
_FOR = re.compile(r"for(?![\w-])")
_PRECEDENCE = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
KEYWORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class Parser:
    """Parses `text[pos:end]`. `newlines` says whether a line break is mere space where the parser stands."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.pos = start
        self.end = end
        self.depth = 0
        self.newlines = False

    # Space and small steps

    def space(self) -> str:
        """Skips space; the next character, empty at the end."""
        pos = self.pos
        if pos < self.end:
            character = self.text[pos]
            if character not in " \t\r\n/#":
                return character
        pattern = SPACE_LINES if self.newlines else _SPACE
        pos = pattern.match(self.text, self.pos, self.end).end()  # type: ignore[union-attr]
        self.pos = pos
        return self.text[pos] if pos < self.end else ""

    def expect(self, text: str, where: str) -> None:
        self.space()
        if not self.text.startswith(text, self.pos, self.end):
            raise SyntaxProblem(f"`{text}` is missing {where}", self.pos)
        self.pos += len(text)

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxProblem(f"it is nested more than {MAX_DEPTH} levels deep", self.pos)

    # Expressions

    def expression(self) -> ast.Node:
        self.space()
        atom = (_ATOM_WITHIN if self.newlines else _ATOM).match(self.text, self.pos, self.end)
        if atom is not None:
            return self.atom(atom)
        self.enter()
        condition = self.binary(1)
        if self.space() == "?":
            self.pos += 1
            positive = self.expression()
            self.expect(":", "in the conditional")
            condition = ast.Conditional(condition, positive, self.expression())
        self.depth -= 1
        return condition

    def atom(self, match: re.Match[str]) -> ast.Node:
        """A constant or a dotted reference that is the whole expression."""
        start, self.pos = match.span()
        if match.lastindex == 1:
            return ast.Literal(start, self.pos, match[1])
        if match.lastindex == 3:
            return ast.Literal(start, self.pos, int(match[3]))
        root, *names = match[2].split(".")
        at = start + len(root)
        base: ast.Node = ast.Name(start, at, root)
        if root in KEYWORDS:
            base = ast.Literal(start, at, KEYWORDS[root])
        if not names:
            return base
        steps: list[ast.Step] = []
        for name in names:
            steps.append(ast.GetAttribute(at, at + 1 + len(name), name))
            at += 1 + len(name)
        return ast.Traversal(start, at, base, steps)

    def binary(self, least: int) -> ast.Node:
        left = self.unary()
        while True:
            self.space()
            match = _OPERATOR.match(self.text, self.pos, self.end)
            if match is None or _PRECEDENCE[match[0]] < least:
                return left
            self.pos = match.end()
            right = self.binary(_PRECEDENCE[match[0]] + 1)
            left = ast.Binary(match[0], left, right)

    def unary(self) -> ast.Node:
        character = self.space()
        if character and character in "-!":
            start = self.pos
            self.pos += 1
            self.enter()
            operand = self.unary()
            self.depth -= 1
            return ast.Unary(start, operand.end, character, operand)
        return self.steps(self.term(character))

    def term(self, character: str) -> ast.Node:
        start = self.pos
        if character == '"':
            return self.quoted()
        if character.isdigit():
            return self.number()
        match character:
            case "[":
                return self.tuple_or_for(start)
            case "{":
                return self.object_or_for(start)
            case "(":
                inner = self.bracketed()
                return ast.Parenthesised(start, self.pos, inner)
            case "<":
                heredoc = _HEREDOC.match(self.text, self.pos, self.end)
                if heredoc is not None:
                    return self.heredoc(heredoc)
        name = _NAME.match(self.text, self.pos, self.end)
        if name is None:
            raise SyntaxProblem("a value is expected here", self.pos)
        self.pos = name.end()
        function = _FUNCTION.match(self.text, self.pos, self.end)
        if function is not None:
            return self.call(start, name[0] + self.text[self.pos : function.end() - 1].rstrip(), function.end())
        if name[0] in KEYWORDS:
            return ast.Literal(start, self.pos, KEYWORDS[name[0]])
        return ast.Name(start, self.pos, name[0])

    def number(self) -> ast.Node:
        match = _NUMBER.match(self.text, self.pos, self.end)
        if match is None:
            raise SyntaxProblem("a number is expected here", self.pos)
        self.pos = match.end()
        return ast.Literal(match.start(), match.end(), number(match[0], match.start()))

    def bracketed(self) -> ast.Node:
        """An expression in parentheses, where line breaks are space. Stands at `(`, ends behind `)`."""
        self.pos += 1
        before, self.newlines = self.newlines, True
        inner = self.expression()
        self.expect(")", "behind the expression")
        self.newlines = before
        return inner

    def call(self, start: int, name: str, pos: int) -> ast.Node:
        self.pos = pos
        before, self.newlines = self.newlines, True
        arguments: list[ast.Node] = []
        expand = False
        while self.space() != ")":
            arguments.append(self.expression())
            character = self.space()
            if self.text.startswith("...", self.pos):
                self.pos += 3
                expand = True
                self.expect(")", "behind `...`")
                self.pos -= 1
            elif character == ",":
                self.pos += 1
            elif character != ")":
                raise SyntaxProblem("`,` or `)` is missing in the function call", self.pos)
        self.pos += 1
        self.newlines = before
        return ast.Call(start, self.pos, name, arguments, expand)

    def tuple_or_for(self, start: int) -> ast.Node:
        self.pos += 1
        before, self.newlines = self.newlines, True
        self.space()
        if _FOR.match(self.text, self.pos, self.end):
            return self.for_expression(start, "]", before)
        items: list[ast.Node] = []
        while self.space() != "]":
            items.append(self.expression())
            character = self.space()
            if character == ",":
                self.pos += 1
            elif character != "]":
                raise SyntaxProblem("`,` or `]` is missing in the list", self.pos)
        self.pos += 1
        self.newlines = before
        return ast.TupleNode(start, self.pos, items)

    def object_or_for(self, start: int) -> ast.Node:
        self.pos += 1
        before, self.newlines = self.newlines, True
        self.space()
        if _FOR.match(self.text, self.pos, self.end) and not self.key_named_for():
            return self.for_expression(start, "}", before)
        items: list[tuple[ast.Node, ast.Node]] = []
        while self.space() != "}":
            key = self.object_key()
            if self.space() not in ("=", ":"):
                raise SyntaxProblem("`=` is missing behind the key", self.pos)
            self.pos += 1
            self.newlines = False
            value = self.expression()
            character = self.space()
            if character == ",":
                self.pos += 1
            elif not self.item_ended(character):
                raise SyntaxProblem("`,` or a line break is missing behind the value", self.pos)
            self.newlines = True
            items.append((key, value))
        self.pos += 1
        self.newlines = before
        return ast.ObjectNode(start, self.pos, items)

    def item_ended(self, character: str) -> bool:
        if not character or character in "}\n\r#":
            return True
        return self.text.startswith("//", self.pos) or self.text[self.pos - 1] == "\n"

    def key_named_for(self) -> bool:
        """Whether `for` is an object's key here: `{ for = 1 }`."""
        at = _SPACE.match(self.text, self.pos + 3, self.end).end()  # type: ignore[union-attr]
        return self.text[at : at + 1] in ("=", ":")

    def object_key(self) -> ast.Node:
        match = _NAME.match(self.text, self.pos, self.end)
        if match is not None:
            after = _SPACE.match(self.text, match.end(), self.end).end()  # type: ignore[union-attr]
            if self.text[after : after + 1] in ("=", ":"):
                self.pos = match.end()
                return ast.Literal(match.start(), match.end(), match[0])
        return self.expression()

    def for_expression(self, start: int, closing: str, before: bool) -> ast.Node:
        self.pos += 3
        names = self.for_names()
        collection = self.expression()
        self.expect(":", "behind the collection of `for`")
        result_key: ast.Node | None = None
        result = self.expression()
        if closing == "}":
            self.expect("=>", "in the object's `for`")
            result_key, result = result, self.expression()
        self.space()
        grouping = self.text.startswith("...", self.pos)
        if grouping:
            self.pos += 3
            self.space()
        condition: ast.Node | None = None
        if self.text.startswith("if", self.pos) and not self.text[self.pos + 2 : self.pos + 3].isalnum():
            self.pos += 2
            condition = self.expression()
        self.expect(closing, "behind the `for` expression")
        self.newlines = before
        return ast.For(start, self.pos, names, collection, result_key, result, condition, grouping)

    def for_names(self) -> tuple[str, str]:
        """The names between `for` and `in`: key (may be empty) and value."""
        first = self.name("a name is expected behind `for`")
        key, value = "", first
        if self.space() == ",":
            self.pos += 1
            key, value = first, self.name("a second name is expected behind `,`")
        if self.name("`in` is missing in `for`") != "in":
            raise SyntaxProblem("`in` is missing in `for`", self.pos)
        return key, value

    def name(self, problem: str) -> str:
        self.space()
        match = _NAME.match(self.text, self.pos, self.end)
        if match is None:
            raise SyntaxProblem(problem, self.pos)
        self.pos = match.end()
        return match[0]

    # Traversals

    def steps(self, base: ast.Node) -> ast.Node:
        text = self.text
        found: list[ast.Step] = []
        current = found
        legacy = False
        space = SPACE_LINES if self.newlines else _SPACE
        while True:
            pos = space.match(text, self.pos, self.end).end()  # type: ignore[union-attr]
            character = text[pos] if pos < self.end else ""
            if character == "." and not text.startswith("...", pos):
                self.pos = pos + 1
                step = self.attribute_step(pos)
            elif character == "[":
                self.pos = pos + 1
                step = self.index_step(pos)
            else:
                break
            if legacy and not isinstance(step, ast.GetAttribute):
                # An index behind an attribute-only splat applies to its result.
                self.close_splat(found)
                base = ast.Traversal(base.start, found[-1].end, base, found)
                found = current = []
                legacy = False
            current.append(step)
            if isinstance(step, ast.Splat):
                legacy = character == "."
                current = step.steps
        if not found:
            return base
        self.close_splat(found)
        return ast.Traversal(base.start, self.pos, base, found)

    def close_splat(self, steps: list[ast.Step]) -> None:
        last = steps[-1] if steps else None
        if isinstance(last, ast.Splat) and last.steps:
            self.close_splat(last.steps)
            last.end = last.steps[-1].end

    def attribute_step(self, start: int) -> ast.Step:
        character = self.space()
        if character == "*":
            self.pos += 1
            return ast.Splat(start, self.pos, [])
        if character.isdigit():
            match = _NUMBER.match(self.text, self.pos, self.end)
            # `a.0.1` is two indices.
            digits = match[0].partition(".")[0] if match is not None else ""
            if match is None or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
                raise SyntaxProblem("a whole number is expected behind `.`", self.pos)
            self.pos += len(digits)
            return ast.GetIndex(start, self.pos, ast.Literal(match.start(), self.pos, int(digits)))
        name = _NAME.match(self.text, self.pos, self.end)
        if name is None:
            raise SyntaxProblem("a name is expected behind `.`", self.pos)
        self.pos = name.end()
        return ast.GetAttribute(start, self.pos, name[0])

    def index_step(self, start: int) -> ast.Step:
        before, self.newlines = self.newlines, True
        if self.space() == "*":
            at = SPACE_LINES.match(self.text, self.pos + 1, self.end).end()  # type: ignore[union-attr]
            if self.text.startswith("]", at):
                self.pos = at + 1
                self.newlines = before
                return ast.Splat(start, self.pos, [])
        key = self.expression()
        self.expect("]", "behind the index")
        self.newlines = before
        return ast.GetIndex(start, self.pos, key)

    # Templates

    def quoted(self) -> ast.Node:
        """A quoted template. Stands at its opening quote."""
        text, start = self.text, self.pos
        end = _QUOTED.match(text, start + 1, self.end).end()  # type: ignore[union-attr]
        if end < self.end and text[end] == '"':
            self.pos = end + 1
            return ast.Literal(start, end + 1, text[start + 1 : end])
        from vmlint.syntax.hcl_template import quoted_template

        return quoted_template(self)

    def heredoc(self, match: re.Match[str]) -> ast.Node:
        from vmlint.syntax.hcl_template import heredoc_template

        return heredoc_template(self, bool(match[1]), match[2], match.end())


def number(text: str, at: int) -> int | Decimal:
    """The exact value of a number literal: an int where it is whole."""
    if len(text) > MAX_DIGITS:
        raise SyntaxProblem(f"the number has more than {MAX_DIGITS} digits", at)
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise SyntaxProblem("it is not a number", at) from None
    if abs(value.adjusted()) > MAX_DIGITS:
        raise SyntaxProblem("the number's exponent is too large", at)
    return int(value) if value == value.to_integral_value() else value
