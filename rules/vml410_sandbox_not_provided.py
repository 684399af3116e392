"""A workload asks for a runtime class, and no pool of nodes in the same scan provides it: GKE Sandbox on no node
pool, or a RuntimeClass whose node selector no pool's labels meet. The pod waits for ever, or the isolation that
the files claim is nowhere.

Silent in a scan without node pools, and where a pool's labels or sandbox are not known.

Instead: a node pool with the sandbox (`sandbox_config`), or with the labels that the RuntimeClass selects.

Goes back to: Kubernetes documentation, Runtime Class (scheduling); Google Kubernetes Engine, GKE Sandbox.
"""

from collections.abc import Iterator

from vmlint.catalog.kubernetes_kinds import managed_sandbox
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Note, Severity, notes_from
from vmlint.model.workload import Host, Workload
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML410",
    name="sandbox-not-provided",
    summary="No pool of nodes in the scan provides the runtime class that is asked for",
    severity=Severity.WARNING,
    guidance="https://cloud.google.com/kubernetes-engine/docs/concepts/sandbox-pods",
    formats=("kubernetes", "terraform"),
    security=True,
    examples=(
        Bad(
            "main.tf",
            """
resource "google_container_node_pool" "apps" {
  name       = "apps"
  cluster    = "main"
  node_count = 2
  node_config {
    machine_type = "e2-standard-4"
  }
}

resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    runtime_class_name = "gvisor"
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
""",
            at='runtime_class_name = "gvisor"',
        ),
        Good(
            "main.tf",
            """
resource "google_container_node_pool" "apps" {
  name       = "apps"
  cluster    = "main"
  node_count = 2
  node_config {
    machine_type = "e2-standard-4"
    sandbox_config {
      sandbox_type = "gvisor"
    }
  }
}

resource "kubernetes_pod" "app" {
  metadata {
    name = "app"
  }
  spec {
    runtime_class_name = "gvisor"
    container {
      name  = "app"
      image = "example/app:1.4"
    }
  }
}
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: apps}
spec:
  template:
    metadata:
      labels: {sandbox: "none"}
    spec: {}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: safe}
handler: kata
scheduling:
  nodeSelector: {sandbox: kata}
---
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  runtimeClassName: safe
  containers:
    - name: app
      image: example/app:1.4
""",
            at="runtimeClassName: safe",
        ),
        Good(
            "pod.yaml",
            """
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: apps}
spec:
  template:
    metadata:
      labels: {sandbox: "kata"}
    spec: {}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: safe}
handler: kata
scheduling:
  nodeSelector: {sandbox: kata}
---
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  runtimeClassName: safe
  containers:
    - name: app
      image: example/app:1.4
""",
        ),
    ),
)

_SELECTOR = "selector "


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    asked = workload.placement.runtime_class
    if not isinstance(asked, Known):
        return
    pools = list(context.estate.hosts_of("node-pool"))
    if not pools:
        return
    defined = next((h for h in context.estate.hosts_of("runtime-class") if h.name == asked.value), None)
    missing = _unmet(defined, pools) if defined is not None else _no_sandbox(asked.value, pools, context)
    if missing:
        yield Finding(
            f"`{workload.name}` asks for the runtime class `{asked.value}`, and no node pool here {missing}.",
            asked.span,
            "Add a node pool that provides it, or correct the class.",
            (Note("a node pool without it", pools[0].span.first_line()), *notes_from(asked.via)),
            evidence=asked.value,
        )


def _unmet(runtime_class: Host, pools: list[Host]) -> str:
    """The selector of a RuntimeClass that no pool's labels meet; empty where one may."""
    for name, wanted in runtime_class.facts.items():
        if not name.startswith(_SELECTOR) or not isinstance(wanted, Known):
            continue
        label = name.removeprefix(_SELECTOR)
        if any(_may_be(pool, label, wanted.value) for pool in pools):
            continue
        return f"has the label {label}={wanted.value}"
    return ""


def _may_be(pool: Host, label: str, value: str) -> bool:
    match pool.labels.get(label):
        case Known(found):
            return found == value
        case Unknown():
            return True
    # Labels that a platform sets by itself are not in the files.
    return "kubernetes.io/" in label or not pool.labels


def _no_sandbox(name: str, pools: list[Host], context: Context) -> str:
    """The managed sandbox whose class it is, where all pools are of its platform and none has it; else empty."""
    managed = managed_sandbox(name)
    if managed is None or not all(managed.may_be_on(pool.address) for pool in pools):
        return ""
    # The pool that a cluster is made with is a part of the cluster.
    given = any(managed.is_given_by(host.facts.get("sandbox")) for host in context.estate.hosts)
    return "" if given else f"has {managed.name}"
