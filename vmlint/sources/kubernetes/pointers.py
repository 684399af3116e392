"""Objects that only point to workloads: a release of a chart, an application in a repository. Who renders them, and
from what, is a part of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vmlint.catalog.kubernetes_kinds import rendered_by
from vmlint.model.fact import Known
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.value import text
from vmlint.sources.kubernetes.manifests import Manifest
from vmlint.sources.paths import select

_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_MAX_NAMES = 6


def pointer(manifest: Manifest) -> Problem | None:
    """What would tell the workloads of an object that points to them; None for any other object."""
    by, paths = rendered_by(manifest.group, manifest.kind)
    if not by:
        return None
    names = list(dict.fromkeys(_names(manifest, paths)))
    stated = f" ({', '.join(names[:_MAX_NAMES])})" if names else ""
    message = f"{manifest.address} is not rendered: {by}{stated} would tell what it runs"
    return Problem(ProblemKind.REFERENCE, message, manifest.span)


def _names(manifest: Manifest, paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        for value in select(manifest.body, path):
            stated = text(value)
            if isinstance(stated, Known) and stated.value:
                yield _CREDENTIALS.sub("//", stated.value)
