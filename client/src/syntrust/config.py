"""Where the server is and which key opens it: arguments first, then the environment."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

import httpx

from syntrust.errors import InvalidConfiguration

DEFAULT_URL = "http://127.0.0.1:8000"
_MOST_KEY_BYTES: Final = 65_536
_KEY: Final = re.compile(r"[ -~]+")  # what fits into an HTTP header


def server_url(given: str | None = None) -> str:
    """`given`, else SYNTRUST_URL, else this machine.

    Raises
    ------
    InvalidConfiguration
        It is no address of an HTTP server.
    """
    url = given or os.environ.get("SYNTRUST_URL") or DEFAULT_URL
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.fragment:
        raise InvalidConfiguration(
            f"The server's address {without_password(url)!r} is no URL; write it as {DEFAULT_URL}."
        )
    return url


def without_password(url: str) -> str:
    """Give a URL as it may be shown: what stands before `@` may be a password."""
    return re.sub(r"//[^/]*@", "//***@", url)


def api_key(given: str | None = None) -> str | None:
    """`given`, else SYNTRUST_KEY, else what the file SYNTRUST_KEY_FILE holds.

    The file is a standalone stack's credentials.json, the .env of a Compose installation, or holds
    the bare key.

    Raises
    ------
    InvalidConfiguration
        There is a key that cannot be one. It is not in the error.
    """
    if given is not None:
        return checked_key(given, "The API key")
    if key := os.environ.get("SYNTRUST_KEY"):
        return checked_key(key, "SYNTRUST_KEY")
    file = os.environ.get("SYNTRUST_KEY_FILE")
    return read_key(Path(file)) if file else None


def checked_key(key: str, what: str) -> str:
    """Give the key without the white space around it, or refuse it without showing it."""
    key = key.strip()
    if not key:
        raise InvalidConfiguration(f"{what} is empty; it should hold an API key.")
    if len(lines := key.splitlines()) > 1:
        raise InvalidConfiguration(f"{what} holds {len(lines)} lines; an API key is one line.")
    if not _KEY.fullmatch(key):
        raise InvalidConfiguration(
            f"{what} has letters beyond ASCII or control characters; an API key has neither."
        )
    return key


def read_key(path: Path) -> str:
    """The API key in a file.

    It is `admin_key` or `key` of a JSON object, else the value of a line `ADMIN_KEY=…`, else the
    whole text.

    Raises
    ------
    InvalidConfiguration
        The file cannot be read, or holds no key. Nothing of it is in the error.
    """
    what = f"The key file {path}"
    text = _read_text(path, what).strip()
    is_json = text.startswith(("{", "[", '"'))
    return checked_key(_key_of_json(text, what) if is_json else _key_of_lines(text), what)


def _read_text(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_KEY_BYTES + 1)
    except OSError as error:
        raise InvalidConfiguration(f"{what} cannot be read: {error.strerror}.") from None
    if len(content) > _MOST_KEY_BYTES:
        raise InvalidConfiguration(f"{what} is too large for a key.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidConfiguration(f"{what} is not UTF-8.") from None


def _key_of_json(text: str, what: str) -> str:
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):  # the text of the error might show a secret
        raise InvalidConfiguration(f"{what} begins as JSON and is none.") from None
    found = (body.get("admin_key") or body.get("key")) if isinstance(body, dict) else None
    if not isinstance(found, str):
        raise InvalidConfiguration(f"{what} holds neither admin_key nor key.")
    return found


def _key_of_lines(text: str) -> str:
    lines = (line.partition("=") for line in text.splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "ADMIN_KEY"), text)
