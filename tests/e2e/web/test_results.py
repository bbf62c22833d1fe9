"""Results in the browser: the verdict, charts and their tables, cases, figures, files, pairs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.e2e.conftest import START_S, Platform
from tests.e2e.web.conftest import PATIENCE_MS, Axe, Shot, overflow_px

pytestmark = pytest.mark.slow
expect.set_options(timeout=PATIENCE_MS)
MANY: Final = 1251  # the cases of the largest public cohort
SEEN: Final = 60  # rows that may be in the document at once

Results = dict[str, Any]


@pytest.fixture(scope="session")
def results(platform: Platform, experiment: str) -> Results:
    """What the API gives for the finished experiment."""
    with platform.client() as client:
        found: Results = json.loads(json.dumps(client.experiments.results(experiment)))
    return found


@pytest.fixture(scope="session")
def other(platform: Platform, dataset: str, experiment: str) -> str:
    """A second experiment on the same cases, trained a little longer."""
    with platform.client() as client:
        posted = client.experiments.create(
            dataset,
            [0, 1],
            name="longer",
            split={"seed": 0, "test_fraction": 0.34, "validation_fraction": 0},
            generator={"steps": 2},
            segmenter={"iterations": 4},
        )
        return client.experiments.wait(posted["id"], timeout_s=4 * START_S)["id"]


def replace_results(page: Page, change: Callable[[Results], None]) -> None:
    """Let the page read changed results, as those of another experiment or release."""

    def answer(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        change(body)
        route.fulfill(response=response, json=body)

    page.route("**/experiments/*/results", answer)


def is_narrow_enough(page: Page) -> bool:
    page.set_viewport_size({"width": 390, "height": 900})
    wide = overflow_px(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    return wide <= 0


def test_the_verdict_comes_first_and_a_table_stands_behind_every_chart(
    page: Page, experiment: str, results: Results, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/{experiment}/results")

    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text(results["recommendation"]["sentence"])
    expect(verdict).to_contain_text("All cases are phantoms")
    for warning in results["alphas"][0]["trust"]["warnings"]:
        expect(verdict).to_contain_text(warning["detail"])
    charts = page.locator("figure:has(.chart)")
    expect(charts.first.locator("svg[role=img]").first).to_be_visible()
    assert charts.count() >= 8
    assert charts.count() == page.locator("figure:has(.chart):has(details table)").count()
    assert axe(page) == []
    assert is_narrow_enough(page)
    shot(page, "results")


def test_a_value_under_the_pointer_says_what_it_is_and_of_how_many_cases(
    page: Page, experiment: str, results: Results
) -> None:
    page.goto(f"/#/experiments/{experiment}/results")
    chart = page.get_by_role("figure", name="T1, mean Dice").locator(".chart")
    expect(chart.locator("svg[role=img]")).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    trust = results["alphas"][1]["trust"]
    expect(chart).to_contain_text("α = 0.5")
    expect(chart).to_contain_text(f"{trust['cases']} cases")
    expect(chart).to_contain_text(trust["factors"]["t1"]["real"]["reason"] or " to ")


def test_a_point_is_reached_by_keyboard_and_opens_its_case_in_the_viewer(
    page: Page, experiment: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/{experiment}/cases")
    points = page.locator(".chart").first.locator("a")
    expect(points.first).to_be_attached()
    assert axe(page) == []
    assert is_narrow_enough(page)
    shot(page, "cases")
    expect(points.first).to_be_attached()

    points.first.focus()
    page.keyboard.press("ArrowRight")
    case = page.evaluate("document.activeElement.getAttribute('aria-label')").split(",")[0]
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/#/viewer/{experiment}/{case}")


def test_cases_are_sorted_by_what_is_pressed(page: Page, experiment: str) -> None:
    page.goto(f"/#/experiments/{experiment}/cases")
    rows = page.get_by_role("list", name="Test cases with their Dice").get_by_role("link")
    expect(rows.first).to_be_visible()

    page.get_by_role("button", name="Sort by Case").click()
    rising = read_names(rows)
    page.get_by_role("button", name="Sort by Case, now ascending").click()
    falling = read_names(rows)

    assert rising == sorted(rising)
    assert falling == rising[::-1]


def read_names(rows: Locator) -> list[str]:
    return rows.all_inner_texts()


def test_a_long_table_of_cases_holds_only_the_rows_in_sight(page: Page, experiment: str) -> None:
    def lengthen(found: Results) -> None:
        for arm in found["alphas"]:
            for seed in arm["seeds"]:
                first = seed["cases"][0]
                seed["cases"] = [{**first, "id": f"phantom-{number}"} for number in range(MANY)]

    replace_results(page, lengthen)
    page.goto(f"/#/experiments/{experiment}/cases")
    table = page.get_by_role("list", name="Test cases with their Dice")
    expect(table.get_by_role("listitem").first).to_be_visible()

    table.evaluate("list => list.scrollTo(0, list.scrollHeight)")

    expect(table.locator(f"[aria-posinset='{MANY}']")).to_be_visible()
    assert table.get_by_role("listitem").count() < SEEN


def test_every_figure_of_the_paper_is_drawn_in_its_order(
    page: Page, experiment: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/{experiment}/figures")
    images = page.get_by_role("img", name="Figure")
    expect(images).to_have_count(7)

    for image in images.all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("complete", value=True)
        assert image.evaluate("image => image.naturalWidth") > 0

    names = [image.get_attribute("alt") or "" for image in images.all()]
    assert [name.split(".")[0] for name in names] == [f"Figure {number}" for number in range(2, 9)]
    expect(page.locator("figure", has=images.first).locator(".synthetic-mark")).to_be_visible()
    assert axe(page) == []
    assert is_narrow_enough(page)
    shot(page, "figures")


def test_the_downloaded_results_have_the_digest_that_the_page_shows(
    page: Page, experiment: str, results: Results, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/{experiment}/downloads")
    origin = page.get_by_role("region", name="Where the results come from")
    expect(origin).to_contain_text(results["digest"])
    assert axe(page) == []
    assert is_narrow_enough(page)
    shot(page, "downloads")

    with page.expect_download() as download:
        page.get_by_role("link", name="Results (JSON)").click()

    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert saved["digest"] == results["digest"]


def test_results_of_an_older_release_are_shown_as_far_as_they_go(
    page: Page, experiment: str, axe: Axe
) -> None:
    def age(found: Results) -> None:
        found["definition"] = "rajababu2025/1"
        for key in ("recommendation", "controls", "by_volume", "floors"):
            found.pop(key, None)

    replace_results(page, age)
    page.goto(f"/#/experiments/{experiment}/results")

    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("an older release, which gave no recommendation")
    expect(verdict).to_contain_text("rajababu2025/1")
    expect(page.get_by_role("figure", name="T1, mean Dice")).to_be_visible()
    assert axe(page) == []


def test_partial_results_say_what_is_missing_and_break_the_line_there(
    page: Page, experiment: str, axe: Axe
) -> None:
    reason = "training the segmenter failed (internal)"

    def lose(found: Results) -> None:
        lost = found["alphas"][1]
        lost.update(mix=None, seeds=[], trust=None, versus_real=None, reason=reason)
        found.update(partial=True, curve=None, claims=None, recommendation=None, nested=[])
        training = {"control": None, "alpha": 0.5, "seed": 0, "reason": reason}
        found["missing"] = {"trainings": [training], "twins": [], "second_twins": None}

    replace_results(page, lose)
    page.goto(f"/#/experiments/{experiment}/results")

    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text(f"Missing: α = 0.5, training seed 0. Reason: {reason}.")
    table = page.get_by_role("figure", name="T1, mean Dice")
    table.get_by_text("Show as a table").click()
    expect(table.get_by_role("row", name=f"0.5 reference – {reason}")).to_be_visible()
    assert axe(page) == []


def test_experiments_are_chosen_and_compared_where_their_cases_are_the_same(
    page: Page, experiment: str, other: str, axe: Axe, shot: Shot
) -> None:
    page.goto("/#/compare")
    page.get_by_role("checkbox", name=experiment).check()
    page.get_by_role("checkbox", name="longer").check()
    assert axe(page) == []
    shot(page, "compare-choice")
    page.get_by_role("button", name="Compare").click()

    settings = page.get_by_role("region", name="Settings that differ")
    expect(settings.get_by_role("row", name="segmenter, iterations 3 4")).to_be_visible()
    expect(settings.get_by_role("row", name="generator")).to_have_count(0)
    paired = page.get_by_role("figure", name="2. longer")
    expect(paired.locator("svg[role=img]")).to_be_visible()
    paired.get_by_text("Show as a table").click()
    expect(paired.get_by_role("row", name="reference test images").first).to_be_visible()
    assert axe(page) == []
    assert is_narrow_enough(page)
    shot(page, "compare")


def test_one_experiment_alone_is_not_compared(page: Page, experiment: str) -> None:
    page.goto(f"/#/compare?ids={experiment}")

    expect(page.get_by_text("Name two to six different experiments.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=experiment)).to_be_checked()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
