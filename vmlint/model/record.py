"""Frozen, slotted records: what `dataclass(frozen=True, slots=True)` gives, at a tenth of its cost at start-up.

The standard decorator compiles half a dozen functions for each class and makes the class twice; a scan of one file
loads some eighty records, and that was a third of its time. Here only `__init__` is compiled for a class; equality,
hash, representation and pickling are written once and go by the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


class _Factory:
    """A default that is made anew for each record."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A field whose default is made by a call, as `dataclasses.field` has it."""
    return _Factory(default_factory)


class Record:
    """What all records share; `__match_args__` are the fields in order."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} is frozen")

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(getattr(self, name) for name in self.__match_args__)))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({values})"

    def __reduce__(self) -> tuple[type[Record], tuple[Any, ...]]:
        return type(self), tuple(getattr(self, name) for name in self.__match_args__)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class with annotated fields a record. Defaults follow the fields without one, as in a signature."""
    namespace = dict(cls.__dict__)
    names = tuple(namespace.get("__annotations__", ()))
    defaults = {name: namespace.pop(name) for name in names if name in namespace}
    for stale in ("__dict__", "__weakref__"):
        namespace.pop(stale, None)
    namespace["__slots__"] = names
    namespace["__match_args__"] = names
    namespace["__init__"] = _initialiser(names, defaults)
    bases = tuple(base for base in cls.__bases__ if base is not object)
    metaclass: Any = type(cls)
    made: type[T] = metaclass(cls.__name__, (Record, *bases), namespace)
    return made


_set = object.__setattr__


def _initialiser(names: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., None]:
    parameters = "".join(f", {name}=_d_{name}" if name in defaults else f", {name}" for name in names)
    body = "".join(
        f"\n _set(self, {name!r}, _d_{name}.make() if {name} is _d_{name} else {name})"
        if isinstance(defaults.get(name), _Factory)
        else f"\n _set(self, {name!r}, {name})"
        for name in names
    )
    scope: dict[str, Any] = {"_set": _set, **{f"_d_{name}": value for name, value in defaults.items()}}
    exec(f"def __init__(self{parameters}):{body or ' pass'}", scope)  # noqa: S102 - names of our own fields
    initialiser: Callable[..., None] = scope["__init__"]
    return initialiser


def fields(cls: type[Any]) -> list[tuple[str, str, Any]]:
    """Name, annotation and default of each field; a field without a default has `...`."""
    names: tuple[str, ...] = cls.__match_args__
    defaults = cls.__init__.__defaults__ or ()
    padded = (*[...] * (len(names) - len(defaults)), *defaults)
    annotations = cls.__annotations__
    kinds = (getattr(annotations[name], "__name__", str(annotations[name])) for name in names)
    return list(zip(names, kinds, padded, strict=True))


def replace(instance: T, **changes: Any) -> T:
    """The record with some fields changed."""
    names: tuple[str, ...] = type(instance).__match_args__  # type: ignore[attr-defined]
    return type(instance)(
        **{name: changes.pop(name) if name in changes else getattr(instance, name) for name in names}, **changes
    )
