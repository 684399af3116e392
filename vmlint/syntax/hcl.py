"""HCL: a file to top-level blocks, a block to its tree when somebody asks.

`blocks` cuts a file with one regular expression at 20 MB/s; most blocks of a real repository are never read
further. `RawBlock.body` parses one with our own recursive-descent parser. Why not python-hcl2's grammar alone: on
the same blocks it is ten times slower, importing it and its compiled grammar costs more than the whole start of
a hook on one file, it says nothing of the inside of heredocs, and its errors have no place in the attribute.
python-hcl2 has the second opinion (`vmlint.syntax.hcl_opinion`): what our parser refuses is put to it before
the text is called wrong, and it is the oracle of a test over real files.

Errors are values, confined to the block or attribute where they are.
"""

from __future__ import annotations

import re

from vmlint.model.span import SourceText, Span
from vmlint.syntax import hcl_ast as ast
from vmlint.syntax.hcl_ast import Body, SyntaxProblem

# Everything that opens or closes nothing: text, simple strings, comments.
_BORING = re.compile(
    r'(?:[^"{}#/<\[\]()\n]++|"(?:[^"\\$%\n]++|\\.|[$%](?!\{))*+"|#[^\n]*+|//[^\n]*+|/(?![/*])'
    r"|/\*(?s:.*?)\*/|<(?!<-?[^\W\d]))*+"
)
_WITHIN = re.compile(
    r'(?:[^"{}#/<]++|"(?:[^"\\$%\n]++|\\.|[$%](?!\{))*+"|#[^\n]*+|//[^\n]*+|/(?![/*])'
    r"|/\*(?s:.*?)\*/|<(?!<-?[^\W\d]))*+"
)
_GAP = re.compile(r"(?:\s++|#[^\n]*+|//[^\n]*+|/\*(?s:.*?)\*/)*+")
_HEADER = re.compile(
    r'([^\W\d][\w-]*+)((?:[ \t]*+(?:"(?:[^"\\\n]|\\.)*+"|[^\W\d][\w-]*+))*+)[ \t]*+(?:\r?\n[ \t]*)?\{'
)
_LABEL = re.compile(r'"((?:[^"\\\n]|\\.)*+)"|([^\W\d][\w-]*+)')
_HEREDOC = re.compile(r"<<-?([^\W\d][\w-]*+)[ \t]*\r?\n")
_NEXT = re.compile(r'^(?:resource|data|module|variable|locals|output|provider|terraform|moved|import|check|removed)'
                   r'(?:[ \t]+"[^"\n]*")*[ \t]*\{', re.MULTILINE)  # fmt: skip
_STRING_STEP = re.compile(r'(?:[^"\\$%\n]++|\\.|[$%](?!\{))*+')

MAX_NESTED_STRINGS = 100

MAX_PROBLEMS = 100
"""Errors between the blocks of one file; each may have taken a look at all that follows."""


class RawBlock:
    """A top-level block before anybody reads it: `start:end` with its braces, `header_end` behind its last
    label, the body's text at `body_start:body_end`."""

    __slots__ = ("_body", "body_end", "body_start", "end", "header_end", "labels", "source", "start", "type")

    def __init__(
        self, source: SourceText, kind: str, labels: tuple[str, ...], start: int, header_end: int,
        body_start: int, end: int,
    ) -> None:  # fmt: skip
        self.source = source
        self.type = kind
        self.labels = labels
        self.start = start
        self.header_end = header_end
        self.body_start = body_start
        self.body_end = end - 1
        self.end = end
        self._body: Body | None = None

    @property
    def span(self) -> Span:
        """The header: `resource "aws_instance" "web"`."""
        return Span(self.source, self.start, self.header_end)

    @property
    def block_span(self) -> Span:
        return Span(self.source, self.start, self.end)

    @property
    def body(self) -> Body:
        """The parsed body, parsed once."""
        if self._body is None:
            self._body = parse_body(self.source, self.body_start, self.body_end)
        return self._body

    @body.setter
    def body(self, body: Body) -> None:
        self._body = body

    @property
    def is_parsed(self) -> bool:
        return self._body is not None

    def __repr__(self) -> str:
        return f"RawBlock({self.type!r}, {self.labels!r})"


class Document:
    """The top-level blocks of a file, and what is wrong between them."""

    __slots__ = ("blocks", "problems", "source")

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.blocks: list[RawBlock] = []
        self.problems: list[SyntaxProblem] = []


def blocks(source: SourceText) -> Document:
    """The top-level blocks of a `.tf` file. Never raises."""
    document = Document(source)
    text = source.text
    at = 0
    while True:
        at = _gap(text, at)
        if at >= len(text):
            return document
        if len(document.problems) >= MAX_PROBLEMS:
            document.problems.append(SyntaxProblem("it has too many errors: the rest is not read", at, at + 1))
            return document
        match = _HEADER.match(text, at)
        if match is None:
            problem = "a block is expected here"
            if text.startswith("/*", at):
                problem = "the comment is not closed"
            document.problems.append(SyntaxProblem(problem, at, _line_end(text, at)))
            at = max(end_of_item(text, at, len(text)), at + 1)
            continue
        try:
            end = _end_of_block(text, match.end())
        except SyntaxProblem as found:
            document.problems.append(found)
            end = 0
        if not end:
            following = _NEXT.search(text, match.end())
            if not document.problems or document.problems[-1].start < match.start():
                document.problems.append(SyntaxProblem("the block is not closed", match.start(), match.end()))
            if following is None:
                return document
            at = following.start()
            continue
        labels = tuple(a if a or not b else b for a, b in _LABEL.findall(match[2])) if match[2] else ()
        header_end = match.end(2) if match[2] else match.end(1)
        document.blocks.append(RawBlock(source, match[1], labels, match.start(), header_end, match.end(), end))
        at = end


def parse_body(source: SourceText, start: int, end: int) -> Body:
    """The attributes and blocks of `source.text[start:end]`. Never raises."""
    from vmlint.syntax.hcl_body import BodyParser

    try:
        return BodyParser(source.text, start, end).body(nested=False)
    except SyntaxProblem as problem:
        body = Body()
        body.problems.append(problem)
    except RecursionError:
        body = Body()
        body.problems.append(SyntaxProblem("it is nested too deeply", start))
    return body


def parse_file(source: SourceText) -> Body:
    """A whole file as one body: variable files, and HCL that is not Terraform."""
    return parse_body(source, 0, len(source.text))


def parse_expression(source: SourceText, start: int = 0, end: int = -1) -> ast.Node:
    """The expression that `source.text[start:end]` is. Raises SyntaxProblem."""
    from vmlint.syntax.hcl_parser import Parser

    parser = Parser(source.text, start, len(source.text) if end < 0 else end)
    parser.newlines = True
    try:
        node = parser.expression()
        if parser.space():
            raise SyntaxProblem("more text follows the expression", parser.pos)
    except RecursionError:
        raise SyntaxProblem("it is nested too deeply", start) from None
    return node


def parse_template(source: SourceText, start: int = 0, end: int = -1) -> ast.Node:
    """The template that `source.text[start:end]` is, as `templatefile` reads a file. Raises SyntaxProblem."""
    from vmlint.syntax.hcl_parser import Parser
    from vmlint.syntax.hcl_template import bare_template

    try:
        return bare_template(Parser(source.text, start, len(source.text) if end < 0 else end))
    except RecursionError:
        raise SyntaxProblem("it is nested too deeply", start) from None


def end_of_item(text: str, start: int, end: int) -> int:
    """Where the attribute or block that begins at `start` ends, by its brackets alone: how a parser goes on behind
    what it cannot read."""
    at, depth = start, 0
    while at < end:
        at = _BORING.match(text, at, end).end()  # type: ignore[union-attr]
        if at >= end:
            break
        character = text[at]
        if character == "\n":
            if depth <= 0:
                return at
            at += 1
        elif character in "{[(":
            depth += 1
            at += 1
        elif character in "}])":
            if depth == 0 and character == "}":
                return at
            depth = max(0, depth - 1)
            at += 1
        else:
            try:
                at = _end_of_text(text, at)
            except SyntaxProblem:
                return _line_end(text, start)
    return end


def _gap(text: str, at: int) -> int:
    return _GAP.match(text, at).end()  # type: ignore[union-attr]


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _end_of_block(text: str, at: int) -> int:
    """The place behind the brace that closes a block whose inside begins at `at`; 0 where none does."""
    depth = 1
    while True:
        at = _WITHIN.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            return 0
        character = text[at]
        if character == "{":
            depth += 1
            at += 1
        elif character == "}":
            depth -= 1
            at += 1
            if depth == 0:
                return at
        else:
            at = _end_of_text(text, at)


def _end_of_text(text: str, at: int) -> int:
    """The end of a string with templates, or of a heredoc."""
    if text[at] == '"':
        return _end_of_string(text, at, 0)
    if text[at] == "/":
        raise SyntaxProblem("the comment is not closed", at, at + 2)
    match = _HEREDOC.match(text, at)
    if match is None:
        return at + 2
    closing = re.compile(rf"^[ \t]*{re.escape(match[1])}[ \t]*\r?$", re.MULTILINE).search(text, match.end())
    if closing is None:
        raise SyntaxProblem(f"the heredoc is not closed: no line has just `{match[1]}`", at, match.end())
    return closing.end()


def _end_of_string(text: str, at: int, level: int) -> int:
    start = at
    at += 1
    while True:
        at = _STRING_STEP.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text) or text[at] == "\n":
            raise SyntaxProblem("the string is not closed", start, _line_end(text, start))
        if text[at] == '"':
            return at + 1
        escaped = text[at - 1] == text[at] and text[at - 2 : at] != text[at] * 3
        at += 2
        if not escaped:
            at = _end_of_sequence(text, at, level + 1)


def _end_of_sequence(text: str, at: int, level: int) -> int:
    """The place behind the brace that closes a template sequence whose inside begins at `at`."""
    if level > MAX_NESTED_STRINGS:
        raise SyntaxProblem("strings are nested too deeply", at)
    start, depth = at, 1
    while True:
        at = _WITHIN.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            raise SyntaxProblem("the template sequence is not closed", start)
        if text[at] == "{":
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            at += 1
            if depth == 0:
                return at
        elif text[at] == '"':
            at = _end_of_string(text, at, level)
        else:
            at = _end_of_text(text, at)
