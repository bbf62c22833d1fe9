"""The connection that every group of calls shares: pages, uploads, waiting."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

from syntrust.bodies import FINAL, WorkState
from syntrust.config import api_key, server_url
from syntrust.errors import Refused, TimedOut, WorkFailed
from syntrust.transport import CHUNK_BYTES, OnBytes, Pause, Transport

POLL_S = 1.0
State = TypeVar("State", bound=WorkState)


class Connection:
    """A SynTrust server.

    Parameters
    ----------
    url
        Of the gateway; by default SYNTRUST_URL, else http://127.0.0.1:8000.
    key
        API key; by default SYNTRUST_KEY, else what the file SYNTRUST_KEY_FILE holds.
    pause
        Waits so many seconds between two tries.
    """

    def __init__(
        self, url: str | None = None, key: str | None = None, *, pause: Pause = time.sleep
    ) -> None:
        self.url = server_url(url)
        self._pause = pause
        self._http = Transport(self.url, api_key(key), pause=pause)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _pages(self, path: str, **query: str) -> Iterator[Any]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._http.get(path, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]

    def _send(self, file: Path, place: Mapping[str, Any], on_bytes: OnBytes) -> int:
        size = file.stat().st_size
        if place["url"] is None:
            on_bytes(size)
            return 0
        self._http.put_file(place["url"], file, on_bytes)
        return size

    def _ended(self, look: Callable[[], State], what: str, timeout_s: float | None) -> State:
        """The final state of `what`, once there is one."""
        deadline = deadline_in(timeout_s)
        while (state := look())["state"] not in FINAL:
            self._rest(deadline, what)
        return state

    def _rest(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            raise TimedOut(f"{what} is not done yet; it goes on.")
        self._pause(POLL_S)


def require_success(state: WorkState, failure: type[WorkFailed]) -> None:
    """Raise `failure` unless this final state is a success."""
    if state["state"] == "succeeded":
        return
    error = state["error"] or {}
    reason = error.get("text") or error.get("detail")
    ended = "was cancelled" if state["state"] == "cancelled" else state["state"]
    why = f": {reason}" if reason else "."
    raise failure(f"The {failure.noun} {state['id']} {ended}{why}", state)


def described(file: Path) -> dict[str, str | int]:
    """SHA-256 and size of a file, as the API wants it announced."""
    return {"sha256": sha256_of(file), "bytes": file.stat().st_size}


def sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def safe(part: str) -> str:
    """A path segment; what is no id cannot lead elsewhere."""
    if part in {"", ".", ".."}:
        raise Refused(f"{part!r} is not an id.", status=422)
    return quote(part, safe="")


def deadline_in(timeout_s: float | None) -> float:
    return float("inf") if timeout_s is None else time.monotonic() + timeout_s
