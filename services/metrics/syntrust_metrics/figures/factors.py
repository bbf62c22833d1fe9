"""Figures 4 to 8: the trust factors over α, with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from syntrust_metrics.figures.style import (
    REGION_COLOURS,
    REGION_MARKERS,
    REGION_NAMES,
    SIDE_COLOURS,
    SIDE_MARKERS,
    SIDE_NAMES,
    annotate,
    new_figure,
    styled,
    tidy,
)

Body = Mapping[str, Any]
Leaf = Mapping[str, Any]
ALPHA_LABEL: Final = "α, share of real images in training"
UNKNOWN_COLOUR: Final = "#777777"
LOW_N: Final = 50
CUT: Final = "A bar that meets the frame goes on beyond it."
LONGEST_BAR: Final = 1.5  # beyond the values, in median bars; longer ones run out of the frame
DODGE_IN: Final = 0.055  # so that the bars of one α stand side by side
X_SPAN: Final = 1.12  # of the axis, in α


@dataclass(frozen=True)
class _Series:
    """One line: a leaf for each α."""

    name: str
    colour: str
    marker: str
    leaves: Sequence[Leaf]


def fig4(results: Body) -> Figure:
    """T1, mean Dice, on the real and on the synthetic test set."""
    return _by_side(results, "t1", "T1, mean Dice", "higher is better; real and synthetic close")


def fig5(results: Body) -> Figure:
    """T2, consistency across cases, on both test sets."""
    return _by_side(results, "t2", "T2, one minus spread across cases", "higher is better")


def fig6(results: Body) -> Figure:
    """T3, alignment of real and synthetic Dice, per region."""
    return _by_region(results, "t3", "T3, cosine of real and synthetic Dice", "higher is better")


def fig7(results: Body) -> Figure:
    """T4, mean absolute difference of real and synthetic Dice, per region."""
    return _by_region(results, "t4", "T4, mean |real − synthetic| Dice", "lower is better")


def fig8(results: Body) -> Figure:
    """T5, relative spread, per region on both test sets."""
    regions = _regions(results)
    with styled():
        figure = new_figure(2.6 * len(regions) + 0.8, 3.7)
        panels = figure.subplots(1, len(regions), sharey=True, squeeze=False)[0]
        for panel, region in zip(panels, regions, strict=True):
            sides = _sides(results, lambda f, s, r=region: f["t5"][s][r])
            _draw(panel, results, sides, width_in=2.4)
            panel.set_title(_region_title(region))
        limit = _set_limits(panels[0], results, "t5")
        panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("T5, standard deviation / mean Dice\n(lower is better)")
        panels[len(regions) // 2].set_xlabel(ALPHA_LABEL)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2)
        annotate(figure, _small_print(results), limit)
    return figure


def _by_side(results: Body, factor: str, label: str, direction: str) -> Figure:
    series = _sides(results, lambda factors, side: factors[factor][side])
    return _single(results, factor, series, f"{label}\n({direction})")


def _by_region(results: Body, factor: str, label: str, direction: str) -> Figure:
    series = [
        _Series(
            _region_title(region),
            REGION_COLOURS.get(region, UNKNOWN_COLOUR),
            REGION_MARKERS.get(region, "o"),
            [entry["trust"]["factors"][factor][region] for entry in results["alphas"]],
        )
        for region in _regions(results)
    ]
    return _single(results, factor, series, f"{label}\n({direction})")


def _single(results: Body, factor: str, series: Sequence[_Series], label: str) -> Figure:
    with styled():
        figure = new_figure(5.6, 3.9)
        axes = figure.subplots()
        _draw(axes, results, series, width_in=4.7)
        limit = _set_limits(axes, results, factor)
        axes.set_ylabel(label)
        axes.set_xlabel(ALPHA_LABEL)
        figure.legend(loc="outside upper center", ncols=len(series))
        annotate(figure, _small_print(results), limit)
    return figure


def _sides(results: Body, take: Any) -> list[_Series]:  # noqa: ANN401 - (factors, side) -> leaf
    return [
        _Series(
            SIDE_NAMES[side],
            SIDE_COLOURS[side],
            SIDE_MARKERS[side],
            [take(entry["trust"]["factors"], side) for entry in results["alphas"]],
        )
        for side in ("real", "synthetic")
    ]


def _draw(axes: Axes, results: Body, series: Sequence[_Series], *, width_in: float) -> None:
    alphas = np.array([entry["alpha"] for entry in results["alphas"]], dtype=float)
    tidy(axes)
    for index, line in enumerate(series):
        shift = DODGE_IN / width_in * X_SPAN * (index - (len(series) - 1) / 2)
        _line(axes, alphas + shift, line)
    axes.set_xlim(0.5 - X_SPAN / 2, 0.5 + X_SPAN / 2)
    axes.set_xticks(alphas if len(alphas) <= 6 else np.linspace(0, 1, 6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda alpha, _: f"{alpha:g}"))


def _line(axes: Axes, x: np.ndarray[Any, np.dtype[np.float64]], line: _Series) -> None:
    """Values as a line with gaps where a factor is undefined; intervals as bars."""
    values = np.array([_number(leaf["value"]) for leaf in line.leaves])
    bounds = np.array([leaf["ci"] or [np.nan, np.nan] for leaf in line.leaves], dtype=float)
    axes.plot(
        x,
        values,
        color=line.colour,
        marker=line.marker,
        markersize=5.5,
        markeredgecolor="white",
        markeredgewidth=0.6,
        linewidth=1.3,
        label=line.name,
        zorder=3,
    )
    axes.vlines(x, bounds[:, 0], bounds[:, 1], color=line.colour, linewidth=1.6, alpha=0.55)


def _set_limits(axes: Axes, results: Body, factor: str) -> str:
    """Frame the values, and their bars unless a bar is so long that it would flatten the rest.

    Gives the sentence that says so, if a bar was cut.
    """
    trees = [entry["trust"]["factors"][factor] for entry in results["alphas"]]
    leaves = [leaf for tree in trees for leaf in _leaves(tree)]
    values = np.array([leaf["value"] for leaf in leaves if leaf["value"] is not None])
    bars = np.array([leaf["ci"] for leaf in leaves if leaf["ci"]]).reshape(-1, 2)
    if not values.size:
        return ""
    low, high = float(values.min()), float(values.max())
    reach = LONGEST_BAR * max(
        float(np.median(np.ptp(bars, axis=1))) if bars.size else 0, high - low
    )
    shortest, tallest = float(bars[:, 0].min(initial=low)), float(bars[:, 1].max(initial=high))
    bottom, top = max(low - reach, shortest), min(high + reach, tallest)
    margin = 0.08 * max(top - bottom, 0.01)
    axes.set_ylim(bottom - margin, top + margin)
    return CUT if (shortest, tallest) != (bottom, top) else ""


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _region_title(region: str) -> str:
    name = REGION_NAMES.get(region)
    return f"{region}, {name}" if name else region


def _regions(results: Body) -> list[str]:
    """Regions of the answer, in the paper's order where it knows them."""
    present = results["alphas"][0]["trust"]["regions"]
    known = [region for region in ("ET", "ED", "NCR") if region in present]
    return known + [region for region in present if region not in known]


def _small_print(results: Body) -> str:
    """What the bars are, over how many cases, and how far to believe them."""
    trust = results["alphas"][0]["trust"]
    cases, confidence = trust["cases"], trust["policy"]["confidence"]
    leaves = [leaf for entry in results["alphas"] for leaf in _leaves(entry["trust"]["factors"])]
    scopes = sorted({leaf["scope"] for leaf in leaves if leaf["scope"]})
    if not scopes:
        reasons = sorted({leaf["reason"] for leaf in leaves if leaf["reason"]})
        return f"{cases} test cases; no intervals ({'; '.join(reasons) or 'none asked for'})."
    caution = f" Fewer than {LOW_N} cases: indicative only." if cases < LOW_N else ""
    return (
        f"Bars: {confidence:.0%} intervals over {cases} test cases ({' / '.join(scopes)}).{caution}"
    )


def _leaves(tree: Mapping[str, Any]) -> Iterable[Leaf]:
    if "value" in tree:
        yield tree
        return
    for branch in tree.values():
        yield from _leaves(branch)
