"""Makes `compiled/*.json` from `data/*.yaml`: `python -m vmlint.catalog.compile`.

The compiled form drops what the program never reads at run time (comments); keys, order and values are the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from vmlint.catalog.tables import FOLDER


def source_table(path: Path) -> Any:
    """A source table as plain lists, mappings and scalars (YAML 1.2, dates as strings)."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    return yaml.load(path.read_text(encoding="utf-8"))


def compiled(path: Path) -> str:
    """The text of the compiled form of a source table."""
    return json.dumps(source_table(path), ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def main() -> None:
    target = Path(FOLDER) / "compiled"
    target.mkdir(exist_ok=True)
    for path in sorted((Path(FOLDER) / "data").glob("*.yaml")):
        (target / f"{path.stem}.json").write_text(compiled(path), encoding="utf-8")
        sys.stdout.write(f"{path.stem}\n")


if __name__ == "__main__":
    main()
