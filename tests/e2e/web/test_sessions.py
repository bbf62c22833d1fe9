"""Who may see what, in a real browser: wrong keys, other clients, keys that end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Platform
from tests.e2e.web.conftest import PATIENCE_MS, Axe, Shot, sign_in

pytestmark = pytest.mark.slow


@pytest.fixture
def stranger(browser: Browser, address: str) -> Iterator[Page]:
    """A browser that nobody has signed in with."""
    with browser.new_context(base_url=address) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto("/")
        yield page


def add_client(page: Page, name: str) -> str:
    """Add a client on the page of the administration, and give its key, which is shown once."""
    page.goto("/#/admin/clients")
    page.get_by_text("New client").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add the client").click()
    expect(page.locator("code.issued")).to_be_visible()
    return page.locator("code.issued").inner_text()


def test_a_wrong_key_is_refused_in_words_and_leaves_the_field(
    stranger: Page, axe: Axe, shot: Shot
) -> None:
    assert axe(stranger) == []
    stranger.get_by_label("API key").fill("st_wrong")
    stranger.get_by_role("button", name="Sign in").click()

    expect(stranger.get_by_role("alert")).to_contain_text("unknown")
    expect(stranger.get_by_label("API key")).to_have_value("")
    assert axe(stranger) == []
    shot(stranger, "sign-in")


def test_another_client_sees_nothing_of_the_first_and_no_administration(
    page: Page, stranger: Page, address: str, platform: Platform
) -> None:
    with platform.client() as client:
        owned = client.datasets.create("of the administrator")["id"]
    key = add_client(page, "another")
    sign_in(stranger, address, key)

    stranger.goto("/#/datasets")
    expect(stranger.get_by_role("heading", name="Datasets")).to_be_visible()
    expect(stranger.get_by_text("of the administrator")).to_have_count(0)
    stranger.goto(f"/#/datasets/{owned}")
    expect(stranger.get_by_role("alert")).to_be_visible()
    assert stranger.get_by_role("link", name="Administration").count() == 0
    stranger.goto("/#/admin")
    expect(stranger.get_by_text("Only an administrator's key opens this page.")).to_be_visible()


def test_a_revoked_key_ends_the_session_of_an_open_page(
    page: Page, stranger: Page, address: str
) -> None:
    sign_in(stranger, address, add_client(page, "soon gone"))
    page.goto("/#/admin/keys")
    page.get_by_role("row").filter(has_text="soon gone").get_by_role(
        "button", name="Revoke"
    ).click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row").filter(has_text="soon gone")).to_contain_text("revoked")

    stranger.goto("/#/models")
    expect(stranger.get_by_label("API key")).to_be_visible()


def test_the_key_stays_nowhere_in_the_page(stranger: Page, page: Page, address: str) -> None:
    key = add_client(page, "with a secret")
    sign_in(stranger, address, key)

    kept = stranger.evaluate(
        "() => document.documentElement.outerHTML + JSON.stringify({...localStorage})"
        " + JSON.stringify({...sessionStorage}) + document.cookie"
    )
    assert key not in kept
    stranger.get_by_role("button", name="Sign out").click()
    expect(stranger.get_by_label("API key")).to_be_visible()


@pytest.mark.parametrize("part", ["keys", "clients", "workers", "usage", "audit"])
def test_every_part_of_the_administration_is_found_accessible(
    page: Page, part: str, axe: Axe, shot: Shot
) -> None:
    page.goto(f"/#/admin/{part}")
    expect(page.get_by_role("heading", name="Administration")).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(0)

    assert axe(page) == []
    shot(page, f"admin-{part}")


def test_the_address_of_the_platform_leads_to_the_guide(page: Page) -> None:
    page.get_by_role("link", name="Guide").click()
    expect(page.get_by_role("heading", name="The documentation")).to_be_visible()
