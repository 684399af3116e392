"""The value of a Terraform expression in a module directory: `vmlint eval`."""

from __future__ import annotations

import json

from vmlint.evaluation.terraform.modules import evaluate, load_root, to_json
from vmlint.evaluation.terraform.values import Failed
from vmlint.files import Files
from vmlint.model.value import Mapping, Sequence, Value, entries
from vmlint.sources.reading import Settings


def value_as_json(expression: str, folder: str, files: Files, settings: Settings) -> tuple[str, str]:
    """The value as JSON text and nothing, or nothing and what is missing: the name that would settle it, or the
    error for which Terraform would refuse the expression."""
    module = load_root(
        folder,
        files,
        settings.variables,
        settings.variable_files,
        workspace="default",
        environment=settings.environment,
    )
    value = evaluate(expression, module)
    if isinstance(value, Failed):
        return "", f"{expression}: {value.unknown.reason}"
    if _is_sensitive(value):
        return "", f"{expression}: it is sensitive and never printed"
    try:
        return json.dumps(to_json(value), ensure_ascii=False), ""
    except LookupError as error:
        return "", str(error.args[0])


def _is_sensitive(value: Value) -> bool:
    """Whether a value or a part of it must not be printed."""
    match value:
        case Value(sensitive=True):
            return True
        case Mapping():
            return any(_is_sensitive(child) for _, child in entries(value))
        case Sequence():
            return any(_is_sensitive(item) for item in value.items)
        case _:
            return False
