"""The processes that compute answers, so that 100,000 cases delay no other request.

A scoring takes some milliseconds of Python and as many of numpy. In a thread it would share one
interpreter with every other request.
"""

from __future__ import annotations

import os
import subprocess
import sys
from asyncio import get_running_loop
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_gateway.trust_score.pipe import Answer, receive, send

SCORINGS_AT_ONCE: Final = 2
_ATTEMPTS: Final = 2
_COMMAND: Final = (sys.executable, "-P", "-m", "syntrust_gateway.trust_score.scorer")
# Several processes share the cores already, and sums must not depend on the number of threads.
ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
Reply = tuple[dict[str, Any], bytes]


class ScorerPool:
    """A few scoring processes. Each starts when it is needed, and a new one if it has died."""

    def __init__(self) -> None:
        self._idle: deque[subprocess.Popen[bytes]] = deque()
        self._asking = ThreadPoolExecutor(SCORINGS_AT_ONCE, thread_name_prefix="scoring")
        # One at a time, in a process of its own if all score: no score waits for them.
        self._planning = ThreadPoolExecutor(1, thread_name_prefix="planning")

    def start(self) -> None:
        """Start them now, so that the first request does not wait for them."""
        self._idle.extend(_start() for _ in range(SCORINGS_AT_ONCE))

    def close(self) -> None:
        """End the processes that are idle."""
        while self._idle:
            _end(self._idle.pop())

    async def score(self, body: bytes, kind: str, accept: str | None) -> Answer:
        """Answer a request body of media type `kind`; equal bodies give equal bytes.

        Raises
        ------
        InvalidRequest
            With the pointer of the field, or of the CSV line and column, that cannot be used.
        Unavailable
            If two scoring processes were ended, most likely because memory ran out.
        """
        # If the caller leaves, the thread still reads the answer. So no pipe keeps half of one.
        head, content = await get_running_loop().run_in_executor(
            self._asking, self._ask, body, {"kind": kind, "accept": accept}
        )
        if "detail" in head:
            raise InvalidRequest(head["detail"], pointer=head["pointer"])
        return Answer(content, head["kind"])

    async def compute(self, task: str, parts: Sequence[bytes]) -> bytes:
        """Answer by another function than scoring, one at a time.

        Parameters
        ----------
        task : str
            `module:function`. It takes the parts, and gives an `Answer` or a `Refusal`.
        parts : sequence of bytes
            What it computes from.

        Raises
        ------
        InvalidRequest
            With the pointer of the field that cannot be used.
        Unavailable
            If two processes were ended, most likely because memory ran out.
        """
        head = {"task": task, "sizes": [len(part) for part in parts]}
        reply, content = await get_running_loop().run_in_executor(
            self._planning, self._ask, b"".join(parts), head
        )
        if "detail" in reply:
            raise InvalidRequest(reply["detail"], pointer=reply["pointer"])
        return content

    def _ask(self, body: bytes, head: dict[str, Any]) -> Reply:
        for _ in range(_ATTEMPTS):
            process = self._take()
            try:
                reply = _exchange(process, body, head)
            except (EOFError, BrokenPipeError):
                _refuse_failed(process)
                continue
            self._idle.append(process)
            return reply
        raise Unavailable("The system ended the scoring. Try again, or send fewer cases at once.")

    def _take(self) -> subprocess.Popen[bytes]:
        try:
            return self._idle.pop()
        except IndexError:
            return _start()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | ONE_THREAD,
        # Ctrl-C in a terminal is the parent's; this one ends with its input.
        start_new_session=True,
    )


def _exchange(process: subprocess.Popen[bytes], body: bytes, head: dict[str, Any]) -> Reply:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    send(process.stdin, body, **head)
    return receive(process.stdout)


def _end(process: subprocess.Popen[bytes]) -> int:
    """Close its pipes, which ends it if it lives, and return its exit code."""
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None  # noqa: S101 - both are pipes
        with suppress(BrokenPipeError):  # what it has not read is lost with it
            pipe.close()
    return process.wait()


def _refuse_failed(process: subprocess.Popen[bytes]) -> None:
    """Accept that a signal ended a process. If it ended by itself, that is our fault.

    Raises
    ------
    RuntimeError
        If it has failed. Its traceback is in our standard error.
    """
    code = _end(process)
    if code >= 0:
        msg = f"a scoring process ended with code {code}"
        raise RuntimeError(msg)
