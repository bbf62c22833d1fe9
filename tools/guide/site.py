"""Build `docs/` as a site, from files of this machine alone, when its sources change."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.built import digest_sources, read_stamp, write_stamp

ROOT: Final = Path(__file__).resolve().parents[2]
GUIDE: Final = ROOT / "gateway" / "syntrust_gateway" / "web" / "guide"
# The builder advertises its successor at each run.
_QUIET: Final = {"NO_MKDOCS_2_WARNING": "1"}


def build() -> int:
    """Build the site if its sources changed; the exit status is that of mkdocs."""
    if is_fresh():
        return 0
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | _QUIET, check=False)  # noqa: S603
    if done.returncode == 0:
        write_stamp(GUIDE, _digest())
    return done.returncode


def is_fresh() -> bool:
    """Say whether the site that stands there was built from these sources."""
    return read_stamp(GUIDE) == _digest()


def _digest() -> str:
    return digest_sources(_sources(), ROOT)


def _sources() -> Iterator[Path]:
    yield ROOT / "mkdocs.yml"
    yield from (path for path in (ROOT / "docs").rglob("*") if path.is_file())
    for folder in (ROOT / "client" / "src", ROOT / "tools" / "guide"):
        yield from folder.rglob("*.py")
