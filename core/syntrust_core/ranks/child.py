"""A further rank: `python -m syntrust_core.ranks.child PARENT_PID RANK SIZE DEVICE FOLDER`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from syntrust_core.ranks.launch import serve_rank

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, as nothing can be kept then."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    # The parent may have died before the kernel knew whom to tell.
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    parent, rank, size, kind, folder = sys.argv[1:]
    end_with(int(parent))
    serve_rank(int(rank), int(size), kind, Path(folder))
