"""Workloads and the hosts that they run on, in one vocabulary for all formats.

A pod, an ECS task, a Compose service, a virtual machine and a database custom resource are all workloads.
Every field that comes from a file is a `Fact`; plain fields are decided by the reader itself.
Units: vCPU as a number of cores, memory in MiB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmlint.model.fact import Absent, Fact, Known, Unknown
from vmlint.model.finding import Confidence
from vmlint.model.need import SubstrateClass
from vmlint.model.record import field, record
from vmlint.model.span import Span


@record
class Substrate:
    """What the workload runs on. `provider` names the product in the field's words (`Kubernetes`, `Docker`,
    `AWS EC2`, `VMware vSphere`, `LXD`), `runtime` what executes it (`runc`, `Kata`, `gVisor`, `Fargate`, `KVM`).
    `kind` is the key of the product in the catalogue's tables of offers and limits (`kata`, `gvisor`,
    `ecs-fargate`, `hyper-v-container`, `vm` …)."""

    cls: SubstrateClass
    provider: str
    runtime: str
    kind: str
    span: Span
    certain: bool = True


@record
class Mount:
    """`kind`: `host` (a path of the host), `volume` (named, claim or template: durable), `anonymous` (a volume
    without a name: not durable), `ephemeral` (emptyDir, tmpfs), `config` (ConfigMap, Secret, projected), `pipe`
    (Windows named pipe), `block` (raw block volume), `unknown`."""

    kind: str
    source: Fact[str]
    target: Fact[str]
    read_only: Fact[bool]
    span: Span
    sub_path: Fact[str] | None = None


@record
class Device:
    source: Fact[str]
    target: Fact[str]
    span: Span


@record
class Port:
    """`number` is the port inside, `host` the one published on the host, `protocol` `tcp` or `udp`."""

    number: Fact[int]
    host: Fact[int]
    protocol: str
    span: Span


@record
class Sysctl:
    name: str
    value: Fact[str]
    span: Span


@record
class Resources:
    """Cores and MiB. `huge_pages` in MiB; `gpus` a count."""

    cpu_limit: Fact[float]
    cpu_request: Fact[float]
    memory_limit: Fact[float]
    memory_request: Fact[float]
    huge_pages: Fact[float]
    gpus: Fact[float]

    @classmethod
    def none(cls, span: Span) -> Resources:
        absent = Absent(span)
        return cls(absent, absent, absent, absent, absent, absent)

    @property
    def is_stated(self) -> bool:
        """Whether any limit or request of CPU or memory is written."""
        amounts = (self.cpu_limit, self.cpu_request, self.memory_limit, self.memory_request)
        return not all(isinstance(amount, Absent) for amount in amounts)


@record
class Container:
    """`kind`: `main`, `init`, `sidecar` (a restartable init container) or `ephemeral`.

    `image` as written; `base_image` what the Dockerfile's last stage builds from, where the files tell.
    `entrypoint` and `arguments` are word lists as the runtime would receive them, `command` both in a row.
    `files` are the texts of configuration files that it is given, as far as the scan holds them.
    `capabilities` are upper case without `CAP_`. `confinement` lists what is switched off or set, as
    `seccomp=unconfined`, `apparmor=unconfined`, `label=disable`, `procmount=unmasked`, `systempaths=unconfined`.
    """

    name: str
    span: Span
    image: Fact[str]
    kind: str = "main"
    base_image: Fact[str] | None = None
    entrypoint: Fact[tuple[str, ...]] | None = None
    arguments: Fact[tuple[str, ...]] | None = None
    user: Fact[str] | None = None
    privileged: Fact[bool] | None = None
    platform: Fact[str] | None = None
    capabilities: tuple[Fact[str], ...] = ()
    devices: tuple[Device, ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    environment: Mapping[str, Fact[str]] = field(default_factory=dict)
    confinement: tuple[Fact[str], ...] = ()
    sysctls: tuple[Sysctl, ...] = ()
    resources: Resources | None = None
    host_process: Fact[bool] | None = None
    files: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """The known words of entrypoint and arguments, in order."""
        words: list[str] = []
        for part in (self.entrypoint, self.arguments):
            if isinstance(part, Known):
                words.extend(part.value)
        return tuple(words)

    @property
    def command_span(self) -> Span:
        for part in (self.entrypoint, self.arguments):
            if isinstance(part, Known):
                return part.span
        return self.span


@record
class HostAccess:
    """Namespaces of the host that the workload shares, each true, false, absent or unknown. `users` is false
    where the pod has a user namespace of its own (`hostUsers: false`)."""

    network: Fact[bool]
    pid: Fact[bool]
    ipc: Fact[bool]
    cgroup: Fact[bool]
    users: Fact[bool]

    @classmethod
    def none(cls, span: Span) -> HostAccess:
        absent = Absent(span)
        return cls(absent, absent, absent, absent, absent)


@record
class OperatingSystem:
    """`family`: linux, windows, other or unknown. `distribution` (`ubuntu`, `windows-server`) and `release`
    (`18.04`, `ltsc2019`) as the catalogue writes them; empty where nothing tells."""

    family: str
    distribution: str = ""
    release: str = ""


@record
class Placement:
    """Where the workload asks to be put: what a pod's selectors, a task's platform or an engine's mode say of
    its host. `selectors` are label to value; `tolerations` the keys tolerated; `os`/`architecture` what they
    come to; `engine_os` the OS of the engine that the file proves (one Compose engine is one OS)."""

    selectors: Mapping[str, Fact[str]] = field(default_factory=dict)
    tolerations: tuple[Fact[str], ...] = ()
    runtime_class: Fact[str] | None = None
    os: Fact[str] | None = None
    architecture: Fact[str] | None = None
    host: str = ""
    """Name of the host, cluster or pool where the format states one: what shares a kernel has the same."""
    apart: tuple[Mapping[str, Fact[str]], ...] = ()
    """Labels of pods that a required anti-affinity keeps off the workload's nodes."""
    os_build: Fact[str] | None = None
    """What names the Windows build of the host: a task's operating-system family."""
    misspelt: Fact[str] | None = None
    """A runtime class under a key that is a mistaken spelling of the field, at that key."""


@record
class Started:
    """Something that a machine's user data starts or installs. `kind`: `container`, `package`, `service`,
    `module` (kernel), `cluster-join`, `compose`, `command`. `name` is the image, package, unit or program."""

    kind: str
    name: str
    span: Span
    detail: str = ""


@record
class Machine:
    """The facts of a virtual machine or bare-metal host. `image` is its disk image, template or AMI as written,
    `size` its instance type or flavour; `names` what the platform calls it, a hyphen for what is not known of a
    name; `user_data` every script that it is given, `runs` what they do;
    `understood` is False where a script does things that vmlint cannot name, so that silence proves nothing."""

    image: Fact[str]
    size: Fact[str]
    user_data: tuple[Fact[str], ...] = ()
    runs: tuple[Started, ...] = ()
    understood: bool = True
    durable_disks: bool = False
    devices: tuple[Device, ...] = ()
    tenancy: Fact[str] | None = None
    ip_forward: Fact[bool] | None = None
    nested_virtualisation: Fact[bool] | None = None
    scaled: Fact[bool] | None = None
    """Whether a scaling policy moves the number of instances."""
    load_balanced: Fact[bool] | None = None
    names: tuple[str, ...] = ()


@record
class Declarations:
    """What the user states: `vmlint.dev/role` and its equals. A declaration beats any inference."""

    role: Fact[str] | None = None
    isolation: Fact[str] | None = None
    trust: Fact[str] | None = None
    sensitivity: Fact[str] | None = None
    tenant: Fact[str] | None = None
    mistaken: tuple[tuple[str, Span], ...] = ()
    """Keys that are written as declarations and declare nothing, each with its place."""


@record
class Evidence:
    """One reason for a role: `image postgres`, `kind Cluster (CloudNativePG)`."""

    text: str
    span: Span
    source: str = ""


@record
class Role:
    name: str
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    engine: str = ""
    """The product where it matters: `postgresql`, `oracle-database`; the key of the catalogue's engine table."""


UNKNOWN_ROLE = Role("unknown", Confidence.LOW)


@record
class Workload:
    """See the module. `kind` is the platform's own (`Deployment`, `aws_instance`, `service`), `unit` what is
    deployed together (the Compose project, namespace and file, root module). `kind_role` and `chart` are
    evidence that the reader found: a custom resource's role by its kind, a Helm chart's name.
    `modes` are settings of the platform that decide what it can run, by the names of the catalogue's limits
    (`network` of an ECS task, `sku` of a container group, `os-name` of a pod, `isolation` of a Compose service).
    `durable` tells that an operator or platform gives the workload storage of its own accord. `daemon` is one
    per node (a DaemonSet, a global service). `os` is the guest's; `absent` facts everywhere mean not written."""

    address: str
    name: str
    format: str
    kind: str
    span: Span
    substrate: Fact[Substrate]
    os: Fact[OperatingSystem]
    instances: Fact[int]
    vcpu: Fact[float]
    memory_mib: Fact[float]
    containers: tuple[Container, ...] = ()
    machine: Machine | None = None
    host: HostAccess | None = None
    placement: Placement = field(default_factory=Placement)
    declarations: Declarations = field(default_factory=Declarations)
    labels: Mapping[str, Fact[str]] = field(default_factory=dict)
    annotations: Mapping[str, Fact[str]] = field(default_factory=dict)
    sysctls: tuple[Sysctl, ...] = ()
    modes: Mapping[str, Fact[str]] = field(default_factory=dict)
    namespace: str = ""
    unit: str = ""
    kind_role: str = ""
    chart: str = ""
    daemon: bool = False
    durable: bool = False
    role: Role = UNKNOWN_ROLE
    call_chain: tuple[Span, ...] = ()
    """Module calls from the outermost in, through which a Terraform resource is reached; entries of kustomizations
    through which a manifest is."""
    parts: tuple[Span, ...] = ()
    """Further places that have a hand in the workload: the kustomizations that make it and their patches."""
    gaps: tuple[Unknown, ...] = ()
    """Unknown parts that stand for no field: a module that is not available, a file that does not exist."""
    refers: tuple[Known[str], ...] = ()
    """Objects whose containers it runs (`Task/build`), filled in when the estate is linked."""
    definition: bool = False
    """Whether it only defines what other objects run: listed where nobody in the scan refers to it."""

    @property
    def main_containers(self) -> tuple[Container, ...]:
        return tuple(c for c in self.containers if c.kind == "main")

    @property
    def images(self) -> Iterator[Fact[str]]:
        """Images of the containers, main ones first; the disk image of a machine."""
        for container in sorted(self.containers, key=lambda c: c.kind != "main"):
            yield container.image
        if self.machine is not None:
            yield self.machine.image

    @property
    def substrate_class(self) -> SubstrateClass | None:
        """The class where it is known."""
        return self.substrate.value.cls if isinstance(self.substrate, Known) else None


@record
class Host:
    """Something that workloads run on: a node pool, a RuntimeClass, an ECS cluster, a namespace's defaults.

    `kind`: `runtime-class`, `node-pool`, `fargate-profile`, `cluster`, `namespace`, `dedicated-host`.
    `labels` and `taints` are what selectors and tolerations meet; `facts` are the rest by name (a RuntimeClass's
    `handler`, a pool's `os`, `os_build`, `architecture`, `size`, `sandbox`)."""

    address: str
    name: str
    kind: str
    span: Span
    labels: Mapping[str, Fact[str]] = field(default_factory=dict)
    taints: tuple[Fact[str], ...] = ()
    facts: Mapping[str, Fact[str]] = field(default_factory=dict)


@record
class Estate:
    """All workloads and hosts of a scan, across files and formats: what shares a kernel is asked of it."""

    workloads: tuple[Workload, ...] = ()
    hosts: tuple[Host, ...] = ()

    def hosts_of(self, kind: str) -> Iterator[Host]:
        return (host for host in self.hosts if host.kind == kind)
