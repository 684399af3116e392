"""Claims on devices (dynamic resource allocation): what a container asks for by a ResourceClaim or its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmlint.catalog.kubernetes_kinds import device_class
from vmlint.model.fact import Absent, Fact, Known, Unknown, value_or
from vmlint.model.value import Mapping as Block
from vmlint.model.value import Value, at, integer, items, text

_REFERENCES = {"resourceClaimName": "ResourceClaim", "resourceClaimTemplateName": "ResourceClaimTemplate"}


def claimed_gpus(body: Value, spec: Value, known: Mapping[tuple[str, str], Value]) -> Fact[float]:
    """The GPUs that the claims of a container come to; unknown where a claim stands in no file of the scan. `body`
    is the container, `spec` its pod, `known` the device requests of claims by kind and name."""
    counts: list[tuple[int, Value]] = []
    for claim in items(at(body, "resources", "claims")):
        name = value_or(text(at(claim, "name")), "")
        requests = _requests(name, spec, known)
        if requests is None:
            return Unknown(name, "its claim stands in another object", claim.span.first_line())
        wanted = value_or(text(at(claim, "request")), "")
        counts += [(_gpus(item), claim) for item in items(requests) if _is_meant(item, wanted)]
    total = sum(count for count, _ in counts)
    return Known(float(total), counts[0][1].span.first_line()) if total else Absent(body.span)


def _requests(name: str, spec: Value, known: Mapping[tuple[str, str], Value]) -> Value | None:
    """The device requests of the claim that the pod calls so; None where they are not in the scan."""
    for named in items(at(spec, "resourceClaims")):
        if value_or(text(at(named, "name")), "") != name:
            continue
        for key, kind in _REFERENCES.items():
            held = text(at(named, key))
            if isinstance(held, Known):
                return known.get((kind, held.value))
    return None


def _is_meant(request: Value, wanted: str) -> bool:
    """A container may name one request of its claim; a subrequest behind a slash."""
    return not wanted or value_or(text(at(request, "name")), "") == wanted.partition("/")[0]


def _gpus(request: Value) -> int:
    """How many GPUs a request asks for, in either version of the API; of alternatives the first."""
    exactly = at(request, "exactly")
    asked = exactly if isinstance(exactly, Block) else next(_alternatives(request), request)
    if device_class(value_or(text(at(asked, "deviceClassName")), "")) != "gpu":
        return 0
    return max(1, value_or(integer(at(asked, "count")), 1))


def _alternatives(request: Value) -> Iterator[Value]:
    yield from items(at(request, "firstAvailable"))
