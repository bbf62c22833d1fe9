"""Draw a point for each test case: Dice against size, and real against synthetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator
from numpy.typing import NDArray

from syntrust_metrics.experiment.schema import Arm, ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.curves import describe_sample, list_regions
from syntrust_metrics.figures.style import (
    FAINT,
    INK,
    PAGE_IN,
    SIDE_NAMES,
    SIDES,
    Look,
    annotate_figure,
    choose_region_look,
    new_figure,
    tidy_axes,
    title_region,
    use_style,
)
from syntrust_metrics.figures.volumes import CaseVolumes
from syntrust_metrics.trust.estimation.empty_regions import apply_rule
from syntrust_metrics.trust.schema.request import ScoredCase

ROWS: Final = 3  # of panels: more α do not fit on a page
ROW_IN: Final = 2.3
NUMBERS_PT: Final = 7.5
MANY_POINTS: Final = 300  # in a panel; beyond, an SVG holds them as an image and stays small


def draw_dice_against_volume(
    results: ShownResults, volumes: Sequence[CaseVolumes], wording: Wording = PATIENTS
) -> Figure:
    """Draw Dice of each test case against the volume of its region, on both test sets.

    The paper holds that small regions score low. ρ is Spearman's rank correlation.
    """
    ml = {case.id: case.volumes_ml for case in volumes if case.part == "test"}

    def panel(axes: Axes, entry: Arm, region: str) -> None:
        for side, look in SIDES.items():
            rows = [(ml[case["id"]][region], case[side][region]) for case in _iterate_cases(entry)]
            points = np.array([row for row in rows if row[0] > 0 and row[1] is not None])
            _draw_scatter(axes, points.reshape(-1, 2), look, wording.adapt(SIDE_NAMES[side]))
        size = next(each for each in results["size"] if each["alpha"] == entry["alpha"])
        _title_panel(
            axes,
            entry,
            region,
            [
                f"{wording.adapt(side)} ρ {_format_correlation(size[side][region])}"
                for side in SIDES
            ],
        )
        _scale_volume_axis(axes, ml.values())
        axes.set_ylim(-0.04, 1.04)

    return _draw_panels(
        results,
        panel,
        labels=("region volume in the reference, ml (log scale)", "Dice (higher is better)"),
        note="ρ above 0: larger regions score higher. Regions that a case lacks are not drawn.",
    )


def draw_bland_altman(results: ShownResults, wording: Wording = PATIENTS) -> Figure:
    """Draw the difference of a case's Dice on its two images against their mean, per region.

    Bland and Altman, Lancet 327, 1986, doi:10.1016/S0140-6736(86)90837-8.
    """
    reach = _find_half_height(results)

    def panel(axes: Axes, entry: Arm, region: str) -> None:
        pairs = _pair_dice(entry, region)
        points = np.stack([pairs.mean(axis=1), pairs[:, 0] - pairs[:, 1]], axis=1)
        _draw_scatter(axes, points, choose_region_look(region), "")
        lines = _draw_agreement(axes, entry["trust"]["companions"]["t4"][region])
        _title_panel(axes, entry, region, lines)
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        axes.set_xlim(-0.04, 1.04)
        axes.set_ylim(-reach, reach)

    return _draw_panels(
        results,
        panel,
        labels=("mean of the two Dice", wording.adapt("real − synthetic Dice\n(0 is best)")),
        note=(
            "Solid: mean difference (bias). Dashed: 95% limits of agreement. Empty regions count "
            "as the policy for them says."
        ),
    )


def select_alphas(alphas: Sequence[Any]) -> list[Any]:
    """Select the entries of the first, the middle and the last α."""
    if len(alphas) <= ROWS:
        return list(alphas)
    return [alphas[0], alphas[len(alphas) // 2], alphas[-1]]


def _draw_panels(
    results: ShownResults,
    panel: Callable[[Axes, Arm, str], None],
    *,
    labels: tuple[str, str],
    note: str,
) -> Figure:
    regions, rows = list_regions(results), select_alphas(results["alphas"])
    with use_style():
        figure = new_figure(PAGE_IN, ROW_IN * len(rows) + 0.9)
        grid = figure.subplots(len(rows), len(regions), squeeze=False, sharex=True, sharey=True)
        for row, entry in zip(grid, rows, strict=True):
            for axes, region in zip(row, regions, strict=True):
                tidy_axes(axes)
                panel(axes, entry, region)
            row[0].set_ylabel(labels[1])
        grid[-1, len(regions) // 2].set_xlabel(labels[0])
        handles, names = grid[0, 0].get_legend_handles_labels()
        if any(names):
            figure.legend(handles, names, loc="outside upper center", ncols=2)
        annotate_figure(figure, f"{describe_sample(results)} A point is a case and a seed. {note}")
    return figure


def _iterate_cases(entry: Arm) -> Iterable[ScoredCase]:
    return (case for seed in entry["seeds"] for case in seed["cases"])


def _draw_scatter(axes: Axes, points: NDArray[np.float64], look: Look, name: str) -> None:
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=13,
        marker=look.marker,
        facecolor=look.face,
        edgecolor=look.colour,
        linewidth=0.8,
        alpha=0.75,
        label=name,
        zorder=3,
        rasterized=len(points) > MANY_POINTS,
    )


def _title_panel(axes: Axes, entry: Arm, region: str, numbers: Sequence[str]) -> None:
    """Name the panel and give its numbers above it, where no point can be."""
    lines = [f"{title_region(region)}, α = {entry['alpha']:g}", *numbers]
    axes.set_title("\n".join(lines), fontsize=NUMBERS_PT, loc="left")


def _format_correlation(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return "undefined"
    low_high = f" [{estimate['ci'][0]:.2f}, {estimate['ci'][1]:.2f}]" if estimate["ci"] else ""
    return f"{estimate['value']:.2f}{low_high}".replace("-", "−")


def _scale_volume_axis(axes: Axes, cases: Iterable[Mapping[str, float]]) -> None:
    """Show whole decades around every volume, the same in each panel."""
    present = [volume for case in cases for volume in case.values() if volume > 0] or [1.0]
    low, high = np.floor(np.log10(min(present))), np.ceil(np.log10(max(present)))
    axes.set_xscale("log")
    axes.set_xlim(10 ** (low - 0.1), 10 ** (max(high, low + 1) + 0.1))
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _draw_agreement(axes: Axes, companion: Mapping[str, Any]) -> list[str]:
    """Draw bias and limits of agreement, and give them in words."""
    bias, limits = companion["bias"], companion["limits"]
    if bias["value"] is None or limits is None:
        return ["undefined"]
    axes.axhline(bias["value"], color=INK, linewidth=1.4, zorder=2)
    for limit in limits:
        axes.axhline(limit, color=INK, linewidth=1.1, linestyle=(0, (5, 3)), zorder=2)
    return [
        f"bias {_format_signed(bias['value'])}{_format_bounds(bias['ci'])}",
        f"limits {_format_signed(limits[0])} to {_format_signed(limits[1])}",
    ]


def _format_signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _format_bounds(bounds: Sequence[float] | None) -> str:
    return f" [{_format_signed(bounds[0])}, {_format_signed(bounds[1])}]" if bounds else ""


def _pair_dice(entry: Arm, region: str) -> NDArray[np.float64]:
    """Pair Dice as scored, (pairs, 2), real first; empty regions count as the policy says."""
    rule = entry["trust"]["policy"]["empty"]
    both = [(case["real"][region], case["synthetic"][region]) for case in _iterate_cases(entry)]
    dice = np.array(both, dtype=np.float64).reshape(1, len(both), 2, 1).transpose(0, 2, 1, 3)
    scored = apply_rule(dice, rule)[0, ..., 0].T
    return scored[~np.isnan(scored).any(axis=1)]


def _find_half_height(results: ShownResults) -> float:
    """Find half the height of every panel, so that panels compare."""
    rows, regions = select_alphas(results["alphas"]), list_regions(results)
    gaps = [np.ptp(_pair_dice(entry, region), axis=1) for entry in rows for region in regions]
    limits = [
        entry["trust"]["companions"]["t4"][region]["limits"] or ()
        for entry in rows
        for region in regions
    ]
    return 1.25 * float(max([0.05, *np.concatenate(gaps), *np.abs(np.concatenate(limits))]))
