"""Job specifications of Nomad: HCL that is nearly data. Variables have their defaults; functions, locals and what
Nomad fills in at run time are unknown.
"""

from __future__ import annotations

from vmlint.evaluation.terraform.texts import text_of
from vmlint.evaluation.terraform.values import unresolved
from vmlint.model.span import SourceText
from vmlint.model.value import Mapping, Scalar, Sequence, Unresolved, Value
from vmlint.syntax import hcl
from vmlint.syntax import hcl_ast as ast

MAX_DEPTH = 100


def job(source: SourceText) -> Mapping | None:
    """The first `job` of a specification in HCL, its label as the tag, nested blocks as Sequences; None where the
    text holds none. Never raises on what the text holds."""
    found = hcl.blocks(source).blocks
    defaults: dict[str, Value] = {}
    for block in found:
        if block.type == "variable" and block.labels and "default" in block.body.attributes:
            reader = _Reader(source, {})
            defaults[block.labels[0]] = reader.value(block.body.attributes["default"].expression)
    for block in found:
        if block.type == "job":
            made = _Reader(source, defaults).body(block.body, block.start, block.end)
            made.tag = block.labels[0] if block.labels else None
            return made
    return None


class _Reader:
    def __init__(self, source: SourceText, defaults: dict[str, Value]) -> None:
        self._source = source
        self._defaults = defaults
        self._depth = 0

    def body(self, body: ast.Body, start: int, end: int) -> Mapping:
        entries: dict[str, Value] = {}
        for name, attribute in body.attributes.items():
            value = self.value(attribute.expression)
            value.key_start = attribute.start
            entries[name] = value
        for block in body.blocks:
            made = self.body(block.body, block.start, block.end)
            made.tag = block.labels[0] if block.labels else None
            standing = entries.get(block.type)
            if isinstance(standing, Sequence):
                standing.items.append(made)
            else:
                entries[block.type] = Sequence([made], self._source, block.start, block.end)
        return Mapping(entries, self._source, start, end, kind="object")

    def value(self, node: ast.Node) -> Value:
        self._depth += 1
        found = self._value(node) if self._depth <= MAX_DEPTH else self._unknown(node)
        self._depth -= 1
        return found

    def _value(self, node: ast.Node) -> Value:
        match node:
            case ast.Literal(value=value):
                return Scalar(value, self._source, node.start, node.end)
            case ast.TupleNode(items=items):
                return Sequence([self.value(item) for item in items], self._source, node.start, node.end)
            case ast.ObjectNode(items=items):
                named = [(key.value, value) for key, value in items if isinstance(key, ast.Literal)]
                entries = {str(key): self.value(value) for key, value in named}
                return Mapping(entries, self._source, node.start, node.end, kind="object")
            case ast.Parenthesised(inner=inner):
                return self.value(inner)
            case ast.Template(parts=parts, text=True):
                return self._text(parts, node)
            case ast.Template(parts=[inner]):
                return self.value(inner)
            case ast.Traversal(base=ast.Name(name="var"), steps=[ast.GetAttribute(name=name)]):
                default = self._defaults.get(name)
                if default is not None:
                    return default.moved(self._source.span(node.start, node.end))
        return self._unknown(node)

    def _text(self, parts: list[ast.Node], node: ast.Node) -> Value:
        pieces: list[str | Unresolved] = []
        for part in parts:
            value = self.value(part)
            if isinstance(value, Scalar) and value.value is not None:
                pieces.append(value.text)
            else:
                pieces.append(value if isinstance(value, Unresolved) else self._unknown(part))
        return text_of(pieces, self._source.span(node.start, node.end))

    def _unknown(self, node: ast.Node) -> Unresolved:
        name = " ".join(self._source.text[node.start : node.end].split())[:60]
        return unresolved(name, "Nomad settles it when the job runs", self._source.span(node.start, node.end))
