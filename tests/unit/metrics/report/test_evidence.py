"""Every sentence that claims something has its test, its n and its interval one click away."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.unit.metrics.as_json import build_results

from syntrust_metrics.report import Contents, render_report

Maker = Callable[..., Any]
ELEVEN = tuple(f"{i / 10:g}" for i in range(11))


class Anchors(HTMLParser):
    """Collects the claims of a page, where each leads, and the text that stands there."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.claims: list[tuple[str, list[str]]] = []
        self.ids: list[str] = []
        self.rows: dict[str, str] = {}
        self._inside: list[str] = []
        self._row = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "span":
            self._inside.append(named.get("class") or "")
            if self._inside[-1] == "claim":
                self.claims.append(("", []))
        if tag == "tr":
            self._row = named.get("id") or ""
        if anchor := named.get("id"):
            self.ids.append(anchor)
            self._row = anchor if tag == "th" else self._row
        if tag == "a" and "claim" in self._inside:
            self.claims[-1][1].append((named["href"] or "").removeprefix("#"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self._inside.pop()
        if tag == "tr":
            self._row = ""

    def handle_data(self, data: str) -> None:
        if self._inside[-1:] == ["claim"]:
            text, links = self.claims[-1]
            self.claims[-1] = (text + data, links)
        if self._row:
            self.rows[self._row] = f"{self.rows.get(self._row, '')} {data}"


def render(made: Any) -> str:
    return render_report(Contents(made.request, build_results(made.request, made.scores), {}))


@pytest.fixture(scope="module")
def page(experiment: Maker) -> str:
    return render(experiment(ELEVEN, seeds=(0, 1, 2), test=60, seen=5))


@pytest.fixture(scope="module")
def page_with_controls(experiment: Maker) -> str:
    return render(experiment(controls=True))


PAGES = pytest.mark.parametrize("name", ["page", "page_with_controls"])


def iterate_links(page: str) -> Iterator[tuple[str, str]]:
    for text, links in Anchors(page).claims:
        yield from ((text, link) for link in links)


@PAGES
def test_every_claim_leads_to_one_place_that_exists(
    name: str, request: pytest.FixtureRequest
) -> None:
    found = Anchors(request.getfixturevalue(name))

    assert len(found.claims) >= 15
    for text, links in found.claims:
        assert len(links) >= 2, text
        assert links[-1].startswith("error-rate-"), text
        for link in links:
            assert found.ids.count(link) == 1, (text, link)


@PAGES
def test_what_a_claim_leads_to_is_a_row_with_numbers(
    name: str, request: pytest.FixtureRequest
) -> None:
    page: str = request.getfixturevalue(name)
    rows = Anchors(page).rows

    for text, link in iterate_links(page):
        if link != "recommendation":
            assert re.search(r"\d|nothing could be compared|none", rows[link]), (text, link)


@pytest.mark.parametrize("prefix", ["performance", "prediction", "unseen"])
def test_a_row_of_a_test_has_its_n_its_interval_and_its_p(prefix: str, page: str) -> None:
    rows = Anchors(page).rows
    linked = [link for _, link in iterate_links(page) if link.startswith(f"{prefix}-")]

    assert linked
    for link in linked:
        words = " ".join(rows[link].split())
        assert re.search(r"\d+ × 3", words)
        assert re.search(r"[−\d.]+ to [−\d.]+ (holds|excludes) 0", words)
        assert re.search(r"p (< )?[\d.]+", words)


def test_eleven_alphas_are_not_said_to_be_fewer_than_five(page: str) -> None:
    assert "fewer than five" not in page
    assert "or 5 α" not in page


def test_what_is_found_of_every_mix_is_said_once(page: str) -> None:
    said = [text for text, links in Anchors(page).claims if links[0].startswith("prediction-")]

    places = [link for _, link in iterate_links(page) if link.startswith("prediction-")]
    assert len(places) == len(set(places)) == len(ELEVEN)
    assert len(said) == len(set(said)) < len(ELEVEN)


@PAGES
def test_every_claim_has_its_error_rate_and_its_simulation_one_click_away(
    name: str, request: pytest.FixtureRequest
) -> None:
    found = Anchors(request.getfixturevalue(name))

    for text, links in found.claims:
        rate = " ".join(found.rows[links[-1]].split())
        assert re.search(r"\d%", rate), text
        assert re.search(r"\d+ (studies|tables) |was not simulated", rate), text
        assert "docs/m" in rate
