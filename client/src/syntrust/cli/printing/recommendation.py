"""The recommendation as the first lines of an experiment's results."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from syntrust.bodies import AnyResults, is_partial

ERRORS = "How often this errs: docs/metrics.md, The recommendation. --json has every test."


def print_recommendation(console: Console, results: AnyResults) -> None:
    """The share of synthetic images that is shown to do no harm, then how far each region goes."""
    found = results.get("recommendation")
    if found is None:
        _print_reason(console, results)
        return
    console.print(f"[bold]{escape(found['sentence'])}[/]", soft_wrap=True)
    for detail in found["details"]:
        console.print(f"  {escape(detail)}", soft_wrap=True)
    console.print(f"[dim]{ERRORS}[/]\n", soft_wrap=True)


def _print_reason(console: Console, results: AnyResults) -> None:
    """Say why there is none; nothing of results that were made without one."""
    reason = results["missing"].get("recommendation") if is_partial(results) else None
    if reason is not None:
        console.print(f"[bold]No share is recommended:[/] {escape(reason)}.\n", soft_wrap=True)
