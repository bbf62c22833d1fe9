"""Where the server is and which key opens it: arguments first, then the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

from syntrust.errors import SynTrustError

DEFAULT_URL = "http://127.0.0.1:8000"


def server_url(given: str | None = None) -> str:
    """`given`, else SYNTRUST_URL, else this machine."""
    return given or os.environ.get("SYNTRUST_URL") or DEFAULT_URL


def api_key(given: str | None = None) -> str | None:
    """`given`, else SYNTRUST_KEY, else what the file SYNTRUST_KEY_FILE holds.

    The file is a standalone stack's credentials.json, or holds the bare key.
    """
    if given or (given := os.environ.get("SYNTRUST_KEY")):
        return given
    file = os.environ.get("SYNTRUST_KEY_FILE")
    return read_key(Path(file)) if file else None


def read_key(path: Path) -> str:
    """The API key in a file: `admin_key` or `key` of a JSON object, or the whole text."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SynTrustError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if not text.startswith("{"):
        return text
    body = json.loads(text)
    key = body.get("admin_key") or body.get("key")
    if not isinstance(key, str):
        raise SynTrustError(f"The key file {path} holds neither admin_key nor key.")
    return key
