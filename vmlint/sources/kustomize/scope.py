"""Which kustomizations are read as units, and which files are theirs."""

from __future__ import annotations

from collections.abc import Iterable

from vmlint.files import Files, folder_of, join
from vmlint.sources.kustomize.kustomization import (
    Kustomization,
    holds,
    in_folder,
    is_named_so,
    load,
    patch_files,
    uses,
)
from vmlint.sources.reading import Unit

FORMAT = "kustomize"
MAX_UP = 3
"""How many folders up from a file its kustomization is looked for: `overlays/x/patches/y.yaml` has it one up."""

MAX_NEAR = 200
"""Folders beside a base in which overlays are looked for."""


def units(
    kustomizations: Iterable[str], manifests: Iterable[str], named: Iterable[str], files: Files
) -> tuple[list[Unit], set[str]]:
    """The units of the kustomizations that are found in a scan, and the files that they hold, which are not read
    by themselves. To the kustomizations come those above that use one of the files: any of the `named`, and
    patches."""
    tree = _Tree(files)
    for path in kustomizations:
        tree.add(path)
    for path in named:
        if path not in tree.theirs and not is_named_so(path):
            tree.add_above(path, patches_only=False)
    if named:
        tree.add_users()
    for path in manifests:
        if path not in tree.theirs:
            tree.add_above(path, patches_only=True)
    return [Unit(FORMAT, (path,), (path,) if path in tree.near else ()) for path in tree.roots()], tree.theirs


class _Tree:
    """The kustomizations of a scan and what they use. `theirs` are the files that they hold, `near` those of them
    that nobody asked for: they say what becomes of a base."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[str, Kustomization | None] = {}
        self._uses: dict[str, tuple[str, ...]] = {}
        self._added: set[str] = set()
        self.theirs: set[str] = set()
        self.near: set[str] = set()

    def add(self, path: str) -> None:
        """A kustomization with all that it uses, in the scan or not."""
        self._added.add(path)
        waiting = [path]
        while waiting:
            current = waiting.pop()
            if current in self._uses:
                continue
            found = self._load(current)
            self._uses[current] = tuple(uses(found, self._files)) if found is not None else ()
            waiting += self._uses[current]
            if found is not None:
                self.theirs.update(holds(found, self._files))
                self.theirs.update(patch_files(found, self._files))

    def add_above(self, path: str, patches_only: bool) -> None:
        """The nearest kustomization above a file that names it, if it is not there yet."""
        folder = folder_of(path)
        for _ in range(MAX_UP):
            above = in_folder(folder, self._files)
            found = self._load(above) if above and above not in self._uses else None
            if found is not None and path in self._own(found, patches_only):
                self.add(above)
                return
            if folder in (".", "/", ""):
                return
            folder = folder_of(folder)

    def add_users(self) -> None:
        """The overlays of what is there already, where they stand beside it as is the custom: `overlays/x` beside
        `base`. A base that is named alone is then told as its overlays use it."""
        waiting = sorted(self._added)
        while waiting:
            path = waiting.pop()
            for near in self._near(folder_of(path)):
                found = self._load(near) if near not in self._uses else None
                if found is not None and path in uses(found, self._files):
                    self.add(near)
                    self.near.add(near)
                    waiting.append(near)

    def _near(self, folder: str) -> list[str]:
        """The kustomizations in folders beside a folder, and in the folders of these."""
        if folder in (".", "/", ""):
            return []
        beside = self._folders(folder_of(folder))
        both = [*beside, *(inner for outer in beside for inner in self._folders(outer))]
        return [path for found in both[:MAX_NEAR] if (path := in_folder(found, self._files))]

    def _folders(self, folder: str) -> list[str]:
        names = self._files.names(folder)[:MAX_NEAR]
        return [path for name in names if self._files.is_folder(path := join(folder, name))]

    def _own(self, kustomization: Kustomization, patches_only: bool) -> set[str]:
        own = set(patch_files(kustomization, self._files))
        return own if patches_only else own | set(holds(kustomization, self._files))

    def roots(self) -> list[str]:
        """The kustomizations that no other one uses. One of each circle is a root too, so that it is told."""
        used = {below for path, all_below in self._uses.items() for below in all_below if below != path}
        roots = sorted(self._added - used)
        reached = self._reached(roots)
        for path in sorted(self._added):
            if path not in reached:
                roots.append(path)
                reached |= self._reached([path])
        return sorted(roots)

    def _reached(self, roots: list[str]) -> set[str]:
        reached: set[str] = set()
        waiting = list(roots)
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                waiting += self._uses.get(path, ())
        return reached

    def _load(self, path: str) -> Kustomization | None:
        if path not in self._known:
            self._known[path] = load(path, self._files)
        return self._known[path]
