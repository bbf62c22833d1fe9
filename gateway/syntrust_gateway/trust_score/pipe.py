"""The messages between the API and a scoring process.

A message is a line of JSON, and as many bytes as its `bytes` says. Both sides load this module, so
it imports nothing of either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Any

JSON = "application/json"
CSV = "text/csv"
HTML = "text/html"


@dataclass(frozen=True)
class Answer:
    """A body and its media type."""

    content: bytes
    kind: str


@dataclass(frozen=True)
class Refusal:
    """Why a request cannot be used, with the JSON pointer. An exception cannot cross a pipe."""

    detail: str
    pointer: str


def send(pipe: IO[bytes], content: bytes, **head: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write one message."""
    pipe.write(json.dumps({**head, "bytes": len(content)}).encode() + b"\n")
    pipe.write(content)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Raises
    ------
    EOFError
        If the other side has closed its end, or was ended in the middle.
    """
    line = pipe.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head: dict[str, Any] = json.loads(line)
    content = pipe.read(head.pop("bytes"))
    return head, content
