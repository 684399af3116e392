"""The built-in transformers: what fields of a kustomization do to all objects that it has."""

from __future__ import annotations

import re
from collections.abc import Callable

from vmlint.catalog.kustomize import (
    has_replicas,
    has_schema,
    is_cluster_scoped,
    selectors,
    takes_prefix,
    templates,
)
from vmlint.model.fact import Known, value_or
from vmlint.model.value import Mapping, Scalar, Value, at, boolean, entries, items, text
from vmlint.sources.kustomize.objects import Resource
from vmlint.sources.kustomize.trees import each_container, edited, instead, rewritten


def placed(resource: Resource, field: Value) -> Resource:
    """`namespace:` puts every object into one; a Namespace gets that name."""
    if not isinstance(field, Scalar) or not field.text:
        return resource
    if resource.kind == "Namespace" and not resource.group:
        return resource.becomes(edited(resource.body, ["metadata", "name"], lambda old: instead(field, old)))
    if is_cluster_scoped(resource.kind):
        return resource
    path = ["metadata", "namespace"]
    return resource.becomes(edited(resource.body, path, lambda old: instead(field, old), make=True))


def renamed(resource: Resource, prefix: Value, suffix: Value) -> Resource:
    """`namePrefix:` and `nameSuffix:`."""
    if not takes_prefix(resource.kind):
        return resource
    body: Value = resource.body
    for field, label, form in ((prefix, "namePrefix", "{0}{1}"), (suffix, "nameSuffix", "{1}{0}")):
        affix = value_or(text(field), "")
        if affix:
            body = edited(body, ["metadata", "name"], _renaming(field, label, form, affix))
    return resource.becomes(body)


def _renaming(field: Value, label: str, form: str, affix: str) -> Callable[[Value | None], Value | None]:
    def rename(old: Value | None) -> Value | None:
        if not isinstance(old, Scalar):
            return old
        return rewritten(old, form.format(affix, old.text), field, label)

    return rename


def commonly_labelled(resource: Resource, pairs: Value) -> Resource:
    """`commonLabels:`: on the object, its pods and its selectors."""
    return _labelled(resource, pairs, with_templates=True, with_selectors=True)


def labelled(resource: Resource, field: Value) -> Resource:
    """`labels:`: on the object, and where an entry asks for it on its pods and selectors."""
    for item in items(field):
        chosen = value_or(boolean(at(item, "includeSelectors")), False)
        pods = value_or(boolean(at(item, "includeTemplates")), False)
        pairs = at(item, "pairs")
        resource = _labelled(resource, pairs, with_templates=chosen or pods, with_selectors=chosen)
    return resource


def _labelled(resource: Resource, pairs: Value, with_templates: bool, with_selectors: bool) -> Resource:
    body = _with_pairs(resource.body, ["metadata", "labels"], pairs)
    if has_schema(resource.group):
        for template in templates() if with_templates else []:
            body = _in_template(body, template, "labels", pairs)
        for path in selectors(resource.kind) if with_selectors else []:
            body = _with_pairs(body, path.split("."), pairs, make=False)
    return resource.becomes(body)


def annotated(resource: Resource, pairs: Value) -> Resource:
    """`commonAnnotations:`: on the object and its pods."""
    body = _with_pairs(resource.body, ["metadata", "annotations"], pairs)
    if has_schema(resource.group):
        for template in templates():
            body = _in_template(body, template, "annotations", pairs)
    return resource.becomes(body)


def _in_template(body: Value, template: str, field: str, pairs: Value) -> Value:
    path = template.split(".")
    if not isinstance(at(body, *path), Mapping):
        return body
    return _with_pairs(body, [*path, "metadata", field], pairs)


def _with_pairs(body: Value, path: list[str], pairs: Value, make: bool = True) -> Value:
    for key, value in entries(pairs):
        if make or isinstance(at(body, *path), Mapping):
            body = edited(body, [*path, key], lambda old, new=value: instead(new, old), make)  # type: ignore[misc]
    return body


def scaled(resource: Resource, field: Value) -> Resource:
    """`replicas:`: the count of the object of that name."""
    for item in items(field):
        name, count = value_or(text(at(item, "name")), ""), at(item, "count")
        if isinstance(count, Scalar) and has_replicas(resource.kind) and name in {n for _, n in resource.names}:
            edit = _put(count)
            resource = resource.becomes(edited(resource.body, ["spec", "replicas"], edit, make=True))
    return resource


def _put(new: Value) -> Callable[[Value | None], Value]:
    return lambda old: instead(new, old)


def with_images(resource: Resource, field: Value) -> Resource:
    """`images:`: another name, tag or digest for images of a name."""
    if resource.kind == "CustomResourceDefinition":
        return resource
    body: Value = resource.body
    for item in items(field):
        name = value_or(text(at(item, "name")), "")
        if name:
            body = each_container(body, _image_edit(name, item))
    return resource.becomes(body)


def _image_edit(name: str, item: Value) -> Callable[[Mapping], Mapping]:
    def edit(container: Mapping) -> Mapping:
        old = container.entries.get("image")
        if not isinstance(old, Scalar) or image_parts(old.text)[0] != name:
            return container
        changed = edited(container, ["image"], lambda _: _image(old, item))
        assert isinstance(changed, Mapping)
        return changed

    return edit


def _image(old: Scalar, item: Value) -> Value:
    """The image with what the entry says of it, at the place of the most telling part that the entry sets."""
    name, tag, digest = image_parts(old.text)
    new = {key: at(item, key) for key in ("newName", "newTag", "digest", "tagSuffix")}
    said = {key: value.text for key, value in new.items() if isinstance(value, Scalar)}
    name = said.get("newName") or name
    if said.get("newTag") or said.get("digest"):
        tag, digest = said.get("newTag", ""), said.get("digest", "")
    elif said.get("tagSuffix"):
        tag, digest = tag + said["tagSuffix"], ""
    place = next((new[key] for key in new if said.get(key)), None)
    if place is None:
        return old
    changed = instead(place.moved(place.span, key_start=place.key_start), old)
    assert isinstance(changed, Scalar)
    changed.value = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    return changed


_IMAGE = re.compile(r"(?P<name>[^@]*?)(?::(?P<tag>[^/:@]*))?(?:@(?P<digest>.*))?$", re.DOTALL)


def image_parts(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image as written; empty where it states none."""
    found = _IMAGE.match(image)
    assert found is not None
    return found["name"], found["tag"] or "", found["digest"] or ""


def known(value: Value) -> str:
    """The text of a field, empty where there is none."""
    stated = text(value)
    return stated.value if isinstance(stated, Known) else ""
