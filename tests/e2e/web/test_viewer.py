"""The viewer in a real browser: images that are seen, linked, labelled, and compared in z."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from tests.e2e.web.conftest import Axe, Complaints, Shot, overflow_px

SLOW_MS: Final = 120_000  # three canvases drawn by software, on a machine that does other things
MARK: Final = (0xFF, 0xD8, 0xB8)  # the ground of what says that an image is of no patient
NO_WEBGL2: Final = """
const real = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === "webgl2" ? null : real.call(this, kind, ...rest);
};
"""

Pixels = NDArray[np.uint8]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """A test case of a finished experiment, in the browser."""

    page: Page
    experiment: str
    id: str
    dataset: str

    def open(self, query: str | None = None) -> None:
        self.page.goto(query or f"/#/viewer/{self.experiment}/{self.id}")

    def await_images(self) -> None:
        expect(self.page.locator(".readout")).to_contain_text("Voxel", timeout=SLOW_MS)
        expect(self.page.locator(".stage")).to_have_attribute("aria-busy", "false")


@pytest.fixture
def case(page: Page, experiment: str) -> Case:
    body: dict[str, Any] = page.request.get(f"/experiments/{experiment}").json()
    return Case(page, experiment, body["spec"]["test"][0], body["dataset"])


@pytest.fixture
def requests(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def pixels_of(place: Locator) -> Pixels:
    """What the reader sees in the middle of an image, away from what is written on it."""
    with Image.open(io.BytesIO(place.screenshot(animations="disabled"))) as picture:
        whole = np.asarray(picture.convert("RGB"))
    height, width = whole.shape[:2]
    return whole[height // 3 : -height // 6, width // 6 : -width // 6]


def shades(pixels: Pixels) -> int:
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


def box(page: Page, name: str) -> Locator:
    return page.locator(f".pane-{name} .pane-box")


def expect_change(look: Callable[[], Pixels], before: Pixels) -> None:
    """Wait, frame by frame, until what is seen is no longer what it was."""
    for _ in range(40):
        if not np.array_equal(look(), before):
            return
    pytest.fail("the image stays as it was")


def test_real_twin_and_difference_are_seen_and_what_is_synthetic_says_so(
    case: Case, requests: list[str], address: str, axe: Axe, shot: Shot
) -> None:
    page = case.page
    assert not any("niivue" in url for url in requests)
    case.open()
    case.await_images()
    for name in ("real", "twin", "difference"):
        expect(box(page, name)).to_be_visible()
        assert shades(pixels_of(box(page, name))) > 20, f"{name} is blank"
    expect(box(page, "twin").locator(".pane-mark")).to_have_text("synthetic")
    expect(box(page, "difference").locator(".pane-mark")).to_contain_text("synthetic")
    # A phantom's image is of no patient either, and is not called real.
    expect(box(page, "real").locator(".pane-mark")).to_contain_text("no patient")
    expect(page.locator(".readout")).to_contain_text(re.compile(r"difference .* z"))
    assert axe(page) == []
    shot(page, "viewer")
    page.set_viewport_size({"width": 390, "height": 900})
    assert overflow_px(page) <= 0
    assert any("niivue" in url for url in requests)
    files = [url for url in requests if not url.startswith((address, "blob:", "data:"))]
    assert files
    assert all(re.search(r"\.nii\.gz\?.*X-Amz-Signature", url) for url in files)


def test_keys_scroll_all_images_together_and_choose_what_is_shown(case: Case) -> None:
    page = case.page
    case.open()
    case.await_images()
    box(page, "real").locator("canvas").focus()
    said = page.locator(".readout").inner_text()
    seen = {name: pixels_of(box(page, name)) for name in ("real", "twin", "difference")}
    page.keyboard.press("ArrowUp")
    expect(page.locator(".readout")).not_to_have_text(said)
    for name, before in seen.items():
        expect_change(lambda name=name: pixels_of(box(page, name)), before)  # type: ignore[misc]
    page.keyboard.press("m")
    expect(page.get_by_label("Image", exact=True)).to_have_value("t2")
    page.keyboard.press("p")
    expect(page.get_by_label("Plane")).to_have_value("coronal")
    page.keyboard.press("o")
    expect(page.get_by_label("Overlay", exact=True)).to_have_value("prediction")
    expect(page.get_by_label("Segmenter")).to_be_visible()
    expect(page.get_by_label("Legend")).to_contain_text("What the segmenter found")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_a_click_in_the_twin_moves_the_cursor_of_the_real_image(case: Case) -> None:
    page = case.page
    case.open()
    case.await_images()
    before = pixels_of(box(page, "real"))
    said = page.locator(".readout").inner_text()
    box(page, "twin").locator("canvas").click(position={"x": 120, "y": 160})
    expect(page.locator(".readout")).not_to_have_text(said)
    expect_change(lambda: pixels_of(box(page, "real")), before)


def test_a_right_drag_spreads_grey_on_both_images_alike(case: Case) -> None:
    page = case.page
    case.open()
    case.await_images()
    before = pixels_of(box(page, "twin"))
    place = box(page, "real").locator("canvas").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 150, place["y"] + 150)
    page.mouse.down(button="right")
    page.mouse.move(place["x"] + 200, place["y"] + 120, steps=4)
    page.mouse.up(button="right")
    expect(page.get_by_label("Black at (z)")).not_to_have_value("-3")
    expect_change(lambda: pixels_of(box(page, "twin")), before)


def test_the_divider_moves_by_keyboard_and_parts_the_two_images(case: Case, axe: Axe) -> None:
    page = case.page
    case.open()
    case.await_images()
    page.get_by_label("One over the other").check()
    divider = page.get_by_role("slider", name="Divider")
    expect(divider).to_have_value("50")
    expect(box(page, "difference")).to_be_hidden()
    stage = page.locator(".panes")
    before = pixels_of(stage)
    divider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(divider).to_have_value("70")
    expect_change(lambda: pixels_of(stage), before)
    expect(box(page, "twin").locator(".pane-mark")).to_be_visible()
    assert axe(page) == []


def test_a_saved_picture_says_which_image_is_synthetic(case: Case) -> None:
    page = case.page
    case.open()
    case.await_images()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save picture").click()
    with Image.open(saved.value.path()) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    third = pixels.shape[1] // 3
    for at in range(3):  # the phantom, the twin and the difference
        part = pixels[:, at * third : (at + 1) * third]
        assert shades(part) > 20
        assert (part == MARK).all(axis=-1).sum() > 300


def test_a_link_that_is_over_is_asked_for_anew(case: Case) -> None:
    page = case.page
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
            return
        refused.append(route.request.url)
        route.fulfill(status=403, headers={"Access-Control-Allow-Origin": "*"}, body="")

    page.route(re.compile(r"/t1ce\.nii\.gz\?"), refuse_once)
    with page.expect_response(re.compile(r"/t1ce\.nii\.gz\?"), timeout=SLOW_MS):
        case.open()
    case.await_images()
    assert len(refused) == 1
    expect(page.get_by_role("alert")).to_have_count(0)


def test_images_of_two_grids_are_not_compared(case: Case) -> None:
    page = case.page
    moved = nib.nifti1.Nifti1Image(np.zeros((64, 64, 64), np.float32), np.diag([-3, -3, 3.5, 1]))  # type: ignore[no-untyped-call]
    body = gzip.compress(moved.to_bytes())
    answer = {"Access-Control-Allow-Origin": "*"}
    page.route(
        re.compile(r"/synthesise_case/.*\.nii\.gz\?"),
        lambda route: route.fulfill(status=200, headers=answer, body=body),
    )
    case.open()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("do not lie on one grid", timeout=SLOW_MS)
    expect(said).to_contain_text("64 × 64 × 64, 3.00 × 3.00 × 3.50 mm")


def test_without_webgl2_pictures_are_shown_and_the_page_says_so(
    context: BrowserContext, case: Case, axe: Axe, complaints: Complaints
) -> None:
    context.add_init_script(NO_WEBGL2)
    page = case.page
    page.reload()
    case.open()
    expect(page.get_by_text("This browser has no WebGL2")).to_be_visible(timeout=SLOW_MS)
    for name in ("real", "twin", "difference"):
        expect(box(page, name)).to_be_visible(timeout=SLOW_MS)
        assert shades(pixels_of(box(page, name))) > 20, f"{name} is blank"
    expect(box(page, "twin").locator(".pane-mark")).to_have_text("synthetic")
    slider = page.get_by_role("slider", name=re.compile("Slice"))
    was = int(slider.input_value())
    page.locator("section.stage").focus()
    page.keyboard.press("ArrowDown")
    expect(slider).to_have_value(str(was - 1))
    assert axe(page) == []
    assert complaints == []


def test_a_case_of_a_dataset_is_seen_without_a_twin(case: Case) -> None:
    case.open(f"/#/viewer?dataset={case.dataset}&case={case.id}")
    case.await_images()
    assert shades(pixels_of(box(case.page, "real"))) > 20
    expect(box(case.page, "twin")).to_have_count(0)
    expect(case.page.get_by_role("link", name="Dataset", exact=True)).to_be_visible()


def test_without_a_case_the_viewer_tells_the_next_step(page: Page, axe: Axe) -> None:
    page.goto("/#/viewer")
    expect(page.get_by_role("heading", name="No case is chosen")).to_be_visible()
    assert axe(page) == []
