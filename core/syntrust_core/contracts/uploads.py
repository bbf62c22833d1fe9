"""From staging to content: the step that proves what a client has uploaded, and the keys it uses.

A client PUTs a file to a random key in its own staging area. The bytes count for nothing there:
they may change, and their announced digest is a claim. The step reads, hashes and copies them to
the key of their digest, where every later step reads them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final
from uuid import uuid4

from pydantic import Field

from syntrust_core.contracts.base import Kind, StepMessage, Upload

STAGING_PREFIX: Final = "staging/"
INCOMING_PREFIX: Final = f"{STAGING_PREFIX}incoming/"
"""Private copies, while a worker looks at them; no URL is ever signed for these."""
CONTENT_PREFIX: Final = "content/"
RECEIVED_FILE: Final = "received.json"
STAGED_FOR: Final = timedelta(days=1)
"""Staged objects that are older belong to nobody who still uploads."""


def staging_prefix(owner: int) -> str:
    return f"{STAGING_PREFIX}{owner}/"


def staging_key(owner: int) -> str:
    """Make a key that nobody can guess, for one file that this client has announced."""
    return f"{staging_prefix(owner)}{uuid4().hex}"


def content_key(sha256: str) -> str:
    """Make the key of received bytes; clients that hold the same bytes share it."""
    return f"{CONTENT_PREFIX}{sha256}"


class ReceiveUpload(StepMessage):
    """Check uploaded files against their announcement, and keep them under their digests.

    Its identity has their keys, which are random, so no two clients ever share such a step: who
    knows a digest alone gets nothing by it.
    """

    KIND = Kind.RECEIVE_UPLOAD
    files: Annotated[dict[str, Upload], Field(min_length=1)]
