"""Objects whose pods the API server would refuse for their shape alone: what stands where a pod belongs is told, as
nothing in it can be judged."""

from __future__ import annotations

from vmlint.catalog.kubernetes_kinds import Kind
from vmlint.model.finding import Problem, ProblemKind
from vmlint.model.value import Mapping, Missing, Scalar, Sequence, Unresolved, Value, at
from vmlint.sources.kubernetes.manifests import Manifest
from vmlint.sources.paths import select

_LISTS = ("containers", "initContainers", "ephemeralContainers")


def misshapen(manifest: Manifest, kind: Kind | None) -> list[Problem]:
    """One problem for each step to a pod, list of containers or container that is of another type than its platform
    reads. Below `spec` only Kubernetes' own kinds are so certain: an operator may read the same key in two ways.
    What a patch leaves out, or another program fills in, is no mistake."""
    if kind is None:
        return []
    if not kind.builtin:
        spec = at(manifest.body, "spec")
        wrong = not isinstance(spec, Missing) and _is_other(spec, Mapping)
        return [_problem(manifest, f"`spec` is {_called(spec)} where a mapping belongs", spec)] if wrong else []
    return [problem for path in kind.pods if (problem := _on_the_way(manifest, path)) is not None]


def lacks_pods(manifest: Manifest, kind: Kind) -> bool:
    """Whether an object is a whole one, as it selects its pods, and says nothing of them. A patch selects none."""
    if not kind.builtin or isinstance(at(manifest.body, "spec", "selector"), Missing):
        return False
    return not any(_has_containers(pod) for path in kind.pods for pod in select(manifest.body, path))


def _has_containers(pod: Value) -> bool:
    listed = at(pod, "containers")
    return isinstance(listed, Unresolved) or (isinstance(listed, Sequence) and bool(listed.items))


def _on_the_way(manifest: Manifest, path: str) -> Problem | None:
    value: Value = manifest.body
    for step in path.split("."):
        if not isinstance(value, Mapping) or step not in value.entries:
            return None
        value = value.entries[step]
        if _is_other(value, Mapping):
            return _problem(manifest, f"`{step}` is {_called(value)} where a mapping belongs", value)
    return _in_pod(manifest, value)


def _in_pod(manifest: Manifest, pod: Value) -> Problem | None:
    for key in _LISTS:
        listed = pod.entries.get(key) if isinstance(pod, Mapping) else None
        if listed is None or (key != _LISTS[0] and isinstance(listed, Scalar) and listed.value is None):
            continue
        if _is_other(listed, Sequence):
            return _problem(manifest, f"`{key}` is {_called(listed)} where a list belongs", listed)
        for item in listed.items if isinstance(listed, Sequence) else ():
            if _is_other(item, Mapping):
                return _problem(manifest, f"a container in `{key}` is {_called(item)}", item)
    return None


def _is_other(value: Value, wanted: type[Value]) -> bool:
    """Whether it is certainly of another type. A custom tag or a placeholder may still become the right one."""
    if value.tag is not None or not isinstance(value, Mapping | Sequence | Scalar) or isinstance(value, wanted):
        return False
    return not (
        isinstance(value, Scalar) and isinstance(value.value, str) and ("{" in value.value or "$" in value.value)
    )


def _called(value: Value) -> str:
    match value:
        case Sequence():
            return "a list"
        case Mapping():
            return "a mapping"
        case Scalar(value=None):
            return "empty"
        case Scalar():
            return f"`{value.text[:40]}`"
        case _:
            return "something else"


def _problem(manifest: Manifest, what: str, value: Value) -> Problem:
    message = f"{manifest.address} is not judged in full: {what}; the API server would not take it"
    return Problem(ProblemKind.UNREADABLE, message, value.key_span)
