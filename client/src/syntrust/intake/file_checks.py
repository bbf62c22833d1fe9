"""Why a file cannot be sent, told before the first upload. Its voxels are the server's to judge."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

MAX_FILE_BYTES: Final = 4 << 30
"""The most that the server takes of one file."""
_HEAD_BYTES: Final = 512
_POINTERS: Final = (
    (
        re.compile(rb"version https://git-lfs"),
        "is a pointer of Git LFS and not the volume: fetch it with `git lfs pull`",
    ),
    (
        re.compile(rb"(?:\.\./)*(?:\.git)?/annex/objects/"),
        "is a pointer of git-annex and not the volume: fetch it with `git annex get`",
    ),
    (
        re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype|html)\b", re.IGNORECASE | re.DOTALL),
        "is a web page and not the volume: the download failed, do it again",
    ),
)


def flaw_of(path: Path) -> str | None:
    """Say why the file cannot be sent, as what follows its name; None if it can be."""
    if is_dead_link(path):
        return dead_link(path)
    if path.is_dir():
        return "is a folder and not a file"
    if not path.is_file():
        return "is no ordinary file"  # opening a pipe would wait for ever
    try:
        with path.open("rb") as opened:
            head, size = opened.read(_HEAD_BYTES), os.fstat(opened.fileno()).st_size
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return _flaw_in(head, size)


def is_dead_link(path: Path) -> bool:
    """Whether it is a link to what is not there."""
    return path.is_symlink() and not path.exists()


def dead_link(path: Path) -> str:
    """Say where a dead link leads, and what to do."""
    target = str(path.readlink())
    said = f"is a link to {target}, which does not exist"
    if ".git/annex" in target:
        return f"{said}: fetch it with `git annex get` or `datalad get`"
    return said


def _flaw_in(head: bytes, size: int) -> str | None:
    if size == 0:
        return "is empty (0 bytes)"
    if size > MAX_FILE_BYTES:
        return f"has {size} bytes; the most is {MAX_FILE_BYTES} (4 GiB)"
    return next((said for pattern, said in _POINTERS if pattern.match(head)), None)
