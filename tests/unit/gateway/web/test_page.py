"""The page at `/`: its files as they were built, and what a browser may do with them."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from tests.unit.gateway.conftest import Api

from syntrust_gateway.app import create_app
from syntrust_gateway.container import Container
from syntrust_gateway.trust_score.service import ScorerPool
from syntrust_gateway.web import routes
from syntrust_gateway.web.policy import content_policy, origin_of
from syntrust_gateway.web.routes import BUILT

pytestmark = pytest.mark.any_database
GATEWAY: Final = Path(__file__).parents[4] / "gateway"
SCRIPT: Final = b"export const answer = 42;\n"
STORE: Final = "https://store.example:9000"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A folder as Vite writes it."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>SynTrust</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    for name, content in {
        "main-1a2b.js": SCRIPT,
        "main-1a2b.js.gz": gzip.compress(SCRIPT, mtime=0),
        "main-1a2b.js.br": b"as brotli",
        "plain-3c4d.css": b"a{}",
        "codec-5e6f.wasm": b"\0asm",
        "font-7a8b.woff2": b"wOF2",
    }.items():
        (folder / "assets" / name).write_bytes(content)
    return folder


@pytest.fixture
def visitor(container: Container, scorers: ScorerPool, page: Path) -> Api:
    """Somebody without a key."""
    return Api(create_app(replace(container, store_origin=STORE), scorers, page=page), None)


def test_the_page_needs_no_key_and_is_asked_for_again_each_time(visitor: Api) -> None:
    answer = visitor.get("/")

    assert (answer.status_code, answer.text) == (200, "<!doctype html><title>SynTrust</title>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = visitor.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-security-policy" in again.headers


def test_the_policy_names_this_address_and_the_store_and_nobody_else(visitor: Api) -> None:
    headers = visitor.get("/").headers
    directives = [each.split() for each in headers["content-security-policy"].split(";")]
    policy = {name: set(sources) for name, *sources in directives}

    assert policy["default-src"] == {"'none'"}
    assert policy["script-src"] == {"'self'"}
    assert policy["connect-src"] == {"'self'", STORE, "blob:", "data:"}
    assert policy["frame-ancestors"] == policy["base-uri"] == {"'none'"}
    known = {"'none'", "'self'", "'unsafe-inline'", "blob:", "data:", STORE}
    assert set().union(*policy.values()) <= known
    assert {name for name, each in policy.items() if "'unsafe-inline'" in each} == {"style-src"}
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_without_a_store_the_page_speaks_to_this_address_alone() -> None:
    assert "connect-src 'self' blob: data:;" in content_policy(None)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://user:secret@store.example/below", "https://store.example"),
        ("http://[::1]:9000/", "http://[::1]:9000"),
    ],
)
def test_the_origin_of_the_store_is_all_that_is_told_of_its_url(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_files_whose_name_has_their_hash_are_kept_for_a_year(visitor: Api) -> None:
    answer = visitor.get("/assets/plain-3c4d.css")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "content-security-policy" in answer.headers  # a worker has the policy of its own file


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("main-1a2b.js", "text/javascript; charset=utf-8"),
        ("plain-3c4d.css", "text/css; charset=utf-8"),
        ("codec-5e6f.wasm", "application/wasm"),
        ("font-7a8b.woff2", "font/woff2"),
    ],
)
def test_files_have_the_type_that_browsers_ask_for(visitor: Api, name: str, kind: str) -> None:
    assert visitor.get(f"/assets/{name}").headers["content-type"] == kind


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", None),
        ("", None),
    ],
)
def test_a_compressed_file_is_sent_to_whoever_takes_it(
    visitor: Api, accepted: str, coding: str | None
) -> None:
    asked = {"Accept-Encoding": accepted}
    head = visitor.request("HEAD", "/assets/main-1a2b.js", headers=asked)

    assert head.headers.get("content-encoding") == coding
    assert head.headers["vary"] == "Accept-Encoding"
    assert head.headers["content-type"] == "text/javascript; charset=utf-8"
    if coding != "br":  # which no library here reads
        assert visitor.get("/assets/main-1a2b.js", headers=asked).content == SCRIPT


def test_a_file_without_a_compressed_one_beside_it_is_sent_as_it_is(visitor: Api) -> None:
    answer = visitor.get("/assets/plain-3c4d.css", headers={"Accept-Encoding": "br, gzip"})

    assert (answer.content, answer.headers.get("content-encoding")) == (b"a{}", None)


def test_the_favicon_is_there(visitor: Api) -> None:
    answer = visitor.get("/favicon.svg")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize("path", ["/assets/none.js", "/assets/", "/assets/%2e%2e/index.html"])
def test_what_is_no_asset_is_not_found(visitor: Api, path: str) -> None:
    answer = visitor.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_files_are_only_read(visitor: Api) -> None:
    for path in ("/", "/favicon.svg", "/assets/plain-3c4d.css"):
        assert visitor.post(path, json={}).status_code in {401, 405}


def test_where_the_page_was_not_built_a_page_says_what_to_do(
    container: Container, scorers: ScorerPool, tmp_path: Path
) -> None:
    folder = tmp_path / "later"
    visitor = Api(create_app(container, scorers, page=folder), None)

    answer = visitor.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<code>make web</code>" in answer.text
    assert 'href="docs"' in answer.text
    assert "<script" not in answer.text
    assert visitor.get("/favicon.svg").status_code == 404

    folder.mkdir()
    (folder / "index.html").write_text("built meanwhile")
    assert visitor.get("/").text == "built meanwhile"


@pytest.mark.slow
def test_a_wheel_of_the_gateway_contains_the_built_page(tmp_path: Path, page: Path) -> None:
    project = tmp_path / "gateway"
    package = project / "syntrust_gateway" / "web"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    shutil.copy(GATEWAY / "pyproject.toml", project)
    shutil.copytree(page, package / BUILT.name)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"

    subprocess.run([sys.executable, "-c", build], cwd=project, check=True, capture_output=True)

    (wheel,) = project.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = "syntrust_gateway/web/built"
    files = {f"{inside}/{file.relative_to(page)}" for file in page.rglob("*") if file.is_file()}
    assert len(files) == 8
    assert files <= names


def test_the_guide_needs_no_key_and_runs_nothing_from_elsewhere(
    container: Container, scorers: ScorerPool, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (page / "tour").mkdir()
    (page / "tour" / "index.html").write_text("<title>Tour</title>")
    (page / "404.html").write_text("<title>Not found</title>")
    monkeypatch.setattr(routes, "GUIDE", page)
    visitor = Api(create_app(container, scorers, page=page), None)

    answer = visitor.get("/guide/tour/")

    assert (answer.status_code, answer.text) == (200, "<title>Tour</title>")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    none = visitor.get("/guide/none/")
    assert (none.status_code, none.text) == (404, "<title>Not found</title>")
