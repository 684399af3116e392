"""A module folder as it is written: its files, shadowed and overridden as Terraform does, its blocks by kind.

A configuration has no arguments, so one serves every call of its folder; blocks are parsed when somebody asks.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from vmlint.files import Files, Refusal, folder_of, join
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.span import SourceText
from vmlint.syntax import hcl
from vmlint.syntax.hcl import RawBlock
from vmlint.syntax.hcl_ast import AttributeNode, BlockNode, Body, SyntaxProblem

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
MAX_LINKS = 5
_KINDS = {"variable": 1, "output": 1, "module": 1, "resource": 2, "data": 2, "provider": 1}
# Read by Terraform, of no consequence to what a workload is.
_IGNORED = {"terraform", "moved", "import", "check", "removed", "ephemeral", "action", "language", "locals"}


class Configuration:
    """Blocks of a module folder. `resources` holds managed and data ones in the order of files and lines, keyed
    by (`managed` or `data`, type, name)."""

    def __init__(self, folder: str, files: Files) -> None:
        self.folder = folder
        self.paths: list[str] = []
        self.problems: list[Problem] = []
        self.may_have_secrets = False
        self.variables: dict[str, RawBlock] = {}
        self.outputs: dict[str, RawBlock] = {}
        self.modules: dict[str, RawBlock] = {}
        self.resources: dict[tuple[str, str, str], RawBlock] = {}
        self.required_providers: list[RawBlock] = []
        self.providers: list[RawBlock] = []
        self._locals: list[RawBlock] = []
        self._rivals: dict[tuple[str, ...], dict[str, str]] = {}
        self._local_names: dict[str, tuple[SourceText, AttributeNode]] | None = None
        names = configuration_files(files.names(folder))
        for name in names:
            if not is_override(name):
                self._read(files, join(folder, name), override=False)
        for name in names:
            if is_override(name):
                self._read(files, join(folder, name), override=True)

    @property
    def locals(self) -> dict[str, tuple[SourceText, AttributeNode]]:
        """Where each local value is defined."""
        if self._local_names is None:
            self._local_names = {}
            for block in self._locals:
                for name, attribute in block.body.attributes.items():
                    if name in self._local_names and self._local_names[name][0] != block.source:
                        paths = self._rivals.setdefault(("local", name), {})
                        if not is_override(block.source.path.rsplit("/", 1)[-1]):
                            paths[block.source.path] = f"\0{len(paths) + 2}"
                            self._local_names[name + paths[block.source.path]] = (block.source, attribute)
                            continue
                    self._local_names[name] = (block.source, attribute)
        return self._local_names

    def _read(self, files: Files, path: str, override: bool) -> None:
        source = text_of(files, path)
        self.paths.append(path)
        if isinstance(source, Refusal):
            place = SourceText(path, "").whole()
            self.problems.append(Problem(ProblemKind.UNREADABLE, source.message, place))
            return
        self.may_have_secrets = self.may_have_secrets or "sensitive" in source.text
        document = read_document(source)
        self.problems += [problem_of(source, found) for found in document.problems]
        for block in document.blocks:
            self._take(block, override)

    def _take(self, block: RawBlock, override: bool) -> None:
        kind, labels = block.type, block.labels
        if kind == "locals":
            self._locals.append(block)
            return
        if kind == "terraform":
            self.required_providers.append(block)
        if kind == "provider" and len(labels) == 1:
            self.providers.append(block)
        wanted = _KINDS.get(kind)
        if wanted is None:
            if kind not in _IGNORED:
                message = f"`{kind}` is no block of Terraform"
                self.problems.append(Problem(ProblemKind.UNREADABLE, message, block.span))
            return
        if len(labels) != wanted:
            names = "one label" if wanted == 1 else "two labels"
            message = f"a `{kind}` block takes {names}"
            self.problems.append(Problem(ProblemKind.UNREADABLE, message, block.span))
            return
        table, key = self._table(kind, labels)
        if table is None:
            return
        standing = table.get(key)
        if standing is None:
            table[key] = block
        elif override:
            standing.body = overridden(standing.body, block)
        else:
            self._rival(table, key, block)

    def _rival(self, table: dict[Any, RawBlock], key: Any, block: RawBlock) -> None:
        """A second definition of a name. Terraform refuses that, but folders of loose examples are full of it: each
        file then means its own."""
        message = f"`{' '.join((block.type, *block.labels))}` is defined twice in this folder"
        self.problems.append(Problem(ProblemKind.SKIPPED, message, block.span))
        paths = self._rivals.setdefault((block.type, *block.labels), {})
        if block.source.path not in paths:
            mark = f"\0{len(paths) + 2}"
            paths[block.source.path] = mark
            table[(*key[:-1], key[-1] + mark) if isinstance(key, tuple) else key + mark] = block

    def preferred(self, kind: str, name: str, path: str, of_type: str = "") -> str:
        """The name under which the definition that a file means is kept."""
        if not self._rivals:
            return name
        labels = (kind, of_type, name) if of_type else (kind, name)
        return name + self._rivals.get(labels, {}).get(path, "")

    def all_blocks(self) -> list[RawBlock]:
        """Every block that evaluation may read."""
        found = [*self.variables.values(), *self.outputs.values(), *self.modules.values()]
        return [*found, *self._locals, *self.providers, *self.resources.values()]

    def _table(self, kind: str, labels: tuple[str, ...]) -> tuple[dict[Any, RawBlock] | None, Any]:
        match kind:
            case "resource":
                return self.resources, ("managed", *labels)
            case "data":
                return self.resources, ("data", *labels)
            case "variable":
                return self.variables, labels[0]
            case "output":
                return self.outputs, labels[0]
            case "module":
                return self.modules, labels[0]
        return None, ""


def configuration_files(names: list[str]) -> list[str]:
    """The names that Terraform would read of a folder's, in its order: a `.tofu` file shadows the `.tf` of its
    name; editors' leftovers and hidden files are none."""
    found = [name for name in names if name.endswith(SUFFIXES) and not _is_ignored(name)]
    present = set(found)
    shadowed = {name.replace(".tofu", ".tf") for name in present if name.endswith((".tofu", ".tofu.json"))}
    return sorted(name for name in found if name not in shadowed)


def _is_ignored(name: str) -> bool:
    return name.startswith((".", "#")) or name.endswith("~")


def is_override(name: str) -> bool:
    stem = name.split(".", 1)[0]
    return stem == "override" or stem.endswith("_override")


def overridden(standing: Body, block: RawBlock) -> Body:
    """A body with the attributes of another put over it, and its blocks in place of those of the same type."""
    body = Body()
    body.attributes.update(standing.attributes)
    for name, attribute in block.body.attributes.items():
        attribute.source = attribute.source or block.source
        body.attributes[name] = attribute
    replaced = {_made(inner) for inner in block.body.blocks}
    body.blocks = [inner for inner in standing.blocks if _made(inner) not in replaced]
    for inner in block.body.blocks:
        inner.source = inner.source or block.source
        body.blocks.append(inner)
    body.problems = standing.problems
    return body


def _made(block: BlockNode) -> str:
    """The type of the blocks that a nested block stands for."""
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


def read_document(source: SourceText) -> hcl.Document:
    """The blocks of a file in either syntax."""
    if source.path.endswith(".json"):
        from vmlint.syntax.hcl_json import blocks

        return blocks(source)
    return hcl.blocks(source)


def text_of(files: Files, path: str) -> SourceText | Refusal:
    """The text of a configuration file. A file whose whole text is the path of another is a symbolic link that git
    wrote as text, and is followed."""
    source = files.text(path)
    for _ in range(MAX_LINKS):
        if isinstance(source, Refusal) or len(source.text) > 250 or "\n" in source.text.rstrip("\n"):
            return source
        target = source.text.strip()
        if not target.endswith(SUFFIXES) or any(character in target for character in '{}="'):
            return source
        linked = files.text(join(folder_of(source.path), target))
        if isinstance(linked, Refusal):
            return Refusal(path, f"it is a link to {target}, which {linked.message.removeprefix('it ')}")
        source = linked
    return source


def problem_of(source: SourceText, found: SyntaxProblem, note: str = "") -> Problem:
    span = source.span(found.start, found.end).first_line()
    return Problem(ProblemKind.UNREADABLE, found.message + note, span)


_CONFIGURATIONS: WeakKeyDictionary[Files, dict[str, Configuration]] = WeakKeyDictionary()


def configuration(folder: str, files: Files) -> Configuration:
    """The configuration of a folder, read once for each reader of files."""
    known = _CONFIGURATIONS.setdefault(files, {})
    if folder not in known:
        known[folder] = Configuration(folder, files)
    return known[folder]
