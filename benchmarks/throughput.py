"""Throughput of the parsers and of whole scans on a folder of real files.

    python benchmarks/throughput.py [--corpus DIR] [--scan]

YAML to a tree with spans is compared with libyaml's own scan (tokens only, nothing built): the limit of what a
parser on top of it can reach. `--scan` adds whole scans (evaluation, rules and report) with peak memory.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from vmlint.model.span import SourceText
from vmlint.syntax import hcl, yaml

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "corpus"


def texts(folder: Path, *endings: str) -> list[SourceText]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(endings) and path.is_file():
            try:
                found.append(SourceText(str(path), path.read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue
    return found


def libyaml_scan(source: SourceText) -> None:
    from _ruamel_yaml import CParser

    parser = CParser(source.text)
    try:
        while parser.get_token() is not None:
            pass
    except Exception:
        return


def measure(name: str, sources: list[SourceText], work: Callable[[SourceText], object]) -> float:
    size = sum(len(source.text.encode()) for source in sources) / 1e6
    start = time.perf_counter()
    for source in sources:
        work(source)
    rate = size / (time.perf_counter() - start)
    print(f"| {name} | {len(sources)} | {size:.1f} | {rate:.1f} |", flush=True)
    return rate


def scan(name: str, folder: Path, target: str = ".", jobs: int = 0) -> None:
    """A whole scan: reading, evaluation, rules and report. CPU seconds tell what a busy machine hides."""
    there = folder / target
    paths = [there] if there.is_file() else [p for p in there.rglob("*") if p.is_file() and p.suffix in FORMATS]
    size = sum(p.stat().st_size for p in paths) / 1e6
    command = [sys.executable, "-c", _SCAN, "--format", "json", *(["--jobs", str(jobs)] if jobs else []), target]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    taken = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(done.stderr.strip().splitlines()[-1]) / 1024
    print(f"| {name} | {size:.1f} | {taken:.1f} | {cpu:.1f} | {size / taken:.1f} | {peak:.0f} |", flush=True)


# The peak is that of the process and of its largest worker together, in KiB.
_SCAN = """
import resource, sys
from vmlint.cli import cli
sys.argv[1:1] = ["scan"]
try:
    cli(standalone_mode=True)
finally:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    print("\\n" + str(sum(resource.getrusage(w).ru_maxrss for w in who)), file=sys.stderr)
"""


FORMATS = {".yaml", ".yml", ".json", ".tf", ".tofu"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=SHARED)
    parser.add_argument("--scan", action="store_true")
    options = parser.parse_args()
    manifests = texts(options.corpus / "kubernetes", ".yaml", ".yml")
    modules = texts(options.corpus / "terraform", ".tf", ".tofu")
    print("| to a tree | files | MB | MB/s |\n|---|---|---|---|")
    limit = measure("libyaml's scan alone", manifests, libyaml_scan)
    tree = measure("YAML to a tree with spans", manifests, yaml.parse)
    measure("HCL to top-level blocks", modules, hcl.blocks)
    print(f"\nYAML: {tree / limit:.2f} of libyaml's scan.\n")
    if options.scan:
        print("| whole scan | MB | seconds | CPU seconds | MB/s | peak MiB |\n|---|---|---|---|---|---|")
        for name in ("compose", "kubernetes", "terraform"):
            scan(name, options.corpus / name)
        huge = options.corpus / "kubernetes-huge"
        largest = max(huge.glob("*.yaml"), key=lambda path: path.stat().st_size)
        scan("the largest manifest, one process", huge, largest.name, jobs=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
