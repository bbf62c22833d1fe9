"""T3 and T4 against what they are when nothing differs, and when pairing means nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from matplotlib.figure import Figure

from syntrust_metrics.figures.curves import (
    ALPHA_LABEL,
    Body,
    Series,
    alphas_of,
    counted,
    draw,
    explained,
    frame,
    regions_of,
)
from syntrust_metrics.figures.factors import region_series, shuffled
from syntrust_metrics.figures.style import (
    FAINT,
    INK,
    PAGE_IN,
    Look,
    annotate,
    new_figure,
    region_title,
    styled,
)

FLOORS: Final[Mapping[str, tuple[str, Look]]] = {
    "twins": ("a second twin against the first", Look(INK, "^", "--", filled=False)),
    "seeds": ("a second training against the first", Look(FAINT, "v", "-.", filled=False)),
}
LABELS: Final = {"t3": "T3 (higher is better)", "t4": "T4 (lower is better)"}


def floors(results: Body) -> Figure:
    """T3 and T4 of each region over α, each panel on its own scale.

    With them stand the two noise floors, where the experiment has them, and the value without
    pairing.
    """
    regions = regions_of(results)
    every: list[Series] = []
    limits = set()
    with styled():
        figure = new_figure(PAGE_IN, 5.2)
        panels = figure.subplots(len(LABELS), len(regions), squeeze=False, sharex=True)
        for row, (factor, label) in zip(panels, LABELS.items(), strict=True):
            for panel, region in zip(row, regions, strict=True):
                lines = _lines(results, factor, region)
                draw(panel, alphas_of(results), lines, width_in=PAGE_IN / len(regions) - 0.5)
                limits.add(frame(panel, lines))
                panel.set_title(region_title(region) if factor == "t3" else "")
                every += lines
            row[0].set_ylabel(label)
        panels[-1, len(regions) // 2].set_xlabel(ALPHA_LABEL)
        handles, names = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2)
        notes = f"{counted(results)} {explained(results, every)} Each panel has its own scale."
        annotate(figure, notes, missing(results["floors"]), *sorted(limits))
    return figure


def missing(found: Mapping[str, Any]) -> str:
    """Say which floor is not there, and why."""
    reasons = [
        f"no line for {name}: {found[kind]['reason']}"
        for kind, (name, _) in FLOORS.items()
        if found[kind]["reason"]
    ]
    return f"{'; '.join(reasons)}.".capitalize() if reasons else ""


def _lines(results: Body, factor: str, region: str) -> list[Series]:
    measured = region_series(results, factor, region)
    unpaired = shuffled(results, factor, region)
    return [
        Series("measured: real against synthetic", measured.look, measured.leaves),
        Series("if pairing meant nothing", Look(FAINT, "", ":"), unpaired.leaves),
        *(
            Series(name, look, _floor(results["floors"][kind], factor, region))
            for kind, (name, look) in FLOORS.items()
            if results["floors"][kind]["alphas"]
        ),
    ]


def _floor(found: Mapping[str, Any], factor: str, region: str) -> list[Any]:
    return [entry[factor][region] for entry in found["alphas"]]
