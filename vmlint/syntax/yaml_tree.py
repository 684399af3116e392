"""Trees of values from the events of a YAML parser.

Aliases share nodes: what a walk over the tree would meet is counted as the aliases are followed, so that an
alias bomb is refused before anybody walks it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vmlint.model.fact import Origin
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.record import record
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Value
from vmlint.syntax.yaml_scalars import resolve

MAX_DEPTH = 200
MAX_NODES = 3_000_000
"""Nodes of one file after aliases are followed: what a walk over the tree may meet."""

UNRENDERED = "it is a template that was not rendered"


@record
class Document:
    """One document of a stream. `number` counts from 1; an empty document has a `Missing` root."""

    root: Value
    number: int


class RefusedError(Exception):
    """The text is YAML, and vmlint does not go on with it. `final` says that no document behind it is read."""

    def __init__(self, message: str, offset: int, *, final: bool) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.final = final


class _Open:
    """A collection whose end has not come yet. For a mapping `key` is the key that waits for its value."""

    __slots__ = (
        "anchor",
        "end",
        "entries",
        "is_key",
        "items",
        "key",
        "key_start",
        "merges",
        "nodes",
        "start",
        "tag",
    )

    def __init__(self, start: int, is_mapping: bool, is_key: bool, event: Any, nodes: int) -> None:
        self.start = start
        self.is_key = is_key
        self.end = start
        self.entries: dict[str, Value] | None = {} if is_mapping else None
        self.items: list[Value] = []
        self.merges: list[Value] = []
        self.key: str | None = None
        self.key_start = -1
        self.anchor = event.anchor
        self.tag = _custom(event.tag)
        self.nodes = nodes


# Keys that no YAML key can be mistaken for: one that is a collection, and a quoted `<<`, which merges nothing.
_COMPLEX = "\0"
_QUOTED_MERGE = "\0<<"


class TreeBuilder:
    """Takes the events of one stream in `run`; `documents` are those that are complete."""

    def __init__(self, source: SourceText, number: int = 0, nodes: int = 0) -> None:
        self.source = source
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.duplicates: list[Span] = []
        self.collections_as_keys: list[Span] = []
        self.number = number
        self.nodes = nodes
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._stack: list[_Open] = []
        self._root: Value | None = None
        self._start = 0
        self._template = -1

    def run(self, next_event: Callable[[], Any]) -> None:
        """Build until `next_event` gives None. Raises what it raises, and RefusedError."""
        from ruamel.yaml import events

        handlers = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._open_mapping,
            events.SequenceStartEvent: self._open_sequence,
            events.MappingEndEvent: self._close,
            events.SequenceEndEvent: self._close,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._document_start,
            events.DocumentEndEvent: self._document_end,
        }.get
        while (event := next_event()) is not None:
            handler = handlers(type(event))
            if handler is not None:
                handler(event)

    def _document_start(self, event: Any) -> None:
        self.number += 1
        self._anchors = {}
        self._root = None
        self._template = -1
        self._start = event.end_mark.index

    def _document_end(self, event: Any) -> None:
        if self._template >= 0:
            mark = self.source.span(self._template, self._template + 2)
            self.problems.append(Problem(ProblemKind.UNRENDERED, UNRENDERED, mark))
            return
        root = self._root if self._root is not None else Missing(self.source, self._start, self._start)
        self.documents.append(Document(root, self.number))

    def _scalar(self, event: Any) -> None:
        start = event.start_mark.index
        text = event.value
        if not text.isascii() and event.style == '"':
            text = _paired(text)
        stack = self._stack
        if stack:
            top = stack[-1]
            if top.entries is not None and top.key is None:
                top.key, top.key_start = text, start
                if text == "<<" and not event.implicit[0]:
                    top.key = _QUOTED_MERGE
                if event.anchor:
                    self._anchors[event.anchor] = (Scalar(text, self.source, start, event.end_mark.index), 1)
                return
        end = event.end_mark.index
        tag = event.tag
        if tag is None and event.implicit[0]:
            node = Scalar(resolve(text), self.source, start, end)
        else:
            if event.style in ("|", ">"):
                end = start + len(self.source.text[start:end].rstrip())  # the mark is behind the empty lines
            node = Scalar(text, self.source, start, end)
            if tag is not None:
                _apply_tag(node, tag, text)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._too_many(start)
        self._add(node)

    def _open_mapping(self, event: Any) -> None:
        self._open(event, True)

    def _open_sequence(self, event: Any) -> None:
        self._open(event, False)

    def _open(self, event: Any, is_mapping: bool) -> None:
        start = event.start_mark.index
        stack = self._stack
        if len(stack) >= MAX_DEPTH:
            raise RefusedError(f"it is nested deeper than {MAX_DEPTH} levels", start, final=True)
        nodes = self.nodes
        is_key = bool(stack) and stack[-1].entries is not None and stack[-1].key is None
        if is_key:
            # A collection as a key: `{{ value }}` reads so, and nothing that a platform accepts.
            stack[-1].key, stack[-1].key_start = _COMPLEX, start
            if self._template < 0 and self.source.text.startswith("{{", start - 1):
                self._template = start - 1
        self._count(1, start)
        stack.append(_Open(start, is_mapping, is_key, event, nodes))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        end = event.end_mark.index
        if end == event.start_mark.index:
            end = done.end  # a block's mark runs on to the next token: the last child's end is the true one
        node: Value
        if done.entries is None:
            node = Sequence(done.items, self.source, done.start, end)
        else:
            for merge in done.merges:
                _merge(done.entries, merge)
            node = Mapping(done.entries, self.source, done.start, end)
        node.tag = done.tag
        if done.anchor:
            self._anchors[done.anchor] = (node, self.nodes - done.nodes)
        if not done.is_key:
            self._add(node)

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor not in self._anchors:
            message = f"it uses the alias *{event.anchor}, which nothing before it defines"
            raise RefusedError(message, start, final=False)
        node, nodes = self._anchors[event.anchor]
        top = self._stack[-1] if self._stack else None
        if top is not None and top.entries is not None and top.key is None:
            top.key = node.text if isinstance(node, Scalar) else _COMPLEX
            top.key_start = start
            return
        self._count(nodes, start)
        origin = Origin(f"anchor &{event.anchor}", node.span.first_line())
        self._add(node.moved(self.source.span(start, end), origin))

    def _add(self, node: Value) -> None:
        stack = self._stack
        if not stack:
            self._root = node
            return
        top = stack[-1]
        top.end = node.end
        entries = top.entries
        if entries is None:
            top.items.append(node)
            return
        key, top.key = top.key, None
        node.key_start = top.key_start
        if key == "<<":
            top.merges.extend(node.items if isinstance(node, Sequence) else [node])
        elif key == _QUOTED_MERGE:
            entries["<<"] = node
        elif key == _COMPLEX:
            self.collections_as_keys.append(self.source.span(top.key_start, top.key_start + 1))
        elif key is not None:
            if key in entries:
                self.duplicates.append(self.source.span(top.key_start, top.key_start + len(key)))
            entries[key] = node

    def _count(self, nodes: int, at: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self._too_many(at)

    def _too_many(self, at: int) -> None:
        message = f"it holds more than {MAX_NODES:,} nodes once its aliases are followed"
        raise RefusedError(message, at, final=True)


def _merge(entries: dict[str, Value], merged: Value) -> None:
    """`<<`: keys of `merged` that are not there yet; of several the first wins, as the merge key's type says."""
    if not isinstance(merged, Mapping):
        return
    origin = Origin("merge key", merged.span)
    for key, value in merged.entries.items():
        if key not in entries:
            entries[key] = value.moved(value.span, *merged.via, origin, key_start=value.key_start)


def _paired(text: str) -> str:
    """JSON escapes characters beyond the first plane as two halves; a half alone is no character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_CORE = "tag:yaml.org,2002:"


def _custom(tag: str | None) -> str | None:
    """A tag that is not one of YAML's own types: `!reset`, `!Ref`."""
    return None if tag is None or tag.startswith(_CORE) or tag == "!" else tag


def _apply_tag(node: Scalar, tag: str, text: str) -> None:
    node.tag = _custom(tag)
    if tag.startswith(_CORE) and tag != f"{_CORE}str":
        node.value = resolve(text)
