"""A firewall, router, VPN gateway or DHCP server runs in a container with NET_ADMIN in the host's network
namespace: the host's network is its workload, and every rule and route that it sets holds for all.

In a network namespace of its own, `ip_forward` and iptables reach nobody else: not told. Node agents are
exempt: a CNI is there to do this.

Instead: a virtual machine (or a dedicated host) as the appliance; or a network namespace of its own with the
ports that it needs.

Goes back to: phoenixNAP, Containers vs Virtual Machines; Kubernetes Pod Security Standards (host namespaces).
"""

from collections.abc import Iterator

from vmlint.model.finding import Note, Severity
from vmlint.model.need import Need, NeedKind
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import capability, is_machine, is_privileged, on_host_network

RULE = Rule(
    id="VML309",
    name="network-appliance-in-container",
    summary="A network appliance in a container has its host's network as its workload",
    severity=Severity.WARNING,
    guidance="https://phoenixnap.com/kb/containers-vs-vms",
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: linuxserver/wireguard:1.0.20210914
    network_mode: host
    cap_add: [NET_ADMIN]
""",
            at="network_mode: host",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: linuxserver/wireguard:1.0.20210914
    cap_add: [NET_ADMIN]
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
  hostNetwork: true
  containers:
    - name: app
      image: linuxserver/wireguard:1.0.20210914
      securityContext:
        capabilities:
          add: [NET_ADMIN]
""",
            at="hostNetwork: true",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
  containers:
    - name: app
      image: linuxserver/wireguard:1.0.20210914
      securityContext:
        capabilities:
          add: [NET_ADMIN]
""",
        ),
        Bad(
            "main.tf",
            """
resource "docker_container" "app" {
  name         = "app"
  image        = "linuxserver/wireguard:1.0.20210914"
  network_mode = "host"
  capabilities {
    add = ["NET_ADMIN"]
  }
}
""",
            at='network_mode = "host"',
        ),
        Good(
            "main.tf",
            """
resource "docker_container" "app" {
  name  = "app"
  image = "linuxserver/wireguard:1.0.20210914"
  capabilities {
    add = ["NET_ADMIN"]
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if workload.role.name != "network-infrastructure" or is_machine(workload) or not on_host_network(workload):
        return
    assert workload.host is not None
    for container in workload.main_containers:
        given = capability(container, "NET_ADMIN", "ALL")
        if given is None and not is_privileged(container):
            continue
        yield Need(
            NeedKind.KERNEL,
            "modules",
            f"`{container.name}` is network infrastructure with control of its host's network.",
            workload.host.network.span,
            "Make the appliance a virtual machine, or give it a network namespace of its own.",
            () if given is None else (Note(given.value, given.span),),
            evidence="host network",
        )
