"""Whole-process time on one file, as a ratio to `python -c pass` of the same interpreter.

    python benchmarks/startup.py [--python PATH] [--runs N]

The runs of all commands are interleaved, so that a busy machine slows each of them alike; medians are printed.
An editable install adds its own import hook to every start: measure with a regular one (`--python`).
Exit 1 where a ratio is above its budget.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DEMO = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "demo"

# An installation has its bytecode: the first round writes it, whatever the shell's environment says.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

# name -> (arguments, budget as a multiple of `python -c pass`)
COMMANDS = {
    "python -c pass": (["-c", "pass"], None),
    "one Compose file": (["-m", "vmlint", "scan", "shop/compose.yaml"], 9.0),
    "one Kubernetes file": (["-m", "vmlint", "scan", "cluster/notebooks.yaml"], None),
    "one Terraform file": (["-m", "vmlint", "scan", "infra/modules/web/main.tf"], 22.0),
}


def seconds(python: str, arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([python, *arguments], cwd=DEMO, env=ENVIRONMENT, capture_output=True, check=False)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.runs + 1):
        for name, (arguments, _budget) in COMMANDS.items():
            taken[name].append(seconds(options.python, arguments))
    # The first round warms the caches of the disk.
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    base = medians["python -c pass"]
    over = False
    print("| command | ms | × `python -c pass` | budget |\n|---|---|---|---|")
    for name, (_arguments, budget) in COMMANDS.items():
        ratio = medians[name] / base
        over = over or (budget is not None and ratio > budget)
        print(f"| {name} | {medians[name] * 1000:.0f} | {ratio:.1f} | {budget or ''} |")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
