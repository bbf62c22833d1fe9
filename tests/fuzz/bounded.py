"""Run a reader on many inputs in a process of its own, under a bound of memory and of time."""

from __future__ import annotations

import faulthandler
import resource
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

MOST_BYTES: Final = 2 * 10**9
MOST_SECONDS: Final = 10
"""For one input: a reader that takes longer hangs."""


@dataclass(frozen=True)
class Reading:
    """What reading one input came to: an `answer`, or a `failure` that nobody was told of."""

    seed: int
    answer: str = ""
    failure: str = ""
    peak_bytes: int = 0


def read_all(read: Callable[[int], str], seeds: Iterable[int]) -> list[Reading]:
    """Let `read` make and read the input of each seed, in a child; see `Reading`.

    `read` is a function of a module. Warnings are errors there, as everywhere in the tests, and
    memory beyond `MOST_BYTES` is refused by the kernel.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), _bound) as pool:
        return list(pool.map(_Attempt(read), seeds, chunksize=50))


def _bound() -> None:
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + MOST_BYTES,) * 2)


def _mapped_bytes() -> int:
    """Address space of this process: libraries map much of it and use little."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - no file of ours
        return int(statm.read().split()[0]) * resource.getpagesize()


@dataclass(frozen=True)
class _Attempt:
    read: Callable[[int], str]

    def __call__(self, seed: int) -> Reading:
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        try:
            return Reading(seed, answer=self.read(seed), peak_bytes=_peak_bytes())
        except Exception as error:  # noqa: BLE001 - any of them is what the test looks for
            return Reading(seed, failure=f"{type(error).__name__}: {error}")
        finally:
            faulthandler.cancel_dump_traceback_later()


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
