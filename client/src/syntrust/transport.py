"""HTTP to the gateway: the key, retries where repeating is harmless, problems as errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from syntrust.config import without_password
from syntrust.errors import (
    UNAVAILABLE,
    ServerFailed,
    SynTrustError,
    Unreachable,
    UrlRefused,
    from_problem,
)
from syntrust.sending.plain import to_json
from syntrust.sending.sessions import Sessions

# Together they outlast the 10 s after which a request may be repeated whose server has died.
DELAYS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 5.0)
_STRANGER_TRIES = 2  # a server that never answered is more likely absent than restarting
CHUNK_BYTES = 1 << 20
_FORBIDDEN = 403
_LONGEST_WAIT_S = 60.0  # a limit that ends later is the caller's to wait for
_STILL_WORKING = "urn:syntrust:problem:still-working"

OnBytes = Callable[[int], None]
Pause = Callable[[float], None]


class Transport:
    """Requests to one server. `pause` waits between tries, in seconds."""

    def __init__(self, url: str, key: str | None, *, pause: Pause = time.sleep) -> None:
        self._url = url.rstrip("/")
        self._pause = pause
        self._sessions = Sessions()
        self._http = self._sessions.to(self._url)  # a mistake in the environment shows at once
        # Storage has its own signature in the URL; the key is for the gateway alone.
        self._key_headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._met = False

    def close(self) -> None:
        self._sessions.close()

    def get(self, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON is anything
        return self._json(self._retrying("GET", path, params=params))

    def get_bytes(self, path: str) -> bytes:
        return self._retrying("GET", path).content

    def get_made(self, path: str) -> bytes | None:
        """GET what the server makes when it is first asked for; None while it is being made."""
        answer = self._retrying("GET", path)
        return None if answer.status_code == httpx.codes.ACCEPTED else answer.content

    def post(
        self,
        path: str,
        body: object = None,
        *,
        media: str = "application/json",
        key: str | None = None,
    ) -> Any:  # noqa: ANN401 - JSON is anything
        """POST `body` as JSON, or bytes as they are.

        It has an Idempotency-Key, `key` or a new one, so that repeating it does nothing twice.
        """
        headers = {"Idempotency-Key": f'"{key or uuid4()}"'}
        content: dict[str, Any] = {"headers": headers}
        if body is not None:
            content["content"] = body if isinstance(body, bytes) else to_json(body)
            headers["Content-Type"] = media
        return self._json(self._retrying("POST", path, **content))

    def patch(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON is anything
        """PATCH with `body` as JSON; the same change twice is one."""
        headers = {"Content-Type": "application/json"}
        return self._json(self._retrying("PATCH", path, content=to_json(body), headers=headers))

    def delete(self, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON is anything
        """DELETE, and give what was removed; None if the answer says nothing."""
        answer = self._retrying("DELETE", path, params=params)
        return self._json(answer) if answer.content else None

    def put_file(self, url: str, path: Path, on_bytes: OnBytes) -> None:
        """Stream a file from disk to a presigned URL.

        Raises
        ------
        UrlRefused
            If the storage does not take it there; then none of its bytes count as sent.
        """
        headers = {"Content-Length": str(path.stat().st_size)}
        sent = 0

        def count(size: int) -> None:
            nonlocal sent
            sent += size
            on_bytes(size)

        def send() -> httpx.Response:
            count(-sent)  # a try starts from the beginning
            return self._sessions.to(url).put(url, content=_chunks(path, count), headers=headers)

        answer = self._tries(send)
        if answer.status_code not in {200, 201, 204}:
            count(-sent)
            failure = UrlRefused if answer.status_code == _FORBIDDEN else ServerFailed
            raise failure(f"The storage refused {path.name} ({answer.status_code}).")

    def get_file(self, url: str, path: Path) -> None:
        """Stream a presigned URL to disk; the file appears whole or not at all."""
        part = path.with_name(f".{path.name}.part")
        answer = self._tries(lambda: self._fetch(url, part))
        if not answer.is_success:
            part.unlink(missing_ok=True)
            raise ServerFailed(f"The storage does not give {path.name} ({answer.status_code}).")
        part.replace(path)

    def _fetch(self, url: str, path: Path) -> httpx.Response:
        with self._sessions.to(url).stream("GET", url) as answer, path.open("wb") as file:
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                file.write(chunk)
        return answer

    @contextmanager
    def stream(self, path: str, *, accept: str) -> Iterator[httpx.Response]:
        """An answer that is read as it arrives; transport errors are the caller's."""
        headers = {**self._key_headers, "Accept": accept}
        with self._http.stream("GET", self._url + path, headers=headers) as answer:
            yield answer

    def _retrying(
        self,
        method: str,
        path: str,
        **options: Any,  # noqa: ANN401 - httpx's own
    ) -> httpx.Response:
        headers = {**self._key_headers, **options.pop("headers", {})}
        answer = self._tries(
            lambda: self._http.request(method, self._url + path, headers=headers, **options)
        )
        if answer.is_success:
            return answer
        raise _error(answer)

    def _tries(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until there is an answer. Whatever is sent here may be repeated."""
        for tries, delay_s in enumerate(DELAYS_S, start=1):
            wait_s = delay_s
            try:
                answer = send()
            except httpx.TransportError as error:
                never_sent = isinstance(error, httpx.ConnectError)
                if never_sent and not self._met and tries > _STRANGER_TRIES:
                    raise self._unreachable(error) from error
            else:
                self._met = True
                told_s = _seconds_to_wait(answer)
                if told_s is None:
                    return answer
                wait_s = max(delay_s, told_s)
            self._pause(wait_s)
        try:
            return send()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.TransportError) -> SynTrustError:
        why = str(error) or type(error).__name__
        place = without_password(_asked(error) or self._url)
        return Unreachable(f"No answer from {place} ({why}). Is the server running there?")

    def _json(self, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON is anything
        try:
            return answer.json()
        except ValueError as error:
            raise ServerFailed(
                f"{without_password(self._url)} does not speak SynTrust's API: its answer is not "
                "JSON."
            ) from error


def _asked(error: httpx.TransportError) -> str | None:
    """Tell which server was asked, without path and query: a signature may be in them."""
    try:
        url = error.request.url
    except RuntimeError:
        return None
    return f"{url.scheme}://{url.netloc.decode()}"


def _seconds_to_wait(answer: httpx.Response) -> float | None:
    """Tell how long to wait before the request is sent again; None if this is its answer."""
    if answer.status_code in UNAVAILABLE:
        return 0.0
    told = answer.headers.get("Retry-After", "")
    told_s = float(told) if told.isdecimal() else 0.0
    busy = answer.status_code == 409 and _problem(answer).get("type") == _STILL_WORKING
    if busy or (answer.status_code == 429 and told_s <= _LONGEST_WAIT_S):
        return told_s
    return None


def _chunks(path: Path, on_bytes: OnBytes) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
            on_bytes(len(chunk))


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except (ValueError, httpx.StreamError):
        return {}
    return body if isinstance(body, Mapping) else {}


def _error(answer: httpx.Response) -> SynTrustError:
    return from_problem(answer.status_code, _problem(answer), answer.reason_phrase)
