"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path

PRIVATE_UMASK = 0o077  # what a program makes is for its user alone


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all or nothing."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def make_private_folder(folder: Path) -> None:
    """Make the folder, or close it to others if it is there already."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
