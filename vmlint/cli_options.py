"""Options that several commands share."""

from __future__ import annotations

from typing import Any

import click

SEVERITIES = click.Choice(["notice", "warning", "error"])


def reading_options(function: Any) -> Any:
    """The paths, and how they are read and judged."""
    for option in reversed(
        [
            click.argument("paths", nargs=-1, required=True),
            click.option(
                "--select", multiple=True, metavar="RULE", help="Only these rules (id, name or id prefix)."
            ),
            click.option(
                "--ignore", multiple=True, metavar="RULE", help="Not these rules (id, name or id prefix)."
            ),
            click.option(
                "--profile", type=click.Choice(["default", "pedantic"]), help="Pedantic adds rules and notices."
            ),
            click.option(
                "--var",
                "--assume",
                "var",
                multiple=True,
                metavar="NAME=VALUE",
                help="Value of a variable of Terraform or Compose.",
            ),
            click.option("--var-file", multiple=True, metavar="FILE", help="Terraform variable definitions."),
            click.option(
                "--env-file", multiple=True, metavar="FILE", help="Compose environment, in place of .env."
            ),
            click.option(
                "--env", is_flag=True, help="Let the environment set variables of Compose and TF_VAR_ of Terraform."
            ),
            click.option("--render", is_flag=True, help="Let the installed helm render charts, in a copy."),
            click.option("--values", multiple=True, metavar="FILE", help="Values for the charts of --render."),
            click.option("--strict", is_flag=True, help="Check Compose against its schema; parse every block."),
            click.option("--rules", "rule_folders", multiple=True, metavar="DIR", help="A folder of rules."),
            click.option("--jobs", type=click.IntRange(1), default=None, help="Processes (default: cores)."),
            click.option("--stdin-filename", default="stdin.yaml", show_default=True, help="Name of `-`."),
            click.option("--config", metavar="FILE", help="Configuration (default: the nearest .vmlint.yaml)."),
            click.option("--no-config", is_flag=True, help="Read no configuration."),
            click.option("--today", metavar="DATE", help="The day that dates are judged by (YYYY-MM-DD)."),
        ]
    ):
        function = option(function)
    return function
