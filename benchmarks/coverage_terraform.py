"""What the readers make of Terraform resources: counts by type, unmapped types that look like workloads, the share
of known facts, and what stays undecided.

    python benchmarks/coverage_terraform.py [--corpus DIR] [--types N] [--min FACT=SHARE ...]

Facts: image, size (vCPU and memory both), instances, os, substrate, role. A fact counts as known where the files
settle it; a machine without a size of its own (a launch template) counts where it is asked for all the same.
"""

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path

from vmlint.catalog.terraform_types import extensions, resource_type
from vmlint.engine.discovery import discover
from vmlint.files import Files
from vmlint.model.fact import Absent, Known
from vmlint.model.workload import Workload
from vmlint.roles import assign
from vmlint.sources import plan, terraform
from vmlint.sources.reading import Surroundings

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "terraform"
RESOURCE = re.compile(r'^[ \t]*resource[ \t]+"?([a-z][\w-]*)"?[ \t]+"?[\w-]+"?[ \t]*\{', re.M)
TYPE = re.compile(r'(?:^|\.)([a-z][\w-]*)\.[\w-]+(?:\["[^"]*"\])?(?:/\S*)?$')
# Names of types that make machines or containers; databases and functions as a service are none.
LOOKS_LIKE = re.compile(
    r"_(?:instance|server|vm|virtual_machine\w*|machine|droplet|domain|guest|container(?:_group|_app)?|pod|task_definition"
    r"|job_definition|deployment|stateful_?set|daemon_?set|node_pool|node_group|scale_set|desktop|workstation)$"
)
NO_WORKLOAD = re.compile(
    r"_(?:db|rds|sql|redis|cache|search|storage|mysql|postgres\w*|api|iam|dns|replication|capacity|service|function"
    r"|model|gateway|backup|recovery|protected)_|database|dataset|lambda|storage_container|sql_|_db_|ecr_|bigtable"
    r"|spanner|alloydb|mongodb|docdb|neptune|search|filestore|lustre|netapp|attachment|access_grants|_machine_data"
)


def counts_by_type(corpus: Path) -> collections.Counter[str]:
    counts: collections.Counter[str] = collections.Counter()
    for path in sorted(corpus.rglob("*")):
        if path.suffix in (".tf", ".tofu") and path.is_file():
            counts.update(RESOURCE.findall(path.read_text(encoding="utf-8", errors="replace")))
    return counts


def undecided(corpus: Path) -> tuple[int, int]:
    """Workloads whose verdict is open, and all workloads, as the program reports them."""
    command = [sys.executable, "-m", "vmlint", "inventory", "--format", "json", str(corpus)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["workloads"]
    return sum(workload["verdict"] == "undecided" for workload in found), len(found)


def type_of(workload: Workload) -> str:
    """The resource type in the address; empty for a module that is not at hand."""
    found = TYPE.search(workload.address)
    return found[1] if found is not None and found[1] != "module" else ""


def workloads(corpus: Path) -> list[Workload]:
    """The workloads of all root modules, with their roles."""
    surroundings = Surroundings(Files(corpus))
    found: list[Workload] = []
    for unit in discover([str(corpus)], surroundings).units:
        if unit.format in ("terraform", "plan"):
            read = terraform.read if unit.format == "terraform" else plan.read
            found += read(unit, surroundings).workloads
    return found


def known(workload: Workload) -> dict[str, bool | None]:
    """Which facts are known; None for one that the workload does not have."""
    images = list(workload.images)
    sizes = (workload.vcpu, workload.memory_mib)
    sized = workload.machine is not None or any(not isinstance(size, Absent) for size in sizes)
    return {
        "image": any(isinstance(image, Known) for image in images) if images else None,
        "size": all(isinstance(size, Known) for size in sizes) if sized else None,
        "instances": None if isinstance(workload.instances, Absent) else isinstance(workload.instances, Known),
        "os": isinstance(workload.os, Known),
        "substrate": isinstance(workload.substrate, Known),
        "role": assign(workload).name != "unknown",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--types", type=int, default=40)
    parser.add_argument("--min", nargs="*", default=[], metavar="FACT=SHARE")
    options = parser.parse_args()
    counts = counts_by_type(options.corpus)
    mapped = {name: count for name, count in counts.items() if resource_type(name) is not None}
    helpers = {name for name in counts if name in extensions()}
    left = {
        name: count
        for name, count in counts.items()
        if name not in mapped | dict.fromkeys(helpers) and LOOKS_LIKE.search(name) and not NO_WORKLOAD.search(name)
    }
    found = workloads(options.corpus)
    made = collections.Counter(map(type_of, found))
    print(f"{sum(counts.values())} resources of {len(counts)} types")
    print(f"{sum(mapped.values())} of {len(mapped)} mapped types")
    print(f"{len(found)} workloads (modules are counted through their calls)")
    for name, count in sorted(mapped.items(), key=lambda item: (-item[1], item[0]))[: options.types]:
        print(f"{count:6} resources {made[name]:6} workloads  {name}")
    print(f"{sum(left.values())} resources of unmapped types look like workloads")
    for name, count in sorted(left.items(), key=lambda item: (-item[1], item[0]))[: options.types]:
        print(f"{count:6} {name}")
    shares: dict[str, float] = {}
    facts = [known(workload) for workload in found if type_of(workload)]
    for fact in ("image", "size", "instances", "os", "substrate", "role"):
        asked = [entry[fact] for entry in facts if entry[fact] is not None]
        shares[fact] = sum(map(bool, asked)) / len(asked) if asked else 1.0
        print(f"{shares[fact]:7.1%} known {fact} ({sum(map(bool, asked))} of {len(asked)})")
    print(f"{made['']} workloads stand for modules that are not at hand")
    undecided_ones, reported = undecided(options.corpus)
    print(f"{undecided_ones} of {reported} workloads are undecided")
    wanted = [pair.partition("=") for pair in options.min]
    return 1 if any(shares[fact] < float(share) for fact, _, share in wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
