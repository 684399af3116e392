"""The operating system that an image, its tag or the catalogue names has been out of support for more than two
years, and its programs run on a kernel that they share with others. Nobody mends what is found in them.

Dates are the catalogue's: free support with the LTS teams' included, and Microsoft's extended support. Within
two years of the end it is a notice. The age of a derived image is never guessed: only what a name or tag states
counts. On a kernel of its own (a virtual machine, Kata) an old system is where it belongs.

Instead: build on a supported release; where that cannot be, give it a kernel of its own.

Goes back to: the distributions' release pages and Microsoft Lifecycle (catalogue); phoenixNAP, Containers vs
Virtual Machines.
"""

from collections.abc import Iterator

from vmlint.catalog import operating_systems
from vmlint.catalog.operating_systems import OsFact
from vmlint.model.fact import Known, Origin, Unknown
from vmlint.model.finding import Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.span import Span
from vmlint.model.workload import Container, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import shares_kernel

RULE = Rule(
    id="VML104",
    name="legacy-guest-os",
    summary="An operating system long out of support shares the kernel of its host",
    severity=Severity.WARNING,
    guidance="https://endoflife.date/",
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: centos:7
""",
            at="image: centos:7",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: debian:12
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: ubuntu:16.04
""",
            at="image: ubuntu:16.04",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  runtimeClassName: kata
  containers:
    - name: app
      image: ubuntu:16.04
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "ubuntu:precise"
}
""",
            at='image = "ubuntu:precise"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "ubuntu:24.04"
}
""",
        ),
    ),
)

_LONG = 2.0


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if not shares_kernel(workload):
        return
    told: set[Span] = set()
    for container in workload.containers:
        for name, span, via in _names(container):
            fact = operating_systems.of_image(name)
            years = None if fact is None else _years(fact, context)
            if fact is None or years is None or years <= 0 or span in told:
                continue
            told.add(span)
            yield Need(
                NeedKind.KERNEL,
                "own",
                f"`{container.name}` is built on {fact.distribution} {fact.release}, out of support for "
                f"{_length(years)}, and shares a kernel.",
                span,
                "Build on a supported release, or give it a kernel of its own.",
                notes_from(via),
                severity=Severity.WARNING if years > _LONG else Severity.NOTICE,
                subject=container.span,
                evidence=f"{fact.distribution} {fact.release}",
            )


def _names(container: Container) -> Iterator[tuple[str, Span, tuple[Origin, ...]]]:
    for fact in (container.image, container.base_image):
        match fact:
            case Known(value, span, via):
                yield value, span, via
            case Unknown(span=span, via=via, prefix=prefix) if prefix:
                yield prefix, span, via


def _years(fact: OsFact, context: Context) -> float | None:
    return operating_systems.years_past_end(fact.distribution, fact.release, context.today)


def _length(years: float) -> str:
    return f"{int(years)} years" if years >= _LONG else f"{years * 12:.0f} months"
