"""Trainings on two processes of one CPU, as tests disturb them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

from syntrust_core.ranks.collectives import Ranks
from syntrust_core.ranks.job import RankJob, read_job, write_job

TOLERANCE = 1e-6
"""Of the largest gradient, in float32: the halves of a batch are summed in another order."""


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Compute without oneDNN while the block runs.

    Its weight gradients sum over all voxels of a batch in float32: on random images a segmenter's
    gradient of a whole batch was 4e-5 of the largest away from that in float64, and that of two
    halves was 1e-5 away from it. In float64 the two were 2e-14 apart.
    """
    backend: Any = torch.backends.mkldnn  # its one setting is a property that mypy does not see
    before = backend.enabled
    backend.enabled = False
    try:
        yield
    finally:
        backend.enabled = before


class OnPlainKernels(RankJob):
    """The job of a further rank, computed so."""

    job: str

    def compute(self, ranks: Ranks) -> None:
        with plain_kernels():
            read_job(self.job).compute(ranks)


def on_plain_kernels(job: RankJob) -> OnPlainKernels:
    return OnPlainKernels(job=write_job(job))


def find_ranks(parent: int | None = None) -> list[psutil.Process]:
    """The further ranks that a process has started; by default this one."""
    children = psutil.Process(parent or os.getpid()).children()
    return [each for each in children if "syntrust_core.ranks.child" in each.cmdline()]


def kill_a_rank() -> None:
    """Kill a further rank of this process's training, as the system does."""
    (rank,) = find_ranks()
    rank.kill()


def read_pids(path: Path) -> list[int]:
    return [int(pid) for pid in path.read_text().split()]


def wait_until_gone(pids: Iterable[int]) -> None:
    deadline, pause = time.monotonic() + 30, threading.Event()
    while any(psutil.pid_exists(pid) for pid in pids):
        assert time.monotonic() < deadline, "an orphan is left"
        pause.wait(0.02)


def collect_gradients(network: nn.Module) -> torch.Tensor:
    """Every gradient of the last step in one vector."""
    found = [each.grad.reshape(-1) for each in network.parameters() if each.grad is not None]
    return torch.cat(found)


def largest_difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """In units of the largest gradient."""
    return float((one - other).abs().max() / other.abs().max())
