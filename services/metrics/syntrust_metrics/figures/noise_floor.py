"""T3 and T4 against what they are when nothing differs, and when pairing means nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from matplotlib.figure import Figure

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.curves import (
    ALPHA_LABEL,
    Estimate,
    Series,
    align_estimates,
    describe_intervals,
    describe_sample,
    draw_series,
    frame_axes,
    list_alphas,
    list_regions,
)
from syntrust_metrics.figures.factors import make_region_series, make_unpaired_series
from syntrust_metrics.figures.style import (
    FAINT,
    INK,
    PAGE_IN,
    Look,
    annotate_figure,
    new_figure,
    title_region,
    use_style,
)

FLOORS: Final[Mapping[Literal["twins", "seeds"], tuple[str, Look]]] = {
    "twins": ("a second twin against the first", Look(INK, "^", "--", filled=False)),
    "seeds": ("a second training against the first", Look(FAINT, "v", "-.", filled=False)),
}
LABELS: Final[Mapping[Literal["t3", "t4"], str]] = {
    "t3": "T3 (higher is better)",
    "t4": "T4 (lower is better)",
}


def draw_noise_floors(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """T3 and T4 of each region over α, each panel on its own scale.

    With them stand the two noise floors, where the experiment has them, and the value without
    pairing.
    """
    regions = list_regions(results)
    every: list[Series] = []
    limits = set()
    with use_style():
        figure = new_figure(PAGE_IN, 5.2)
        panels = figure.subplots(len(LABELS), len(regions), squeeze=False, sharex=True)
        for row, (factor, label) in zip(panels, LABELS.items(), strict=True):
            for panel, region in zip(row, regions, strict=True):
                lines = _make_series(results, factor, region, wording)
                draw_series(
                    panel, list_alphas(results), lines, width_in=PAGE_IN / len(regions) - 0.5
                )
                limits.add(frame_axes(panel, lines))
                panel.set_title(title_region(region) if factor == "t3" else "")
                every += lines
            row[0].set_ylabel(label)
        panels[-1, len(regions) // 2].set_xlabel(wording.adapt(ALPHA_LABEL))
        handles, names = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2)
        sample, bars = describe_sample(results), describe_intervals(results, every)
        notes = f"{sample} {bars} Each panel has its own scale."
        annotate_figure(figure, notes, describe_missing_floors(results["floors"]), *sorted(limits))
    return figure


def describe_missing_floors(found: Mapping[str, Any]) -> str:
    """Say which floor is missing, and why."""
    reasons = [
        f"no line for {name}: {found[kind]['reason']}"
        for kind, (name, _) in FLOORS.items()
        if found[kind]["reason"]
    ]
    return f"{'; '.join(reasons)}.".capitalize() if reasons else ""


def _make_series(
    results: ShownResults, factor: Literal["t3", "t4"], region: str, wording: Wording
) -> list[Series]:
    measured = make_region_series(results, factor, region)
    unpaired = make_unpaired_series(results, factor, region)
    return [
        Series(f"measured: {wording.real} against synthetic", measured.look, measured.estimates),
        Series("if pairing meant nothing", Look(FAINT, "", ":"), unpaired.estimates),
        *(
            Series(name, look, _find_floor(results, kind, factor, region))
            for kind, (name, look) in FLOORS.items()
            if results["floors"][kind]["alphas"]
        ),
    ]


def _find_floor(
    results: ShownResults, kind: Literal["twins", "seeds"], factor: Literal["t3", "t4"], region: str
) -> list[Estimate | None]:
    found = {entry["alpha"]: entry[factor][region] for entry in results["floors"][kind]["alphas"]}
    return align_estimates(results, found)
