"""A command that a person interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def interrupt(url: str, *words: str) -> tuple[str, str, int]:
    """Send Ctrl-C to a command once it has said a line: that line, the rest, the exit code."""
    command = [sys.executable, "-m", "syntrust", "--url", url, "--key", "k", *words]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=unbuffered) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    return first, rest, process.returncode
