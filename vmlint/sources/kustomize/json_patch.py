"""JSON patches (RFC 6902): a list of operations on paths."""

from __future__ import annotations

from collections.abc import Sequence as Tokens

from vmlint.model.fact import value_or
from vmlint.model.value import Mapping, Scalar, Sequence, Value, at, missing_in, text
from vmlint.sources.kustomize.trees import instead, with_entry, with_items


class PatchError(Exception):
    """The operation does not fit the object; the message is a clause without a full stop."""


def applied(body: Value, operation: Value) -> Value:
    """The object after one operation. Raises PatchError."""
    name, path = value_or(text(at(operation, "op")), ""), _tokens(at(operation, "path"))
    match name:
        case "add" | "replace":
            new = operation.entries.get("value") if isinstance(operation, Mapping) else None
            return _put(body, path, new if new is not None else missing_in(operation), replacing=name == "replace")
        case "remove":
            return _without(body, path)
        case "copy" | "move":
            source = _tokens(at(operation, "from"))
            value = _get(body, source)
            return _put(_without(body, source) if name == "move" else body, path, value, replacing=False)
        case "test":
            return body
        case _:
            raise PatchError(f'there is no operation "{name}"')


def _tokens(path: Value) -> list[str]:
    stated = value_or(text(path), "")
    if not stated.startswith("/"):
        raise PatchError(f'"{stated}" is no path')
    return [token.replace("~1", "/").replace("~0", "~") for token in stated[1:].split("/")]


def _get(value: Value, path: Tokens[str]) -> Value:
    for token in path:
        value = _child(value, token)
    return value


def _child(value: Value, token: str) -> Value:
    match value:
        case Mapping() if token in value.entries:
            return value.entries[token]
        case Sequence():
            return value.items[_index(value, token)]
        case _:
            raise PatchError(f'there is no "{token}"')


def _index(value: Sequence, token: str, end: int = 0) -> int:
    digits = token.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 7):
        raise PatchError(f'"{token}" is no place in a list')
    index = int(token) + (len(value.items) if token.startswith("-") else 0)
    if not 0 <= index < len(value.items) + end:
        raise PatchError(f"the list has no element {token}")
    return index


def _put(value: Value, path: Tokens[str], new: Value, replacing: bool) -> Value:
    token, *rest = path
    if rest:
        return _within(value, token, _put(_child(value, token), rest, new, replacing))
    match value:
        case Mapping():
            # The library that kustomize uses lets `replace` set a key that is not there.
            return with_entry(value, token, instead(new, value.entries.get(token)))
        case Sequence():
            items = list(value.items)
            if token == "-":  # noqa: S105  the end of a list
                return with_items(value, [*items, new])
            index = _index(value, token, end=0 if replacing else 1)
            if replacing:
                items[index] = instead(new, items[index])
            else:
                items.insert(index, new)
            return with_items(value, items)
        case _:
            raise PatchError(f'"{token}" is put into what is no mapping or list')


def _without(value: Value, path: Tokens[str]) -> Value:
    token, *rest = path
    child = _child(value, token)
    if rest:
        return _within(value, token, _without(child, rest))
    if isinstance(value, Sequence):
        index = _index(value, token)
        return with_items(value, value.items[:index] + value.items[index + 1 :])
    assert isinstance(value, Mapping)
    return with_entry(value, token, None)


def _within(value: Value, token: str, child: Value) -> Value:
    if isinstance(value, Sequence):
        index = _index(value, token)
        return with_items(value, [*value.items[:index], child, *value.items[index + 1 :]])
    assert isinstance(value, Mapping)
    return with_entry(value, token, child)


def is_operations(root: Value) -> bool:
    """Whether a patch is a list of operations, and no object."""
    return isinstance(root, Sequence) and all(isinstance(at(item, "op"), Scalar) for item in root.items)
