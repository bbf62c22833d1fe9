"""Experiments in the browser: from the request over a reload and a lost server to the end."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.e2e.conftest import START_S, Platform, until
from tests.e2e.web.conftest import PATIENCE_MS, Axe, Complaints, Shot, overflow_px

from syntrust import Client
from syntrust.errors import NotFound, Unreachable

pytestmark = pytest.mark.slow
expect.set_options(timeout=PATIENCE_MS)
DONE_MS: Final = 4 * START_S * 1000
MANY: Final = 10_000
SPLIT: Final = {"seed": 0, "test_fraction": 0.34, "validation_fraction": 0}


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    with platform.client() as client:
        yield client


@pytest.fixture
def endless(client: Client, dataset: str) -> Iterator[str]:
    """An experiment that does not end by itself while a test looks at it."""
    segmenter = {"iterations": 100_000}
    body: dict[str, Any] = {"split": SPLIT, "generator": {"steps": 2}, "segmenter": segmenter}
    made = client.experiments.create(dataset, [1], name="endless", **body)["id"]
    yield made
    if client.experiments.get(made)["state"] != "cancelled":
        client.experiments.cancel(made)


def fill_smallest(page: Page) -> None:
    page.get_by_label("Dataset", exact=True).select_option(label="cohort")
    page.get_by_label("Denoising steps").fill("2")
    page.get_by_label("Iterations of a training").fill("3")
    page.get_by_label("Share of patients for testing").fill("0.34")
    page.get_by_label("Share of patients for validation").fill("0")
    page.get_by_label("Name", exact=True).fill("from the page")
    page.get_by_label("Tags").fill("browser, smallest")


def test_an_experiment_goes_from_its_form_over_a_reload_to_its_results(
    page: Page, dataset: str, axe: Axe, shot: Shot
) -> None:
    page.goto("/#/experiments/new")
    fill_smallest(page)
    cost = page.get_by_role("region", name="What it costs")
    expect(cost.get_by_role("row", name="Train segmenters 3")).to_be_visible()
    expect(cost).to_contain_text("With fewer than 10 test cases no difference can be tested.")
    assert axe(page) == []
    shot(page, "experiment-new")
    page.get_by_role("button", name="Start the experiment").click()
    expect(page.get_by_role("heading", name="from the page")).to_be_visible()

    page.reload()

    expect(page.get_by_role("heading", name="from the page")).to_be_visible()
    expect(page.get_by_text("The experiment is done.")).to_be_visible(timeout=DONE_MS)
    assert axe(page) == []
    shot(page, "experiment-done")
    page.get_by_role("link", name="See the results").click()
    expect(page.get_by_role("tab", name="Results")).to_have_attribute("aria-selected", "true")


def test_a_page_shows_what_happens_after_the_server_was_started_again(
    page: Page, platform: Platform, client: Client, endless: str, complaints: Complaints
) -> None:
    page.goto(f"/#/experiments/{endless}")
    state = page.locator(".run-state .state")
    expect(state).to_have_text("running", timeout=DONE_MS)
    first = platform.pids("gateway serve")
    assert first
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    until(lambda: answers(client, endless))

    client.experiments.pause(endless)

    expect(state).to_have_text("paused")
    complaints.forgive("net::ERR_")


def answers(client: Client, experiment: str) -> bool:
    try:
        client.experiments.get(experiment)
    except Unreachable:
        return False
    return True


def test_a_running_experiment_is_renamed_and_cancelled_from_its_page(
    page: Page, client: Client, endless: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/{endless}")
    expect(page.get_by_role("heading", name="Running now")).to_be_visible(timeout=DONE_MS)
    assert axe(page) == []
    shot(page, "experiment-running")

    page.get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Name").fill("renamed")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="renamed", exact=True)).to_be_visible()

    page.get_by_role("button", name="Cancel it").click()
    asked = page.get_by_role("dialog", name="Cancel the experiment?")
    assert axe(page) == []
    asked.get_by_role("button", name="Go back").click()
    expect(asked).to_be_hidden()
    page.get_by_role("button", name="Cancel it").click()
    asked.get_by_role("button", name="Cancel it").click()
    expect(page.locator(".run-state .state")).to_have_text("cancelled")
    assert client.experiments.get(endless)["state"] == "cancelled"


def test_a_cancelled_experiment_is_deleted_from_its_page(
    page: Page, client: Client, dataset: str
) -> None:
    body: dict[str, Any] = {"split": SPLIT, "segmenter": {"iterations": 100_000}}
    made = client.experiments.create(dataset, [1], **body)["id"]
    client.experiments.cancel(made)
    page.goto(f"/#/experiments/{made}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Experiments", exact=True)).to_be_visible()
    with pytest.raises(NotFound):
        client.experiments.get(made)


def test_a_wrong_field_shows_its_sentence_and_the_cost_waits(
    page: Page, dataset: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/experiments/new?dataset={dataset}")
    alphas = page.get_by_label("α, the share of real images")

    alphas.fill("0, half")
    assert described(alphas).endswith("half is not a number. Separate numbers by commas.")
    alphas.fill("0, 2")
    expect(page.get_by_text("2: Give at most 1.0.")).to_be_visible()
    expect(alphas).to_have_attribute("aria-invalid", "true")
    assert axe(page) == []
    shot(page, "experiment-wrong")

    page.get_by_role("button", name="Start the experiment").click()
    expect(alphas).to_be_focused()
    alphas.fill("0, 1")
    expect(page.get_by_text("2: Give at most 1.0.")).to_be_hidden()


def described(field: Locator) -> str:
    """What a screen reader says of a field besides its name."""
    said: str = field.evaluate(
        "field => field.getAttribute('aria-describedby').split(' ')"
        ".map(id => document.getElementById(id).textContent).join(' ')"
    )
    return said


def test_tabs_are_walked_by_arrow_keys_and_stand_in_the_address(
    page: Page, endless: str, axe: Axe
) -> None:
    page.goto(f"/#/experiments/{endless}")
    page.get_by_role("tab", name="Progress").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Results")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.split('#')[0]}#/experiments/{endless}/results")
    expect(page.get_by_role("heading", name="No results yet")).to_be_visible()
    expect(page.get_by_role("tab", name="Results")).to_be_focused()
    assert axe(page) == []


def test_a_first_reader_is_told_the_next_step(page: Page, axe: Axe, shot: Shot) -> None:
    empty = json.dumps({"items": [], "next": None})
    page.route("**/experiments?*", lambda route: route.fulfill(body=empty))
    page.route("**/datasets?*", lambda route: route.fulfill(body=empty))
    page.goto("/#/experiments")
    page.reload()  # forget the list that the first view has read
    expect(page.get_by_role("link", name="Register a dataset")).to_be_visible()
    assert axe(page) == []
    shot(page, "experiments-empty")


@pytest.fixture
def many(page: Page) -> Page:
    """A platform that answers ten thousand experiments."""
    page.route("**/experiments?*", answer_many)
    page.goto("/#/experiments")
    page.reload()  # forget the list that the first view has read
    return page


def answer_many(route: Route) -> None:
    asked = parse_qs(urlsplit(route.request.url).query)
    start, limit = int(asked.get("cursor", ["0"])[0]), int(asked["limit"][0])
    end = min(start + limit, MANY)
    items = [summary(place) for place in range(start, end)]
    body = {"items": items, "next": str(end) if end < MANY else None}
    route.fulfill(body=json.dumps(body), content_type="application/json")


def summary(place: int) -> dict[str, object]:
    return {
        "id": f"id-{place}",
        "name": f"experiment {place}",
        "tags": ["many"],
        "dataset": "gone",
        "state": "succeeded",
        "priority": 0,
        "partial": False,
        "created": "2026-11-30T12:00:00Z",
        "finished": None,
        "alphas": [0.0, 0.5, 1.0],
    }


def test_the_last_of_ten_thousand_experiments_is_found_and_few_rows_are_drawn(
    many: Page, axe: Axe, shot: Shot
) -> None:
    many.get_by_label("Search by name").fill(f"experiment {MANY - 1}")
    expect(many.get_by_role("link", name=f"experiment {MANY - 1}")).to_be_visible()
    many.get_by_label("Search by name").fill("")
    expect(many.get_by_text("10,000 shown")).to_be_visible()
    assert axe(many) == []
    shot(many, "experiments-list")
    assert overflow_px(many) <= 0

    drawn, busy_ms = scroll_through(many)

    assert drawn < 60
    assert busy_ms < 50, "a step of scrolling takes longer than a reader does not notice"
    expect(many.get_by_role("link", name=f"experiment {MANY - 1}")).to_be_visible()


def scroll_through(page: Page, steps: int = 100) -> tuple[int, float]:
    """Scroll to the end; give the most rows drawn, and CPU ms of the page's thread a step."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_s() -> float:
        told = devtools.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in told if each["name"] == "TaskDuration"))

    before = busy_s()
    drawn: int = page.evaluate(
        """async steps => {
            const list = document.querySelector('.virtual');
            const frame = () => new Promise(requestAnimationFrame);
            let most = 0;
            for (let step = 1; step <= steps; step += 1) {
                list.scrollTop = (list.scrollHeight * step) / steps;
                await frame();
                await frame();
                most = Math.max(most, list.querySelectorAll('.virtual-row').length);
            }
            return most;
        }""",
        steps,
    )
    return drawn, (busy_s() - before) * 1000 / steps


def test_two_to_six_chosen_experiments_are_compared(many: Page) -> None:
    expect(many.get_by_role("link", name="Compare", exact=True)).to_have_count(1)  # the view's own
    for place in (0, 2):
        many.get_by_label(f"Choose experiment {place} to compare").check()
    many.locator(".chosen").get_by_role("link", name="Compare").click()
    expect(many).to_have_url(re.compile(r"#/compare\?ids=id-0,id-2$"))


def test_a_list_follows_the_rows_in_sight(page: Page) -> None:
    state: dict[str, str] = {"now": "queued"}
    page.route("**/experiments?*", answer_one(lambda: state["now"]))
    page.clock.install()
    page.goto("/#/experiments")
    page.reload()  # forget the list that the first view has read
    row = page.get_by_role("listitem")
    expect(row).to_contain_text("queued")
    state["now"] = "running"
    page.clock.run_for(11_000)
    expect(row).to_contain_text("running")


def answer_one(state: Callable[[], str]) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        body = {"items": [summary(0) | {"state": state()}], "next": None}
        route.fulfill(body=json.dumps(body), content_type="application/json")

    return answer


def test_a_page_open_for_15_minutes_on_a_running_experiment_does_not_grow(
    page: Page, client: Client, endless: str
) -> None:
    page.clock.install()
    page.goto("/#/datasets")
    page.goto(f"/#/experiments/{endless}")
    expect(page.locator(".run-state .state")).to_have_text("running", timeout=DONE_MS)
    grown = []
    for _ in range(15):
        page.clock.run_for(60_000)
        page.wait_for_load_state()
        grown.append(nodes_and_listeners(page))
    # A step that starts or ends shows and takes away rows: what leaks is there at every reading.
    # The first of them may be of a page that does not show everything yet.
    first, last = zip(*grown[:5], strict=True), zip(*grown[-5:], strict=True)
    for before, after in zip(first, last, strict=True):
        assert min(after) <= median(before) + 20, f"nodes and listeners: {grown}"


def nodes_and_listeners(page: Page) -> tuple[int, int]:
    """Count what the page holds after garbage was collected."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    counted = devtools.send("Memory.getDOMCounters")
    devtools.detach()
    return counted["nodes"], counted["jsEventListeners"]
