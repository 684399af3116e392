"""A workload is placed on a serverless container service (Cloud Run, App Runner, Container Apps) and is none that
it serves: a TCP service that does not speak HTTP, a device, more than the largest instance.

An unknown image is undecided: a database there would not work. Jobs serve nothing and are not held to HTTP.

Instead: a container platform with TCP services and volumes, or the managed service of that kind.

Goes back to: Google Cloud Run, Container runtime contract; AWS App Runner Developer Guide; Microsoft Learn,
Azure Container Apps.
"""

from collections.abc import Iterator

from vmlint.catalog.engines import engine
from vmlint.catalog.substrates import limits
from vmlint.features import forbidden
from vmlint.model.fact import Known, Unknown
from vmlint.model.finding import Finding, Severity, Undecided, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule
from vmlint.traits import role_span

RULE = Rule(
    id="VML506",
    name="serverless-container-cannot-run",
    summary="A serverless container service cannot run the workload",
    severity=Severity.ERROR,
    guidance="https://cloud.google.com/run/docs/container-contract",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "google_cloud_run_v2_service" "app" {
  name     = "app"
  location = "europe-west1"
  template {
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    containers {
      image = "postgres:16"
    }
  }
}
""",
            at='image = "postgres:16"',
        ),
        Good(
            "main.tf",
            """
resource "google_cloud_run_v2_service" "app" {
  name     = "app"
  location = "europe-west1"
  template {
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    containers {
      image = "nginx:1.27"
    }
  }
}
""",
        ),
    ),
)

_PRODUCTS = frozenset({"cloud-run", "cloud-run-gen1", "cloud-run-gen2", "app-runner", "container-apps"})
# Roles whose protocol is TCP and not HTTP.
_TCP = frozenset({"database", "cache", "message-broker", "mail"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    if not isinstance(workload.substrate, Known) or workload.substrate.value.kind not in _PRODUCTS:
        return
    product = substrate_name(workload)
    for use, limit in forbidden(workload, _PRODUCTS):
        yield Finding(
            f"{product} cannot run `{workload.name}` with {use.what}: {limit.message}.",
            use.span,
            f"Drop it. ({limit.source})",
            notes_from(use.via),
            evidence=use.feature,
        )
    known = limits(workload.substrate.value.kind)
    serves = "job" not in workload.kind and "worker" not in workload.kind
    if serves and "tcp-service" in known and workload.role.name in _TCP and workload.role.confidence > 1:
        yield Finding(
            f"{product} cannot run `{workload.name}`, a {workload.role.name}: {known['tcp-service'].message}.",
            role_span(workload),
            f"Use the managed service of that kind. ({known['tcp-service'].source})",
            evidence="tcp-service",
        )
    elif serves and "local-state" in known and workload.role.name == "database" and _keeps_nothing(workload):
        yield Finding(
            f"{product} cannot keep the state of `{workload.name}`: {known['local-state'].message}.",
            role_span(workload),
            f"Mount a share for its data, or use the managed service. ({known['local-state'].source})",
            evidence="local-state",
        )
    for container in workload.main_containers:
        match container.image:
            # Of a template a part is known and the role by it; of a bare variable nothing.
            case Unknown(prefix="") as unknown if serves and workload.role.name == "unknown":
                yield Undecided(unknown)


def _keeps_nothing(workload: Workload) -> bool:
    """Whether the engine is one that keeps data and no mount of the workload lasts."""
    found = engine(workload.role.engine) if workload.role.engine else None
    lasting = any(mount.kind not in ("ephemeral", "config") for c in workload.containers for mount in c.mounts)
    return found is not None and bool(found.data) and not lasting
