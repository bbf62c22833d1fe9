"""One picture of several phantoms: four modalities and the tumour's labels, for people to look at.

Colours as in most BraTS figures: necrotic and non-enhancing core blue, oedema green, enhancing
tumour red.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_standalone.phantoms.cohort import PhantomCase

PANEL_INCHES = 1.7
TITLE_INCHES = 0.25
LABEL_COLOURS = ("#3b6fb6", "#5fae5b", "#d1495b")  # 1 NCR, 2 ED, 3 ET
WINDOW_PERCENTILE = 99.7
MARGIN_VOXELS = 3


def draw_montage(cases: Sequence[PhantomCase], path: Path, *, dpi: int = 100) -> None:
    """Write a PNG: a row per case, axial through the tumour, anterior up and left on the right."""
    columns = len(MODALITIES) + 1
    height = PANEL_INCHES * len(cases) + TITLE_INCHES
    figure = Figure(figsize=(PANEL_INCHES * columns, height), facecolor="black")
    axes = figure.subplots(len(cases), columns, squeeze=False)
    for row, case in zip(axes, cases, strict=True):
        _draw_row(row, case)
    for axis, title in zip(axes[0], ("T1", "T1ce", "T2", "FLAIR", "labels"), strict=True):
        axis.set_title(title, color="white", fontsize=9, pad=3)
    figure.subplots_adjust(
        left=0.0, right=1.0, bottom=0.0, top=1 - TITLE_INCHES / height, wspace=0, hspace=0
    )
    figure.savefig(path, dpi=dpi, metadata={"Software": None})


def _draw_row(row: NDArray[np.object_], case: PhantomCase) -> None:
    level = _level(case.labels)
    window = _head_window(case.brain[:, :, level])
    axis: Axes
    for axis, image in zip(row, (*case.images, case.images[-1]), strict=True):
        top = float(np.percentile(image[case.brain], WINDOW_PERCENTILE))
        axis.imshow(image[:, :, level][window].T, cmap="gray", vmin=0, vmax=top)
        axis.set_axis_off()
    labels = case.labels[:, :, level][window].T
    row[-1].imshow(
        np.ma.masked_equal(labels, 0),
        cmap=ListedColormap(LABEL_COLOURS),
        vmin=1,
        vmax=3,
        alpha=0.75,
        interpolation="nearest",
    )
    row[0].text(0.02, 0.02, case.case_id, color="white", fontsize=6, transform=row[0].transAxes)


def _level(labels: NDArray[np.uint8]) -> int:
    """The axial slice that shows most of the core and some of everything."""
    counts = [(labels == value).sum(axis=(0, 1)) for value in (1, 2, 3)]
    return int(np.argmax(3 * counts[0] + counts[1] + 2 * counts[2]))


def _head_window(brain: NDArray[np.bool_]) -> tuple[slice, slice]:
    """A square around the brain of this slice, so that every panel has one shape."""
    low, high = np.argwhere(brain).min(axis=0), np.argwhere(brain).max(axis=0) + 1
    half = int(np.max(high - low)) // 2 + MARGIN_VOXELS
    centre = (low + high) // 2
    x, y = (slice(max(int(c) - half, 0), int(c) + half) for c in centre)
    return x, y
