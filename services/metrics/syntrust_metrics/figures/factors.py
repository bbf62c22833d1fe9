"""Draw figures 4 to 8: the trust factors over α, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from matplotlib.figure import Figure

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.curves import (
    ALPHA_LABEL,
    Series,
    align_estimates,
    describe_gaps,
    describe_intervals,
    describe_sample,
    draw_series,
    frame_axes,
    list_alphas,
    list_regions,
    make_constant_estimate,
)
from syntrust_metrics.figures.style import (
    PAGE_IN,
    SIDE_NAMES,
    SIDES,
    Look,
    annotate_figure,
    choose_region_look,
    new_figure,
    title_region,
    use_style,
)

UNPAIRED: Final = (
    "Thin dotted, without markers: what the same Dice would give if a case's real and synthetic "
    "image had nothing to do with each other."
)


def draw_fig4(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw T1, mean Dice, on the real and on the synthetic test set."""
    label = "T1, mean Dice\n(higher is better; real and synthetic close)"
    return _draw_by_side(results, "t1", label, wording)


def draw_fig5(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw T2, consistency across cases, on both test sets."""
    label = "T2, one minus spread across cases\n(higher is better)"
    return _draw_by_side(results, "t2", label, wording)


def draw_fig6(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw T3, the cosine of real and synthetic Dice, per region, and its value if unpaired."""
    label = "T3, cosine of real and synthetic Dice\n(higher is better)"
    return _draw_by_region(results, "t3", label, wording)


def draw_fig7(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw T4, mean absolute difference of real and synthetic Dice, per region, likewise."""
    label = "T4, mean |real − synthetic| Dice\n(lower is better)"
    return _draw_by_region(results, "t4", label, wording)


def draw_fig8(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw T5, the coefficient of variation, per region on both test sets."""
    regions = list_regions(results)
    every: list[Series] = []
    with use_style():
        figure = new_figure(PAGE_IN, 3.5)
        panels = figure.subplots(1, len(regions), sharey=True, squeeze=False)[0]
        for panel, region in zip(panels, regions, strict=True):
            sides = make_side_series(results, "t5", region, wording)
            draw_series(panel, list_alphas(results), sides, width_in=PAGE_IN / len(regions) - 0.4)
            panel.set_title(title_region(region))
            every += sides
        limit = frame_axes(panels[0], every)
        panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("T5, standard deviation / mean Dice\n(lower is better)")
        panels[len(regions) // 2].set_xlabel(wording.adapt(ALPHA_LABEL))
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2)
        annotate_figure(figure, *_notes(results, every), limit)
    return figure


def make_side_series(
    results: ShownResults, factor: str, region: str = "", wording: Wording = PATIENTS
) -> list[Series]:
    """A factor on the real and on the synthetic test set, of one region if it has regions."""
    found = []
    for side, look in SIDES.items():
        factors: dict[float, Mapping[str, Any]] = {
            entry["alpha"]: entry["trust"]["factors"] for entry in results["alphas"]
        }
        estimates = {alpha: each[factor][side] for alpha, each in factors.items()}
        name = wording.adapt(SIDE_NAMES[side])
        if region:
            estimates = {alpha: each[region] for alpha, each in estimates.items()}
        about = f"{region}, {name}" if region else name
        found.append(Series(name, look, align_estimates(results, estimates), about=about))
    return found


def make_region_series(results: ShownResults, factor: Literal["t3", "t4"], region: str) -> Series:
    """T3 or T4 of one region."""
    estimates = {
        entry["alpha"]: entry["trust"]["factors"][factor][region] for entry in results["alphas"]
    }
    look = choose_region_look(region)
    return Series(title_region(region), look, align_estimates(results, estimates))


def make_unpaired_series(results: ShownResults, factor: Literal["t3", "t4"], region: str) -> Series:
    """T3 or T4 if pairing meant nothing."""
    shuffled = {
        entry["alpha"]: make_constant_estimate(
            entry["trust"]["companions"][factor][region]["shuffled"]
        )
        for entry in results["alphas"]
    }
    look = Look(choose_region_look(region).colour, "", ":")
    return Series("", look, align_estimates(results, shuffled))


def _draw_by_side(results: ShownResults, factor: str, label: str, wording: Wording) -> Figure:
    return _single(results, make_side_series(results, factor, wording=wording), label, wording)


def _draw_by_region(
    results: ShownResults, factor: Literal["t3", "t4"], label: str, wording: Wording
) -> Figure:
    regions = list_regions(results)
    series = [make_region_series(results, factor, region) for region in regions]
    unpaired = [make_unpaired_series(results, factor, region) for region in regions]
    return _single(results, series, label, wording, unpaired)


def _single(
    results: ShownResults,
    series: Sequence[Series],
    label: str,
    wording: Wording,
    unpaired: Sequence[Series] = (),
) -> Figure:
    with use_style():
        figure = new_figure(5.6, 3.9)
        axes = figure.subplots()
        draw_series(axes, list_alphas(results), series, width_in=4.7)
        for line in unpaired:
            axes.plot(list_alphas(results), line.values, line.look.line, color=line.look.colour)
        limit = frame_axes(axes, [*series, *unpaired])
        axes.set_ylabel(wording.adapt(label))
        axes.set_xlabel(wording.adapt(ALPHA_LABEL))
        figure.legend(loc="outside upper center", ncols=len(series))
        note = wording.adapt(UNPAIRED) if unpaired else ""
        annotate_figure(figure, *_notes(results, series), note, limit)
    return figure


def _notes(results: ShownResults, series: Sequence[Series]) -> list[str]:
    return [
        f"{describe_sample(results)} {describe_intervals(results, series)}",
        describe_gaps(results, series),
    ]
