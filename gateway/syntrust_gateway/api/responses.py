"""Answers that several routes give."""

from __future__ import annotations

from fastapi import Response

RETRY_AFTER_S = "2"


def accepted(response: Response, location: str) -> None:
    """Say where a caller can watch the accepted work, and when to look first."""
    response.headers["Location"] = location
    response.headers["Content-Location"] = location
    response.headers["Retry-After"] = RETRY_AFTER_S
