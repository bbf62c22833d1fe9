"""How large a request may be, route by route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEFAULT_BYTES: Final = 1 << 20
LARGEST: Final = "/trust-score"
"""Its setting `max_body_bytes` is the limit: processes of its own read its bodies."""

BYTES: Final[Mapping[str, int]] = {
    "/experiments": 4 << 20,  # a split names up to 100,000 cases
    "/models": 4 << 20,  # as do the cases that a checkpoint has seen
    "/session": 4 << 10,  # a key, from anybody
    "/power": 4 << 20,  # a pilot has two tables of up to 20,000 cases
}


def most_bytes(path: str, setting: int) -> int:
    """Say how many bytes the body of a request to `path` may have; never more than `setting`."""
    return setting if path == LARGEST else min(setting, BYTES.get(path, DEFAULT_BYTES))
