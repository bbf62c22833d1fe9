"""Figures: what they show, and that equal inputs give equal files."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rcParams

from syntrust_metrics.figures import CaseVolumes, TwinPair, draw_all, fig2, fig3, fig4, fig6, save
from syntrust_metrics.figures.twins import most_tumour
from syntrust_metrics.results import build_results

Maker = Callable[..., Any]


@pytest.fixture
def results(experiment: Maker) -> dict[str, Any]:
    made = experiment()
    return build_results(made.request, made.scores)


def pair(name: str = "case", spacing_mm: tuple[float, float, float] = (3.0, 3.0, 3.0)) -> TwinPair:
    """Give a box brain whose left half (high x) is bright, with a tumour at levels 4 to 6."""
    brain = np.zeros((20, 24, 10), bool)
    brain[4:16, 3:21, 1:9] = True
    image = np.where(brain, 1.0, 0.0)
    image[10:16] *= 3.0
    labels = np.zeros(brain.shape, np.uint8)
    labels[11:14, 8:12, 4:7] = 2
    labels[12, 9:11, 5] = (1, 3)
    labels[11, 8, 5] = 3
    images = np.stack([image + i for i in range(4)]).astype(np.float32)
    return TwinPair(name, images, images * 2, labels, brain, spacing_mm)


def volumes() -> list[CaseVolumes]:
    parts = ("train", "validation", "test")
    return [
        CaseVolumes(str(i), parts[i % 3], {"NCR": i, "ED": 2.0 * i, "ET": 0.0})  # type: ignore[arg-type]
        for i in range(9)
    ]


def test_every_figure_of_the_paper_is_drawn(results: dict[str, Any]) -> None:
    figures = draw_all(results, [pair()], volumes())

    assert sorted(figures) == [f"fig{number}" for number in range(2, 9)]


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_equal_inputs_give_equal_files(kind: str, tmp_path: Path, results: dict[str, Any]) -> None:
    contents = []
    for attempt in ("a", "b"):
        figures = {"fig2": fig2([pair()]), "fig3": fig3(volumes()), "fig4": fig4(results)}
        for name, figure in figures.items():
            save(figure, tmp_path / f"{attempt}-{name}")
        contents.append([(tmp_path / f"{attempt}-{name}.{kind}").read_bytes() for name in figures])

    assert contents[0] == contents[1]
    assert b"dc:date" not in contents[0][0]


def test_drawing_leaves_no_setting_behind(results: dict[str, Any]) -> None:
    before = copy.copy(rcParams)

    draw_all(results, [pair()], volumes())

    assert rcParams == before


def test_the_slice_with_the_most_tumour_is_shown() -> None:
    labels = pair().labels
    labels[5:15, 5:15, 7] = 2

    assert most_tumour(labels) == 7


def test_a_case_without_tumour_is_shown_in_its_middle() -> None:
    assert most_tumour(np.zeros((4, 4, 10), np.uint8)) == 5


def test_the_patients_left_is_on_the_right_and_the_front_on_top() -> None:
    shown = pair()
    front = shown.brain.copy()
    front[:, 12:] = False
    image = shown.real.copy()
    image[:, front] += 10  # the front half is brighter than the back half

    figure = fig2([TwinPair("a", image, image, shown.labels, shown.brain, shown.spacing_mm)])

    drawn = np.asarray(figure.axes[0].images[0].get_array())
    rows, columns = np.nonzero(drawn > drawn.min())
    top, bottom = drawn[rows.min() + 2], drawn[rows.max() - 2]
    assert top.max() > bottom.max()
    middle = drawn[rows.max() - 2, columns.min() + 1 : columns.max()]
    assert middle[-2] > middle[1]


def test_voxels_keep_their_proportions() -> None:
    figure = fig2([pair(spacing_mm=(1.0, 2.0, 5.0))])

    assert figure.axes[0].get_aspect() == 2.0


def test_what_lies_outside_the_brain_is_black() -> None:
    shown = pair()
    noisy = shown.real.copy()
    noisy[:, ~shown.brain] = 1e6

    figure = fig2([TwinPair("a", noisy, shown.twin, shown.labels, shown.brain, shown.spacing_mm)])

    assert np.asarray(figure.axes[0].images[0].get_array()).max() < 100


def test_twins_in_another_unit_look_the_same() -> None:
    figure = fig2([pair()])

    real, twin = figure.axes[0].images[0], figure.axes[4].images[0]
    shades = [np.ma.getdata(image.norm(np.asarray(image.get_array()))) for image in (real, twin)]
    assert np.abs(shades[0] - shades[1]).max() < 1e-6


def test_figure_2_needs_a_pair_and_figure_3_a_case() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        fig2([])
    with pytest.raises(ValueError, match="at least one case"):
        fig3([])


def test_validation_cases_count_as_training_cases() -> None:
    figure = fig3(volumes())

    legend = figure.axes[2].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["train, 6 cases", "test, 3 cases"]


def test_values_and_intervals_are_drawn_where_they_are(results: dict[str, Any]) -> None:
    axes = fig4(results).axes[0]

    leaves = [entry["trust"]["factors"]["t1"]["real"] for entry in results["alphas"]]
    line = axes.lines[0]
    assert np.asarray(line.get_ydata()).tolist() == [leaf["value"] for leaf in leaves]
    assert np.asarray(line.get_xdata()).tolist() == pytest.approx([0, 0.5, 1], abs=0.02)
    segments = axes.collections[0].get_segments()  # type: ignore[attr-defined]
    assert [segment[:, 1].tolist() for segment in segments] == [leaf["ci"] for leaf in leaves]


def test_an_undefined_factor_leaves_a_gap(results: dict[str, Any]) -> None:
    leaf = results["alphas"][1]["trust"]["factors"]["t3"]["ET"]
    leaf.update(value=None, ci=None, scope=None, reason="every Dice of a side is 0")

    axes = fig6(results).axes[0]

    assert np.isnan(np.asarray(axes.lines[0].get_ydata(), dtype=float)).tolist() == [
        False,
        True,
        False,
    ]


def test_axes_say_which_direction_is_better(results: dict[str, Any]) -> None:
    figures = draw_all(results, [], volumes())

    labels = {name: figures[name].axes[0].get_ylabel() for name in figures if name != "fig3"}
    assert all("higher is better" in labels[name] for name in ("fig4", "fig5", "fig6"))
    assert all("lower is better" in labels[name] for name in ("fig7", "fig8"))


def test_small_print_says_what_the_bars_are(results: dict[str, Any], experiment: Maker) -> None:
    few = experiment(test=5)

    with_bars = fig4(results)
    without = fig4(build_results(few.request, few.scores))

    assert "95% intervals over 12 test cases" in str(with_bars.get_supxlabel())
    assert "no intervals (fewer than 10 cases)" in str(without.get_supxlabel())
    assert "research use only" in str(without.get_supxlabel())


def test_no_text_leaves_the_figure(results: dict[str, Any]) -> None:
    for figure in draw_all(results, [pair("a-rather-long-case-id")], volumes()).values():
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
        assert box.x0 >= -0.02
        assert box.y0 >= -0.02
        assert box.x1 <= figure.get_figwidth() + 0.02
        assert box.y1 <= figure.get_figheight() + 0.02
