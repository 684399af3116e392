"""One instance asks for most of a host: 16 vCPU or more, or 64 GiB or more (both are options). It leaves its
neighbours what it does not use, and its own latency depends on theirs.

Told is what is declared (requests, else limits) of one instance in a container; nothing is claimed about use.
Huge pages count as memory. Told too are three quarters of a node of the pool that the pod selects, where the scan
has its size, and CPUs for one pod alone: whole ones of a Guaranteed pod where all nodes have the static policy. On
a virtual machine or bare metal the need is met.

Instead: give it a virtual machine or a node pool of its own with a size to match, or split it into smaller
instances.

Goes back to: phoenixNAP, Containers vs Virtual Machines ("all of an operating system's resources").
"""

from collections.abc import Iterator

from vmlint.kernel_map import is_pod
from vmlint.model.fact import Absent, Known
from vmlint.model.finding import Note, Severity, notes_from
from vmlint.model.need import Need, NeedKind
from vmlint.model.record import record
from vmlint.model.workload import Container, Workload
from vmlint.node_pools import pools_that_may_take, selected_pool
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule


@record
class Options:
    """From which declared size of one instance on a workload is demanding, and from which share of a node of the
    pool that it selects."""

    vcpu: float = 16
    memory_gib: float = 64
    host_share: float = 0.75


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
    told = list(_sizes(workload, options))
    if not told:
        told = list(_of_its_host(workload, context, options))
    if not told:
        yield from _exclusive(workload, context)
        return
    sizes = " and ".join(size for size, _ in told)
    first = told[0][1]
    yield _need(
        f"One instance of `{workload.name}` asks for {sizes}: most of a host.",
        first,
        sizes,
        tuple(Note(size, fact.span) for size, fact in told[1:]),
    )


def _sizes(workload: Workload, options: Options) -> Iterator[tuple[str, Known[float]]]:
    """Declared sizes from the thresholds on; huge pages are memory beside the rest."""
    if isinstance(workload.vcpu, Known) and workload.vcpu.value >= options.vcpu:
        yield f"{round(workload.vcpu.value, 1):g} vCPU", workload.vcpu
    memory = workload.memory_mib
    if isinstance(memory, Known):
        total = (memory.value + _huge_pages(workload)) / 1024
        if total >= options.memory_gib:
            yield f"{round(total, 1):g} GiB", memory


def _huge_pages(workload: Workload) -> float:
    pages = [c.resources.huge_pages for c in workload.main_containers if c.resources is not None]
    return sum(fact.value for fact in pages if isinstance(fact, Known))


def _of_its_host(workload: Workload, context: Context, options: Options) -> Iterator[tuple[str, Known[float]]]:
    """What is most of a node of the one pool that the pod selects, where the pool's size is known."""
    pool = selected_pool(workload, context.estate) if is_pod(workload) else None
    machines = [w for w in context.estate.workloads if pool is not None and w.address == pool.address]
    for machine in machines[:1]:
        for own, whole, unit, scale in (
            (workload.vcpu, machine.vcpu, "vCPU", 1),
            (workload.memory_mib, machine.memory_mib, "GiB", 1024),
        ):
            if (
                isinstance(own, Known)
                and isinstance(whole, Known)
                and own.value >= options.host_share * whole.value
            ):
                yield f"{own.value / scale:g} of the {whole.value / scale:g} {unit} of a node", own


def _exclusive(workload: Workload, context: Context) -> Iterator[Outcome]:
    """CPUs that nobody else may use: a Guaranteed pod of whole CPUs where the kubelet has the static policy, a
    virtual machine with dedicated placement."""
    dedicated = workload.modes.get("dedicated-cpu")
    if isinstance(dedicated, Known) and dedicated.value.lower() == "true":
        yield _need(f"`{workload.name}` has CPUs of its own.", dedicated, "dedicated CPUs")
        return
    if not is_pod(workload):
        return
    policies = [pool.facts.get("cpu_policy") for pool in pools_that_may_take(workload, context.estate)]
    static = [fact for fact in policies if isinstance(fact, Known) and fact.value == "static"]
    if not static or len(static) != len(policies):
        return
    cpu = next((cpus for c in workload.main_containers if (cpus := _whole_and_guaranteed(c)) is not None), None)
    if cpu is not None:
        note = (Note("the nodes' static policy", static[0].span),)
        yield _need(f"`{workload.name}` takes {cpu.value:g} CPUs for itself alone.", cpu, "exclusive CPUs", note)


def _whole_and_guaranteed(container: Container) -> Known[float] | None:
    sizes = container.resources
    if sizes is None or not isinstance(sizes.cpu_limit, Known) or not isinstance(sizes.memory_limit, Known):
        return None
    for limit, request in ((sizes.cpu_limit, sizes.cpu_request), (sizes.memory_limit, sizes.memory_request)):
        if not isinstance(request, Absent) and not (isinstance(request, Known) and request.value == limit.value):
            return None
    return sizes.cpu_limit if sizes.cpu_limit.value >= 1 and sizes.cpu_limit.value % 1 == 0 else None


def _need(message: str, fact: Known[float] | Known[str], evidence: str, notes: tuple[Note, ...] = ()) -> Need:
    return Need(
        NeedKind.RESOURCES,
        "most-of-a-host",
        message,
        fact.span,
        "Give it a virtual machine or a node pool of its own, or split it into smaller instances.",
        notes_from(fact.via) + notes,
        evidence=evidence,
    )
