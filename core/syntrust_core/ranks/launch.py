"""Starting the ranks of a training, or joining those that `torchrun` has started."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import torch
import torch.distributed as dist
from torch.distributed import FileStore  # type: ignore[attr-defined]  # no stub

from syntrust_core.errors import WorkerMisconfigured
from syntrust_core.ranks.collectives import ALONE, Ranks
from syntrust_core.ranks.job import RankJob, read_job, write_job
from syntrust_core.ranks.processes import RankProcesses

# The first rank validates alone for as long as it takes. A rank that dies is noticed otherwise.
_PATIENCE: Final = timedelta(days=30)
_INTERFACES: Final = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")
_JOB_FILE, _STORE_FILE = "job", "store"


@contextmanager
def start_ranks(
    job: RankJob, *, devices: int, device: torch.device, scratch: Path | None = None
) -> Iterator[Ranks]:
    """Be the first of `devices` ranks while the block runs; the others compute `job`.

    They end with the block. One device needs no other rank, and starts none.

    Parameters
    ----------
    device : torch.device
        Of this rank. The others take the next GPUs, or the CPU as well.
    scratch : Path or None
        A folder on a local disk; None: the system's for temporary files.

    Raises
    ------
    WorkerMisconfigured
        There are fewer GPUs.
    WorkerLost
        A rank died. It may be raised by any method of `Ranks`.
    """
    if devices == 1:
        yield ALONE
    elif count_torchrun() > 1:
        with _connected(0, devices, device) as ranks:
            ranks.share_bytes(bytearray(write_job(job), "utf-8"))
            yield ranks
    else:
        _require_gpus(devices, device)
        with _started(job, devices, device, scratch) as ranks:
            yield ranks


def count_torchrun() -> int:
    """Count the processes that `torchrun` has started; 1 without it."""
    return int(os.environ["WORLD_SIZE"]) if dist.is_torchelastic_launched() else 1


def serve_torchrun() -> bool:
    """Compute what the first process of `torchrun` starts; False if this is the first."""
    if count_torchrun() == 1 or os.environ["RANK"] == "0":
        return False
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    device = _choose_device(kind, int(os.environ["LOCAL_RANK"]))
    with _connected(int(os.environ["RANK"]), count_torchrun(), device) as ranks:
        read_job(ranks.share_bytes(bytearray()).decode()).compute(ranks)
    return True


def serve_rank(rank: int, size: int, kind: str, folder: Path) -> None:
    """Compute the job in `folder`, as `start_ranks` of another process has asked for."""
    job = read_job((folder / _JOB_FILE).read_text("utf-8"))
    store = _open_store(folder, size)
    store.set(f"ready {rank}", "")
    with _connected(rank, size, _choose_device(kind, rank), store=store) as ranks:
        job.compute(ranks)


@contextmanager
def _started(
    job: RankJob, size: int, device: torch.device, scratch: Path | None
) -> Iterator[Ranks]:
    if sys.platform == "linux":  # ranks of one machine need not be seen from outside
        os.environ.update({name: os.environ.get(name, "lo") for name in _INTERFACES})
    with tempfile.TemporaryDirectory(prefix="ranks-", dir=scratch) as name:
        folder = Path(name)
        (folder / _JOB_FILE).write_text(write_job(job), "utf-8")
        store = _open_store(folder, size)
        processes = RankProcesses([_command(rank, size, device, name) for rank in range(1, size)])
        try:
            while not store.check([f"ready {rank}" for rank in range(1, size)]):
                processes.pause()
            with _connected(0, size, device, store=store, processes=processes) as ranks:
                yield ranks
        except BaseException:
            processes.kill()
            raise
        processes.wait()


def _command(rank: int, size: int, device: torch.device, folder: str) -> list[str]:
    arguments = [os.getpid(), rank, size, device.type, folder]
    return [sys.executable, "-m", "syntrust_core.ranks.child", *map(str, arguments)]


def _open_store(folder: Path, size: int) -> FileStore:
    return FileStore(str(folder / _STORE_FILE), size)


@contextmanager
def _connected(
    rank: int,
    size: int,
    device: torch.device,
    *,
    store: FileStore | None = None,
    processes: RankProcesses | None = None,
) -> Iterator[Ranks]:
    """Be a rank of torch's process group: tensors on a GPU go by NCCL, all others by gloo."""
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
        store=store,
        rank=rank,
        world_size=size,
        timeout=_PATIENCE,
    )
    ranks = Ranks(
        rank, size, device=device, explain=_keep if processes is None else processes.explain
    )
    try:
        yield ranks
        ranks.mean(0.0)  # until all are through: none may still read what another has sent
    except BaseException:
        if processes is not None:
            processes.kill()
            dist.distributed_c10d._abort_process_group()  # noqa: SLF001 - waits for no dead rank
        raise
    dist.destroy_process_group()


def _keep(error: RuntimeError) -> Exception:
    return error


def _choose_device(kind: str, number: int) -> torch.device:
    if kind != "cuda":
        return torch.device(kind)
    device = torch.device(kind, number)
    torch.cuda.set_device(device)
    return device


def _require_gpus(devices: int, device: torch.device) -> None:
    if device.type == "cuda" and torch.cuda.device_count() < devices:
        raise WorkerMisconfigured(
            f"A training is to use {devices} devices, and this worker sees "
            f"{torch.cuda.device_count()} GPUs: give it as many, or set its DEVICES to that."
        )
