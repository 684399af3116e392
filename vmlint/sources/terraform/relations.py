"""Which resources of a root module speak of which others: templates and their users, policies and what they
scale, attachments, services and their task definitions. Each list of a type is made once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vmlint.catalog.terraform_types import attachments, extensions, resource_type
from vmlint.model.value import Value
from vmlint.sources.terraform.facts import Resource
from vmlint.sources.terraform.instances import Instance
from vmlint.sources.terraform.selection import referred, select


class Relations:
    """`by_type` are the resource instances of the root and its modules whose types a reader looks at."""

    def __init__(self, instances: Iterable[Instance]) -> None:
        self.by_type: dict[str, list[Instance]] = {}
        for instance in instances:
            if instance.mode == "managed":
                self.by_type.setdefault(instance.type, []).append(instance)
        self._named: dict[str, dict[str, list[Instance]]] = {}
        self._used: set[str] | None = None

    def naming(self, resource: Resource, relation: str) -> Iterator[Instance]:
        """The resources that name this one in a relation (`extensions`, or one of `terraform_types.RELATIONS`)."""
        if relation not in self._named:
            self._named[relation] = self._index(relation)
        yield from self._named[relation].get(resource.instance.address, ())

    def _index(self, relation: str) -> dict[str, list[Instance]]:
        if relation == "extensions":
            paths = {kind: row["machine"] for kind, row in extensions().items()}
        else:
            paths = attachments(relation)
        found: dict[str, list[Instance]] = {}
        for kind, path in paths.items():
            for instance in self.by_type.get(kind, ()):
                for address in {target.address for target in self.targets(instance, path)}:
                    found.setdefault(address, []).append(instance)
        return found

    def targets(self, instance: Instance, path: str) -> Iterator[Instance]:
        """The resources that an attribute refers to."""
        for value in select(instance, path):
            yield from referred(value, instance.module)

    def template_of(self, resource: Resource) -> Resource | None:
        """The template that a group or machine is made from."""
        for path in resource.kind.paths("template"):
            for value in select(resource.instance, path):
                found = self._template(value, resource)
                if found is not None:
                    return found
        return None

    def _template(self, value: Value, resource: Resource) -> Resource | None:
        for target in referred(value, resource.instance.module):
            kind = resource_type(target.type)
            if kind is not None and kind.shape == "template" and target.mode == "managed":
                return Resource(target, kind, resource.root)
        return None

    def is_used(self, template: Resource) -> bool:
        """Whether something in the root is made from the template."""
        if self._used is None:
            self._used = set()
            for kind_name, instances in self.by_type.items():
                kind = resource_type(kind_name)
                if kind is None or not kind.paths("template"):
                    continue
                for instance in instances:
                    found = self.template_of(Resource(instance, kind, template.root))
                    if found is not None:
                        self._used.add(found.instance.address)
        return template.instance.address in self._used
