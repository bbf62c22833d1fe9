"""What an experiment would cost, as a table for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from syntrust.api_types import CostBody, KindCost
from syntrust.cli.output import print_rows


def print_cost(console: Console, cost: CostBody) -> None:
    """The steps of each kind with their bytes and device-hours, or why these are unknown."""
    rows = [
        (kind, str(own["total"]), str(own["done"]), *_measured(own), own["reason"] or "")
        for kind, own in cost["by_kind"].items()
    ]
    print_rows(console, ("kind", "steps", "there already", "bytes", "device-hours", "why"), rows)
    console.print(f"{cost['steps_total']} steps, {cost['steps_done']} of them are there already.")
    for queue, own_queue in cost["by_queue"].items():
        hours = own_queue["device_hours"]
        told = "unknown" if hours is None else f"{hours:.3g} device-hours"
        console.print(f"{queue}: {told}")
    if room := cost.get("room"):
        console.print(escape(room))
    console.print("Nothing was accepted.")


def _measured(own: KindCost) -> tuple[str, str]:
    size, hours = own["bytes"], own["device_hours"]
    return (
        "unknown" if size is None else f"{size:,}",
        "unknown" if hours is None else f"{hours:.3g}",
    )
