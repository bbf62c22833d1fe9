"""Datasets in a real browser: from a folder that is dropped to cases that are ready."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Dialog, Error, Locator, Page, Route, expect
from tests.e2e.conftest import Platform
from tests.e2e.web.conftest import Axe, Complaints, Shot, overflow_px

from syntrust_standalone.phantoms import PhantomOptions, make_cohort

pytestmark = pytest.mark.slow

INSPECTION_MS: Final = 120_000
PAGE_ROWS: Final = 200
MANY_DATASETS: Final = 10_000
MANY_CASES: Final = 1251
SCROLLS: Final = 40
FRAME_MS: Final = 16.7
CREATE: Final = re.compile("^Create the dataset")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[int], Path]:
    """Make a folder of two phantoms that no other test has."""

    def make(seed: int) -> Path:
        made = tmp_path / f"cohort-{seed}"
        made.mkdir()
        make_cohort(made, seed=seed, count=2, options=PhantomOptions.demo())
        return made

    return make


def drop(page: Page, folder: Path) -> None:
    """Drop a folder of this machine on the page, as the file browser of a desktop does."""
    zone = page.get_by_role("region", name="Drop a folder of cases here")
    box = zone.bounding_box()
    assert box is not None
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        event = {"type": kind, "x": box["x"] + 40, "y": box["y"] + 20, "data": data}
        devtools.send("Input.dispatchDragEvent", event)
    devtools.detach()


def choose(page: Page, folder: Path) -> None:
    """Choose a folder in the browser's own dialog."""
    page.locator("[data-chooses=folder]").set_input_files(folder)


def state_of(page: Page) -> Locator:
    return page.locator(".trail .state")


def look(page: Page, name: str, axe: Axe, shot: Shot) -> None:
    """Nothing is wrong for keyboard and screen reader, and nothing is wider than a phone."""
    assert axe(page) == []
    shot(page, f"datasets-{name}")
    page.set_viewport_size({"width": 390, "height": 900})
    assert overflow_px(page) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_folder_that_is_dropped_becomes_a_dataset_that_is_ready(
    page: Page, folder: Callable[[int], Path], axe: Axe, shot: Shot
) -> None:
    page.goto("/#/datasets")
    page.get_by_role("link", name="New dataset").click()
    drop(page, folder(11))
    expect(page.get_by_text("2 cases, 12 files")).to_be_visible()

    page.get_by_role("button", name=CREATE).click()
    expect(page.get_by_text("Choose what the label values mean.")).to_be_visible()
    look(page, "new", axe, shot)

    page.get_by_label("BraTS 2023, before treatment").check()
    page.get_by_role("button", name=CREATE).click()
    expect(page.get_by_text("All files are in the store.")).to_be_visible()
    look(page, "sent", axe, shot)

    page.get_by_role("button", name="Inspect the cases").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("cohort-11")
    expect(state_of(page)).to_have_text("ready", timeout=INSPECTION_MS)
    expect(page.get_by_role("img", name="Histogram of the volumes")).to_have_count(3)
    expect(page.get_by_role("link", name="New experiment")).to_be_visible()
    look(page, "ready", axe, shot)


def test_a_case_that_is_refused_says_why_at_its_file(
    page: Page, folder: Callable[[int], Path], axe: Axe, shot: Shot
) -> None:
    cases = folder(12)
    broken = cases / "phantom-12-0001" / "t2.nii.gz"
    broken.write_bytes(broken.read_bytes()[:2000])
    page.goto("/#/datasets/new")
    choose(page, cases)
    page.get_by_label("BraTS 2023, before treatment").check()
    page.get_by_role("button", name=CREATE).click()
    page.get_by_role("button", name="Inspect the cases").click()

    refused = page.get_by_role("listitem").filter(has_text="phantom-12-0001").first
    expect(refused).to_contain_text("refused", timeout=INSPECTION_MS)
    expect(refused).to_contain_text("t2 file: The file ends before its last voxel")
    look(page, "refused", axe, shot)

    page.get_by_role("button", name="Remove phantom-12-0001").click()
    expect(page.get_by_role("dialog")).to_contain_text("Remove phantom-12-0001?")
    assert axe(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(refused).to_have_count(0)


def test_what_cannot_be_sent_is_named_before_anything_is_sent(
    page: Page, folder: Callable[[int], Path], axe: Axe, shot: Shot
) -> None:
    cases = folder(13)
    (cases / "phantom-13-0000" / "flair.nii.gz").unlink()
    (cases / "stray.nii.gz").write_bytes(b"volume")
    (cases / "survival.csv").write_text("id,days")
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method != "GET" else None)

    page.goto("/#/datasets/new")
    drop(page, cases)
    page.get_by_label("BraTS 2023, before treatment").check()
    page.get_by_role("button", name=CREATE).click()

    table = page.get_by_role("group", name="Not sent: 2")
    lacks = "phantom-13-0000 cannot be sent lacks flair (expected flair.nii.gz)"
    expect(table.get_by_role("row", name=lacks)).to_be_visible()
    stray = "stray.nii.gz not recognised is a volume outside the folder of a case"
    expect(table.get_by_role("row", name=stray)).to_be_visible()
    page.get_by_text("Files beside the images that stay here: 1").click()
    expect(page.get_by_text("survival.csv")).to_be_visible()
    expect(page.get_by_text("Say that you go on without them")).to_be_visible()
    assert sent == []
    look(page, "unfit", axe, shot)


def test_a_folder_that_is_dropped_again_after_a_reload_sends_only_what_is_missing(
    page: Page, folder: Callable[[int], Path], complaints: Complaints
) -> None:
    cases, asked = folder(14), list[str]()
    held = HeldUploads(let=5)
    page.route("**/*", held.handle)
    page.on("dialog", lambda dialog: _accept(dialog, asked))
    page.goto("/#/datasets/new")
    choose(page, cases)
    page.get_by_label("BraTS 2023, before treatment").check()
    page.get_by_role("button", name=CREATE).click()
    expect(page.locator(".file-sent")).to_have_count(5)

    page.reload()
    held.release()
    assert asked == ["beforeunload"]
    drop(page, cases)
    page.get_by_role("button", name="Send 2 cases").click()

    expect(page.get_by_text("All files are in the store.")).to_be_visible()
    expect(page.get_by_text("Sent: 7. There already: 5.")).to_be_visible()
    complaints.forgive("ERR_")


class HeldUploads:
    """Lets so many files through to the store, and holds the others."""

    def __init__(self, let: int) -> None:
        self._let = let
        self._held: list[Route] = []

    def handle(self, route: Route) -> None:
        if route.request.method != "PUT" or self._let > 0:
            self._let -= route.request.method == "PUT"
            route.continue_()
        else:
            self._held.append(route)

    def release(self) -> None:
        """Let everything through; what was held is gone with the page that sent it."""
        self._let = 1000
        for route in self._held:
            with suppress(Error):
                route.abort()


def _accept(dialog: Dialog, asked: list[str]) -> None:
    asked.append(dialog.type)
    dialog.accept()


def test_a_dataset_is_renamed_derived_and_deleted_and_a_case_withdrawn(
    page: Page, platform: Platform, dataset: str, axe: Axe
) -> None:
    page.goto(f"/#/datasets/{dataset}")
    page.get_by_role("button", name="Derive").click()
    page.get_by_label("Name", exact=True).fill("derived")
    page.get_by_label("Further cases to leave out").fill("phantom-3-0000")
    assert axe(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Derive").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("derived")

    page.get_by_role("button", name="Name and tags").click()
    page.get_by_label("Name", exact=True).fill("renamed")
    page.get_by_label("Tags", exact=True).fill("first, second")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("renamed")
    expect(page.get_by_text("first, second")).to_be_visible()

    first = page.get_by_role("button", name=re.compile("^Withdraw ")).first
    name = (first.get_attribute("aria-label") or "").removeprefix("Withdraw ")
    first.click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text(f"{name} is withdrawn.")).to_be_visible()

    derived = page.url.rpartition("/")[2]
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Datasets")
    with platform.client() as client:
        assert derived not in [each["id"] for each in client.datasets.list()]


def test_a_list_of_ten_thousand_datasets_is_searched_and_scrolls_within_a_frame(
    page: Page, axe: Axe, shot: Shot
) -> None:
    page.route(re.compile(r"/datasets\?"), _many_datasets)
    page.goto("/#/datasets")
    page.get_by_placeholder("Search by name").fill("dataset 9")
    expect(page.get_by_text("1,111 shown")).to_be_visible()
    page.get_by_placeholder("Search by name").fill("")
    expect(page.get_by_text("10,000 shown")).to_be_visible()

    assert page.get_by_role("listitem").count() < 60
    assert scroll_ms(page, "Datasets, newest first") < FRAME_MS
    look(page, "many", axe, shot)


def test_a_dataset_of_1251_cases_scrolls_within_a_frame(page: Page, axe: Axe, shot: Shot) -> None:
    page.route(re.compile(r"/datasets/many$"), lambda route: _answer(route, _large_dataset()))
    page.goto("/#/datasets/many")
    expect(page.get_by_text("all cases (1,251)")).to_be_attached()
    first = page.get_by_role("list", name="Cases").get_by_role("listitem").first
    expect(first).to_contain_text("refused")
    assert scroll_ms(page, "Cases") < FRAME_MS
    page.get_by_role("button", name="Sort by ET ml").click()
    page.get_by_role("button", name="Sort by ET ml").click()
    expect(first).to_contain_text("case-1250")
    look(page, "cases", axe, shot)


def scroll_ms(page: Page, name: str) -> float:
    """CPU time, in ms, that one step of scrolling through a whole list takes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent_s() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        parts = {"ScriptDuration", "LayoutDuration", "RecalcStyleDuration"}
        return float(sum(each["value"] for each in metrics if each["name"] in parts))

    before = spent_s()
    page.get_by_role("list", name=name, exact=True).evaluate(
        """async (list, steps) => {
          for (let step = 1; step <= steps; step += 1) {
            list.scrollTop = (list.scrollHeight * step) / steps;
            await new Promise(requestAnimationFrame);
          }
          list.scrollTop = 0;
          await new Promise(requestAnimationFrame);
        }""",
        SCROLLS,
    )
    return 1000 * (spent_s() - before) / SCROLLS


def _answer(route: Route, body: Any) -> None:
    route.fulfill(status=200, content_type="application/json", body=json.dumps(body))


def _many_datasets(route: Route) -> None:
    match = re.search(r"cursor=(\d+)", route.request.url)
    start = int(match[1]) if match else 0
    end = start + PAGE_ROWS
    items = [
        _summary(str(number), f"dataset {number}", "ready", cases=number)
        for number in range(start, end)
    ]
    _answer(route, {"items": items, "next": str(end) if end < MANY_DATASETS else None})


def _summary(name: str, title: str, state: str, cases: int) -> dict[str, Any]:
    return {
        "id": name,
        "name": title,
        "state": state,
        "grid": "native",
        "scheme": "brats2023",
        "digest": None,
        "tags": [],
        "created": "2026-01-01T00:00:00Z",
        "progress": {"inspected": cases, "total": cases},
    }


def _large_dataset() -> dict[str, Any]:
    problem = {"file": "seg", "field": "labels", "reason": "It has the value 7, which is no label."}
    cases = [
        {
            "id": f"case-{number:04d}",
            "group": None,
            "patient": f"patient-{number // 2:04d}",
            "scheme": "brats2023",
            "state": "refused" if number % 50 == 0 else "ready",
            "problems": [problem, problem | {"file": "t1"}] if number % 50 == 0 else [],
            "warnings": ["The image has a skull."] if number % 9 == 0 else [],
            "region_volumes_ml": {"ET": number, "ED": number % 97, "NCR": number % 13},
        }
        for number in range(MANY_CASES)
    ]
    facts = _summary("many", "many cases", "open", MANY_CASES)
    return {**facts, "withdrawn": [], "warnings": [], "cases": cases}
