"""The page in a real browser: the whole platform, a signed-in page, and what must never show.

Chromium is the one that is installed; none is fetched, and without one these tests are skipped.
Every test fails that leaves an error in the browser's console, a script's error, or something
that the Content-Security-Policy refused.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright
from tests.e2e.conftest import START_S, Platform
from tools import web

ROOT: Final = Path(__file__).parents[3]
PICTURES: Final = ROOT / "build" / "screenshots"
AXE: Final = web.PAGE / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("google-chrome")
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_MS: Final = 30_000
WIDTHS: Final = (390, 1280)
# Chromium logs every refusal of the API; the page shows them to its reader as sentences.
_REFUSAL: Final = re.compile(r"Failed to load resource: the server responded with a status of 4")

Axe = Callable[[Page], list[str]]
Shot = Callable[[Page, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them before anything is started for them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip("needs chromium or google-chrome on the PATH"))


class Complaints(list[str]):
    """What the browser complained of; a test takes out what it provokes."""

    def forgive(self, part: str) -> None:
        """Drop the complaints that hold `part`."""
        self[:] = [each for each in self if part not in each]


@pytest.fixture(scope="session")
def built_page() -> None:
    """The page as it would be served, built once from these sources."""
    lock = ROOT / "build" / "web.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:  # processes of one test run share the built page
        fcntl.flock(held, fcntl.LOCK_EX)
        assert web.main(["build"]) == 0, "the page does not build: see `make web`"


@pytest.fixture(scope="session")
def platform(built_page: None, platform: Platform) -> Platform:
    """The running platform, started after the page was built."""
    return platform


@pytest.fixture(scope="session")
def address(platform: Platform) -> str:
    """Where the page is, without the last slash."""
    return str(platform.run()["url"]).rstrip("/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with WebGL2 by software.

    It ends with the module: Playwright keeps an event loop running, beside which others cannot.
    """
    arguments = ["--enable-unsafe-swiftshader"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium has no sandbox for root
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, platform: Platform, address: str) -> StorageState:
    """The cookie of an administrator who signed in through the form."""
    key = json.loads((platform.folder / "credentials.json").read_text())["admin_key"]
    with browser.new_context() as context:
        page = context.new_page()
        sign_in(page, address, key)
        return context.storage_state()


def sign_in(page: Page, address: str, key: str) -> None:
    """Sign in through the form, and wait until the views are there."""
    page.goto(f"{address}/")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation").wait_for(timeout=PATIENCE_MS)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Everything that the browser complains of during the test; there must be nothing left."""
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def context(
    browser: Browser, signed_in: StorageState, address: str, complaints: Complaints
) -> Iterator[BrowserContext]:
    """A browser context of the test's own, in which the administrator is signed in."""
    with browser.new_context(
        storage_state=signed_in, base_url=address, viewport={"width": 1280, "height": 900}
    ) as made:
        made.set_default_timeout(PATIENCE_MS)
        made.on("console", lambda said: _note(complaints, said.type, said.text))
        made.on("weberror", lambda error: complaints.append(f"script: {error.error}"))
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A signed-in page at the platform's first view. Go on with `page.goto("/#/datasets")`."""
    opened = context.new_page()
    opened.goto("/")
    opened.get_by_role("navigation").wait_for()
    return opened


def _note(complaints: Complaints, kind: str, text: str) -> None:
    if kind == "error" and not _REFUSAL.match(text):
        complaints.append(f"console: {text}")


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Give what axe-core finds wrong on a page under WCAG 2.2 AA, one line for each element."""
    source = AXE.read_text("utf-8")

    def find(page: Page) -> list[str]:
        page.evaluate(source)
        found: dict[str, Any] = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG
        )
        return [
            f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    return find


@pytest.fixture(scope="session")
def shot() -> Shot:
    """Write pictures of a page at the widths of a phone and a screen, light and dark."""

    def take(page: Page, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                file = PICTURES / f"{name}-{width}-{scheme}.png"
                page.screenshot(path=file, full_page=True, animations="disabled")
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)

    return take


@pytest.fixture(scope="session")
def experiment(platform: Platform, dataset: str) -> str:
    """A finished experiment of the smallest size, by its id."""
    with platform.client() as client:
        posted = client.experiments.create(
            dataset,
            [0, 0.5, 1],
            split={"seed": 0, "test_fraction": 0.34, "validation_fraction": 0},
            generator={"steps": 2},
            segmenter={"iterations": 3},
        )
        return client.experiments.wait(posted["id"], timeout_s=4 * START_S)["id"]


def overflow_px(page: Page) -> int:
    """How far the document is wider than the window: nothing may scroll sideways but tables."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
