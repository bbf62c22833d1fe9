"""Run a command that ends when its parent ends.

`python exec_guard.py SIGNAL PARENT_PID ARGV…`.

It runs by its path in a fresh interpreter, where no other thread can hold a lock between fork and
exec. It uses the standard library alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    """Ask the kernel to send SIGNAL when the parent ends, then exec ARGV."""
    name, parent, *argv = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.Signals[name]))
    # The parent may have died before the kernel knew whom to tell.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(argv[0], argv)  # noqa: S606 - the command is the supervisor's own


if __name__ == "__main__":
    main(sys.argv[1:])
