"""Figure 2: real image and twin as they are, the right way round."""

from collections.abc import Callable

import numpy as np
import pytest

from syntrust_metrics.figures import TwinPair, draw_fig2, draw_fig3
from syntrust_metrics.figures.twins import find_most_tumour

PairMaker = Callable[..., TwinPair]


def test_the_slice_with_the_most_tumour_is_shown(pair: PairMaker) -> None:
    labels = pair().labels
    labels[5:15, 5:15, 7] = 2

    assert find_most_tumour(labels) == 7


def test_a_case_without_tumour_is_shown_in_its_middle() -> None:
    assert find_most_tumour(np.zeros((4, 4, 10), np.uint8)) == 5


def test_the_patients_left_is_on_the_right_and_the_front_on_top(pair: PairMaker) -> None:
    shown = pair()
    front = shown.brain.copy()
    front[:, 12:] = False
    image = shown.real.copy()
    image[:, front] += 10  # the front half is brighter than the back half

    figure = draw_fig2([TwinPair("a", image, image, shown.labels, shown.brain, shown.spacing_mm)])

    drawn = np.asarray(figure.axes[0].images[0].get_array())
    rows, columns = np.nonzero(drawn > drawn.min())
    top, bottom = drawn[rows.min() + 2], drawn[rows.max() - 2]
    assert top.max() > bottom.max()
    middle = drawn[rows.max() - 2, columns.min() + 1 : columns.max()]
    assert middle[-2] > middle[1]


def test_voxels_keep_their_proportions(pair: PairMaker) -> None:
    figure = draw_fig2([pair(spacing_mm=(1.0, 2.0, 5.0))])

    assert figure.axes[0].get_aspect() == 2.0


def test_what_lies_outside_the_brain_is_black(pair: PairMaker) -> None:
    shown = pair()
    noisy = shown.real.copy()
    noisy[:, ~shown.brain] = 1e6

    figure = draw_fig2(
        [TwinPair("a", noisy, shown.twin, shown.labels, shown.brain, shown.spacing_mm)]
    )

    assert np.asarray(figure.axes[0].images[0].get_array()).max() < 100


def test_twins_in_another_unit_look_the_same(pair: PairMaker) -> None:
    figure = draw_fig2([pair()])

    real, twin = figure.axes[0].images[0], figure.axes[4].images[0]
    shades = [np.ma.getdata(image.norm(np.asarray(image.get_array()))) for image in (real, twin)]
    assert np.abs(shades[0] - shades[1]).max() < 1e-6


def test_figure_2_needs_a_pair_and_figure_3_a_case() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        draw_fig2([])
    with pytest.raises(ValueError, match="at least one case"):
        draw_fig3([])
