"""The page of a study: made from the file of results alone, and claims nothing beyond it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.standalone.study.conftest import PICTURE

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.experiment.wording import PHANTOMS
from syntrust_metrics.report.cells import Cell, Table
from syntrust_metrics.trust.inference.recommendation_sentence import name_share
from syntrust_standalone.study.page import render_page, write_page
from syntrust_standalone.study.page.markdown import write_report_table, write_table
from syntrust_standalone.study.page.reasons import NOT_MEASURED, explain
from syntrust_standalone.study.results_file import StudyResults, read_results, write_results

ROOT = Path(__file__).parents[4]
COMMITTED = ROOT / "studies" / "results" / "phantoms.json"
PAGE = ROOT / "docs" / "study.md"
REGIONS = ("ED", "ET", "NCR")


def main_of(results: StudyResults) -> Any:
    return results["experiments"]["mixes"]["results"]


def changed(results: StudyResults, change: Callable[[Any], None]) -> StudyResults:
    copied = copy.deepcopy(results)
    change(main_of(copied))
    return copied


@pytest.fixture
def shown(results: StudyResults) -> ShownResults:
    """The results of the first experiment, free to be changed."""
    return cast("ShownResults", copy.deepcopy(main_of(results)))


def set_by_region(results: ShownResults, factor: str, own: Any, chance: Any) -> None:
    """Set a factor, and what pairing at random gives, for ED, ET and NCR at every α."""
    for arm in cast("Any", results["alphas"]):
        for region, value, shuffled in zip(REGIONS, own, chance, strict=True):
            arm["trust"]["factors"][factor][region]["value"] = value
            arm["trust"]["companions"][factor][region]["shuffled"] = shuffled


@pytest.mark.slow
@pytest.mark.skipif(not COMMITTED.exists(), reason="the study has not been run yet")
def test_the_committed_page_is_what_the_committed_results_give(tmp_path: Path) -> None:
    write_page(COMMITTED, tmp_path / "study.md", COMMITTED.relative_to(ROOT).as_posix())

    assert PAGE.read_text() == (tmp_path / "study.md").read_text()
    for made in (tmp_path / "images" / "study").iterdir():
        assert (PAGE.parent / "images" / "study" / made.name).is_file()


def test_there_is_no_page_without_results() -> None:
    assert PAGE.exists() == COMMITTED.exists()


@pytest.fixture(scope="module")
def written(results: StudyResults, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of results, and the page that was made from it."""
    folder = tmp_path_factory.mktemp("page")
    write_results(results, folder / "small.json", PICTURE)
    write_page(folder / "small.json", folder / "page.md", "small.json")
    return folder


@pytest.mark.slow
def test_the_page_is_the_same_from_the_file_and_from_memory(
    results: StudyResults, written: Path
) -> None:
    assert (written / "page.md").read_text() == render_page(results, "small.json")
    assert render_page(read_results(written / "small.json"), "small.json") == render_page(
        results, "small.json"
    )


@pytest.mark.slow
def test_every_figure_that_the_page_shows_is_beside_it(written: Path) -> None:
    text = (written / "page.md").read_text()
    figures = sorted(path.name for path in (written / "images" / "study").iterdir())

    assert figures == ["fig2.png", *(f"fig{number}.svg" for number in range(3, 9))]
    places = [text.index(f"(images/study/{name})") for name in figures]
    assert places == sorted(places)


def test_every_claim_stands_with_its_verdict_and_every_number(results: StudyResults) -> None:
    text = render_page(results, "small.json")

    for claim in main_of(results)["claims"]:
        assert f"| {PHANTOMS.adapt(claim['claim'])} | **{claim['verdict']}** |" in text
        for found in claim["numbers"]:
            assert found["comparison"] in text


def test_the_recommendation_is_in_its_own_words(results: StudyResults) -> None:
    found = main_of(results)["recommendation"]

    text = render_page(results, "small.json")

    assert f"**{PHANTOMS.adapt(found['sentence'])}**" in text
    assert all(f"- {detail}\n" in text for detail in found["details"])


def test_every_test_behind_the_recommendation_stands_on_the_page(results: StudyResults) -> None:
    text = render_page(results, "small.json")

    for region, found in main_of(results)["recommendation"]["regions"].items():
        assert found["tests"]
        for test in found["tests"]:
            row = f"| {region}, {name_share(test['alpha'])} | {test['alpha']:g} | {test['cases']} |"
            assert row in text


def test_an_end_that_too_few_cases_bound_is_left_open(results: StudyResults) -> None:
    def open_end(body: Any) -> None:
        body["alphas"][0]["trust"]["factors"]["t5"]["real"]["ET"] |= {
            "value": 0.5,
            "ci": None,
            "bound": {"low": 0.111},
            "reason": "12 cases give no upper bound",
        }

    text = render_page(changed(results, open_end), "small.json")

    assert "0.500 (at least 0.111; 12 cases give no upper bound" in text


def test_results_without_a_recommendation_are_said_to_have_none(results: StudyResults) -> None:
    without = changed(results, lambda body: body.pop("recommendation", None))

    assert "a release that gives no recommendation" in render_page(without, "small.json")


def test_phantoms_are_said_to_show_nothing_about_patients(results: StudyResults) -> None:
    assert "Anything about patients. Phantoms are made" in render_page(results, "small.json")


def test_no_image_of_a_phantom_is_called_real(results: StudyResults) -> None:
    _, *said = render_page(results, "results.json").split("\n")

    assert [line for line in said if re.search(r"\b[Rr]eal\b", line)] == []


def test_digest_processor_and_hours_are_told(results: StudyResults) -> None:
    text = render_page(results, "small.json")

    assert results["digest"] in text
    assert "a CPU, 2 cores" in text
    assert "0.11 (generator 0.01, metrics 0.00, segmenter 0.10)" in text


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        ((0.98, 0.95, 0.97), "The same order arises from T5 alone"),
        ((0.98, 0.97, 0.95), "From T5 alone another order arises"),
    ],
)
def test_the_order_of_t3_is_put_beside_that_of_t5(
    shown: ShownResults, chance: tuple[float, ...], said: str
) -> None:
    set_by_region(shown, "t3", (0.99, 0.96, 0.98), chance)

    numbers, verdict = explain("t3_order", shown)

    assert "has the mean ED 0.9900, NCR 0.9800, ET 0.9600" in numbers
    assert verdict.startswith(said)


def test_the_fall_of_t3_is_put_beside_that_of_t5(shown: ShownResults) -> None:
    for arm in cast("Any", shown["alphas"]):
        for region in REGIONS:
            arm["trust"]["factors"]["t3"][region]["value"] = 1 - 0.2 * arm["alpha"]
            arm["trust"]["companions"]["t3"][region]["shuffled"] = 0.9 - 0.1 * arm["alpha"]

    assert "ED −0.2000 (−0.1000), ET −0.2000 (−0.1000)" in explain("t3_falls", shown)[0]


def test_the_ratio_of_t5_is_that_of_spreads_times_that_of_means(shown: ShownResults) -> None:
    for arm in cast("Any", shown["alphas"]):
        beside = arm["trust"]["companions"]["t5"]
        for region in REGIONS:
            beside["real"][region] |= {"mean": 0.5, "sd": 0.2}
            beside["synthetic"][region] |= {"mean": 0.8, "sd": 0.1}

    said = explain("t5_lower_on_synthetic", shown)[0]

    assert "is 3.20 times that on synthetic ones: 2.00 from the standard deviations times" in said
    assert "times 1.60 from the means" in said


def test_where_nothing_was_measured_the_reason_is_left_open(shown: ShownResults) -> None:
    set_by_region(shown, "t3", (0.99, None, 0.98), (0.9, 0.9, 0.9))

    assert explain("t3_order", shown) == [NOT_MEASURED]


@pytest.mark.parametrize("claim", ["t1_meets_in_the_middle", "t2_higher_on_synthetic"])
def test_a_claim_about_means_is_explained_by_the_numbers_of_each_alpha(
    shown: ShownResults, claim: Any
) -> None:
    (said,) = explain(claim, shown)

    assert [f"at {arm['alpha']:g}" in said for arm in shown["alphas"]] == [True] * 3


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert write_table(["|a|"], [["b"]]) == "| \\|a\\| |\n|---|\n| b |"
    row: list[Cell | str | int] = [Cell("x", ["low"], "strong"), 3]
    assert write_report_table(Table(["a", "b"], [row])).endswith("| **x** (low) | 3 |")
