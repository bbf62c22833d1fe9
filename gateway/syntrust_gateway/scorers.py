"""The processes that score, so that a request of 100,000 cases holds up no other one.

A scoring is some milliseconds of Python and as many of numpy; in a thread it would share one
interpreter with every other request.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from asyncio import CancelledError, Semaphore, get_running_loop
from dataclasses import dataclass
from typing import Any, Final

from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_gateway.scorer import message
from syntrust_gateway.scores import Answer

SCORINGS_AT_ONCE: Final = 2
_ATTEMPTS: Final = 2
_CHUNK: Final = 1 << 16  # bytes
_COMMAND: Final = (sys.executable, "-P", "-m", "syntrust_gateway.scorer")
# There is a process per core already, and sums then do not depend on the number of threads.
ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
Reply = tuple[dict[str, Any], bytes]


@dataclass(frozen=True)
class Scorer:
    """A scoring process and our end of the socket that it is asked over."""

    process: subprocess.Popen[bytes]
    pipe: socket.socket

    @classmethod
    def start(cls) -> Scorer:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own module
                _COMMAND,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                env=os.environ | ONE_THREAD,
                # Ctrl-C in a terminal is the parent's; this one ends with its input.
                start_new_session=True,
            )
        return cls(process, ours)

    async def ask(self, body: bytes, head: dict[str, Any]) -> Reply:
        """Send a request and read its answer.

        Raises
        ------
        EOFError, ConnectionError
            The process has ended.
        """
        # Of two writes the first would wake the process for a line.
        await get_running_loop().sock_sendall(self.pipe, message(body, **head))
        found = bytearray()
        while (end := found.find(b"\n")) < 0:
            found += await self._some()
        reply: dict[str, Any] = json.loads(found[:end])
        whole = end + 1 + reply.pop("bytes")
        while len(found) < whole:
            found += await self._some()
        return reply, bytes(found[end + 1 :])

    async def _some(self) -> bytes:
        chunk = await get_running_loop().sock_recv(self.pipe, _CHUNK)
        if not chunk:
            raise EOFError
        return chunk

    def end(self) -> int:
        """Close the socket, which ends the process if it lives, and give its exit code."""
        self.pipe.close()
        return self.process.wait()

    def kill(self) -> None:
        self.process.kill()
        self.end()


class Scorers:
    """A few scoring processes. They start when they are wanted, and again after one has died."""

    def __init__(self) -> None:
        self._idle: list[Scorer] = []
        self._places = Semaphore(SCORINGS_AT_ONCE)

    def start(self) -> None:
        """Start them now, so that the first request need not wait for it."""
        self._idle.extend(Scorer.start() for _ in range(SCORINGS_AT_ONCE))

    def close(self) -> None:
        """End the processes that are idle."""
        while self._idle:
            self._idle.pop().end()

    async def score(self, body: bytes, kind: str, accept: str | None) -> Answer:
        """The answer to a request body of media type `kind`; equal bodies give equal bytes.

        Raises
        ------
        InvalidRequest
            With the pointer of the field, or of the CSV line and column, that cannot be used.
        Unavailable
            A scoring process was ended twice, most likely for want of memory.
        """
        async with self._places:
            head, content = await self._ask(body, {"kind": kind, "accept": accept})
        if "detail" in head:
            raise InvalidRequest(head["detail"], pointer=head["pointer"])
        return Answer(content, head["kind"])

    async def _ask(self, body: bytes, head: dict[str, Any]) -> Reply:
        for _ in range(_ATTEMPTS):
            scorer = self._idle.pop() if self._idle else Scorer.start()
            try:
                reply = await scorer.ask(body, head)
            except (EOFError, ConnectionError):
                _refuse_failed(scorer)
                continue
            except CancelledError:
                scorer.kill()  # or the next request would get this one's answer
                raise
            self._idle.append(scorer)
            return reply
        raise Unavailable("The scoring was ended by the system; try again, or send less at once.")


def _refuse_failed(scorer: Scorer) -> None:
    """Let pass that a process was ended by a signal; that it ended by itself is our fault.

    Raises
    ------
    RuntimeError
        It has failed; its traceback is in our standard error.
    """
    code = scorer.end()
    if code >= 0:
        msg = f"a scoring process ended with code {code}"
        raise RuntimeError(msg)
