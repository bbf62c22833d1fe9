"""Answers that several routes give."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any, Final

from fastapi import Header, Response

RETRY_AFTER_S = "2"
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "What `If-None-Match` names is still the same."}
}
_TAG: Final = re.compile(r'"[^"]*"')


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Tell whether a caller has what a tag names; a weak one is as good for reading."""
    known = (if_none_match or "").strip()
    return known == "*" or tag in _TAG.findall(known)


def tagged_json(content: bytes, if_none_match: str | None) -> Response:
    """Answer JSON that seldom changes with its tag, or 304 if the caller has it already."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def poll_again(response: Response, *, is_live: bool) -> None:
    """Say when to look again at what has not ended."""
    if is_live:
        response.headers["Retry-After"] = RETRY_AFTER_S


def accepted(response: Response, location: str) -> None:
    """Say where a caller can watch the accepted work, and when to look first."""
    response.headers["Location"] = location
    response.headers["Content-Location"] = location
    response.headers["Retry-After"] = RETRY_AFTER_S
