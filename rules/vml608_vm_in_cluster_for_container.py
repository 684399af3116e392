"""A virtual machine in the cluster (KubeVirt) runs one packaged daemon, whatever its size. The cluster beside it
runs that daemon's image as a pod, with the same network, storage and scheduling.

Only with positive evidence in the disk image or cloud-init. Never for container hosts, CI runners, network
infrastructure, demanding or restricted workloads, bastions, desktops, Windows machines, nor for what needs a
sandbox or more.

Instead: a Deployment or StatefulSet with the daemon's image.

Goes back to: KubeVirt user guide; Forklift validation rules.
"""

from collections.abc import Iterator

from vmlint.catalog.substrates import recommendation
from vmlint.machines import containers, daemons, hosts_more, stays_machine
from vmlint.model.finding import Severity
from vmlint.model.need import SubstrateClass, Surplus
from vmlint.model.workload import Workload
from vmlint.placement import platform_of
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML608",
    name="vm-in-cluster-for-container",
    summary="A virtual machine in the cluster runs one packaged daemon",
    severity=Severity.WARNING,
    guidance="https://kubevirt.io/user-guide/",
    formats=("kubernetes",),
    examples=(
        Bad(
            "pod.yaml",
            """
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: web
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        devices: {}
        memory: {guest: 2Gi}
      volumes:
        - name: root
          containerDisk: {image: quay.io/containerdisks/ubuntu:24.04}
        - name: init
          cloudInitNoCloud:
            userData: |
              #cloud-config
              packages:
                - nginx
""",
            at="nginx",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: web
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        devices: {}
        memory: {guest: 2Gi}
      volumes:
        - name: root
          containerDisk: {image: quay.io/containerdisks/ubuntu:24.04}
        - name: init
          cloudInitNoCloud:
            userData: |
              #cloud-config
              packages:
                - htop
""",
        ),
    ),
)

_ROLES = frozenset(
    {"web-server", "reverse-proxy", "cache", "monitoring", "database", "message-broker", "app-server"}
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    machine = workload.machine
    if machine is None or stays_machine(workload) or hosts_more(machine):
        return
    found = daemons(machine)
    started = containers(machine)
    if len(found) == 1 and not started and found[0].role in _ROLES:
        name, span = found[0].name, found[0].span
    elif len(started) == 1 and not found:
        name, span = started[0].name, started[0].span
    else:
        return
    yield Surplus(
        f"The virtual machine `{workload.name}` in the cluster runs `{name}` and nothing else.",
        span,
        SubstrateClass.CONTAINER,
        f"Run its image as {recommendation(SubstrateClass.CONTAINER, platform_of(workload))}.",
        evidence=name,
    )
