"""Whether what was built from sources is still what they would give: a digest beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest_sources(paths: Iterable[Path], root: Path) -> str:
    """Digest names and contents of files; their order does not count."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def read_stamp(folder: Path) -> str | None:
    """Give the digest of what the contents of `folder` were built from; None if none is told."""
    stamp = folder / ".built-from"
    return stamp.read_text("ascii") if stamp.exists() else None


def write_stamp(folder: Path, digest: str) -> None:
    """Tell what the contents of `folder` were built from. Written last."""
    (folder / ".built-from").write_text(digest, "ascii")
