"""Which of several containers a workload is for: the one whose size is that of an instance."""

from __future__ import annotations

from collections.abc import Sequence

from vmlint.catalog import images
from vmlint.model.fact import Known
from vmlint.model.workload import Container


def primary(name: str, containers: Sequence[Container]) -> Container | None:
    """Of the main containers the one that is named like the workload, else the first whose image is no helper of
    others (a proxy, a reloader, an exporter), else the first."""
    main = [container for container in containers if container.kind == "main"]
    named = next((container for container in main if container.name and container.name == name), None)
    if named is not None or len(main) < 2:
        return named or next(iter(main), None)
    return next((container for container in main if not _helps(container)), main[0])


def _helps(container: Container) -> bool:
    fact = images.image(container.image.value) if isinstance(container.image, Known) else None
    return fact is not None and fact.trait == "helper"
