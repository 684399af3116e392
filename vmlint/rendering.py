"""The only place that runs another program, and only where `--render` asks for it.

What it works on is a copy in a temporary folder: the scanned tree is never its working directory, and no link leads
out of it. The program gets no shell, no input, an environment of its own that knows nothing of the user's
configuration, plug-ins and cluster, a proxy that refuses everything, and bounds on time, memory and output.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vmlint.files import Files, Refusal, join
from vmlint.model.record import record

MAX_SECONDS = 30.0
"""For one run."""
MAX_SECONDS_IN_ALL = 300.0
MAX_OUTPUT = 20 * 1024 * 1024
MAX_MEMORY = 4 * 1024**3
MAX_FILES = 5_000
MAX_COPIED = 100 * 1024 * 1024
MAX_DEPTH = 20
_CHUNK = 1 << 16
_MAX_LINES = 4
_NOWHERE = "http://127.0.0.1:9"

_spent = 0.0


@record
class Output:
    """What a program printed. `why` is the reason, a clause without a full stop, where it did not come to an end
    by itself or ended badly; empty where all went well."""

    text: str
    why: str = ""


@contextmanager
def workspace() -> Iterator[str]:
    """A temporary folder that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix="vmlint-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Copy:
    """A copy in the making: what was refused, and how many files and bytes may still come."""

    def __init__(self, files: Files, omitted: frozenset[str]) -> None:
        self.files = files
        self.omitted = omitted
        self.refused: list[Refusal] = []
        self.left_files = MAX_FILES
        self.left_bytes = MAX_COPIED

    def folder(self, folder: str, target: str, depth: int) -> None:
        os.makedirs(target, exist_ok=True)
        for name in self.files.names(folder):
            path = join(folder, name)
            if name in self.omitted or min(self.left_files, self.left_bytes) < 0:
                continue
            if not self.files.is_folder(path):
                self._file(path, target, name)
            elif depth > 0:
                self.folder(path, os.path.join(target, name), depth - 1)

    def _file(self, path: str, target: str, name: str) -> None:
        data = self.files.data(path)
        if isinstance(data, Refusal):
            self.refused.append(data)
            return
        self.left_files -= 1
        self.left_bytes -= len(data)
        if min(self.left_files, self.left_bytes) < 0:
            self.refused.append(Refusal(path, "the chart holds more than is copied for rendering"))
        else:
            put(target, name, data)


def copied(files: Files, folder: str, target: str, omitted: frozenset[str] = frozenset()) -> list[Refusal]:
    """Copy a folder of the root, links resolved as far as they stay in it; what has a name in `omitted` is left
    out. What could not be copied is returned."""
    copy = _Copy(files, omitted)
    copy.folder(folder, target, MAX_DEPTH)
    return copy.refused


def put(folder: str, name: str, data: bytes) -> None:
    """Write a file of the workspace."""
    with open(os.path.join(folder, name), "wb") as handle:
        handle.write(data)


def program(name: str) -> str:
    """The path of an installed program; empty where it is not installed. The working directory never counts."""
    folders = [f for f in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(f)]
    return shutil.which(name, path=os.pathsep.join(folders)) or ""


def run(command: list[str], folder: str, variables: dict[str, str]) -> Output:
    """Run a program in a folder of the workspace with these variables and none of the user's."""
    global _spent
    if _spent >= MAX_SECONDS_IN_ALL:
        return Output("", f"rendering took more than {MAX_SECONDS_IN_ALL:.0f} seconds in all")
    start = time.monotonic()
    try:
        return _run(command, folder, _environment(folder, variables))
    except OSError as error:
        return Output("", f"it cannot be run ({error.strerror})")
    finally:
        _spent += time.monotonic() - start


def _environment(folder: str, variables: dict[str, str]) -> dict[str, str]:
    own = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), _NOWHERE)
    own |= {"HOME": folder, "TMPDIR": folder, "TEMP": folder, "PATH": "", "LC_ALL": "C.UTF-8", "NO_PROXY": ""}
    if os.name == "nt" and "SYSTEMROOT" in os.environ:
        own["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return {**own, **variables}


def _run(command: list[str], folder: str, environment: dict[str, str]) -> Output:
    process = subprocess.Popen(  # noqa: S603  no shell; the arguments are ours
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _limit_memory(process.pid)
    try:
        printed, why = _collect(process)
    finally:
        _end(process)
    text = printed[0].decode("utf-8", "replace")
    if not why and process.returncode:
        why = _said(printed[1].decode("utf-8", "replace"), folder) or f"it ended with status {process.returncode}"
    return Output(text, why)


def _collect(process: subprocess.Popen[bytes]) -> tuple[list[bytes], str]:
    """Standard output and error up to their end, and why they are not whole."""
    assert process.stdout is not None
    assert process.stderr is not None
    parts: list[list[bytes]] = [[], []]
    size = 0
    deadline = time.monotonic() + MAX_SECONDS
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate((process.stdout, process.stderr)):
            selector.register(stream, selectors.EVENT_READ, number)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return [b"".join(p) for p in parts], f"it took longer than {_seconds()}"
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                size += len(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif size > MAX_OUTPUT:
                    return [b"".join(p) for p in parts], f"it printed more than {MAX_OUTPUT:,} bytes"
                else:
                    parts[key.data].append(chunk)
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return [b"".join(p) for p in parts], f"it took longer than {_seconds()}"
    return [b"".join(p) for p in parts], ""


def _seconds() -> str:
    return f"{MAX_SECONDS:.0f} second{'' if MAX_SECONDS == 1 else 's'}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and what it started are gone."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (OSError, AttributeError):
            process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _limit_memory(pid: int) -> None:
    try:
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    except (ImportError, AttributeError, OSError, ValueError):
        return  # not on this system: time and output stay bounded


def _said(error: str, folder: str) -> str:
    """What the program says is wrong: its line that begins with `Error:` and some behind it, else the last line."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("Error:")), len(lines) - 1)
    chosen = " ".join(lines[max(0, first) : first + _MAX_LINES])
    return chosen.removeprefix("Error:").replace(folder + os.sep, "").strip()[:500].rstrip(".")
