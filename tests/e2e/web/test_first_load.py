"""What a browser loads before the first view is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Response

pytestmark = pytest.mark.slow
MOST_BYTES = 300_000


def test_the_first_view_takes_less_than_300_kb_of_compressed_script(
    context: BrowserContext,
) -> None:
    loaded: list[Response] = []
    page = context.new_page()
    # Playwright writes on the handler, which a method of a list does not take.
    page.on("response", lambda each: loaded.append(each))  # noqa: PLW0108
    page.goto("/")
    page.get_by_role("navigation").wait_for()
    page.get_by_role("heading", name="Experiments").wait_for()

    scripts = [each for each in loaded if each.url.endswith(".js")]
    assert scripts
    assert all(each.headers["content-encoding"] == "br" for each in scripts)
    assert sum(int(each.headers["content-length"]) for each in scripts) < MOST_BYTES
    assert not any("niivue" in each.url for each in scripts)
