"""Processes that score, so that a request of 100,000 cases holds up no other one.

A scoring is some milliseconds of Python and as many of numpy; in a thread it would share one
interpreter with every other request. The processes come from a fork server that has loaded the
factors and nothing of the API, so they start in milliseconds and share their memory.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import Final

from syntrust_core.errors import InvalidRequest, Unavailable
from syntrust_gateway import scores
from syntrust_gateway.scores import Answer, Refusal

SCORINGS_AT_ONCE: Final = 2
_ATTEMPTS: Final = 2
_COLLECT_AFTER: Final = 100_000  # new objects
_BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Scorers:
    """A few scoring processes. They start with the first request, and again after one has died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    async def score(self, body: bytes, kind: str, accept: str | None) -> Answer:
        """The answer to a request body of media type `kind`; equal bodies give equal bytes.

        Raises
        ------
        InvalidRequest
            With the pointer of the field, or of the CSV line and column, that cannot be used.
        Unavailable
            A scoring process died twice, most likely for want of memory.
        """
        loop = asyncio.get_running_loop()
        for _ in range(_ATTEMPTS):
            pool = self.start()
            try:
                found = await loop.run_in_executor(pool, scores.outcome, body, kind, accept)
            except BrokenProcessPool:
                self._forget(pool)
                continue
            if isinstance(found, Refusal):
                raise InvalidRequest(found.detail, pointer=found.pointer)
            return found
        raise Unavailable("The scoring process was ended by the system; try again or send less.")

    def start(self) -> ProcessPoolExecutor:
        """Make sure of the pool; its processes come with its first work."""
        if self._pool is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload([scores.__name__])
            with _one_blas_thread():
                forkserver.ensure_running()
            self._pool = ProcessPoolExecutor(
                SCORINGS_AT_ONCE, mp_context=context, initializer=_begin
            )
        return self._pool

    def _forget(self, broken: ProcessPoolExecutor) -> None:
        """Drop a pool, unless another request has replaced it already."""
        if self._pool is broken:
            self._pool = None
        broken.shutdown(wait=False)


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Let processes that start now compute in one thread each.

    There is a process per core already, and sums then do not depend on the machine's load.
    """
    before = {name: os.environ.get(name) for name in _BLAS_THREADS}
    os.environ.update(dict.fromkeys(_BLAS_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin() -> None:
    """Leave Ctrl-C to the parent, and go when it is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_parent, daemon=True).start()
    # A request is a tree of thousands of objects without a cycle: looking for some took a tenth.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
