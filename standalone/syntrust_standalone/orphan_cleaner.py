"""End the process groups that a killed supervisor leaves: `python orphan_cleaner.py`.

Standard input lists the process groups: `+<group> <signal>` adds one, `-<group>` removes one. When
it ends, the supervisor has ended: every group gets its signal, and SIGKILL after a grace period.
The kernel's parent-death signal reaches only children, and groups hold grandchildren as well. It
uses the standard library alone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

GRACE_S = 10.0


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, signal.Signals] = {}
    for line in sys.stdin:
        group, _, name = line[1:].strip().partition(" ")
        if line.startswith("+"):
            groups[int(group)] = signal.Signals[name]
        else:
            groups.pop(int(group), None)
    end_groups(groups)


def end_groups(groups: dict[int, signal.Signals]) -> None:
    """Signal every group, and kill what is still there after the grace period."""
    # Newest first: workers and API before the servers that they talk to.
    for group, what in reversed(groups.items()):
        _signal(group, what)
    deadline = time.monotonic() + GRACE_S
    while any(map(_is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, what)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
