"""Reading of the catalogue's tables.

`data/NAME.yaml` is what people read and extend: every row has a source. `compiled/NAME.json` is the same table
as the program loads it, made by `python -m vmlint.catalog.compile`; a test keeps the two equal.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def table(name: str) -> Any:
    """The compiled table `name`, read once. Raises FileNotFoundError for a name that is no table."""
    return json.loads((FOLDER / "compiled" / f"{name}.json").read_bytes())
