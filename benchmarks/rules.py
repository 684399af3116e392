"""How right each rule is on the labelled workloads, and how often it speaks on the whole corpus.

    python benchmarks/rules.py [--labels FILE] [--corpus DIR] [--apart GLOB] [--max-share SHARE] [--min PRECISION]

The first table has, for each rule, findings of severity warning or error that the labels want, findings that they
do not, and wanted ones that are missing; what a label calls arguable counts nowhere. The second has, for each
format, the share of workloads with a warning or an error, and by which rules. `--apart` (any number) names
repositories whose purpose is a privileged or hostile set-up: they are counted in a table of their own.
"""

import argparse
import collections
import fnmatch
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[2] / "shared"
FORMATS = ("compose", "kubernetes", "terraform")
GRAVE = ("error", "warning")
Report = dict[str, Any]


def scan(folder: Path, root: str = ".") -> Report:
    command = [sys.executable, "-m", "vmlint", "scan", "--no-config", "--format", "json", root]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{folder}: exit {done.returncode}: {done.stderr[-300:]}")
    report: Report = json.loads(done.stdout)
    return report


def told(report: Report) -> dict[tuple[str, str], set[str]]:
    """Rules with a warning or an error, by file and address of the workload; the file is the finding's own."""
    found: dict[tuple[str, str], set[str]] = collections.defaultdict(set)
    for finding in report["findings"]:
        if finding["severity"] in GRAVE and finding["workload"]:
            found[finding["file"], finding["workload"]].add(finding["rule"])
    return found


def precision(labels: list[dict[str, Any]], corpus: Path) -> dict[str, list[int]]:
    """For each rule: right, false alarms, missed."""
    roots: dict[tuple[Path, str], list[dict[str, Any]]] = collections.defaultdict(list)
    for label in labels:
        folder = corpus / label["format"] / label["repo"].replace("/", "__")
        if folder.is_dir():
            roots[folder, label["root"] or "."].append(label)
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    for (folder, root), group in roots.items():
        report = scan(folder, root)
        found = told(report)
        for label in group:
            same = [w for w in report["workloads"] if w["address"] == label["address"]]
            files = {label["file"]} if len(same) > 1 else {file for file, name in found if name == label["address"]}
            fired = {rule for file in files for rule in found.get((file, label["address"]), ())}
            wanted, arguable = set(label["rules"]), set(label.get("arguable", ()))
            for at, rules in enumerate((wanted & fired, fired - wanted - arguable, wanted - fired)):
                for rule in rules:
                    counts[rule][at] += 1
    return counts


def shares(folders: Iterable[Path]) -> tuple[int, int, collections.Counter[str]]:
    """Workloads, those with a warning or an error, and for each rule how many it tells."""
    workloads, grave, by_rule = 0, 0, collections.Counter[str]()
    for folder in folders:
        report = scan(folder)
        found = told(report)
        workloads += len(report["workloads"])
        # A finding may stand in another file than its workload (a Dockerfile, a module), and one address may be met
        # in several roots: as many workloads as files tell of it, and no more than there are.
        addresses = collections.Counter(workload["address"] for workload in report["workloads"])
        files = collections.Counter(address for _, address in found)
        grave += sum(min(count, addresses[address]) for address, count in files.items())
        for rules in found.values():
            by_rule.update(rules)
    return workloads, grave, by_rule


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, default=SHARED / "bench" / "dev.jsonl")
    parser.add_argument("--corpus", type=Path, default=SHARED / "corpus")
    parser.add_argument("--apart", action="append", default=[], metavar="GLOB")
    parser.add_argument("--max-share", type=float, default=1.0)
    parser.add_argument("--min", type=float, default=0.0)
    options = parser.parse_args()
    labels = [json.loads(line) for line in options.labels.read_text(encoding="utf-8").splitlines() if line.strip()]

    counts = precision(labels, options.corpus)
    right, false, missed = (sum(row[at] for row in counts.values()) for at in range(3))
    print("rule      right  false alarms  missed  precision")
    for rule, (a, b, c) in sorted(counts.items()):
        print(f"{rule}    {a:5}  {b:12}  {c:6}  {a / (a + b) if a + b else 0:9.0%}")
    overall = right / (right + false) if right + false else 0.0
    print(f"all       {right:5}  {false:12}  {missed:6}  {overall:9.1%}")

    worst = 0.0
    for form in FORMATS:
        folders = sorted(path for path in (options.corpus / form).iterdir() if path.is_dir())
        apart = [path for path in folders if any(fnmatch.fnmatch(path.name, glob) for glob in options.apart)]
        for name, chosen in ((form, [path for path in folders if path not in apart]), (f"{form}, apart", apart)):
            if not chosen:
                continue
            workloads, grave, by_rule = shares(chosen)
            share = grave / workloads if workloads else 0.0
            worst = max(worst, share if name == form else 0.0)
            print(f"\n{name}: {grave} of {workloads} workloads have a warning or an error ({share:.1%})")
            for rule, count in by_rule.most_common():
                print(f"  {rule} {count:5}  {count / workloads:6.2%}")
    if overall < options.min or worst > options.max_share:
        sys.exit(1)


if __name__ == "__main__":
    main()
