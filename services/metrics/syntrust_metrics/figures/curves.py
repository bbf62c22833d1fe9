"""Draw values with intervals over α, for figures 4 to 8 and the figure of noise floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from syntrust_metrics.experiment.partial import list_missing_alphas
from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.figures.style import Look, tidy_axes

Estimate = Mapping[str, Any]
ALPHA_LABEL: Final = "α, share of real images in training"  # `Wording.adapt` is for it
LOW_N: Final = 50
CUT: Final = "A bar that meets the frame goes on beyond it."
LONGEST_BAR: Final = 1.5  # beyond the values, in median bars; longer ones run out of the frame
ALONE: Final = 0.05  # of the axis on both sides of values that are all equal
DODGE_IN: Final = 0.055  # so that the bars of one α stand side by side
MARGIN: Final = 0.06  # of the axis beyond 0 and 1, in α, beside the bars
TICK_IN: Final = 0.4  # between the ticks of neighbouring α, at least
GAPS_NAMED: Final = 3


@dataclass(frozen=True)
class Series:
    """One line: an estimate for each α, or null where nothing was measured."""

    name: str
    look: Look
    estimates: Sequence[Estimate | None]
    about: str = ""  # the name where the panel does not say the rest

    @property
    def values(self) -> NDArray[np.float64]:
        return np.array([_number_or_nan(estimate) for estimate in self.estimates])

    @property
    def bars(self) -> NDArray[np.float64]:
        """Bounds of the intervals, (α, 2); NaN where there is none or an end is open."""
        none = [np.nan, np.nan]
        bounds = [(estimate and estimate["ci"]) or none for estimate in self.estimates]
        return np.array(bounds, dtype=np.float64).reshape(-1, 2)


def make_constant_estimate(value: float | None) -> Estimate:
    """Make an estimate of a number that has no interval."""
    return {"value": value, "ci": None, "reason": None}


def draw_series(
    axes: Axes, alphas: Sequence[float], series: Sequence[Series], *, width_in: float
) -> None:
    """Draw every series; `width_in` is that of the axes, for the distance between bars."""
    x = np.array(alphas, dtype=np.float64)
    tidy_axes(axes)
    marked = [line for line in series if line.look.marker]
    step = DODGE_IN / width_in * (1 + 2 * MARGIN)
    for line in series:
        place = marked.index(line) - (len(marked) - 1) / 2 if line in marked else 0
        _draw_line(axes, x + step * place, line)
    reach = MARGIN + step * (len(marked) - 1) / 2
    axes.set_xlim(-reach, 1 + reach)
    axes.set_xticks(_choose_ticks(x, width_in))
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda alpha, _: f"{alpha:g}"))
    if all(np.isnan(line.values).all() for line in series):
        axes.text(
            0.5, 0.5, "undefined at every α", ha="center", va="center", transform=axes.transAxes
        )
        axes.set_yticks([])


def _choose_ticks(x: NDArray[np.float64], width_in: float) -> NDArray[np.float64]:
    """Choose every α where there is room, else even steps."""
    if np.diff(x).min(initial=1.0) * width_in >= TICK_IN:
        return x
    return np.linspace(0, 1, 6 if width_in > 10 * TICK_IN else 3)


def _draw_line(axes: Axes, x: NDArray[np.float64], line: Series) -> None:
    """Draw values as a line, with gaps where a factor is undefined, and intervals as bars."""
    axes.plot(
        x,
        line.values,
        color=line.look.colour,
        marker=line.look.marker,
        linestyle=line.look.line,
        markersize=5,
        markerfacecolor=line.look.face,
        markeredgecolor=line.look.colour,
        markeredgewidth=1,
        linewidth=1.3,
        label=line.name,
        zorder=3,
    )
    low, high = line.bars.T
    axes.vlines(x, low, high, color=line.look.colour, linewidth=1.6, alpha=0.6)


def frame_axes(axes: Axes, series: Sequence[Series]) -> str:
    """Frame the values, and their bars unless a bar is so long that it would flatten the rest.

    Returns the sentence that says so where a bar was cut, else an empty one.
    """
    values = np.concatenate([line.values for line in series])
    bars = np.concatenate([line.bars for line in series])
    values, bars = values[~np.isnan(values)], bars[~np.isnan(bars[:, 0])]
    if not values.size:
        return ""
    low, high = float(values.min()), float(values.max())
    usual = float(np.median(np.ptp(bars, axis=1))) if bars.size else 0.0
    reach = LONGEST_BAR * max(usual, high - low)
    shortest, tallest = float(bars[:, 0].min(initial=low)), float(bars[:, 1].max(initial=high))
    bottom, top = max(low - reach, shortest), min(high + reach, tallest)
    margin = 0.08 * (top - bottom) if top > bottom else ALONE
    axes.set_ylim(bottom - margin, top + margin)
    return CUT if (shortest, tallest) != (bottom, top) else ""


def list_regions(results: ShownResults) -> list[str]:
    """List the regions of the answer, in the paper's order where the paper has them."""
    present = results["alphas"][0]["trust"]["regions"]
    known = [region for region in ("ET", "ED", "NCR") if region in present]
    return known + [region for region in present if region not in known]


def list_alphas(results: ShownResults) -> list[float]:
    """List every α that was asked for, ascending, also one without results."""
    present = (entry["alpha"] for entry in results["alphas"])
    return sorted([*present, *list_missing_alphas(results)])


def align_estimates(
    results: ShownResults, estimates: Mapping[float, Estimate]
) -> list[Estimate | None]:
    """Give an estimate for each of `list_alphas`: None, and so a gap, where an arm is missing."""
    return [estimates.get(alpha) for alpha in list_alphas(results)]


def describe_sample(results: ShownResults) -> str:
    """Say over how many cases and which trainings a figure is."""
    every = {seed["seed"] for entry in results["alphas"] for seed in entry["seeds"]}
    seeds = [str(seed) for seed in sorted(every)]
    cases = results["alphas"][0]["trust"]["cases"]
    plural = "" if cases == 1 else "s"
    trained = (
        f"training seed {seeds[0]}" if len(seeds) == 1 else f"training seeds {_join_words(seeds)}"
    )
    return f"{cases} test case{plural}; {trained}."


def describe_intervals(results: ShownResults, series: Sequence[Series]) -> str:
    """Say what the bars are, and how far to believe them."""
    trust = results["alphas"][0]["trust"]
    estimates = [estimate for line in series for estimate in line.estimates if estimate is not None]
    scopes = sorted({estimate["scope"] for estimate in estimates if estimate["ci"]})
    if not scopes:
        defined = (estimate for estimate in estimates if estimate["value"] is not None)
        reasons = sorted({estimate["reason"] for estimate in defined if estimate["reason"]})
        return f"No intervals ({'; '.join(reasons) or 'none asked for'})."
    caution = f" Fewer than {LOW_N} cases: indicative only." if trust["cases"] < LOW_N else ""
    confidence = trust["policy"]["confidence"]
    opened = sorted({estimate["reason"] for estimate in estimates if estimate.get("bound")})
    without = f" No bar where {' or '.join(opened)}." if opened else ""
    return f"Bars: {confidence:.0%} intervals ({' / '.join(scopes)}).{without}{caution}"


def describe_gaps(results: ShownResults, series: Sequence[Series]) -> str:
    """Say what is not drawn because it is undefined."""
    missing = [
        f"{line.about or line.name} at α = {alpha:g} ({estimate['reason']})"
        for line in series
        for alpha, estimate in zip(list_alphas(results), line.estimates, strict=True)
        if estimate is not None and estimate["value"] is None
    ]
    if not missing:
        return ""
    more = f"; and {len(missing) - GAPS_NAMED} more" if len(missing) > GAPS_NAMED else ""
    return f"Undefined, not drawn: {'; '.join(missing[:GAPS_NAMED])}{more}."


def _join_words(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _number_or_nan(estimate: Estimate | None) -> float:
    return np.nan if estimate is None or estimate["value"] is None else estimate["value"]
