"""Figures: what they show, and that equal inputs give equal files."""

import copy
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.figures import (
    CaseVolumes,
    draw_all,
    draw_bland_altman,
    draw_dice_against_volume,
    draw_fig2,
    draw_fig3,
    draw_fig4,
    draw_fig6,
    draw_fig7,
    draw_fig8,
    draw_noise_floors,
    save_all,
)
from syntrust_metrics.figures.style import PAGE_IN, SMALL_PRINT_PT

Maker = Callable[..., Any]
PairMaker = Callable[..., Any]
BESIDE = ["bland_altman", "dice_volume", "floors"]


@pytest.fixture(scope="module")
def built(experiment: Maker) -> Any:
    made = experiment()
    return build_results(made.request, made.scores)


@pytest.fixture
def results(built: Any) -> Any:
    """Results that a test may change."""
    return copy.deepcopy(built)


@pytest.fixture(scope="module")
def drawn(built: Any, pair: PairMaker) -> dict[str, Figure]:
    """Every figure, to look at."""
    return draw_all(built, [pair("a-rather-long-case-id")], volumes_of(built))


def volumes() -> list[CaseVolumes]:
    parts = ("train", "validation", "test")
    return [
        CaseVolumes(str(i), parts[i % 3], {"NCR": i, "ED": 2.0 * i, "ET": 0.0})  # type: ignore[arg-type]
        for i in range(9)
    ]


def volumes_of(results: Any) -> list[CaseVolumes]:
    """Give every test case of the results volumes."""
    ids = [case["id"] for case in results["alphas"][0]["seeds"][0]["cases"]]
    return [
        CaseVolumes(name, "test", {"NCR": 0.5 + i, "ED": 9.0, "ET": float(i % 3)})
        for i, name in enumerate(ids)
    ]


def test_every_figure_of_the_paper_is_drawn(drawn: dict[str, Figure]) -> None:
    assert sorted(drawn) == [*BESIDE[:2], *(f"fig{number}" for number in range(2, 9)), BESIDE[2]]


def test_equal_inputs_give_equal_files(tmp_path: Path, results: Any, pair: PairMaker) -> None:
    contents = []
    for attempt in ("a", "b"):
        figures = {"fig2": draw_fig2([pair()]), "fig4": draw_fig4(results)}
        paths = save_all(figures, tmp_path / attempt)
        contents.append({name: path.read_bytes() for name, path in paths.items()})

    assert contents[0] == contents[1]
    assert sorted(contents[0]) == [
        f"{name}.{kind}" for name in ("fig2", "fig4") for kind in ("png", "svg")
    ]
    assert not any(b"dc:date" in content for content in contents[0].values())


def test_many_points_are_an_image_in_an_svg_and_few_are_not(experiment: Maker) -> None:
    few, many = experiment(alphas=("1",)), experiment(alphas=("1",), test=320)

    figures = [draw_bland_altman(build_results(made.request, made.scores)) for made in (few, many)]

    assert [bool(figure.axes[0].collections[0].get_rasterized()) for figure in figures] == [
        False,
        True,
    ]


def test_drawing_leaves_no_setting_behind(results: Any, pair: PairMaker) -> None:
    before = copy.copy(rcParams)

    draw_fig2([pair()])
    draw_fig4(results)
    draw_noise_floors(results)

    assert rcParams == before


def test_validation_cases_count_as_training_cases() -> None:
    figure = draw_fig3(volumes())

    legend = figure.axes[2].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["train, 6 cases", "test, 3 cases"]


def test_values_and_intervals_are_drawn_where_they_are(results: Any) -> None:
    axes = draw_fig4(results).axes[0]

    estimates = [entry["trust"]["factors"]["t1"]["real"] for entry in results["alphas"]]
    line = axes.lines[0]
    assert np.asarray(line.get_ydata()).tolist() == [estimate["value"] for estimate in estimates]
    assert np.asarray(line.get_xdata()).tolist() == pytest.approx([0, 0.5, 1], abs=0.02)
    segments = axes.collections[0].get_segments()  # type: ignore[attr-defined]
    assert [segment[:, 1].tolist() for segment in segments] == [
        estimate["ci"] for estimate in estimates
    ]


def test_an_undefined_factor_leaves_a_gap(results: Any) -> None:
    estimate = results["alphas"][1]["trust"]["factors"]["t3"]["ET"]
    estimate.update(value=None, ci=None, scope=None, reason="every Dice of a side is 0")

    axes = draw_fig6(results).axes[0]

    assert np.isnan(np.asarray(axes.lines[0].get_ydata(), dtype=float)).tolist() == [
        False,
        True,
        False,
    ]


def test_axes_say_which_direction_is_better(drawn: dict[str, Figure]) -> None:
    labels = {name: figure.axes[0].get_ylabel() for name, figure in drawn.items()}

    up = ("fig4", "fig5", "fig6", "dice_volume", "floors")
    assert all("higher is better" in labels[name] for name in up)
    assert all("lower is better" in labels[name] for name in ("fig7", "fig8"))
    assert "0 is best" in labels["bland_altman"]
    assert "lower is better" in drawn["floors"].axes[3].get_ylabel()


def small_print(figure: Figure) -> str:
    return " ".join(str(figure.get_supxlabel()).split())


def test_small_print_says_what_the_bars_are_over_how_many_cases_and_seeds(
    results: Any, experiment: Maker
) -> None:
    few = experiment(test=5, seeds=(3, 8))

    with_bars = small_print(draw_fig4(results))
    without = small_print(draw_fig4(build_results(few.request, few.scores)))

    assert "12 test cases; training seed 0. Bars: 95% intervals" in with_bars
    assert "Fewer than 50 cases: indicative only." in with_bars
    assert "5 test cases; training seeds 3 and 8. No intervals (fewer than 10 cases)" in without
    assert "research use only" in without


def test_what_is_undefined_is_said_with_its_reason(results: Any) -> None:
    gone = {"value": None, "ci": None, "scope": None, "reason": "the mean Dice is 0"}
    results["alphas"][1]["trust"]["factors"]["t5"]["real"]["ET"].update(gone)

    said = small_print(draw_fig8(results))

    assert "not drawn: ET, real test images at α = 0.5 (the mean Dice is 0)." in said


def test_a_factor_that_is_nowhere_defined_leaves_a_word_and_no_line(
    results: Any,
) -> None:
    gone = {"value": None, "ci": None, "scope": None, "reason": "every Dice of a side is 0"}
    for entry in results["alphas"]:
        entry["trust"]["factors"]["t3"]["ET"].update(gone)
        entry["trust"]["companions"]["t3"]["ET"]["shuffled"] = None

    words = [text.get_text() for text in draw_noise_floors(results).axes[0].texts]

    assert words == ["undefined at every α"]


@pytest.mark.parametrize(("draw", "factor"), [(draw_fig6, "t3"), (draw_fig7, "t4")])
def test_t3_and_t4_stand_beside_their_shuffled_values(
    draw: Callable[..., Figure], factor: str, results: Any
) -> None:
    lines = draw(results).axes[0].lines

    dotted = [
        np.asarray(line.get_ydata()).tolist() for line in lines if line.get_linestyle() == ":"
    ]
    entries = [entry["trust"]["companions"][factor] for entry in results["alphas"]]
    assert dotted == [
        [entry[region]["shuffled"] for entry in entries] for region in ("ET", "ED", "NCR")
    ]


def test_floors_that_were_measured_are_drawn_and_others_are_named(experiment: Maker) -> None:
    whole, bare = experiment(seeds=(0, 1), again=True), experiment()

    results = build_results(whole.request, whole.scores)
    drawn, without = (
        draw_noise_floors(results),
        draw_noise_floors(build_results(bare.request, bare.scores)),
    )

    values = [estimate["t4"]["ET"]["value"] for estimate in results["floors"]["twins"]["alphas"]]
    assert [np.asarray(line.get_ydata()).tolist() for line in drawn.axes[3].lines][2] == values
    assert len(drawn.axes[3].lines) == 4
    assert len(without.axes[3].lines) == 2
    assert "no second twins were scored" in small_print(without)
    assert "one training seed" in small_print(without)


def test_bias_and_limits_of_agreement_are_drawn_where_they_are(results: Any) -> None:
    axes = draw_bland_altman(results).axes[0]

    companion = results["alphas"][0]["trust"]["companions"]["t4"]["ET"]
    heights = [float(np.asarray(line.get_ydata())[0]) for line in axes.lines]
    assert heights == [companion["bias"]["value"], *companion["limits"], 0]
    points = np.asarray(axes.collections[0].get_offsets())
    assert points[:, 1].mean() == pytest.approx(companion["bias"]["value"])


def test_an_empty_region_counts_in_the_difference_as_the_policy_says(experiment: Maker) -> None:
    results = build_results(experiment().request, experiment().scores)
    case = results["alphas"][0]["seeds"][0]["cases"][0]
    case["real"]["ET"], case["synthetic"]["ET"] = None, 0.0

    points = np.asarray(draw_bland_altman(results).axes[0].collections[0].get_offsets())

    assert points[0].tolist() == [0.5, 1.0]  # null counts as 1


def test_dice_stands_over_the_volume_of_its_own_region(results: Any) -> None:
    figure = draw_dice_against_volume(results, volumes_of(results))

    points = np.asarray(figure.axes[0].collections[0].get_offsets())
    cases = results["alphas"][0]["seeds"][0]["cases"]
    with_region = [(i % 3, case["real"]["ET"]) for i, case in enumerate(cases) if i % 3]
    assert points.tolist() == [list(pair) for pair in with_region]
    assert figure.axes[0].get_xscale() == "log"
    assert "real ρ" in figure.axes[0].get_title(loc="left")


def test_of_many_alphas_the_first_the_middle_and_the_last_have_panels(experiment: Maker) -> None:
    made = experiment(alphas=("0", "0.25", "0.5", "0.75", "1"))
    results = build_results(made.request, made.scores)

    titles = [axes.get_title(loc="left") for axes in draw_bland_altman(results).axes[::3]]

    alphas = [title.splitlines()[0].rpartition("= ")[2] for title in titles]
    assert alphas == ["0", "0.5", "1"]


@pytest.mark.slow
def test_no_text_leaves_the_figure_or_lies_on_another(drawn: dict[str, Figure]) -> None:
    for figure in drawn.values():
        assert_tidy(figure)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size",
    [
        {"test": 1, "alphas": ("0.5",)},
        {
            "test": 10,
            "alphas": ("0", *(f"0.{i}" for i in range(1, 10)), "1"),
            "seeds": (0, 1, 2, 3, 4),
            "again": True,
        },
    ],
    ids=["one case and one α", "eleven α and five seeds"],
)
def test_few_or_many_cases_alphas_and_seeds_have_room(size: Any, experiment: Maker) -> None:
    made = experiment(**size)
    results = build_results(made.request, made.scores)

    for figure in (draw_fig8(results), draw_noise_floors(results), draw_bland_altman(results)):
        assert_tidy(figure)


def assert_tidy(figure: Figure) -> None:
    drawn = texts_drawn(figure)
    box = figure.get_tightbbox()
    assert box.x0 >= -0.02
    assert box.y0 >= -0.02
    assert box.x1 <= figure.get_figwidth() + 0.02
    assert box.y1 <= figure.get_figheight() + 0.02
    assert len(drawn) > 3
    assert overlapping(drawn) == []


class Recorder(RendererAgg):
    """Notes which texts are drawn: labels of ticks beyond the axes exist and are not."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(*figure.canvas.get_width_height(), figure.dpi)  # type: ignore[no-untyped-call]
        self.texts: list[Text] = []

    def draw_text(self, *arguments: Any, mtext: Text | None = None, **more: Any) -> None:
        self.texts += [] if mtext is None else [mtext]


def texts_drawn(figure: Figure) -> list[Text]:
    recorder = Recorder(figure)
    figure.draw(recorder)
    # A text of several lines is drawn line by line, without its name.
    return recorder.texts + [text for text in texts_of(figure) if "\n" in text.get_text()]


def overlapping(texts: list[Text]) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), text.get_window_extent().shrunk(0.9, 0.9)) for text in texts]
    return [
        (a, b) for (a, one), (b, other) in itertools.combinations(boxes, 2) if one.overlaps(other)
    ]


def texts_of(figure: Figure) -> list[Text]:
    found = [each for each in figure.findobj(Text) if isinstance(each, Text)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def test_text_is_legible_on_a_page(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        shrunk = min(1.0, PAGE_IN / figure.get_figwidth())
        smallest = min(float(text.get_fontsize()) for text in texts_of(figure))
        assert smallest * shrunk >= 0.9 * SMALL_PRINT_PT, name
