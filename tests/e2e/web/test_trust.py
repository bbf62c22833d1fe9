"""Trust factors of pasted scores, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.web.conftest import Axe, Shot

pytestmark = pytest.mark.slow


def paste(page: Page, text: str) -> None:
    page.goto("/#/trust")
    page.get_by_label("Scores").fill(text)
    page.get_by_role("button", name="Compute").click()


def test_pasted_scores_are_answered_in_a_frame_that_runs_nothing(
    page: Page, axe: Axe, shot: Shot
) -> None:
    page.goto("/#/trust")
    assert axe(page) == []
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Compute").click()

    answer = page.frame_locator("iframe.trust-answer")
    expect(answer.get_by_text("T1").first).to_be_visible()
    assert "allow-scripts" not in str(page.locator("iframe.trust-answer").get_attribute("sandbox"))
    assert axe(page) == []
    shot(page, "trust")


def test_a_mistake_is_shown_at_its_cell(page: Page, axe: Axe, shot: Shot) -> None:
    paste(page, "case,set,region,dice\na,real,ET,0.9\na,synthetic,ET,9.1\n")

    expect(page.get_by_role("alert")).to_contain_text("must be a number from 0 to 1")
    expect(page.get_by_role("heading", name="Line 3, column dice")).to_be_visible()
    assert page.locator(".wrong-cell").all_inner_texts() == ["9.1"]
    assert axe(page) == []
    shot(page, "trust-mistake")


def test_a_mistake_of_a_json_text_is_shown_with_its_value(page: Page) -> None:
    paste(page, '{"cases": [{"id": "a", "real": {"ET": 2}, "synthetic": {"ET": 0.5}}]}')

    expect(page.get_by_role("heading", name="/cases/0/real/ET")).to_be_visible()
    expect(page.get_by_text("It is 2")).to_be_visible()


def test_the_answer_is_kept_as_json(page: Page, tmp_path: Path) -> None:
    page.goto("/#/trust")
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Compute").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    download.value.save_as(tmp_path / "answer.json")

    assert '"definition":"rajababu2025/2"' in (tmp_path / "answer.json").read_text()
