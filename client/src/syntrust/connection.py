"""The connection that every group of calls shares: pages, uploads, waiting."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from syntrust.api_types import FileLink
from syntrust.bodies import FINAL, WorkState
from syntrust.config import api_key, server_url
from syntrust.errors import (
    Refused,
    ServerFailed,
    SynTrustError,
    TimedOut,
    Unavailable,
    UnfitFolder,
    Unreachable,
    UrlRefused,
    WorkFailed,
)
from syntrust.transport import CHUNK_BYTES, OnBytes, Pause, Transport

POLL_S = 1.0
LOST_S = 5.0
_LOST_TRIES = 60
OnLost = Callable[[SynTrustError], None]
State = TypeVar("State", bound=WorkState)
Answer = TypeVar("Answer")


class Connection:
    """Pages, uploads, downloads and waiting on one server; see `Client` for the parameters."""

    def __init__(
        self, url: str | None = None, key: str | None = None, *, pause: Pause = time.sleep
    ) -> None:
        self.url = server_url(url)
        self.pause = pause
        self.http = Transport(self.url, api_key(key), pause=pause)

    def close(self) -> None:
        self.http.close()

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Every item of a list, a page at a time."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.http.get(path, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]

    def send_all(
        self,
        files: Mapping[str, Path],
        places: Mapping[str, Any],
        on_bytes: OnBytes,
        ask_again: Callable[[], Mapping[str, Any]],
    ) -> int:
        """Put files where the server said, unless they are there; the number of bytes sent.

        `ask_again` gives other places once a URL is no longer taken, because it has expired.
        """
        sent = 0
        for role, file in files.items():
            try:
                sent += self._put(file, places[role], on_bytes)
            except UrlRefused:
                places = ask_again()
                sent += self._put(file, places[role], on_bytes)
        return sent

    def _put(self, file: Path, place: Mapping[str, Any], on_bytes: OnBytes) -> int:
        size = file.stat().st_size
        if place["url"] is None:
            on_bytes(size)
            return 0
        self.http.put_file(place["url"], file, on_bytes)
        return size

    def wait_until_final(
        self, look: Callable[[], State], what: str, timeout_s: float | None
    ) -> State:
        """The final state of `what`, once there is one."""
        deadline = deadline_in(timeout_s)
        state = look()
        while state["state"] not in FINAL:
            self.rest(deadline, what)
            state = self.ask_patiently(look, deadline=deadline)
        return state

    def ask_patiently(
        self,
        look: Callable[[], Answer],
        *,
        on_lost: OnLost = lambda _: None,
        deadline: float = float("inf"),
    ) -> Answer:
        """Ask a server that has answered before, and that may be restarting: up to a quarter hour.

        `on_lost` hears once why it does not answer.
        """
        for tries in range(_LOST_TRIES):
            try:
                return look()
            except (Unreachable, Unavailable) as error:
                if time.monotonic() > deadline:
                    raise
                if tries == 0:
                    on_lost(error)
            self.pause(LOST_S)
        return look()

    def rest(self, deadline: float, what: str) -> None:
        """Pause before the next look, or raise `TimedOut` past the deadline."""
        if time.monotonic() > deadline:
            raise TimedOut(f"{what} is not done yet; it goes on.")
        self.pause(POLL_S)

    def fetch_files(self, files: Mapping[str, FileLink], folder: Path) -> dict[str, Path]:
        """Write the files that links name into `folder`; paths by name.

        Raises
        ------
        UnfitFolder
            If one is there already with other content. Nothing was written.
        """
        require_no_other(files, folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for name, file in files.items():
            written[name] = folder / name
            self.http.get_file(file["url"], written[name])
            if file["sha256"] not in {None, sha256_of(written[name])}:
                written[name].unlink()
                raise ServerFailed(f"{name} did not arrive as the server holds it; try again.")
        return written


def require_success(state: WorkState, failure: type[WorkFailed]) -> None:
    """Raise `failure` unless this final state is a success."""
    if state["state"] == "succeeded":
        return
    error: Mapping[str, Any] = state["error"] or {}
    reason = error.get("text") or error.get("detail")
    ended = "was cancelled" if state["state"] == "cancelled" else state["state"]
    why = f": {reason}" if reason else "."
    if state.get("partial"):
        why += " Its other arms have ended: their results are partial."
    raise failure(f"The {failure.noun} {state['id']} {ended}{why}", state)


def require_no_other(files: Mapping[str, FileLink], folder: Path) -> None:
    """Refuse to write over files of another result; one that may still change is written anew."""
    others = [
        name
        for name, file in files.items()
        if (folder / name).exists() and file["sha256"] not in {None, sha256_of(folder / name)}
    ]
    if others:
        raise UnfitFolder(
            f"{folder} holds another {', '.join(sorted(others))} already, and nothing was written: "
            "name another folder, or remove what is there."
        )


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
    """Quote `part` as one segment of a path, so that it cannot lead to another path."""
    if part in {"", ".", ".."}:
        raise Refused(f"{part!r} is not an id.", status=422)
    return quote(part, safe="")


def deadline_in(timeout_s: float | None) -> float:
    return float("inf") if timeout_s is None else time.monotonic() + timeout_s
