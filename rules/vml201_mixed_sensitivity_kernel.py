"""Workloads of different declared sensitivity, or of different tenants, share a kernel: the weakest of them is the
way to the others.

Only declarations count, on both sides. What shares a kernel is what the files put together: one Compose
project, one named host or cluster, pods that one pool of nodes may take. A selector alone does not keep others off
a pool: a taint with it does, and so does a required anti-affinity.

Instead: a pool of nodes for each level (a taint and a selector), or a kernel of its own for the sensitive one.

Goes back to: NIST SP 800-190 §4.3.4 (group containers of the same purpose, sensitivity and threat posture on
one kernel).
"""

from collections.abc import Iterator

from vmlint.kernel_map import level_of, levels_beside
from vmlint.model.fact import Known
from vmlint.model.finding import Note, Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML201",
    name="mixed-sensitivity-kernel",
    summary="Workloads of different sensitivity or tenants share a kernel",
    severity=Severity.ERROR,
    guidance="https://csrc.nist.gov/pubs/sp/800/190/final",
    security=True,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  pay:
    image: example/pay:1
    labels:
      vmlint.dev/sensitivity: restricted
  blog:
    image: example/blog:1
    labels:
      vmlint.dev/sensitivity: public
""",
            at="vmlint.dev/sensitivity: restricted",
        ),
        Good(
            "compose.yaml",
            """
services:
  pay:
    image: example/pay:1
    labels:
      vmlint.dev/sensitivity: restricted
  book:
    image: example/book:1
    labels:
      vmlint.dev/sensitivity: restricted
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: pay
  labels: {vmlint.dev/tenant: a}
spec:
  containers:
    - name: pay
      image: example/pay:1
---
apiVersion: v1
kind: Pod
metadata:
  name: blog
  labels: {vmlint.dev/tenant: b}
spec:
  containers:
    - name: blog
      image: example/blog:1
""",
            at="vmlint.dev/tenant: b",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: pay
  labels: {vmlint.dev/tenant: a}
spec:
  containers:
    - name: pay
      image: example/pay:1
---
apiVersion: v1
kind: Pod
metadata:
  name: blog
  labels: {vmlint.dev/tenant: b}
spec:
  runtimeClassName: kata
  containers:
    - name: blog
      image: example/blog:1
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "pay" {
  name  = "pay"
  image = "example/pay:1"
  labels {
    label = "vmlint.dev/sensitivity"
    value = "restricted"
  }
}

resource "docker_container" "blog" {
  name  = "blog"
  image = "example/blog:1"
  labels {
    label = "vmlint.dev/sensitivity"
    value = "public"
  }
}
""",
            at='value = "restricted"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "pay" {
  name  = "pay"
  image = "example/pay:1"
  labels {
    label = "vmlint.dev/sensitivity"
    value = "restricted"
  }
}

resource "docker_container" "book" {
  name  = "book"
  image = "example/book:1"
  labels {
    label = "vmlint.dev/sensitivity"
    value = "restricted"
  }
}
""",
        ),
    ),
)

_LEVELS = ("public", "internal", "restricted")


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    stated = workload.declarations
    own = level_of(workload)
    if own is None:
        return
    for level, others in levels_beside(workload, context.estate):
        if isinstance(stated.sensitivity, Known) and _rank(own[0]) > _rank(level[0]) >= 0:
            if (other := next(others, None)) is not None:
                what = f"{own[0]} data shares a kernel with `{other.name}`, which is {level[0]}"
                yield _need(workload, what, stated.sensitivity, other)
                return
        elif isinstance(stated.tenant, Known) and own[1] and level[1] and own[1] != level[1]:
            # The later of two tells, so that two tenants are one finding.
            other = next(others, None)
            theirs = other.declarations.tenant if other is not None else None
            if other is not None and isinstance(theirs, Known) and workload.span.sort_key > other.span.sort_key:
                what = f"tenant {stated.tenant.value} shares a kernel with tenant {theirs.value} (`{other.name}`)"
                yield _need(workload, what, stated.tenant, other)
                return


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


def _need(workload: Workload, what: str, fact: Known[str], other: Workload) -> Need:
    return Need(
        NeedKind.KERNEL,
        "own",
        f"`{workload.name}`: {what}.",
        fact.span,
        "Give each level a pool of nodes of its own (taint and selector), or this one a kernel of its own.",
        (Note(f"its neighbour `{other.name}`", other.span.first_line()),),
        evidence=what,
    )
