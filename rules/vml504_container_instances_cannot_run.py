"""A container group is placed on Azure Container Instances and asks for what there is not: privilege without the
Confidential SKU, host paths, the host's network, devices.

Instead: drop the feature, or run it on Kubernetes or a virtual machine.

Goes back to: Microsoft Learn, Azure Container Instances; azurerm_container_group.
"""

from collections.abc import Iterator

from vmlint.features import forbidden
from vmlint.model.finding import Finding, Severity, notes_from
from vmlint.model.workload import Workload
from vmlint.placement import substrate_name
from vmlint.rule import Bad, Context, Good, Outcome, Rule

RULE = Rule(
    id="VML504",
    name="container-instances-cannot-run",
    summary="Azure Container Instances cannot give the workload what it asks for",
    severity=Severity.ERROR,
    guidance="https://learn.microsoft.com/azure/container-instances/container-instances-faq",
    formats=("terraform",),
    examples=(
        Bad(
            "main.tf",
            """
resource "azurerm_container_group" "app" {
  name                = "app"
  location            = "westeurope"
  resource_group_name = "app"
  os_type             = "Linux"
  container {
    name   = "app"
    image  = "example/app:1.4"
    cpu    = 1
    memory = 2
    security {
      privilege_enabled = true
    }
  }
}
""",
            at="privilege_enabled = true",
        ),
        Good(
            "main.tf",
            """
resource "azurerm_container_group" "app" {
  name                = "app"
  location            = "westeurope"
  resource_group_name = "app"
  os_type             = "Linux"
  container {
    name   = "app"
    image  = "example/app:1.4"
    cpu    = 1
    memory = 2
  }
}
""",
        ),
    ),
)

_PRODUCTS = frozenset({"aci", "virtual-node"})


def check(workload: Workload, context: Context) -> Iterator[Outcome]:
    for use, limit in forbidden(workload, _PRODUCTS):
        yield Finding(
            f"{substrate_name(workload)} cannot run `{workload.name}` with {use.what}: {limit.message}.",
            use.span,
            f"Drop it. ({limit.source})",
            notes_from(use.via),
            subject=use.subject,
            evidence=use.feature,
        )
