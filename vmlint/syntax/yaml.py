"""YAML text to trees of values with places.

The tree is built straight from the events of ruamel.yaml's C parser: a compose step would cost three times as
much and overflow the C stack on hostile nesting. What that parser refuses is tried once more with ruamel's pure
parser, which accepts some valid flow scalars that libyaml 0.1 does not (`[8080:80]`), and whose error is the one
to show. JSON is read as the YAML flow style that it is.

Scalars are resolved as Go's YAML readers do, which Kubernetes and Compose are built on: the YAML 1.2 core types
and octal integers. The booleans of YAML 1.1 (`yes`, `on`) stay strings; `vmlint.model.value.boolean` reads them
where a boolean is meant.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Iterator

from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record
from vmlint.model.span import SourceText, Span
from vmlint.syntax.yaml_tree import UNRENDERED, Document, RefusedError, TreeBuilder

__all__ = ["Document", "Parsed", "parse", "template_mark"]

MAX_PURE = 2_000_000
"""Characters of one file that the pure parser, twenty times slower, is asked to look at again."""
MAX_BROKEN = 20
"""Broken documents of one file behind which reading goes on."""


@record
class Parsed:
    """What could be read, and what could not: both always valid. A broken document is a problem, and those before
    and behind it are read. `duplicates` are keys that a mapping sets twice; the last one is in the tree.
    `collections_as_keys` are lists and mappings where a key should stand; they are not in the tree."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    duplicates: tuple[Span, ...] = ()
    collections_as_keys: tuple[Span, ...] = ()


def parse(source: SourceText) -> Parsed:
    """Read all documents of a text. Never raises on bad input."""
    collecting = gc.isenabled()
    gc.disable()  # a tree has no cycles, and walking it while it grows takes a third of the time
    try:
        return _parse(source)
    finally:
        if collecting:
            gc.enable()


def _parse(source: SourceText) -> Parsed:
    documents: list[Document] = []
    problems: list[Problem] = []
    duplicates: list[Span] = []
    collections: list[Span] = []
    number = nodes = start = 0
    pure = MAX_PURE
    while True:
        builder, failure = _read(source, start, number, nodes, pure)
        pure -= len(source.text)
        documents += builder.documents
        problems += builder.problems
        duplicates += builder.duplicates
        collections += builder.collections_as_keys
        if failure is not None:
            problems.append(_problem(source, start, failure))
        number, nodes = builder.number, builder.nodes
        if failure is None or failure.final or problems[-1].kind is ProblemKind.UNRENDERED:
            break
        start = source.text.find("\n---", max(start, failure.offset - 1)) + 1
        if not start or len(problems) >= MAX_BROKEN:
            break
    return Parsed(tuple(documents), tuple(problems), tuple(duplicates), tuple(collections))


def _read(
    source: SourceText, start: int, number: int, nodes: int, pure: int
) -> tuple[TreeBuilder, RefusedError | None]:
    """Read the documents from the offset `start` on, up to the first that is broken. `pure` is how many characters
    the pure parser may look at."""
    from _ruamel_yaml import CParser
    from ruamel.yaml.error import YAMLError

    text = _from(source, start)
    builder = TreeBuilder(source, number, nodes)
    try:
        builder.run(CParser(text).get_event)
    except RefusedError as refused:
        return builder, refused
    except (YAMLError, ValueError) as error:
        failure = _refusal(error)
        if len(text) > pure or _is_templated_at(source, failure.offset):
            return builder, failure
        return _read_purely(TreeBuilder(source, number, nodes), text)
    return builder, None


def _from(source: SourceText, start: int) -> str:
    """The text from an offset on. What stands before is blanked, so that the parser's offsets are the file's."""
    return source.text if start == 0 else " " * (start - 1) + "\n" + source.text[start:]


def _read_purely(builder: TreeBuilder, text: str) -> tuple[TreeBuilder, RefusedError | None]:
    from ruamel.yaml import YAML

    try:
        events = iter(YAML(typ="safe", pure=True).parse(text))
        builder.run(lambda: next(events, None))
    except RefusedError as refused:
        return builder, refused
    except Exception as error:  # the pure parser meets broken escapes and odd versions with errors of any class
        return builder, _refusal(error)
    return builder, None


def _refusal(error: Exception) -> RefusedError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    offset = int(mark.index) if mark is not None else position if isinstance(position, int) else 0
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or error
    lines = str(reason).splitlines() or ["it cannot be parsed"]
    return RefusedError(f"it is not valid YAML: {lines[0]}", offset, final=False)


def _problem(source: SourceText, start: int, refused: RefusedError) -> Problem:
    if not refused.final:
        template = _template_before(source, start, refused.offset)
        if template is not None:
            return Problem(ProblemKind.UNRENDERED, UNRENDERED, template)
    return Problem(ProblemKind.UNREADABLE, refused.message, source.span(refused.offset, refused.offset + 1))


_ACTION = re.compile(r"\{[{%]")


def _template_before(source: SourceText, start: int, offset: int) -> Span | None:
    """The first action of a template, in the document that breaks at an offset, that is no part of a string or a
    block of text: only such a one breaks YAML."""
    text = source.text
    begin = max(start, text.rfind("\n---", 0, max(0, offset - 1)) + 1)
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    if _ACTION.search(text, begin, end) is None:
        return None
    strings = list(_strings(source, start))
    starts = [left for left, _ in strings]
    while (match := _ACTION.search(text, begin, end)) is not None:
        at = match.start()
        around = bisect_right(starts, at) - 1
        last = strings[around][1] if around >= 0 else 0
        comment = _comment_end(text, at)
        if text.find("}}" if text[at + 1] == "{" else "%}", at, last) >= 0:
            begin = last
        elif comment:
            begin = comment
        else:
            return _line_from(source, at)
    return None


def _comment_end(text: str, at: int) -> int:
    """Where the comment ends that a place lies in; 0 where it lies in none."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    if not before.lstrip().startswith("#") and " #" not in before:
        return 0
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _strings(source: SourceText, start: int) -> Iterator[tuple[int, int]]:
    """Where quoted strings and blocks of text stand, up to what is broken."""
    from _ruamel_yaml import CParser
    from ruamel.yaml.error import YAMLError

    try:
        parser = CParser(_from(source, start))
        while (event := parser.get_event()) is not None:
            if getattr(event, "style", None) in ("'", '"', "|", ">"):
                yield event.start_mark.index, event.end_mark.index
    except (YAMLError, ValueError):
        return


def template_mark(source: SourceText) -> Span | None:
    """Where a template's first action stands (`{{ … }}`, `{% … %}`), if there is one."""
    starts = [at for at in (source.text.find("{{"), source.text.find("{%")) if at >= 0]
    if not starts:
        return None
    return _line_from(source, min(starts))


def _line_from(source: SourceText, start: int) -> Span:
    end = source.text.find("\n", start)
    return source.span(start, len(source.text) if end < 0 else end)


def _is_templated_at(source: SourceText, offset: int) -> bool:
    """Whether a template's action is what broke the YAML: on the line of the offset, or at the very beginning of
    the line before, where no block of text can stand."""
    line_start = source.text.rfind("\n", 0, offset) + 1
    end = source.text.find("\n", offset)
    line = source.text[line_start : len(source.text) if end < 0 else end]
    before = source.text.rfind("\n", 0, max(0, line_start - 1)) + 1
    return "{{" in line or "{%" in line or source.text.startswith(("{{", "{%"), before)
