"""One training on two processes: the same samples, gradients and loss as in one, and no orphan."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from tests.rank_processes import (
    TOLERANCE,
    collect_gradients,
    find_ranks,
    kill_a_rank,
    largest_difference,
    on_plain_kernels,
    plain_kernels,
    wait_until_gone,
)
from tests.unit.segmenter.tiny_training import SMALLEST, CheckpointFile, Progress, train_tiny

from syntrust_core.errors import InvalidRequest, WorkerLost, WorkerMisconfigured
from syntrust_core.ranks.collectives import Ranks
from syntrust_core.ranks.job import RankJob
from syntrust_core.ranks.launch import start_ranks
from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.compute import ComputeConfig, reproducible
from syntrust_segmenter.model_card import ModelCard
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry, load_prepared
from syntrust_segmenter.training.checkpoints import TrainingState
from syntrust_segmenter.training.loop import TrainingRun, train_network
from syntrust_segmenter.training.training_job import TrainingShare

pytestmark = pytest.mark.slow
TWO = ComputeConfig(threads=1, device="cpu", devices=2, checkpoint_every_s=0.0)


class Kills(Progress):
    """Kills a further rank once an iteration is done."""

    def __call__(self, done: int, total: int, **detail: float | str) -> None:
        if "doing" not in detail and done == 3:
            self.pids = [each.pid for each in find_ranks()]
            kill_a_rank()


def train_two(
    cases: list[ImageEntry],
    out: Path,
    progress: Progress | None = None,
    kept: CheckpointFile | None = None,
) -> ModelCard:
    return train_tiny(
        cases,
        out,
        iterations=4,
        overrides={"ema": 0.5, "precision": "float32"},
        progress=progress,
        kept=kept,
        compute=TWO,
    )


def take_one_step(cases: list[ImageEntry], folder: Path, devices: int) -> TrainingState:
    """One iteration in which no gradient is clipped."""
    changes = {"batch": 2, "gradient_norm": 1e9, "validations": 0, "precision": "float32"}
    config = configure("tiny", {**SMALLEST, **changes})
    cache = PreparedCache(folder / "prepared", limit_bytes=1 << 30)
    device = torch.device("cpu")
    run = TrainingRun(seed=3, iterations=1, identity="", scratch=folder, device=device)
    share = TrainingShare(
        cases=tuple(cases),
        config=config,
        seed=run.seed,
        iterations=run.iterations,
        scratch=folder,
        threads=1,
        loaders=0,
        cache=cache.root,
        cache_bytes=cache.limit_bytes,
    )
    with (
        reproducible(1),
        plain_kernels(),
        start_ranks(
            on_plain_kernels(share), devices=devices, device=device, scratch=folder
        ) as ranks,
    ):
        prepared = [load_prepared(entry, cache) for entry in cases]
        return train_network(prepared, [], config, run, report=lambda *_, **__: None, ranks=ranks)


@pytest.mark.numeric
def test_two_processes_have_the_gradient_and_the_loss_of_one_with_the_whole_batch(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    one, two = (take_one_step(cases, tmp_path, devices) for devices in (1, 2))

    gradients = [collect_gradients(state.network) for state in (two, one)]
    assert largest_difference(*gradients) < TOLERANCE
    assert two.history.loss == pytest.approx(one.history.loss, rel=TOLERANCE)
    assert two.history.samples == one.history.samples == 2


def test_a_training_goes_on_to_the_same_weights_after_a_rank_was_killed(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    undisturbed = train_two(cases, tmp_path / "whole")
    # The checkpoint is older than the last iteration, as it is kept by time.
    kept, kills = CheckpointFile(tmp_path / "checkpoint", until=2), Kills()
    with pytest.raises(WorkerLost, match="Rank 1 of the 2 of this training was killed"):
        train_two(cases, tmp_path / "first", kills, kept)
    wait_until_gone(kills.pids)
    second = Progress()

    resumed = train_two(cases, tmp_path / "second", second, kept)

    assert second.done == [3, 4]
    assert resumed == undisturbed
    assert resumed.devices == 2
    assert find_ranks() == []


def test_a_batch_that_the_devices_cannot_share_is_refused_with_one_that_they_can(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    with pytest.raises(InvalidRequest, match=r"batch is 3, .*set it to 4 or another multiple of 2"):
        train_tiny(cases, tmp_path / "model", overrides={"batch": 3}, compute=TWO)


def test_a_training_on_one_device_starts_no_process_and_no_process_group(
    cases: list[ImageEntry], tmp_path: Path
) -> None:
    class Look(Progress):
        def __call__(self, done: int, total: int, **detail: float | str) -> None:
            super().__call__(done, total, **detail)
            assert not dist.is_initialized()
            assert find_ranks() == []

    look = Look()

    train_tiny(cases, tmp_path / "model", progress=look)

    assert look.done == [1, 2]


class _NoJob(RankJob):
    """Nothing to compute."""

    def compute(self, ranks: Ranks) -> None:
        del ranks


def test_a_worker_with_fewer_gpus_than_devices_says_how_many_it_sees() -> None:
    seen = torch.cuda.device_count()

    with (
        pytest.raises(WorkerMisconfigured, match=f"{seen + 2} devices, .* sees {seen} GPUs"),
        start_ranks(_NoJob(), devices=seen + 2, device=torch.device("cuda")),
    ):
        pytest.fail("it started")
