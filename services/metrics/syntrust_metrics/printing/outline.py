"""Read the report's page as blocks of plain data, which a template sets as pages of a PDF.

The page is the one source of what a report says. Every text of its `<main>` is in the blocks, also
that of an element that is not known here: its text becomes paragraphs.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, Literal
from xml.etree.ElementTree import Element, TreeBuilder

from typing_extensions import TypedDict

Style = Literal["plain", "strong", "small", "soft", "evidence"]
SVG_ADDRESS: Final = "data:image/svg+xml;base64,"
_VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})
_LEVELS: Final = {"h1": 1, "h2": 2, "h3": 3, "summary": 3}
_STYLES: Final[Mapping[str, Style]] = {
    "strong": "strong",
    "ci": "small",
    "none": "soft",
    "evidence": "evidence",
}
_SPACE: Final = re.compile(r"\s+")
_INLINE: Final = frozenset({"a", "b", "br", "em", "i", "label", "span", "strong"})


class Span(TypedDict):
    """Text in one style; `link` is the anchor that it leads to, empty if it leads nowhere.

    `small` begins a line below a value, `soft` is a reason in place of one, `evidence` stands in
    brackets.
    """

    text: str
    style: Style
    link: str


class Text(TypedDict):
    """A heading of level 1 to 3, or a paragraph with the class that the page gives it."""

    kind: Literal["heading", "paragraph"]
    level: int
    style: str
    spans: list[Span]


class Anchor(TypedDict):
    """A place that links lead to: the block after it."""

    kind: Literal["anchor"]
    name: str


class Items(TypedDict):
    """A list."""

    kind: Literal["list"]
    items: list[list[Span]]


class Term(TypedDict):
    """A word and what it means."""

    term: list[Span]
    meaning: list[Span]


class Terms(TypedDict):
    """Words and what they mean."""

    kind: Literal["terms"]
    terms: list[Term]


class Row(TypedDict):
    """A row of a table, and the places that links to it lead to."""

    anchors: list[str]
    cells: list[list[Span]]


class TableBlock(TypedDict):
    """A table, whose first column names the rows; `style` is the class that the page gives it."""

    kind: Literal["table"]
    style: str
    caption: list[Span]
    head: list[list[Span]]
    rows: list[Row]


class Drawing(TypedDict):
    """A figure: the name of its SVG file, what stands for it where it is not seen, its caption."""

    kind: Literal["figure"]
    file: str
    alternative: str
    caption: list[Span]


Block = Text | Anchor | Items | Terms | TableBlock | Drawing


@dataclass
class Outline:
    """The blocks of a page in order, and its drawings: SVG by the name of the file."""

    blocks: list[Block] = field(default_factory=list)
    drawings: dict[str, bytes] = field(default_factory=dict)


class _TreeReader(HTMLParser):
    """Build the tree of a page; the page is well-formed, as its templates are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._builder = TreeBuilder()
        self.feed(page)
        self.close()
        self.tree = self._builder.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in _VOID:
            self._builder.end(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._builder.end(tag)

    def handle_data(self, data: str) -> None:
        self._builder.data(data)


def read_outline(page: str) -> Outline:
    """Read what the `<main>` of a report's page holds.

    Raises
    ------
    ValueError
        If the page has no `<main>`, or a figure in it is not an SVG within the page.
    """
    main = _TreeReader(page).tree.find(".//main")
    if main is None:
        msg = "the page has no <main>"
        raise ValueError(msg)
    _settle_links(main)
    found = Outline()
    _read_children(main, found)
    return found


def _settle_links(main: Element) -> None:
    """Leave only links and anchors with one place: no PDF can be made with others."""
    places: set[str] = set()
    for element in main.iter():
        if element.get("id") in places:
            del element.attrib["id"]
        if name := element.get("id"):
            places.add(name)
    for link in main.iter("a"):
        if link.get("href", "").removeprefix("#") not in places:
            link.attrib.pop("href", None)


def _read_children(parent: Element, found: Outline) -> None:
    """Read elements one after the other; text between them, and what is inline, is a paragraph."""
    loose = Element("p")
    loose.text = parent.text
    for child in parent:
        if child.tag in _INLINE:
            loose.append(child)
            continue
        _add_text(loose, found)
        _read(child, found)
        loose = Element("p")
        loose.text = child.tail
    _add_text(loose, found)


def _read(element: Element, found: Outline) -> None:
    if name := element.get("id"):
        found.blocks.append({"kind": "anchor", "name": name})
    if element.tag in _LEVELS or element.tag == "p":
        _add_text(element, found)
    elif element.tag == "ul":
        items = [_read_spans(item) for item in element.iter("li")]
        found.blocks.append({"kind": "list", "items": items})
    elif element.tag == "dl":
        found.blocks.append(_read_terms(element))
    elif element.tag == "figure":
        found.blocks.append(_read_figure(element, found))
    elif element.tag == "table" or element.get("class") == "table":
        found.blocks.append(_read_table(element))
    else:
        _read_children(element, found)


def _add_text(element: Element, found: Outline) -> None:
    level = _LEVELS.get(element.tag, 0)
    if spans := _read_spans(element):
        found.blocks.append(
            {
                "kind": "heading" if level else "paragraph",
                "level": level,
                "style": element.get("class", ""),
                "spans": spans,
            }
        )


def _read_terms(element: Element) -> Terms:
    pairs = zip(element.iter("dt"), element.iter("dd"), strict=True)
    terms: list[Term] = [
        {"term": _read_spans(term), "meaning": _read_spans(meaning)} for term, meaning in pairs
    ]
    return {"kind": "terms", "terms": terms}


def _read_figure(element: Element, found: Outline) -> Drawing:
    image, caption = element.find(".//img"), element.find("figcaption")
    address = "" if image is None else image.get("src", "")
    if image is None or not address.startswith(SVG_ADDRESS):
        msg = "a figure of the page is not an SVG within it"
        raise ValueError(msg)
    file = f"drawing-{len(found.drawings) + 1}.svg"
    found.drawings[file] = base64.b64decode(address.removeprefix(SVG_ADDRESS), validate=True)
    return {
        "kind": "figure",
        "file": file,
        "alternative": image.get("alt", ""),
        "caption": [] if caption is None else _read_spans(caption),
    }


def _read_table(element: Element) -> TableBlock:
    caption = element.find("p")
    (table,) = element.iter("table")
    return {
        "kind": "table",
        "style": table.get("class", ""),
        "caption": [] if caption is None else _read_spans(caption),
        "head": [_read_spans(cell) for cell in table.iterfind("thead/tr/*")],
        "rows": [_read_row(row) for row in table.iterfind("tbody/tr")],
    }


def _read_row(row: Element) -> Row:
    names = [each.get("id", "") for each in (row, *row)]
    return {"anchors": [*filter(None, names)], "cells": [_read_spans(cell) for cell in row]}


def _read_spans(element: Element) -> list[Span]:
    return _tidy(_walk(element, {"text": "", "style": "plain", "link": ""}))


def _walk(element: Element, like: Span) -> Iterator[Span]:
    """Give the texts of an element in order, each in the style that it inherits."""
    name = "strong" if element.tag in {"b", "strong"} else element.get("class", "")
    inside = like.copy()
    inside["style"] = _STYLES.get(name, like["style"])
    inside["link"] = element.get("href", "").removeprefix("#") or like["link"]
    before, after = ("[", "]") if name == "evidence" else ("", "")
    yield {**inside, "text": before + (element.text or "")}
    for child in element:
        yield from _walk(child, inside)
        yield {**inside, "text": child.tail or ""}
    yield {**inside, "text": after}


def _tidy(spans: Iterable[Span]) -> list[Span]:
    """Write one space for white space, and none where a line begins or ends."""
    found: list[Span] = []
    for span in spans:
        text = _SPACE.sub(" ", span["text"])
        if span["style"] == "small" or not found or found[-1]["text"].endswith(" "):
            text = text.removeprefix(" ")
        if text:
            found.append({**span, "text": text})
    if found and found[-1]["text"] != (last := found[-1]["text"].rstrip()):
        found[-1] = {**found[-1], "text": last}
    return [span for span in found if span["text"]]
