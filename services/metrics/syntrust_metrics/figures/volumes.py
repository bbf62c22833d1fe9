"""Draw figure 3: region volumes of the training and test cases, each pair of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

from syntrust_metrics.figures.style import (
    FAINT,
    Look,
    annotate_figure,
    new_figure,
    tidy_axes,
    title_region,
    use_style,
)

ORDER: Final = ("NCR", "ED", "ET")
PARTS: Final = {"train": Look("#4B4B4B", "o", "-"), "test": Look("#009E73", "^", "--")}
DECADES_ML: Final = (0.0, 0.1, 1.0, 10.0, 100.0, 1000.0)
LINEAR_ML: Final = 0.1  # below, the axis is linear so that absent regions stand at 0
SPAN: Final = 1 / (1 - 0.1)  # decades that matplotlib's symlog gives the linear part
BINS: Final = 13
HEADROOM: Final = 1.6


@dataclass(frozen=True)
class CaseVolumes:
    """Volumes in ml of NCR, ED and ET on the canonical grid."""

    id: str
    part: Literal["train", "validation", "test"]
    volumes_ml: Mapping[str, float]


def draw_fig3(cases: Sequence[CaseVolumes]) -> Figure:
    """Draw a pair plot of NCR, ED and ET: histograms on the diagonal, scatter below it.

    Validation cases are training data set aside and are drawn with them.

    Raises
    ------
    ValueError
        If there is no case.
    """
    if not cases:
        msg = "Figure 3 needs at least one case."
        raise ValueError(msg)
    volumes = {part: _collect_volumes(cases, part) for part in PARTS}
    top = max(1.0, *(float(v.max(initial=0.0)) for v in volumes.values()))
    with use_style():
        figure = new_figure(7.0, 6.6)
        grid = figure.subplots(3, 3)
        for row in range(3):
            for column in range(3):
                _draw_cell(grid[row, column], volumes, (row, column), top)
        _draw_key(grid[0, 2], volumes)
        annotate_figure(
            figure,
            "Each point is a case; volumes in ml on the canonical grid, linear below "
            f"{LINEAR_ML:g} ml. A region that a case does not have stands at 0.",
        )
    return figure


def _collect_volumes(cases: Sequence[CaseVolumes], part: str) -> NDArray[np.float64]:
    """Collect the volumes of one part in ml, (cases, 3) in the order of `ORDER`."""
    rows = [
        [case.volumes_ml[region] for region in ORDER]
        for case in cases
        if (case.part == "test") == (part == "test")
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, len(ORDER))


def _draw_cell(
    axes: Axes, volumes: Mapping[str, NDArray[np.float64]], at: tuple[int, int], top: float
) -> None:
    row, column = at
    if column > row:
        axes.set_axis_off()
        return
    tidy_axes(axes)
    if row == column:
        _draw_histogram(axes, volumes, column, top)
    else:
        _draw_scatter(axes, volumes, at, top)
    _scale_axis(axes, "x", top)
    if row == 2:
        axes.set_xlabel(f"{ORDER[column]} (ml)")
    else:
        axes.set_xticklabels([])
    if column == 0 and row > 0:
        axes.set_ylabel(f"{ORDER[row]} (ml)")
    if row == column:
        axes.set_title(title_region(ORDER[row]), fontsize=9)


def _draw_scatter(
    axes: Axes, volumes: Mapping[str, NDArray[np.float64]], at: tuple[int, int], top: float
) -> None:
    row, column = at
    for part, look in PARTS.items():
        axes.scatter(
            volumes[part][:, column],
            volumes[part][:, row],
            s=22,
            marker=look.marker,
            facecolor=look.colour,
            edgecolor="white",
            linewidth=0.5,
            alpha=0.85,
            clip_on=False,
            zorder=3,
        )
    _scale_axis(axes, "y", top)
    if column > 0:
        axes.set_yticklabels([])


def _draw_histogram(
    axes: Axes, volumes: Mapping[str, NDArray[np.float64]], column: int, top: float
) -> None:
    """Draw the share of cases of each part per bin; bins are even on the axis that is shown."""
    edges = _from_symlog(np.linspace(0, _to_symlog(np.array(top * HEADROOM)), BINS + 1))
    for part, look in PARTS.items():
        values = volumes[part][:, column]
        if not values.size:
            continue
        share = np.histogram(values, edges)[0] / values.size
        axes.stairs(share, edges, color=look.colour, linestyle=look.line, linewidth=1.4)
        axes.stairs(share, edges, color=look.colour, alpha=0.18, fill=True)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    axes.set_ylabel("share of cases")


def _scale_axis(axes: Axes, which: Literal["x", "y"], top: float) -> None:
    shown = [tick for tick in DECADES_ML if tick <= top * HEADROOM]
    getattr(axes, f"set_{which}scale")("symlog", linthresh=LINEAR_ML)
    getattr(axes, f"set_{which}lim")(-0.015, top * HEADROOM)
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(shown))
    axis.set_minor_locator(FixedLocator([]))
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))


def _to_symlog(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the position on the symlog axis: linear up to `LINEAR_ML`, decades from there on."""
    safe = np.maximum(x, LINEAR_ML)
    return np.where(x < LINEAR_ML, x / LINEAR_ML * SPAN, SPAN + np.log10(safe / LINEAR_ML))


def _from_symlog(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(y < SPAN, y / SPAN * LINEAR_ML, LINEAR_ML * 10 ** (y - SPAN))


def _draw_key(axes: Axes, volumes: Mapping[str, NDArray[np.float64]]) -> None:
    for part, look in PARTS.items():
        label = f"{part}, {len(volumes[part])} cases"
        axes.plot([], [], look.line, marker=look.marker, color=look.colour, label=label)
    legend = axes.legend(loc="center", title="Region volumes", alignment="left")
    legend.get_title().set_color(FAINT)
