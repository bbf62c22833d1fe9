from __future__ import annotations

from fastapi import Response

from syntrust_gateway.experiments.results import ReportFile

RETRY_AFTER_S = "2"


def accepted(response: Response, location: str) -> None:
    """Say where an accepted piece of work can be watched, and when to look first."""
    response.headers["Location"] = location
    response.headers["Content-Location"] = location
    response.headers["Retry-After"] = RETRY_AFTER_S


_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
# A report is shown as a page of its own that can load nothing, run nothing and reach nothing.
_FILE_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; sandbox"
)


def file_response(file: ReportFile, name: str, if_none_match: str | None) -> Response:
    """A file of a report, or 304 if the caller holds it already."""
    tag = f'"{file.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": _FILE_POLICY,
    }
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)
