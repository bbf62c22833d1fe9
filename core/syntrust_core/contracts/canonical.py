"""One spelling of every JSON value, so that equal content has equal digests everywhere."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from syntrust_core.errors import InvalidRequest


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Bytes of `value` with sorted keys and no spaces. NaN and infinity are refused."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False
    )
    return text.encode()


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def alpha_text(alpha: float | str | Decimal) -> str:
    """α as its shortest decimal string: 0.50 → "0.5", 1.0 → "1".

    Raises
    ------
    InvalidRequest
        If `alpha` is not a number in [0, 1].
    """
    value = Decimal(str(alpha))
    if not (value.is_finite() and 0 <= value <= 1):
        raise InvalidRequest(f"α must lie between 0 and 1; got {alpha}.", pointer="/alphas")
    return "0" if value == 0 else format(value.normalize(), "f")
