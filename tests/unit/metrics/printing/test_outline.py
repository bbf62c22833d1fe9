"""The page of a report as blocks: nothing of its text is lost, whatever holds it."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from syntrust_metrics.printing.outline import read_outline
from syntrust_metrics.report import Contents, render_report


def outline_of(body: str) -> Any:
    return json.loads(json.dumps(read_outline(f"<html><main>{body}</main></html>").blocks))


def plain(text: str, **more: str) -> dict[str, str]:
    return {"text": text, "style": "plain", "link": ""} | more


class Texts(HTMLParser):
    """Collects the texts within `<main>`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.partition("<main>")[2])

    def handle_data(self, data: str) -> None:
        self.found += filter(None, [" ".join(data.split())])


def texts_in(found: Any) -> str:
    """Every text of blocks, in order, without white space."""
    if isinstance(found, dict):
        parts = [found["text"]] if "text" in found else map(texts_in, found.values())
        return "".join("".join(parts).split())
    return "".join(map(texts_in, found)) if isinstance(found, list) else ""


def test_every_text_of_a_report_is_in_its_blocks_in_order(report: Contents) -> None:
    page = render_report(report)

    found, at = texts_in([*read_outline(page).blocks]), 0

    for text in Texts(page).found:
        tight = "".join(text.split())
        at = found.index(tight, at) + len(tight)


def test_headings_lists_and_terms_keep_what_they_are() -> None:
    blocks = outline_of(
        "<section><h2>Over α</h2><ul><li>one\n  two</li><li>three</li></ul></section>"
        "<dl><dt>T1</dt><dd>mean Dice</dd></dl>"
    )

    assert blocks == [
        {"kind": "heading", "level": 2, "style": "", "spans": [plain("Over α")]},
        {"kind": "list", "items": [[plain("one two")], [plain("three")]]},
        {"kind": "terms", "terms": [{"term": [plain("T1")], "meaning": [plain("mean Dice")]}]},
    ]


def test_a_cell_keeps_its_small_lines_and_its_row_the_anchor_that_links_lead_to() -> None:
    (paragraph, table) = outline_of(
        '<p>See <span class="evidence"><a href="#row">table</a></span>.</p>'
        '<div class="table"><p class="caption">Dice</p><div class="scroll"><table class="factors">'
        '<thead><tr><th>α</th><th>T1</th></tr></thead><tbody><tr><th id="row">0.5</th>'
        '<td>0.81<span class="ci">0.7 to 0.9</span></td></tr></tbody></table></div></div>'
    )

    assert paragraph["spans"] == [
        plain("See "),
        plain("[", style="evidence"),
        plain("table", style="evidence", link="row"),
        plain("]", style="evidence"),
        plain("."),
    ]
    assert (table["style"], table["caption"]) == ("factors", [plain("Dice")])
    assert table["head"] == [[plain("α")], [plain("T1")]]
    cells = [[plain("0.5")], [plain("0.81"), plain("0.7 to 0.9", style="small")]]
    assert table["rows"] == [{"anchors": ["row"], "cells": cells}]


def test_a_link_leads_to_one_place_or_is_text() -> None:
    blocks = outline_of(
        '<p id="a">one</p><p id="a">two</p><p><a href="#a">three</a> <a href="#c">four</a></p>'
    )

    assert [block["name"] for block in blocks if block["kind"] == "anchor"] == ["a"]
    assert blocks[-1]["spans"] == [plain("three", link="a"), plain(" "), plain("four")]


def test_the_text_of_an_element_that_is_not_known_is_a_paragraph() -> None:
    blocks = outline_of("loose <b>words</b><article><aside>aside</aside></article>")

    said = [[span["text"] for span in block["spans"]] for block in blocks]
    assert said == [["loose ", "words"], ["aside"]]


def test_a_figure_that_is_not_within_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="not an SVG within it"):
        outline_of('<figure><img src="https://elsewhere/x.png" alt="x"></figure>')


def test_a_page_without_content_is_refused() -> None:
    with pytest.raises(ValueError, match="no <main>"):
        read_outline("<html><body></body></html>")
