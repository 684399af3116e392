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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vmlint.model.fact import Origin
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Value
from vmlint.syntax.yaml_scalars import resolve

MAX_DEPTH = 200
MAX_NODES = 3_000_000
"""Nodes of one file after aliases are followed: what a walk over the tree may meet."""
MAX_PURE = 2_000_000
"""Characters that the pure parser, twenty times slower, is asked to look at again."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream. `number` counts from 1; an empty document has a `Missing` root."""

    root: Value
    number: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read, and what could not: both always valid. Documents before an error are kept.
    `duplicates` are keys that a mapping sets twice; the last one is in the tree."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...] = ()
    duplicates: tuple[Span, ...] = ()

    @property
    def is_template(self) -> bool:
        """Whether the text is a template (Helm, Jinja) that nobody rendered, and therefore no YAML."""
        return any(problem.kind is ProblemKind.UNRENDERED for problem in self.problems)


def parse(source: SourceText) -> Parsed:
    """Read all documents of a text. Never raises on bad input."""
    from _ruamel_yaml import CParser
    from ruamel.yaml.error import YAMLError

    builder = _Builder(source)
    try:
        builder.run(CParser(source.text).get_event)
    except YAMLError as error:
        if len(source.text) <= MAX_PURE:
            return _parse_again(source)
        return builder.parsed(_refused(source, error))
    except _BudgetError as beyond:
        return builder.parsed(beyond.problem)
    return builder.parsed()


def _parse_again(source: SourceText) -> Parsed:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    builder = _Builder(source)
    try:
        events = iter(YAML(typ="safe", pure=True).parse(source.text))
        builder.run(lambda: next(events, None))
    except YAMLError as error:
        return builder.parsed(_refused(source, error))
    except _BudgetError as beyond:
        return builder.parsed(beyond.problem)
    except (ValueError, IndexError, RecursionError) as error:
        # The pure reader refuses control characters and broken escapes with errors of its own.
        return builder.parsed(_problem(source, 0, f"it is not valid YAML: {error}"))
    return builder.parsed()


def _refused(source: SourceText, error: Any) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    offset = mark.index if mark is not None else position if isinstance(position, int) else 0
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
    return _problem(source, offset, f"it is not valid YAML: {str(reason).splitlines()[0]}")


def _problem(source: SourceText, offset: int, message: str) -> Problem:
    template = template_mark(source)
    if template is not None:
        return Problem(ProblemKind.UNRENDERED, "it is a template that was not rendered", template)
    return Problem(ProblemKind.UNREADABLE, message, source.span(offset, offset + 1))


def template_mark(source: SourceText) -> Span | None:
    """Where a template's first action stands (`{{ … }}`, `{% … %}`), if there is one."""
    starts = [at for at in (source.text.find("{{"), source.text.find("{%")) if at >= 0]
    if not starts:
        return None
    start = min(starts)
    end = source.text.find("\n", start)
    return source.span(start, len(source.text) if end < 0 else end)


class _BudgetError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Open:
    """A collection whose end has not come yet. For a mapping `key` is the key that waits for its value."""

    __slots__ = ("anchor", "entries", "items", "key", "key_start", "merges", "nodes", "start", "tag")

    def __init__(self, start: int, is_mapping: bool, event: Any, nodes: int) -> None:
        self.start = start
        self.entries: dict[str, Value] | None = {} if is_mapping else None
        self.items: list[Value] = []
        self.merges: list[Value] = []
        self.key: str | None = None
        self.key_start = -1
        self.anchor = event.anchor
        self.tag = _custom(event.tag)
        self.nodes = nodes


class _Builder:
    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.duplicates: list[Span] = []
        self.anchors: dict[str, tuple[Value, int]] = {}
        self.stack: list[_Open] = []
        self.root: Value | None = None
        self.number = 0
        self.nodes = 0
        self.templated = False

    def parsed(self, *problems: Problem) -> Parsed:
        return Parsed(tuple(self.documents), (*self.problems, *problems), tuple(self.duplicates))

    def run(self, next_event: Callable[[], Any]) -> None:
        handlers: dict[str, Callable[[Any], None]] = {
            "ScalarEvent": self.scalar,
            "MappingStartEvent": lambda event: self.open(event, True),
            "SequenceStartEvent": lambda event: self.open(event, False),
            "MappingEndEvent": self.close,
            "SequenceEndEvent": self.close,
            "AliasEvent": self.alias,
            "DocumentStartEvent": self.document_start,
            "DocumentEndEvent": self.document_end,
        }
        while (event := next_event()) is not None:
            handler = handlers.get(type(event).__name__)
            if handler is not None:
                handler(event)

    def document_start(self, event: Any) -> None:
        self.number += 1
        self.anchors = {}
        self.root = None
        self.templated = False
        self.start = event.end_mark.index

    def document_end(self, event: Any) -> None:
        if self.templated:
            mark = template_mark(self.source) or self.source.whole()
            self.problems.append(Problem(ProblemKind.UNRENDERED, "it is a template that was not rendered", mark))
            return
        root = self.root if self.root is not None else Missing(self.source, self.start, self.start)
        self.documents.append(Document(root, self.number))

    def scalar(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        stack = self.stack
        if stack:
            top = stack[-1]
            if top.entries is not None and top.key is None:
                top.key, top.key_start = event.value, start
                if event.anchor:
                    self._anchor(event.anchor, Scalar(event.value, self.source, start, end), 1)
                if event.value == "<<" and not event.implicit[0]:
                    top.key = "\0<<"  # a quoted `<<` is an ordinary key
                return
        text = event.value
        tag = event.tag
        value = resolve(text) if tag is None and event.implicit[0] else text
        node = Scalar(value, self.source, start, end)
        if tag is not None:
            _apply_tag(node, tag, text)
        if event.anchor:
            self._anchor(event.anchor, node, 1)
        self._count(1, start)
        self._add(node)

    def open(self, event: Any, is_mapping: bool) -> None:
        start = event.start_mark.index
        if len(self.stack) >= MAX_DEPTH:
            self._beyond(start, f"it is nested deeper than {MAX_DEPTH} levels")
        top = self.stack[-1] if self.stack else None
        if top is not None and top.entries is not None and top.key is None:
            # A collection as a key: `{{ value }}` reads so, and nothing that a platform accepts.
            top.key, top.key_start = "\0", start
            self.templated = self.templated or self.source.text.startswith(("{{", "{%"), start - 1)
            self.stack.append(_Open(start, is_mapping, event, -1))
            return
        self._count(1, start)
        self.stack.append(_Open(start, is_mapping, event, self.nodes))

    def close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.nodes < 0:
            return
        end = self._end(done, event)
        node: Value
        if done.entries is None:
            node = Sequence(done.items, self.source, done.start, end)
        else:
            for merge in done.merges:
                _merge(done.entries, merge)
            node = Mapping(done.entries, self.source, done.start, end)
        node.tag = done.tag
        if done.anchor:
            self._anchor(done.anchor, node, self.nodes - done.nodes + 1)
        self._add(node)

    def _end(self, done: _Open, event: Any) -> int:
        """A block collection's end mark runs on to the next token: the last child's end is the true one."""
        if event.end_mark.index > event.start_mark.index:
            return int(event.end_mark.index)
        last: Value | None = None
        if done.items:
            last = done.items[-1]
        elif done.entries:
            last = next(reversed(done.entries.values()))
        return max(done.start, last.end if last is not None else done.start)

    def alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor not in self.anchors:
            self._beyond(start, f"it uses the alias *{event.anchor}, which nothing defines")
        node, nodes = self.anchors[event.anchor]
        top = self.stack[-1] if self.stack else None
        if top is not None and top.entries is not None and top.key is None:
            top.key = node.text if isinstance(node, Scalar) else "\0"
            top.key_start = start
            return
        self._count(nodes, start)
        origin = Origin(f"anchor &{event.anchor}", node.span.first_line())
        self._add(node.moved(self.source.span(start, end), origin))

    def _anchor(self, name: str, node: Value, nodes: int) -> None:
        self.anchors[name] = (node, nodes)

    def _add(self, node: Value) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.entries is None:
            top.items.append(node)
            return
        key, top.key = top.key, None
        node.key_start = top.key_start
        if key == "<<":
            top.merges.extend(node.items if isinstance(node, Sequence) else [node])
        elif key is not None and not key.startswith("\0"):
            if key in top.entries:
                self.duplicates.append(self.source.span(top.key_start, top.key_start + len(key)))
                del top.entries[key]
            top.entries[key] = node
        elif key == "\0<<":
            top.entries["<<"] = node

    def _count(self, nodes: int, at: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self._beyond(at, f"it holds more than {MAX_NODES:,} nodes once its aliases are followed")

    def _beyond(self, at: int, message: str) -> None:
        raise _BudgetError(Problem(ProblemKind.UNREADABLE, message, self.source.span(at, at + 1)))


def _merge(entries: dict[str, Value], merged: Value) -> None:
    """`<<`: keys of `merged` that are not there yet; of several the first wins, as the merge key's type says."""
    if not isinstance(merged, Mapping):
        return
    origin = Origin("merge key", merged.span)
    for key, value in merged.entries.items():
        if key not in entries:
            entries[key] = value.moved(value.span, origin, key_start=value.key_start)


_CORE = "tag:yaml.org,2002:"


def _custom(tag: str | None) -> str | None:
    """A tag that is not one of YAML's own types: `!reset`, `!Ref`."""
    return None if tag is None or tag.startswith(_CORE) or tag == "!" else tag


def _apply_tag(node: Scalar, tag: str, text: str) -> None:
    node.tag = _custom(tag)
    if tag.startswith(_CORE) and tag != f"{_CORE}str":
        node.value = resolve(text)
