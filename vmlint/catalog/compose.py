"""What in a Compose file tells the operating system of its engine. Data: `data/compose.yaml`."""

from __future__ import annotations

from collections.abc import Mapping

from vmlint.catalog.tables import cache, table


def driver_family(driver: str) -> str:
    """`linux` or `windows` for a network driver that exists on one system only; else empty."""
    return str(table("compose")["network_drivers"].get(driver, ""))


def network_family(name: str) -> str:
    """The system whose engine makes a network of this name by itself; else empty."""
    return str(table("compose")["engine_networks"].get(name, ""))


@cache
def keys_of_one_system() -> Mapping[str, str]:
    """Service keys that only one system honours, with that system."""
    return dict(table("compose")["keys"])
