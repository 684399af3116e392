"""One instance asks for most of a host: 16 vCPU or more, or 64 GiB or more (both are options). It leaves its
neighbours what it does not use, and its own latency depends on theirs.

Told is what is declared (requests, else limits) of one instance in a container; nothing is claimed about use.
On a virtual machine or bare metal the need is met.

Instead: give it a virtual machine or a node pool of its own with a size to match, or split it into smaller
instances.

Goes back to: phoenixNAP, Containers vs Virtual Machines ("all of an operating system's resources").
"""

from collections.abc import Iterator

from vmlint.model.fact import Fact, Known
from vmlint.model.finding import Note, Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.record import record
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule


@record
class Options:
    """From which declared size of one instance on a workload is demanding."""

    vcpu: float = 16
    memory_gib: float = 64


RULE = Rule(
    id="VML307",
    name="demanding-workload",
    summary="One instance of a container asks for most of a host",
    severity=Severity.WARNING,
    guidance="https://phoenixnap.com/kb/containers-vs-vms",
    exempt_roles=NODE_AGENT,
    options=Options,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    mem_limit: 128g
""",
            at="mem_limit: 128g",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    mem_limit: 8g
""",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    mem_limit: 128g
""",
            options=Options(memory_gib=256),
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      resources:
        requests:
          cpu: "24"
""",
            at='cpu: "24"',
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: example/app:1.4
      resources:
        requests:
          cpu: "2"
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name   = "app"
  image  = "example/app:1.4"
  memory = 131072
}
""",
            at="memory = 131072",
        ),
        Good(
            "main.tf",
            """
resource "aws_instance" "app" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "m7i.8xlarge"
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    options = context.options if isinstance(context.options, Options) else Options()
    told: list[tuple[str, Known[float]]] = []
    for fact, threshold, unit in (
        (workload.vcpu, options.vcpu, "{:g} vCPU"),
        (_gib(workload.memory_mib), options.memory_gib, "{:g} GiB"),
    ):
        if isinstance(fact, Known) and fact.value >= threshold:
            told.append((unit.format(round(fact.value, 1)), fact))
    if not told:
        return
    sizes = " and ".join(size for size, _ in told)
    first = told[0][1]
    yield Need(
        NeedKind.RESOURCES,
        "most-of-a-host",
        f"One instance of `{workload.name}` asks for {sizes}: most of a host.",
        first.span,
        "Give it a virtual machine or a node pool of its own, or split it into smaller instances.",
        notes_from(first.via) + tuple(Note(size, fact.span) for size, fact in told[1:]),
        evidence=sizes,
    )


def _gib(memory_mib: Fact[float]) -> Fact[float]:
    return memory_mib.map(lambda mib: mib / 1024)
