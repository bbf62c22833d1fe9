"""Take the README's pictures of the page: `make screenshots`, after `make demo`.

The platform is started on what the demo left, and each picture is of the page as it is.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright
from rich.console import Console
from tools.web import ROOT

from syntrust.client import Client
from syntrust_standalone.data_folder import DataFolder
from syntrust_standalone.runs.own_platform import own_platform

STACK: Final = ROOT / "build" / "demo" / "stack"
IMAGES: Final = ROOT / "docs" / "images"
_WINDOW: Final = ViewportSize(width=1280, height=860)
_PATIENCE_MS: Final = 60_000
_COLOURS: Final = 256
"""Colours of a picture's palette: a third of the bytes, and no difference to the eye."""


def main() -> int:
    """Write `docs/images/page_*.png`; the exit status is 1 where something is missing."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or not STACK.exists():
        print("Pictures need chromium or google-chrome, and what `make demo` leaves.")
        return 1
    folder = DataFolder(STACK)
    with own_platform(folder, None, Console(stderr=True)) as client:
        experiment = next(e for e in client.experiments.list() if e["state"] == "succeeded")["id"]
        with _page(chromium, client, folder.load_credentials().admin_key) as page:
            for name, show in _views(client, experiment).items():
                show(page)
                _keep(page, IMAGES / f"page_{name}.png")
    return 0


@contextmanager
def _page(chromium: str, client: Client, key: str) -> Iterator[Page]:
    """Give a page at which the demo's administrator is signed in."""
    # Chromium has no sandbox for root, and no WebGL2 without a graphics card unless asked.
    arguments = ["--enable-unsafe-swiftshader", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport=_WINDOW, base_url=client.url, color_scheme="light")
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        page.goto("/")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation").wait_for()
        yield page
        browser.close()


def _views(client: Client, experiment: str) -> dict[str, Callable[[Page], None]]:
    case = client.experiments.get(experiment)["spec"]["test"][0]

    def results(page: Page) -> None:
        page.goto(f"/#/experiments/{experiment}/results")
        page.get_by_role("heading", name="T1").first.scroll_into_view_if_needed()
        page.locator(".chart svg").first.wait_for()

    def viewer(page: Page) -> None:
        page.goto(f"/#/viewer/{experiment}/{case}")
        expect(page.locator(".readout")).to_contain_text("Voxel")
        expect(page.locator(".stage")).to_have_attribute("aria-busy", "false")

    def dataset(page: Page) -> None:
        page.goto("/#/datasets")
        page.get_by_role("link", name="demo").first.click()
        page.locator(".chart svg").first.wait_for()

    return {"results": results, "viewer": viewer, "dataset": dataset}


def _keep(page: Page, path: Path) -> None:
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main())
