"""The only reader of the disk.

The scan root is the trust boundary: what resolves outside it, through `..` or a symlink, is refused, but for
what the command line names. Regular files only, and each within a budget of bytes. What cannot be read is a
`Refusal`, never an exception.
"""

from __future__ import annotations

import os
import stat

from vmlint.model.record import record
from vmlint.model.span import SourceText

MAX_BYTES = 20 * 1024 * 1024
GLANCE = 64 * 1024


@record
class Refusal:
    """Why a file was not read; `message` is a clause without a full stop."""

    path: str
    message: str
    missing: bool = False


class Files:
    """Reads below one root. Paths in and out are strings relative to the working directory with forward
    slashes, exactly as reports show them. Each file is read once."""

    def __init__(
        self, root: str | os.PathLike[str], named: tuple[str, ...] = (), max_bytes: int = MAX_BYTES
    ) -> None:
        self.max_bytes = max_bytes
        self._real_root = os.path.realpath(root)
        self._named = {os.path.realpath(path) for path in named}
        self._read: dict[str, SourceText | Refusal] = {}
        self._given: dict[str, set[str]] = {}
        """Names of what is not on the disk, by folder."""
        self._folders: dict[str, str] = {}
        """Real paths of folders: a file that is no link lies where its folder is."""

    def put(self, path: str, source: SourceText | Refusal) -> None:
        """Give the text of a path that is not on the disk: standard input under its name."""
        path = normal(path)
        self._read[path] = source
        self._given.setdefault(folder_of(path), set()).add(os.path.basename(path))

    def text(self, path: str) -> SourceText | Refusal:
        """The decoded text of a file (UTF-8, UTF-16 and UTF-32 by BOM; a BOM is dropped)."""
        path = normal(path)
        if path not in self._read:
            data = self.data(path)
            self._read[path] = data if isinstance(data, Refusal) else decode(path, data)
        return self._read[path]

    def data(self, path: str) -> bytes | Refusal:
        refusal = self.refusal(path)
        if refusal is not None:
            return refusal
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError as error:
            return Refusal(path, _cannot(error))
        with os.fdopen(descriptor, "rb") as handle:
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    return Refusal(path, "it is not a regular file")
                if found.st_size > self.max_bytes:
                    return Refusal(
                        path, f"it has {found.st_size:,} bytes, more than the {self.max_bytes:,} allowed"
                    )
                return handle.read(self.max_bytes + 1)
            except OSError as error:
                return Refusal(path, _cannot(error))

    def glance(self, path: str) -> str | None:
        """The beginning of a file that is too large or no text, each byte a character and without NULs; None where
        it may not be opened at all."""
        if self.refusal(path) is not None:
            return None
        try:
            with open(path, "rb") as handle:
                return handle.read(GLANCE).replace(b"\0", b"").decode("latin-1")
        except OSError:
            return None

    def refusal(self, path: str) -> Refusal | None:
        """Why the path may not be read, or None where it may be tried."""
        if not _is_path(path):
            return Refusal(path, "it is no path", missing=True)
        real = self._real(path)
        if real not in self._named and not self._inside(real):
            return Refusal(path, "it lies outside the scanned folder")
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return Refusal(path, "it does not exist", missing=True)
        except OSError as error:
            return Refusal(path, _cannot(error))
        return None if stat.S_ISREG(found.st_mode) else Refusal(path, "it is not a regular file")

    def is_file(self, path: str) -> bool:
        return self.refusal(path) is None

    def stands(self, path: str) -> bool:
        """Whether something other than a folder stands at a path of the root, readable or not. What lies outside by
        its name alone is none of the scan's business; a link that leads out is."""
        if not _is_path(path):
            return False
        return self._inside(os.path.abspath(path)) and os.path.lexists(path) and not os.path.isdir(path)

    def is_folder(self, path: str) -> bool:
        return _is_path(path) and self._inside(os.path.realpath(path)) and os.path.isdir(path)

    def is_outside(self, path: str) -> bool:
        """Whether a path leads out of the root, by its name or a link: what is there is not looked at."""
        return _is_path(path) and not self._inside(os.path.realpath(path))

    def names(self, folder: str) -> list[str]:
        """The names of the entries of a folder in the root, sorted; empty where it cannot be listed."""
        if not _is_path(folder) or not self._inside(self._real_folder(folder or ".")):
            return []
        try:
            there = set(os.listdir(folder or "."))
        except OSError:
            there = set()
        return sorted(there | self._given.get(normal(folder or "."), set()))

    def _real(self, path: str) -> str:
        folder, name = os.path.split(path)
        if name in ("", ".", "..") or os.path.islink(path):
            return os.path.realpath(path)
        return os.path.join(self._real_folder(folder or "."), name)

    def _real_folder(self, folder: str) -> str:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = os.path.realpath(folder)
        return known

    def _inside(self, real: str) -> bool:
        return real == self._real_root or real.startswith(self._real_root.rstrip(os.sep) + os.sep)


def _is_path(path: str) -> bool:
    """Whether the system could have a file of that name: a scanned file may say anything."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def normal(path: str) -> str:
    """The path as reports name it: forward slashes, no `./`, `..` folded."""
    return os.path.normpath(path).replace(os.sep, "/")


def join(folder: str, name: str) -> str:
    """`name` seen from `folder`, normalised; an absolute name stays absolute."""
    return normal(os.path.join(folder, name))


def folder_of(path: str) -> str:
    """The folder of a path, `.` at the top."""
    return os.path.dirname(path) or "."


_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def decode(path: str, data: bytes) -> SourceText | Refusal:
    """Text of bytes under the name of a path; also for standard input."""
    encoding = "utf-8"
    for mark, name in _BOMS:
        if data.startswith(mark):
            encoding, data = name, data[len(mark) :]
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        return Refusal(path, f"it is not {encoding.upper()} text (byte {error.start})")
    if "\x00" in text:
        return Refusal(path, "it is a binary file")
    return SourceText(path, text)


def _cannot(error: OSError) -> str:
    return f"it {reason(error)}"


def reason(error: OSError) -> str:
    """Why the system refuses, as a predicate."""
    stated = error.strerror or str(error)
    return f"cannot be read ({stated[:1].lower()}{stated[1:]})"
