"""Plans and states of Terraform as JSON: the same resources as the configuration's, with every value settled that
Terraform could settle.

A document alone is read by itself. Where the configuration that it was made from is in the scan, the two are one:
each workload counts once, stands where the configuration states it, and has what either of them knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary

from vmlint.evaluation.terraform.configuration import configuration
from vmlint.evaluation.terraform.instances import ResourceInstance
from vmlint.evaluation.terraform.modules import RootModule
from vmlint.files import Files, Refusal, folder_of
from vmlint.model.fact import Unknown
from vmlint.model.finding import Problem, ProblemKind
from vmlint.sources.plan import document as documents
from vmlint.sources.plan.document import Document
from vmlint.sources.plan.instances import PlanRoot, Written
from vmlint.sources.plan.references import Configured, without_keys
from vmlint.sources.reading import Reading, Surroundings, Unit
from vmlint.sources.terraform.instances import Instance

looks_like = documents.looks_like

_DOCUMENTS: WeakKeyDictionary[Files, dict[str, Document | Problem | None]] = WeakKeyDictionary()


def _document(path: str, files: Files) -> Document | Problem | None:
    """The document of a path, read once for each reader of files."""
    known = _DOCUMENTS.setdefault(files, {})
    if path not in known:
        source = files.text(path)
        known[path] = None if isinstance(source, Refusal) else documents.read(source)
    return known[path]


def read(unit: Unit, surroundings: Surroundings) -> Reading:
    """A document without its configuration."""
    from vmlint.sources import terraform

    path = unit.paths[0]
    found = _document(path, surroundings.files)
    if not isinstance(found, Document):
        problems = () if found is None else (found,)
        return Reading(problems=problems, files=frozenset([path]))
    made = terraform.made(PlanRoot(found).managed, path, surroundings.settings.kinds)
    return Reading(made.workloads, made.hosts, (*found.problems, *made.problems), frozenset([path]))


def owners(paths: Iterable[str], roots: Sequence[str], files: Files) -> dict[str, str]:
    """Of the documents at these paths, the root module that each was made from, where it is among `roots`: the
    folder itself or one above it, which may have changed since by half, else the only one that declares all."""
    found: dict[str, str] = {}
    for path in paths:
        document = _document(path, files)
        wanted = _declared(document) if isinstance(document, Document) else set()
        shares = {root: len(wanted & _written(root, files)) / len(wanted) for root in roots if wanted}
        fitting = [root for root, share in shares.items() if share == 1]
        folder = f"{folder_of(path)}/"
        above = [r for r, share in shares.items() if share >= 0.5 and (r == "." or folder.startswith(f"{r}/"))]
        if above or len(fitting) == 1:
            found[path] = max(above, key=len) if above else fitting[0]
    return found


def _declared(document: Document) -> set[str]:
    """What the root module of a document declares: `type.name` of resources, `module.name` of calls."""
    written = set(Configured(document.configuration).addresses())
    if not written:
        written = {without_keys(i.address) for i in document.instances if i.mode == "managed"}
    return {".".join(address.split(".")[:2]) for address in written if not address.startswith("data.")}


def _written(root: str, files: Files) -> set[str]:
    conf = configuration(root, files)
    resources = {f"{kind}.{name}" for mode, kind, name in conf.resources if mode == "managed"}
    return resources | {f"module.{name}" for name in conf.modules}


def joined(
    paths: Sequence[str], instances: list[ResourceInstance], root: RootModule, files: Files
) -> tuple[list[Instance], list[Problem]]:
    """The instances of a root module as the first plan of these paths tells them, else the first state."""
    found = [_document(path, files) for path in paths]
    problems = [document for document in found if isinstance(document, Problem)]
    readable = [document for document in found if isinstance(document, Document)]
    readable.sort(key=lambda document: document.kind != "plan")
    if not readable:
        return list(instances), problems
    document, *others = readable
    problems += document.problems
    for other in others:
        message = f"it is passed over, as {document.source.path} tells of the same root module"
        problems.append(Problem(ProblemKind.SKIPPED, message, other.source.span(other.start, other.start + 1)))
    planned = PlanRoot(document, Written(root))
    join = _beside_plan if document.kind == "plan" else _beside_state
    return join(planned, instances), problems


def _beside_plan(planned: PlanRoot, instances: list[ResourceInstance]) -> list[Instance]:
    """All that is planned, and what the plan leaves out: resources that were written since, or are no target."""
    known = {*planned.by_plain_address, *planned.configured.addresses()}
    removed = {without_keys(address) for address in planned.document.removed}
    left: list[Instance] = []
    for instance in instances:
        plain = without_keys(instance.address)
        untargeted = planned.document.partial and plain not in planned.by_plain_address
        if plain not in removed and (untargeted or plain not in known):
            left.append(instance)
    return [*planned.managed, *left]


def _beside_state(planned: PlanRoot, instances: list[ResourceInstance]) -> list[Instance]:
    """All that is written, with what the state knows of it, and the machines of modules that cannot be read."""
    made: dict[str, Instance] = {}
    for instance in instances:
        plain = without_keys(instance.address)
        exact = planned.by_address.get(instance.address)
        if exact is not None:
            made[instance.address] = exact
        elif isinstance(instance.count, Unknown) and plain in planned.by_plain_address:
            made |= {found.address: found for found in planned.by_plain_address[plain]}
        else:
            made[instance.address] = instance
    assert planned.written is not None
    for found in planned.managed:
        if not planned.written.reads(found.members[0].module):
            made.setdefault(found.address, found)
    return list(made.values())
