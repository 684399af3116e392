"""How the time of a scan grows with the calls of one module, which is nested three deep.

    python benchmarks/module_calls.py [--calls N …]

A root calls a module N times with different arguments, in a block each and in one block with `for_each`; the module
calls a second one and that a third, with a machine in each. The whole process is timed; a linear scan has the same
milliseconds a call in the last two rows of a table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WEB = """
variable "name" {}
variable "size" { default = "t3.micro" }
locals { title = "${var.name}-${upper(var.size)}" }
resource "aws_instance" "this" {
  ami           = "ami-1"
  instance_type = var.size
  user_data     = "#!/bin/sh\\napt-get install -y nginx # ${local.title}\\n"
  tags          = { Name = local.title }
}
output "title" { value = local.title }
"""


def called(source: str) -> str:
    return f'module "next" {{\n  source = "{source}"\n  name   = "${{local.title}}-next"\n  size   = var.size\n}}\n'


def write(folder: Path, calls: int, keyed: bool) -> None:
    for name, below in (("one", "../two"), ("two", "../three"), ("three", "")):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(WEB + (called(below) if below else ""))
    if keyed:
        text = (
            f'module "web" {{\n  source   = "./one"\n  for_each = toset([for i in range({calls}) : "web-${{i}}"])\n'
            "  name     = each.key\n}\n"
        )
    else:
        text = "".join(
            f'module "web_{at}" {{\n  source = "./one"\n  name   = "web-{at}"\n}}\n' for at in range(calls)
        )
    (folder / "main.tf").write_text(text)


def measure(calls: int, keyed: bool) -> tuple[float, int]:
    """Seconds and workloads of a scan."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), calls, keyed)
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "vmlint", "scan", "--format", "json", "--jobs", "1", "."],
                              cwd=folder, capture_output=True, text=True, check=False)  # fmt: skip
        return time.perf_counter() - start, json.loads(done.stdout)["summary"]["workloads"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[1, 10, 100, 1000])
    options = parser.parse_args()
    for keyed, title in ((False, "a block each"), (True, "one block with for_each")):
        print(f"| calls ({title}) | workloads | seconds | ms a call |\n|---|---|---|---|")
        for calls in options.calls:
            taken, workloads = measure(calls, keyed)
            print(f"| {calls:,} | {workloads:,} | {taken:.2f} | {taken * 1000 / calls:.1f} |", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
