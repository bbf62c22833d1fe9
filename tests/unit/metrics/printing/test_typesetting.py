"""report.pdf: all that the page says, on numbered and tagged pages, the same bytes every time."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest
from pypdf.generic import ArrayObject, DictionaryObject
from tests.unit.metrics.printing.test_outline import Texts

from syntrust_metrics.printing import Cover, typeset
from syntrust_metrics.report import Contents, render_report

HOSTILE = '#panic("x") *b* _i_ $x$ `c` <label> @ref // \\ <script> "α" ≥ – × √ 字'


@dataclass(frozen=True)
class Printed:
    """A report as a page and as a PDF."""

    page: str
    cover: Cover
    path: Path

    @property
    def reader(self) -> pypdf.PdfReader:
        return pypdf.PdfReader(self.path)

    @property
    def root(self) -> Any:
        return self.reader.trailer["/Root"]

    @property
    def text(self) -> str:
        """Text of all pages without header, footer and white space."""
        pages = self.reader.pages
        whole = [tighten(page.extract_text()) for page in pages]
        return "".join(self._strip(text, f"{i}of{len(pages)}") for i, text in enumerate(whole, 1))

    def _strip(self, text: str, number: str) -> str:
        head = tighten(f"{self.cover.title} · {self.cover.date} experiment {self.cover.experiment}")
        foot = tighten(f"Results digest {self.cover.digest} page {number}")
        assert head in text
        assert foot in text
        return text.replace(head, "", 1).replace(foot, "", 1)


def tighten(text: str) -> str:
    return re.sub("[\\s\u200b]+", "", text)


@pytest.fixture(scope="module")
def printed(report: Contents, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    folder = tmp_path_factory.mktemp("printed")
    page = render_report(report)
    at = datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC)
    digest = report.results["digest"]
    cover = Cover("Trial at α ≥ 0.5", "01920000-0000-7000", at, "phantoms", digest)
    return Printed(page, cover, typeset(page, cover, folder))


def walk_tags(node: Any) -> Iterator[Any]:
    """Give the structure elements of a document, parents first."""
    node = node.get_object()
    if isinstance(node, ArrayObject):
        for child in node:
            yield from walk_tags(child)
    elif isinstance(node, DictionaryObject):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from walk_tags(node["/K"])


def tags_of(printed: Printed) -> list[Any]:
    return list(walk_tags(printed.root["/StructTreeRoot"]["/K"]))


def test_every_text_of_the_page_is_in_the_pdf_in_order(printed: Printed) -> None:
    found, at = printed.text, 0
    for text in Texts(printed.page).found:
        tight = tighten(text)
        at = found.index(tight, at) + len(tight)


def test_the_cover_names_experiment_dataset_and_date(printed: Printed) -> None:
    first = " ".join(printed.reader.pages[0].extract_text().split())

    assert "Trial at α ≥ 0.5 Experiment" in first
    for fact in ("01920000-0000-7000", "2026-11-30 23:59 UTC", "phantoms"):
        assert first.index(fact) < first.index("SynTrust report")


def test_the_document_is_tagged_titled_and_in_english(printed: Printed) -> None:
    root, described = printed.root, printed.reader.metadata
    title = "Trial at α ≥ 0.5 · SynTrust report · 01920000-0000-7000"

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert described is not None
    assert described.title == title
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_headings_tables_and_figures_are_tagged_as_what_they_are(printed: Printed) -> None:
    tags = [str(tag["/S"]) for tag in tags_of(printed)]

    assert tags.count("/Table") == printed.page.count("<table")
    assert tags.count("/TH") >= printed.page.count('<th scope="col"')
    assert tags.count("/TD") + tags.count("/TH") >= len(re.findall("<t[hd][ >]", printed.page))
    assert tags.count("/H2") == printed.page.count("<h2")
    assert tags.count("/H3") == len(re.findall("<h3|<summary", printed.page))
    assert tags.count("/Link") == len(re.findall("<a ", printed.page))


def test_figures_are_vector_graphics_with_a_text_that_stands_for_them(printed: Printed) -> None:
    figures = [tag for tag in tags_of(printed) if tag["/S"] == "/Figure"]
    pages = printed.reader.pages

    assert [figure["/Alt"] for figure in figures] == ["T1 over α", "T2 over α"]
    assert not [image for page in pages for image in page.images]


def test_fonts_are_within_the_file(printed: Printed) -> None:
    resources: list[Any] = [page["/Resources"] for page in printed.reader.pages]
    fonts = [each["/Font"] for each in resources]
    every = [font.get_object() for each in fonts for font in each.values()]

    assert every
    for font in every:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & descriptor.keys()


def test_the_same_report_gives_the_same_bytes(printed: Printed, tmp_path: Path) -> None:
    again = typeset(printed.page, printed.cover, tmp_path / "again")

    assert again.read_bytes() == printed.path.read_bytes()


def test_names_of_a_client_are_text_and_nothing_else(printed: Printed, tmp_path: Path) -> None:
    page = "<html><main><h1>SynTrust report</h1></main></html>"
    cover = dataclasses.replace(printed.cover, title=f"{HOSTILE}\n" * 5, dataset=HOSTILE)

    pages = pypdf.PdfReader(typeset(page, cover, tmp_path)).pages

    text = tighten(pages[0].extract_text())
    assert len(pages) == 1
    assert text.count(tighten(HOSTILE)) == 6
