"""Links between the pages of the documentation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE: Final = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
CODE: Final = re.compile(r"`[^`\n]*`")
MARKUP: Final = re.compile(r"[^\w\- ]")


def pages() -> Iterator[Path]:
    for folder in (ROOT, ROOT / ".github", ROOT / "docs", ROOT / "tools", ROOT / "tests"):
        pattern = "*.md" if folder == ROOT else "**/*.md"
        yield from sorted(folder.glob(pattern))


PAGES: Final = [str(page.relative_to(ROOT)) for page in pages()]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub and GitLab make them."""
    found: Counter[str] = Counter()
    names = set()
    for line in FENCE.sub("", page.read_text("utf-8")).splitlines():
        if not re.match("#{1,6} ", line):
            continue
        name = MARKUP.sub("", line.lstrip("#").strip().lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


def links(page: Path) -> Iterator[str]:
    yield from LINK.findall(CODE.sub("", FENCE.sub("", page.read_text("utf-8"))))


def broken(page: Path) -> Iterator[str]:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        there = file.exists() and file.is_relative_to(ROOT)
        if not there or (anchor and (file.suffix != ".md" or anchor not in anchors(file))):
            yield link


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: str) -> None:
    assert list(broken(ROOT / page)) == []


def test_the_table_of_contents_names_every_page() -> None:
    contents = ROOT / "docs" / "README.md"
    listed = {(contents.parent / link).resolve() for link in links(contents)}
    decisions = ROOT / "docs" / "decisions"

    written = {page for page in (ROOT / "docs").glob("**/*.md") if page.parent != decisions}

    assert written - {contents} == listed - {decisions / "README.md"}


def test_a_heading_is_found_by_its_anchor_and_a_missing_one_is_told(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `word`, two\n\n## Twice\n\n## Twice\n\n```\n# none\n```\n")

    assert anchors(page) == {"one-word-two", "twice", "twice-1"}


def test_a_link_to_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n[a](#a) [b](#b) [c](gone.md) [d](page.md#a) [e](https://x.org) `[f](g)`\n"
    )

    assert list(broken(page)) == ["#b", "gone.md"]
