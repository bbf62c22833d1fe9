"""Compute the answer of `POST /trust-score`, without queue, store or database.

A scoring process runs this, so it imports nothing of the API.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import to_json

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.errors import pointer
from syntrust_gateway.json_values import find_control
from syntrust_gateway.strict_json import has_control, read_object
from syntrust_gateway.trust_score.pipe import CSV, HTML, JSON, Answer, Refusal
from syntrust_metrics.trust import MAX_CASES, InvalidScores, decode_table, parse_csv, score_cases
from syntrust_metrics.trust.page import render_trust_page

_CONTROL_BYTES: Final = bytes({*range(32)} - {*b"\t\n\r"})
# A case is an object of two objects, and its id and group may each hold a bracket.
_MOST_CONTAINERS: Final = 5 * MAX_CASES


def score_request(body: bytes, kind: str, accept: str | None) -> Answer | Refusal:
    """Score a request body of media type `kind`; equal bodies give equal bytes."""
    try:
        answer = score_cases(_from_csv(body) if kind == CSV else _from_json(body))
    except InvalidScores as error:
        return Refusal(error.detail, error.pointer)
    except InvalidRequest as error:
        return Refusal(error.detail, error.pointer)
    if negotiate_type(accept) == HTML:
        return Answer(render_trust_page(answer).encode(), HTML)
    return Answer(to_json(answer), JSON)


def negotiate_type(accept: str | None) -> str:
    """Choose JSON, unless the `Accept` header (RFC 9110, 12.5.1) ranks HTML higher.

    A header that accepts neither gets JSON as well, because an answer says more than a 406.
    """
    quality = _qualities(accept or "*/*")
    html, plain = (
        next((quality[name] for name in names if name in quality), 0.0)
        for names in ((HTML, "text/*", "*/*"), (JSON, "application/*", "*/*"))
    )
    return HTML if html > plain else JSON


def _qualities(accept: str) -> dict[str, float]:
    found = {}
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        given = [each.removeprefix("q=") for each in parameters if each.startswith("q=")]
        found[name] = _quality(given[0]) if given else 1.0
    return found


def _quality(text: str) -> float:
    """Read a weight from 0 to 1. Anything else counts as 0."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


def _from_csv(body: bytes) -> dict[str, Any]:
    text = decode_table(body)
    data = text.encode()
    if len(data.translate(None, _CONTROL_BYTES)) < len(data) or has_control(data):
        _refuse_control(text)
    return parse_csv(text)


def _refuse_control(text: str) -> None:
    """Refuse control characters, but for the ends of lines and tabulators between columns."""
    for number, line in enumerate(text.split("\n"), start=1):
        sign = find_control(line.replace("\t", "").removesuffix("\r"))
        if sign is not None:
            raise InvalidRequest(
                f"Line {number} has a control character ({sign}); leave it out.",
                pointer=pointer("lines", number),
            )


def _from_json(body: bytes) -> dict[str, Any]:
    return read_object(body, most_containers=_MOST_CONTAINERS)
