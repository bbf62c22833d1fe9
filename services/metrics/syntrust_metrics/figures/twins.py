"""Draw figure 2: real and synthetic images of the same cases, one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import LABELS
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.style import FAINT, NOTICE, SMALL_PRINT_PT, use_style

MODALITY_NAMES: Final = ("T1", "T1ce", "T2", "FLAIR")
WINDOW_PERCENTILES: Final = (1.0, 99.5)
MARGIN_VOXELS: Final = 2
PANEL_IN: Final = 1.62  # one image
GAP_IN: Final = 0.03  # between images
CASE_GAP_IN: Final = 0.14  # between cases
LEFT_IN: Final = 0.62  # for the names of case and row
TOP_IN: Final = 0.52  # for the legend and the modalities
BOTTOM_IN: Final = 0.62  # for the small print
SMALL_PRINT: Final = (
    "Axial slice with the most tumour, radiological view (the patient's right is on the left).\n"
    "Each image is windowed to its own 1st to 99.5th brain percentile. Outlines are those of the "
    "case's mask,\nfrom which the twin was drawn."
)
OUTLINES: Final = (
    ("whole tumour", tuple(LABELS.values()), "#56B4E9"),
    ("tumour core", (LABELS["NCR"], LABELS["ET"]), "#F0E442"),
    ("necrotic and non-enhancing core", (LABELS["NCR"],), "#D55E00"),
)


@dataclass(frozen=True)
class TwinPair:
    """A case and its twin on the canonical grid.

    `real` and `twin` are (4, X, Y, Z) in the order t1, t1ce, t2, flair; `labels` and `brain` are
    (X, Y, Z); x runs to the patient's left, y to the back, z up.
    """

    id: str
    real: NDArray[np.float32]
    twin: NDArray[np.float32]
    labels: NDArray[np.uint8]
    brain: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]


def draw_fig2(pairs: Sequence[TwinPair], wording: Wording = PATIENTS) -> Figure:
    """Draw each case above its twin, at the axial slice with the most tumour.

    Raises
    ------
    ValueError
        If there is no pair.
    """
    if not pairs:
        msg = "Figure 2 needs at least one case with its twin."
        raise ValueError(msg)
    side = max(_measure_extent(pair.brain) for pair in pairs)
    with use_style():
        layout = _Layout(len(pairs))
        figure = Figure(figsize=(layout.width_in, layout.height_in), facecolor="white")
        for index, pair in enumerate(pairs):
            _draw_case(figure, layout, index, pair, side)
            _name_rows(figure, layout, index, pair, wording)
        _write_words(figure, layout)
    return figure


@dataclass(frozen=True)
class _Layout:
    """Where the images stand, in inches; as parts of the figure where matplotlib asks for them."""

    cases: int

    @property
    def width_in(self) -> float:
        return LEFT_IN + len(MODALITY_NAMES) * (PANEL_IN + GAP_IN)

    @property
    def height_in(self) -> float:
        return TOP_IN + self.cases * self._case_in + BOTTOM_IN

    @property
    def _case_in(self) -> float:
        return 2 * (PANEL_IN + GAP_IN) + CASE_GAP_IN

    def row_top_in(self, case: int, row: int) -> float:
        """Distance of a row's upper edge from the figure's."""
        return TOP_IN + case * self._case_in + row * (PANEL_IN + GAP_IN)

    def panel(self, case: int, row: int, column: int) -> tuple[float, float, float, float]:
        left = LEFT_IN + column * (PANEL_IN + GAP_IN)
        bottom = self.height_in - self.row_top_in(case, row) - PANEL_IN
        width, height = self.width_in, self.height_in
        return left / width, bottom / height, PANEL_IN / width, PANEL_IN / height

    def at(self, x_in: float, from_top_in: float) -> tuple[float, float]:
        return x_in / self.width_in, 1 - from_top_in / self.height_in


def find_most_tumour(labels: NDArray[np.uint8]) -> int:
    """Find the axial slice with the most tumour voxels; the middle one without tumour."""
    area = (labels > 0).sum(axis=(0, 1))
    return int(area.argmax()) if area.any() else labels.shape[2] // 2


def _draw_case(figure: Figure, layout: _Layout, case: int, pair: TwinPair, side: int) -> None:
    level = find_most_tumour(pair.labels)
    labels = _cut_square(pair.labels[..., level], pair.brain, side)
    for row, images in enumerate((pair.real, pair.twin)):
        for column, image in enumerate(images):
            section, low, high = _window_slice(image, pair.brain, level)
            axes = figure.add_axes(layout.panel(case, row, column))
            _show_image(
                axes, _cut_square(section, pair.brain, side, low), (low, high), pair.spacing_mm
            )
            _draw_outlines(axes, labels)


def _name_rows(
    figure: Figure, layout: _Layout, case: int, pair: TwinPair, wording: Wording
) -> None:
    for row, name in enumerate((wording.real, "twin")):
        middle = layout.row_top_in(case, row) + PANEL_IN / 2
        x, y = layout.at(LEFT_IN - 0.12, middle)
        figure.text(x, y, name, rotation=90, ha="center", va="center")
    x, y = layout.at(0.16, layout.row_top_in(case, 1) - GAP_IN / 2)
    figure.text(x, y, pair.id, rotation=90, ha="center", va="center", fontsize=8, color=FAINT)


def _window_slice(
    image: NDArray[np.float32], brain: NDArray[np.bool_], level: int
) -> tuple[NDArray[np.float32], float, float]:
    """Cut the axial slice, (X, Y), the outside of the brain at the window's floor; give both."""
    low, high = (float(x) for x in np.percentile(image[brain], WINDOW_PERCENTILES))
    section = np.where(brain[..., level], image[..., level], np.float32(low))
    return section, low, max(high, low + 1e-6)


def _measure_extent(brain: NDArray[np.bool_]) -> int:
    """Measure the longer axial edge of the brain's bounding box with a margin, in voxels."""
    return max(last - first for first, last in map(partial(_find_span, brain), (0, 1)))


def _find_span(brain: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    inside = np.flatnonzero(brain.any(axis=tuple({0, 1, 2} - {axis})))
    first, last = (int(inside[0]), int(inside[-1])) if inside.size else (0, brain.shape[axis] - 1)
    return first - MARGIN_VOXELS, last + 1 + MARGIN_VOXELS


def _cut_square(
    section: NDArray[Any], brain: NDArray[np.bool_], side: int, outside: float = 0
) -> NDArray[Any]:
    """Cut a square of `side` voxels about the brain's middle; what lies off the grid is outside."""
    cut = np.full((side, side), outside, section.dtype)
    source, target = [], []
    for axis in (0, 1):
        first, last = _find_span(brain, axis)
        start = (first + last - side) // 2
        low, high = max(start, 0), min(start + side, section.shape[axis])
        source.append(slice(low, high))
        target.append(slice(low - start, high - start))
    cut[tuple(target)] = section[tuple(source)]
    return cut


def _show_image(
    axes: Axes,
    section: NDArray[np.float32],
    limits: tuple[float, float],
    spacing_mm: tuple[float, float, float],
) -> None:
    # Columns run to the patient's left and rows to the back: the radiological view.
    axes.imshow(
        section.T,
        cmap="gray",
        vmin=limits[0],
        vmax=limits[1],
        interpolation="bilinear",
        aspect=spacing_mm[1] / spacing_mm[0],
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def _draw_outlines(axes: Axes, labels: NDArray[np.uint8]) -> None:
    for _, values, colour in OUTLINES:
        mask = np.isin(labels, values)
        if mask.any():
            axes.contour(mask.T.astype(float), levels=[0.5], colors=[colour], linewidths=0.8)


def _write_words(figure: Figure, layout: _Layout) -> None:
    for column, modality in enumerate(MODALITY_NAMES):
        middle = LEFT_IN + column * (PANEL_IN + GAP_IN) + PANEL_IN / 2
        x, y = layout.at(middle, TOP_IN - 0.1)
        figure.text(x, y, modality, ha="center", va="center", fontsize=10)
    handles = [Line2D([], [], color=colour, linewidth=2) for _, _, colour in OUTLINES]
    names = [name for name, _, _ in OUTLINES]
    anchor = layout.at((LEFT_IN + layout.width_in) / 2, 0.16)
    figure.legend(handles, names, loc="center", bbox_to_anchor=anchor, ncols=len(names))
    x, y = layout.at(LEFT_IN, layout.height_in - BOTTOM_IN + 0.04)
    figure.text(x, y, f"{SMALL_PRINT}\n{NOTICE}", va="top", fontsize=SMALL_PRINT_PT, color=FAINT)
