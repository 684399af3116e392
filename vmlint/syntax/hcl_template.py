"""Templates of HCL: quoted strings, heredocs (flushed too) and whole files.

A template is first cut into literals, interpolations and directives, where `~` trims the neighbouring literal, and
then nested. As in HCL itself, literals of heredocs and files are cut at line breaks, so that `~}` eats up to the
end of its line, and a flushed heredoc loses the least indentation of its lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import SyntaxProblem

if TYPE_CHECKING:
    from vmlint.syntax.hcl_parser import Parser

_QUOTED_PIECE = re.compile(r'[^"\\$%\n]++|[$%](?!\{|[$%]\{)')
_BARE_LINE = re.compile(r"(?:[^$%\n]++|[$%](?!\{|[$%]\{))*+\n?")
_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
SPACES = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go takes for white space."""


class _Directive(ast.Node):
    """`%{ if … }` and the like before nesting. `arguments` are what its keyword takes."""

    __slots__ = ("collection", "keyword", "names")

    def __init__(
        self, start: int, end: int, keyword: str, collection: ast.Node | None, names: tuple[str, str]
    ) -> None:
        super().__init__(start, end)
        self.keyword = keyword
        self.collection = collection
        self.names = names


def quoted_template(parser: Parser) -> ast.Node:
    """A quoted template; the parser stands at its opening quote and ends behind the closing one."""
    start = parser.pos
    parser.pos += 1
    cutter = _Cutter(parser)
    text = parser.text
    while True:
        if parser.pos >= parser.end or text[parser.pos] == "\n":
            raise SyntaxProblem("the string is not closed", start)
        if text[parser.pos] == '"':
            break
        if not cutter.sequence():
            cutter.quoted_piece()
    parser.pos += 1
    return _template(start, parser.pos, cutter.pieces)


def heredoc_template(parser: Parser, flush: bool, marker: str, body: int) -> ast.Node:
    """A heredoc whose text begins at `body`. The parser ends behind the marker, before its line break."""
    start = parser.pos
    closing = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*\r?$", re.MULTILINE)
    parser.pos = body
    cutter = _Cutter(parser)
    while True:
        line = parser.pos == body or parser.text[parser.pos - 1] == "\n"
        match = closing.match(parser.text, parser.pos, parser.end) if line else None
        if match is not None:
            break
        if parser.pos >= parser.end:
            raise SyntaxProblem(f"the heredoc is not closed: no line has just `{marker}`", start)
        if not cutter.sequence():
            cutter.bare_piece()
    parser.pos = match.start() + len(match[0].rstrip())
    if flush:
        _flush(cutter.pieces)
    return _template(start, parser.pos, cutter.pieces, heredoc=True)


def bare_template(parser: Parser) -> ast.Node:
    """All the text of the parser as a template: a file, or a string of JSON."""
    start = parser.pos
    cutter = _Cutter(parser)
    while parser.pos < parser.end:
        if not cutter.sequence():
            cutter.bare_piece()
    return _template(start, parser.end, cutter.pieces)


class _Cutter:
    """Cuts a template into pieces."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.pieces: list[ast.Node] = []
        self.trim = False

    def literal(self, start: int, end: int, text: str) -> None:
        if self.trim:
            text = text.lstrip(SPACES)
            self.trim = False
        self.pieces.append(ast.Literal(start, end, text))

    def quoted_piece(self) -> None:
        """Literal text up to the next quote or sequence, escapes resolved."""
        parser = self.parser
        text, start = parser.text, parser.pos
        found: list[str] = []
        while parser.pos < parser.end:
            match = _QUOTED_PIECE.match(text, parser.pos, parser.end)
            if match is not None:
                found.append(match[0])
                parser.pos = match.end()
            elif text[parser.pos] == "\\":
                found.append(self.escape())
            elif text.startswith(("$${", "%%{"), parser.pos):
                found.append(text[parser.pos] + "{")
                parser.pos += 3
            elif text[parser.pos] in "$%" and not text.startswith(("${", "%{"), parser.pos):
                found.append(text[parser.pos])
                parser.pos += 1
            else:
                break
        self.literal(start, parser.pos, "".join(found))

    def escape(self) -> str:
        parser = self.parser
        match = _ESCAPE.match(parser.text, parser.pos, parser.end)
        if match is None:
            raise SyntaxProblem("there is no such escape sequence", parser.pos, parser.pos + 2)
        parser.pos = match.end()
        if match[1]:
            return _ESCAPED[match[1]]
        code = int(match[2] or match[3], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"

    def bare_piece(self) -> None:
        """Literal text up to the end of the line or the next sequence."""
        parser = self.parser
        text, start = parser.text, parser.pos
        found: list[str] = []
        while parser.pos < parser.end:
            match = _BARE_LINE.match(text, parser.pos, parser.end)
            if match is not None and match[0]:
                found.append(match[0])
                parser.pos = match.end()
                if match[0].endswith("\n"):
                    break
            elif text.startswith(("$${", "%%{"), parser.pos):
                found.append(text[parser.pos] + "{")
                parser.pos += 3
            elif text[parser.pos] in "$%" and not text.startswith(("${", "%{"), parser.pos):
                found.append(text[parser.pos])
                parser.pos += 1
            else:
                break
        self.literal(start, parser.pos, "".join(found))

    def sequence(self) -> bool:
        """An interpolation or a directive, where one stands here."""
        parser = self.parser
        text, start = parser.text, parser.pos
        if not text.startswith(("${", "%{"), start):
            return False
        parser.pos += 2
        if text.startswith("~", parser.pos):
            parser.pos += 1
            self.trim_before()
        self.trim = False
        before, parser.newlines = parser.newlines, True
        parser.enter()
        piece = parser.expression() if text[start] == "$" else self.directive(start)
        parser.depth -= 1
        if parser.space() == "~":
            parser.pos += 1
            self.trim = True
        parser.expect("}", "at the end of the template sequence")
        parser.newlines = before
        if isinstance(piece, ast.Literal):
            # An interpolated constant is no literal text: it is not trimmed.
            piece = ast.Parenthesised(piece.start, piece.end, piece)
        self.pieces.append(piece)
        return True

    def trim_before(self) -> None:
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, ast.Literal) and isinstance(last.value, str):
            last.value = last.value.rstrip(SPACES)

    def directive(self, start: int) -> _Directive:
        parser = self.parser
        keyword = parser.name("a directive is expected here")
        collection: ast.Node | None = None
        names = ("", "")
        match keyword:
            case "if":
                collection = parser.expression()
            case "for":
                names = parser.for_names()
                collection = parser.expression()
            case "else" | "endif" | "endfor":
                pass
            case _:
                raise SyntaxProblem(f"`{keyword}` is no template directive", start)
        return _Directive(start, parser.pos, keyword, collection, names)


def _template(start: int, end: int, pieces: list[ast.Node], heredoc: bool = False) -> ast.Node:
    parts, closing = _nested(pieces, 0, ())
    assert closing == len(pieces)
    match parts:
        case []:
            return ast.Literal(start, end, "")
        case [ast.Literal() as only]:
            return ast.Literal(start, end, only.value)
        case [ast.TemplateIf() | ast.TemplateFor()]:
            return ast.Template(start, end, parts)
        case [_]:
            return ast.Template(start, end, parts, text=heredoc)
    if all(isinstance(part, ast.Literal) for part in parts):
        return ast.Literal(start, end, "".join(str(part.value) for part in parts if isinstance(part, ast.Literal)))
    return ast.Template(start, end, _joined(parts))


def _joined(parts: list[ast.Node]) -> list[ast.Node]:
    """Neighbouring literals as one."""
    result: list[ast.Node] = []
    texts: list[str] = []
    first = last = 0
    for part in parts:
        if isinstance(part, ast.Literal) and isinstance(part.value, str):
            first = first if texts else part.start
            last = part.end
            texts.append(part.value)
            continue
        if texts:
            result.append(ast.Literal(first, last, "".join(texts)))
            texts = []
        result.append(part)
    if texts:
        result.append(ast.Literal(first, last, "".join(texts)))
    return result


def _nested(pieces: list[ast.Node], at: int, closers: tuple[str, ...]) -> tuple[list[ast.Node], int]:
    """Pieces up to a directive of `closers`, nested; the place of that directive, or the end."""
    result: list[ast.Node] = []
    while at < len(pieces):
        piece = pieces[at]
        if not isinstance(piece, _Directive):
            result.append(piece)
            at += 1
            continue
        if piece.keyword in closers:
            return result, at
        if piece.collection is None:
            raise SyntaxProblem(f"`{piece.keyword}` has no beginning", piece.start, piece.end)
        if piece.keyword == "for":
            parts, at = _nested(pieces, at + 1, ("endfor",))
            end = _closing(pieces, at, piece)
            result.append(ast.TemplateFor(piece.start, end, *piece.names, piece.collection, _joined(parts)))
        else:
            positive, at = _nested(pieces, at + 1, ("else", "endif"))
            negative: list[ast.Node] = []
            if at < len(pieces) and getattr(pieces[at], "keyword", "") == "else":
                negative, at = _nested(pieces, at + 1, ("endif",))
            end = _closing(pieces, at, piece)
            result.append(ast.TemplateIf(piece.start, end, piece.collection, _joined(positive), _joined(negative)))
        at += 1
    return result, at


def _closing(pieces: list[ast.Node], at: int, opening: _Directive) -> int:
    if at >= len(pieces):
        raise SyntaxProblem(f"`{opening.keyword}` has no end", opening.start, opening.end)
    return pieces[at].end


def _flush(pieces: list[ast.Node]) -> None:
    """Takes the least indentation from the lines of a flushed heredoc. A line that is all space counts not."""
    least: int | None = None
    adjust: list[ast.Literal] = []
    line_start = True
    for piece in pieces:
        text = piece.value if isinstance(piece, ast.Literal) and isinstance(piece.value, str) else None
        if line_start:
            line_start = False
            if text is None:
                least = 0
            else:
                bare = text.lstrip(SPACES)
                if bare or not text.endswith("\n"):
                    assert isinstance(piece, ast.Literal)
                    adjust.append(piece)
                    spaces = len(text) - len(bare)
                    least = spaces if least is None else min(least, spaces)
        if text is not None and text.endswith("\n"):
            line_start = True
    for literal in adjust:
        literal.value = str(literal.value)[least or 0 :]
