"""Files that expressions name. Paths are relative to the root module's folder, as when Terraform runs in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vmlint.model.span import SourceText

if TYPE_CHECKING:
    from vmlint.files import Files, Refusal


class Paths:
    """Resolves and reads what `file` and its kin name, through the scan's own reader of files."""

    def __init__(self, files: Files, root: str) -> None:
        self.files = files
        self.root = root

    def located(self, path: str) -> str:
        """The path as `vmlint.files` names it."""
        from vmlint.files import join

        if os.path.isabs(path):
            path = os.path.relpath(path, os.path.abspath(self.root))
        return join(self.root, path)

    def absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(os.path.abspath(self.root), path)).replace(os.sep, "/")

    def text(self, path: str) -> SourceText | Refusal:
        return _home(path) or self.files.text(self.located(path))

    def data(self, path: str) -> bytes | Refusal:
        return _home(path) or self.files.data(self.located(path))

    def exists(self, path: str) -> bool | None:
        """Whether a file is there; None where it may not be looked at."""
        refusal = _home(path) or self.files.refusal(self.located(path))
        if refusal is None:
            return True
        return False if refusal.missing else None

    def may_list(self, folder: str) -> bool:
        """Whether what a folder holds may be looked at, if it is there."""
        return _home(folder) is None and not self.files.is_outside(self.located(folder))


def _home(path: str) -> Refusal | None:
    """Nobody's home is in the scanned folder."""
    from vmlint.files import Refusal

    return Refusal(path, "it depends on the user's home") if path.startswith("~") else None
