"""JSON and YAML that an attribute holds as text: container definitions, manifests, chart values.

Text that an encoder made keeps its tree. Other text is parsed, and its keys and values are looked up in the source
in the order in which they stand, so that a finding underlines `"privileged": true` and not the whole heredoc.
"""

from __future__ import annotations

from vmlint.model.fact import Unknown
from vmlint.model.span import SourceText, Span
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value
from vmlint.sources.provisioning.script import UNKNOWN, reach, script_text


def trees(value: Value) -> list[Value]:
    """The documents that a value holds; none where it is not known or cannot be read."""
    if isinstance(value, Mapping | Sequence):
        return [value]
    if not isinstance(value, Scalar | Unresolved):
        return []
    if isinstance(value.content, Mapping | Sequence):
        return [value.content]
    written = script_text(value)
    if written is None:
        return []
    from vmlint.syntax.yaml import parse

    parsed = parse(SourceText("<text>", written))
    return [_Placing(value).place(document.root) for document in parsed.documents]


def placed(root: Value, value: Value) -> Value:
    """A tree that was parsed from the text of a value, with the places that its keys and values have in the source
    of the text."""
    return _Placing(value).place(root)


def tree(value: Value) -> Value | None:
    """The one document that a value holds."""
    return next(iter(trees(value)), None)


class _Placing:
    """Moves a tree into the source of the text that it was parsed from. `_at` only goes forward."""

    def __init__(self, value: Value) -> None:
        spans = [value.span, *map(reach, value.via)]
        longest = max(spans, key=lambda span: span.end - span.start)
        self._value = value
        self._within = longest
        self._at = longest.start

    def place(self, node: Value) -> Value:
        match node:
            case Mapping():
                begin = self._at
                entries = {key: self._entry(key, child) for key, child in node.entries.items()}
                made = Mapping(entries, self._within.source, begin, max(begin, self._at), self._value.via)
                made.tag = node.tag
                return made
            case Sequence():
                begin = self._at
                items = [self.place(item) for item in node.items]
                return Sequence(items, self._within.source, begin, max(begin, self._at), self._value.via)
            case Scalar():
                return self._scalar(node)
            case Unresolved():
                return self._unknown(node)
        return Missing(*self._start())

    def _unknown(self, node: Unresolved) -> Value:
        found = node.unknown
        unknown = Unknown(found.expression, found.reason, Span(*self._start()), self._value.via, found.prefix)
        return Unresolved(unknown, node.parts)

    def _start(self) -> tuple[SourceText, int, int]:
        return self._within.source, self._at, self._at

    def _entry(self, key: str, child: Value) -> Value:
        key_start = self._find(f'"{key}"', f"{key}:", key)
        placed = self.place(child)
        if key_start is not None:
            placed.key_start = key_start
            if isinstance(placed, Mapping | Sequence):
                placed.start = key_start
        return placed

    def _scalar(self, node: Scalar) -> Value:
        shown = node.text
        found = self._find(f'"{shown}"', shown) if shown and UNKNOWN not in shown else None
        if UNKNOWN in shown:
            known = shown.split(UNKNOWN)[0]
            span = Span(self._within.source, self._at, self._at)
            name = self._value.unknown.expression if isinstance(self._value, Unresolved) else ""
            parts = tuple(part for part in (known,) if part)
            unknown = Unknown(name, "the text is not known as a whole", span, self._value.via, known)
            return Unresolved(unknown, (*parts, unknown))
        if found is None:
            return Scalar(node.value, *self._start(), self._value.via)
        return Scalar(node.value, self._within.source, found, self._at, self._value.via)

    def _find(self, *texts: str) -> int | None:
        """Where the first of the texts that occurs begins; reading goes on behind it."""
        for text in texts:
            offset = self._within.source.text.find(text, self._at, self._within.end)
            if offset >= 0:
                self._at = offset + len(text)
                return offset
        return None
