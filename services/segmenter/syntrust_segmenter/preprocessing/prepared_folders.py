"""The folders of prepared cases: where they lie, and how one is removed. Needs no torch."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from syntrust_segmenter.settings import SegmenterOptions

ENTRY_FILE: Final = "entry.json"
FOLDERS: Final = "[!p]*"  # what begins with "part-" is being written or removed


def find_root(options: SegmenterOptions, worker_scratch: Path) -> Path:
    """Say where the prepared cases of a worker lie."""
    return options.prepared or worker_scratch / "prepared"


def forget_prepared(root: Path, steps: Collection[str]) -> None:
    """Remove every prepared case that was made of one of these steps.

    One that does not say what it was made of goes too: it is prepared again where it is needed.
    """
    for folder in root.glob(FOLDERS):
        made_of = _read_made_of(folder)
        if made_of is None or made_of & set(steps):
            remove_folder(folder, root)


def remove_folder(folder: Path, root: Path) -> None:
    """Remove a folder, by one rename first, so that nobody opens half of it."""
    trash = Path(tempfile.mkdtemp(dir=root, prefix="part-"))
    try:
        folder.rename(trash / folder.name)
    except FileNotFoundError:
        pass  # another process was faster
    finally:
        shutil.rmtree(trash, ignore_errors=True)


def _read_made_of(folder: Path) -> set[str] | None:
    try:
        entry: dict[str, Any] = json.loads((folder / ENTRY_FILE).read_bytes())
        return set(entry["made_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
