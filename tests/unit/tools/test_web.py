"""What the page is built from, and when it is built anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import web
from tools.built import write_stamp


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gateway" / "web"
    for path, text in {
        folder / "src" / "main.tsx": "render()",
        folder / "src" / "api" / "schema.d.ts": "generated",
        folder / "public" / "favicon.svg": "<svg/>",
        folder / "package-lock.json": "{}",
        folder / "node_modules" / "preact" / "index.js": "module",
        tmp_path / "docs" / "openapi.json": "{}",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(web, "ROOT", tmp_path)
    monkeypatch.setattr(web, "PAGE", folder)
    monkeypatch.setattr(web, "API", tmp_path / "docs" / "openapi.json")
    monkeypatch.setattr(web, "BUILT", tmp_path / "built")
    return folder


@pytest.mark.parametrize(
    "source", ["src/main.tsx", "public/favicon.svg", "package-lock.json", "../../docs/openapi.json"]
)
def test_a_changed_source_makes_the_built_page_old(page: Path, source: str) -> None:
    before = web.source_digest()
    (page / source).write_text("changed")
    assert web.source_digest() != before


@pytest.mark.parametrize("made", ["src/api/schema.d.ts", "node_modules/preact/index.js"])
def test_what_is_made_or_installed_does_not_make_the_built_page_old(page: Path, made: str) -> None:
    before = web.source_digest()
    (page / made).write_text("changed")
    assert web.source_digest() == before


def test_a_page_that_was_built_from_these_sources_is_fresh(page: Path) -> None:
    assert web.main(["fresh"]) == 1
    web.BUILT.mkdir()
    write_stamp(web.BUILT, web.source_digest())
    assert web.main(["fresh"]) == 0
    assert web.main(["build"]) == 0, "nothing is run for a page that is fresh"
    (page / "src" / "main.tsx").write_text("changed")
    assert web.main(["fresh"]) == 1


def test_an_unknown_word_is_refused_with_the_known_ones(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert web.main(["publish"]) == 2
    assert "build|check|test|format|fresh" in capsys.readouterr().err
