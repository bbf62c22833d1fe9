"""The one refusal of this package. It stands here because the package imports nothing of `core`."""

from __future__ import annotations

from typing import TypeGuard


class InvalidScores(ValueError):
    """The scores cannot be used as they were sent.

    `detail` names the case and what would be right; `pointer` is the JSON pointer (RFC 6901) of the
    field in the request. For a CSV text it is `/lines/<line number>/<column>`.
    """

    def __init__(self, detail: str, *, pointer: str) -> None:
        super().__init__(f"{pointer}: {detail}" if pointer else detail)
        self.detail = detail
        self.pointer = pointer


def pointer(*tokens: str | int) -> str:
    """Build a JSON pointer: `~` and `/` inside a token are escaped as RFC 6901 asks."""
    escaped = (str(token).replace("~", "~0").replace("/", "~1") for token in tokens)
    return "".join(f"/{token}" for token in escaped).encode(errors="replace").decode()


def is_text(value: object) -> TypeGuard[str]:
    """Whether `value` is a text that is not empty and can be written as UTF-8."""
    if not isinstance(value, str):
        return False
    # JSON can spell half of a surrogate pair, which no answer could hold.
    return bool(value) and value.encode(errors="ignore").decode() == value
