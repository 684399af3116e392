"""Reading of the catalogue's tables.

`data/NAME.yaml` is what people read and extend: every row has a source. `compiled/NAME.json` is the same table
as the program loads it, made by `python -m vmlint.catalog.compile`; a test keeps the two equal.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

FOLDER = os.path.dirname(__file__)


@cache
def table(name: str) -> Any:
    """The compiled table `name`, read once. Raises FileNotFoundError for a name that is no table."""
    with open(os.path.join(FOLDER, "compiled", f"{name}.json"), "rb") as handle:
        return json.loads(handle.read())
