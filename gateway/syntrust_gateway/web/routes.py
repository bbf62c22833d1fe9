"""The page at `/`, its files, and the guide. They hold nothing of anybody and need no key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import Scope

from syntrust_gateway.web.policy import guide_headers, page_headers

BUILT: Final = Path(__file__).parent / "built"
"""Where `make web` puts the page. Git does not know it, and a wheel contains it."""
GUIDE: Final = Path(__file__).parent / "guide"
"""Where `make docs` puts the documentation. Git does not know it, and a wheel contains it."""
_INDEX: Final = "index.html"
_CODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_ASK_AGAIN: Final = "no-cache"
_FOR_EVER: Final = "public, max-age=31536000, immutable"  # a file's name has the hash of its bytes
# The registry of a machine may lack some, and browsers refuse a script of another type.
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".xml": "application/xml",
    ".woff2": "font/woff2",
}
_NOT_BUILT: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>SynTrust</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
</style>
</head>
<body>
<h1>SynTrust</h1>
<p>The platform runs, but its page was not built. Type <code>make web</code> in the checkout, then
load this page again.</p>
<p>The REST API works without it: <a href="docs">its documentation</a> lists what it does.</p>
<p>For research use only.</p>
</body>
</html>
"""


class PageFiles(StaticFiles):
    """Files of the page, compressed ones where they lie beside them and the browser takes them."""

    def __init__(self, folder: Path, headers: Mapping[str, str], *, html: bool = False) -> None:
        super().__init__(directory=folder, check_dir=False, html=html)
        self._added = headers

    async def check_config(self) -> None:
        """Take a folder that is not there for an empty one: the page may be built later."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer a file, in the best coding that the browser takes.

        Raises
        ------
        HTTPException
            If there is no such file.
        """
        for coding, suffix in _accepted(scope):
            try:
                found = await super().get_response(path + suffix, scope)
            except HTTPException as error:
                if error.status_code != 404:
                    raise
                continue
            if found.status_code != 404:  # the guide answers what it lacks with a page of its own
                return self._described(found, coding)
        return self._described(await super().get_response(path, scope), "")

    def _described(self, response: Response, coding: str) -> Response:
        response.headers.update({**self._added, "Vary": "Accept-Encoding"})
        if isinstance(response, FileResponse):
            name = Path(response.path).with_suffix("") if coding else Path(response.path)
            kind = _MEDIA_TYPES.get(name.suffix, "application/octet-stream")
            response.headers["Content-Type"] = kind
            if coding:
                response.headers["Content-Encoding"] = coding
        return response


def _accepted(scope: Scope) -> Iterator[tuple[str, str]]:
    """Give the codings that a browser takes, the best first; what has `q=0` it refuses."""
    asked = Headers(scope=scope).get("accept-encoding", "").lower()
    parts = (part.replace(" ", "").partition(";q=") for part in asked.split(","))
    taken = {name for name, _, weight in parts if not weight or weight.strip("0.")}
    return (each for each in _CODINGS if each[0] in taken)


def install(app: FastAPI, folder: Path, store_origin: str | None) -> None:
    """Serve the page that was built into a folder."""
    headers = {**page_headers(store_origin), "Cache-Control": _ASK_AGAIN}
    page = PageFiles(folder, headers)

    async def index(request: Request) -> Response:
        try:
            return await page.get_response(_INDEX, request.scope)
        except HTTPException:
            return HTMLResponse(_NOT_BUILT, headers=headers)

    async def favicon(request: Request) -> Response:
        return await page.get_response("favicon.svg", request.scope)

    assets = PageFiles(folder / "assets", {**headers, "Cache-Control": _FOR_EVER})
    app.add_api_route("/", index, include_in_schema=False)
    app.add_api_route("/favicon.svg", favicon, include_in_schema=False)
    app.mount("/assets", assets, name="assets")
    guide = PageFiles(GUIDE, {**guide_headers(), "Cache-Control": _ASK_AGAIN}, html=True)
    app.mount("/guide", guide, name="guide")
