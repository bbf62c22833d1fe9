"""The one error of this package. It is defined here because the package imports nothing of core."""

from __future__ import annotations

from typing import Final, TypeGuard

MAX_TEXT: Final = 200  # characters of an id, a group or a region


class InvalidScores(ValueError):
    """The scores cannot be used as they were sent.

    `detail` names the case and says what would be right. `pointer` is the JSON pointer (RFC 6901)
    of the field in the request; for a CSV text it is `/lines/<line number>/<column>`.
    """

    def __init__(self, detail: str, *, pointer: str) -> None:
        super().__init__(f"{pointer}: {detail}" if pointer else detail)
        self.detail = detail
        self.pointer = pointer


def pointer(*tokens: str | int) -> str:
    """Build a JSON pointer. `~` and `/` inside a token are escaped as RFC 6901 asks."""
    escaped = (shorten(token).replace("~", "~0").replace("/", "~1") for token in tokens)
    return "".join(f"/{token}" for token in escaped).encode(errors="replace").decode()


def is_text(value: object) -> TypeGuard[str]:
    """Say whether `value` is a text that UTF-8 can hold, neither empty nor too long."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT:
        return False
    # JSON can spell half of a surrogate pair, which no answer could hold.
    return value.isascii() or value.encode(errors="ignore").decode() == value


def shorten(name: object) -> str:
    """Shorten a name for an error, so that a caller's megabytes do not come back."""
    text = str(name)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
