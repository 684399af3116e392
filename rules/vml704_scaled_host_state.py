"""Several replicas share one path of a host, or each finds another one where it lands: state that is tied to a
host cannot be scaled by replicas.

Told in the pedantic profile only. Mounts that are read-only are not told, nor one workload per node.

Instead: a claim per replica (StatefulSet), or storage that is made for sharing.

Goes back to: Kubernetes documentation, Volumes (hostPath).
"""

from collections.abc import Iterator

from vmlint.model.fact import Known
from vmlint.model.finding import Finding, Note, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.rule import NODE_AGENT, Bad, Context, Good, Outcome, Rule
from vmlint.traits import is_machine, is_true, mount_class

RULE = Rule(
    id="VML704",
    name="scaled-host-state",
    summary="Several replicas keep state in a path of a host",
    severity=Severity.WARNING,
    guidance="https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
    pedantic=True,
    exempt_roles=NODE_AGENT,
    examples=(
        Bad(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    volumes:
      - /srv/state:/state
    deploy:
      replicas: 3
""",
            at="/srv/state:/state",
        ),
        Good(
            "compose.yaml",
            """
services:
  app:
    image: example/app:1.4
    volumes:
      - /srv/state:/state
""",
        ),
        Bad(
            "pod.yaml",
            """
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 3
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
        - name: app
          image: example/app:1.4
          volumeMounts:
            - {name: state, mountPath: /state}
      volumes:
        - name: state
          hostPath: {path: /srv/state}
""",
            at="path: /srv/state",
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
      image: example/app:1.4
""",
        ),
        Bad(
            "main.tf",
            """
resource "kubernetes_deployment" "app" {
  metadata {
    name = "app"
  }
  spec {
    replicas = 3
    template {
      spec {
        container {
          name  = "app"
          image = "example/app:1.4"
          volume_mount {
            name       = "state"
            mount_path = "/state"
          }
        }
        volume {
          name = "state"
          host_path {
            path = "/srv/state"
          }
        }
      }
    }
  }
}
""",
            at='path = "/srv/state"',
        ),
        Good(
            "main.tf",
            """
resource "kubernetes_deployment" "app" {
  metadata {
    name = "app"
  }
  spec {
    replicas = 1
    template {
      spec {
        container {
          name  = "app"
          image = "example/app:1.4"
          volume_mount {
            name       = "state"
            mount_path = "/state"
          }
        }
        volume {
          name = "state"
          host_path {
            path = "/srv/state"
          }
        }
      }
    }
  }
}
""",
        ),
    ),
)


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    count = workload.instances
    if is_machine(workload) or workload.daemon or not isinstance(count, Known) or count.value < _SEVERAL:
        return
    for container in workload.containers:
        for mount in container.mounts:
            if mount.kind == "host" and not is_true(mount.read_only) and not mount_class(mount):
                yield Finding(
                    f"{count.value:g} replicas of `{workload.name}` keep state in one path of a host.",
                    mount.span,
                    "Use a claim per replica, or storage that is made for sharing.",
                    (*notes_from(mount.source.via), Note("the replicas", count.span)),
                    subject=container.span,
                    evidence="host path",
                )
                return


_SEVERAL = 2
