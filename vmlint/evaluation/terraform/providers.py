"""Attributes that a provider computes from the configuration alone, so that we can too: rendered templates, the
parts of a cloud-init configuration, texts of local files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmlint.evaluation.terraform.values import is_null, scalar
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value

if TYPE_CHECKING:
    from vmlint.evaluation.terraform.resources import Resource


def computed(resource: Resource, attribute: str) -> Value | None:
    """The value of a computed attribute, None where only the provider knows it."""
    make = _COMPUTED.get((resource.type, attribute))
    return make(resource) if make is not None else None


def _template_file(resource: Resource) -> Value | None:
    """`rendered` of the template provider: the text of `template` with `vars` for its names."""
    from vmlint.evaluation.terraform.functions.templates import render_text

    template, variables = resource.attribute("template"), resource.attribute("vars")
    if not isinstance(template, Scalar) or not isinstance(template.value, str):
        return template if isinstance(template, Unresolved) else None
    names = variables.entries if isinstance(variables, Mapping) else {}
    scope = resource.module.scope(resource.block.source)
    return render_text(template, dict(names), scope)


def _cloudinit(resource: Resource) -> Value | None:
    """The parts of a multi-part cloud-init document, one behind the other, as the document's content."""
    from vmlint.evaluation.terraform.texts import text_of

    parts = resource.attribute("part")
    if not isinstance(parts, Sequence):
        return None
    pieces: list[str | Unresolved] = []
    for part in parts.items:
        content = part.entries.get("content") if isinstance(part, Mapping) else None
        if isinstance(content, Unresolved):
            pieces += [content, "\n"]
        elif isinstance(content, Scalar) and not is_null(content):
            pieces.append(content.text.rstrip("\n") + "\n")
    if parts.rest is not None:
        pieces.append(Unresolved(parts.rest))
    return text_of(pieces, resource.block.span)


def _attribute(name: str) -> Callable[[Resource], Value | None]:
    def make(resource: Resource) -> Value | None:
        value = resource.attribute(name)
        return None if isinstance(value, Missing) else value

    return make


def _local_file(resource: Resource) -> Value | None:
    """`content` of the local_file data source."""
    from vmlint.files import Refusal

    name = resource.attribute("filename")
    if not isinstance(name, Scalar) or not isinstance(name.value, str):
        return None
    source = resource.module.world.paths.text(name.value)
    if isinstance(source, Refusal):
        return None
    return scalar(source.text, source.whole())


_COMPUTED: dict[tuple[str, str], Callable[[Resource], Value | None]] = {
    ("template_file", "rendered"): _template_file,
    ("template_cloudinit_config", "rendered"): _cloudinit,
    ("cloudinit_config", "rendered"): _cloudinit,
    ("local_file", "content"): _local_file,
    ("terraform_data", "output"): _attribute("input"),
    ("null_data_source", "outputs"): _attribute("inputs"),
}
