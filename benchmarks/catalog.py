"""Time that a scan of one Compose file spends in the catalogue: its tables read, its look-ups made.

    python benchmarks/catalog.py [--runs N] [--budget MS] [FILE]

Every public function of `vmlint.catalog` is timed where it is entered from outside, in a fresh process for each
run, so that each pays for reading the tables. The median is printed; exit 1 above the budget.
"""

import argparse
import functools
import importlib
import inspect
import pkgutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEMO = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "demo" / "shop" / "compose.yaml"


class Clock:
    """Seconds inside the catalogue and the calls from outside it."""

    def __init__(self) -> None:
        self.seconds, self.calls, self.depth = 0.0, 0, 0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return function(*args, **kwargs)
            self.depth, self.calls = 1, self.calls + 1
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - start
                self.depth = 0

        return call


def measure(file: str) -> str:
    """One scan in this process: milliseconds in the catalogue, calls into it, milliseconds of the scan."""
    import vmlint.catalog

    clock = Clock()
    names = [f"vmlint.catalog.{each.name}" for each in pkgutil.iter_modules(vmlint.catalog.__path__)]
    modules = [importlib.import_module(name) for name in names]
    wrapped = {}
    for module in modules:
        for _, function in inspect.getmembers(module, callable):
            if not inspect.isclass(function) and getattr(function, "__module__", "") == module.__name__:
                wrapped[id(function)] = (function, clock.timed(function))
    for module in modules:
        for name, value in list(vars(module).items()):
            # Within the catalogue a call stays inside: only what others import is replaced.
            if not name.startswith("_") and id(value) in wrapped:
                setattr(module, name, wrapped[id(value)][1])
    from click.testing import CliRunner

    from vmlint.cli import cli

    start = time.perf_counter()
    CliRunner().invoke(cli, ["scan", "--no-config", file])
    whole = time.perf_counter() - start
    return f"{clock.seconds * 1000:.2f} {clock.calls} {whole * 1000:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--budget", type=float, default=15.0)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", default=str(DEMO))
    options = parser.parse_args()
    if options.one:
        print(measure(options.file))
        return 0
    rows = []
    for _ in range(options.runs + 1):
        command = [sys.executable, __file__, "--one", options.file]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        rows.append([float(part) for part in done.stdout.split()])
    # The first round warms the caches of the disk.
    spent, calls, whole = (statistics.median(column) for column in zip(*rows[1:], strict=True))
    print(f"{spent:.1f} ms in {calls:.0f} look-ups, of {whole:.1f} ms for the scan (budget {options.budget:g} ms)")
    return 1 if spent > options.budget else 0


if __name__ == "__main__":
    sys.exit(main())
