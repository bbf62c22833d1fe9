"""`POST /trust-score`: Dice scores in, trust factors out, without queue, store or database."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from syntrust_core.errors import InvalidRequest
from syntrust_gateway.deps import media_type
from syntrust_gateway.errors import UnsupportedMediaType
from syntrust_metrics.trust import InvalidScores, parse_csv, score_cases

JSON = "application/json"
CSV = "text/csv"


def trust_score(body: bytes, content_type: str | None) -> bytes:
    """The answer to a request body; equal bodies give equal bytes.

    Raises
    ------
    InvalidRequest
        With the pointer of the field, or of the CSV line and column, that cannot be used.
    UnsupportedMediaType
        It is neither JSON nor CSV.
    """
    kind = media_type(content_type)
    if kind not in {JSON, CSV}:
        raise UnsupportedMediaType(f"Send {JSON} or {CSV}, not {kind or 'a body without a type'}.")
    text = _text(body)
    try:
        answer = score_cases(parse_csv(text) if kind == CSV else _request(text))
    except InvalidScores as error:
        raise InvalidRequest(error.detail, pointer=error.pointer) from error
    return json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8 at byte {error.start}.") from error


def _request(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"Not JSON at character {error.pos}: {error.msg}.") from error
    except RecursionError as error:
        raise InvalidRequest("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise InvalidRequest(f"The JSON holds a number that cannot be read: {error}.") from error
    if not isinstance(request, dict):
        raise InvalidRequest("The body is a JSON object with the key `cases`.")
    return request


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidRequest(f"JSON has no {name}; a score that is not defined is null.")
