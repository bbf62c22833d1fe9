"""CPU seconds of this process and of the processes that it started, by what they do."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_SERVERS: Final = {"redis-server": "redis", "valkey-server": "redis", "weed": "store"}


def read_cpu_s() -> dict[str, float]:
    """Sum user and system seconds of this process ("orchestrator") and all below it, by role.

    The worker's own process is "worker", those that compute steps are "worker child". Processes
    that have ended are not counted.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    for pid, role in _find(os.getpid(), "orchestrator"):
        seconds[role] += _cpu_s(pid)
    return seconds


def per_step_ms(before: Mapping[str, float], steps: int) -> dict[str, float]:
    """Give the CPU milliseconds of each role since `before`, per step."""
    used_s = {role: now - before.get(role, 0.0) for role, now in sorted(read_cpu_s().items())}
    return {role: 1000 * used / steps for role, used in used_s.items() if used > 0}


def _find(pid: int, role: str) -> list[tuple[int, str]]:
    found = [(pid, role)]
    for child in _children(pid):
        found += _find(child, _role(child, role))
    return found


def _role(pid: int, parent: str) -> str:
    if parent == "worker":
        return "worker child"
    command = _read(pid, "cmdline").replace("\0", " ")
    if "noop_worker" in command:
        return "worker"
    named = (role for name, role in _SERVERS.items() if name in command)
    return next(named, parent if parent != "orchestrator" else "other")


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]


def _cpu_s(pid: int) -> float:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S if fields else 0.0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
