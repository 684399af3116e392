"""One output format a module, and the registry of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmlint.engine.report import Report

FORMATS = ("text", "json", "sarif")


def rendered(name: str, report: Report, *, colour: bool = False, show_undecided: bool = False) -> str:
    """The report in a format of `FORMATS`; raises KeyError for any other."""
    match name:
        case "text":
            from vmlint.reports import text
            from vmlint.reports.style import Style

            return text.render(report, Style(colour), show_undecided)
        case "json":
            from vmlint.reports import json

            return json.render(report)
        case "sarif":
            from vmlint.reports import sarif

            return sarif.render(report)
        case _:
            raise KeyError(name)
