"""One training on two processes: the same samples, gradients and loss as in one, and no orphan."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
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
    read_pids,
    wait_until_gone,
)
from tests.unit.generator.tiny_generator import CONFIG

from syntrust_core.errors import Cancelled, InvalidRequest, WorkerLost
from syntrust_core.ranks.launch import start_ranks
from syntrust_generator.atlas.atlas import Atlas
from syntrust_generator.diffusion.schedule import cosine_schedule
from syntrust_generator.model_card import Domain, ModelCard, Phase, TrainConfig, read_card
from syntrust_generator.training.atlas_fit import fit_atlas
from syntrust_generator.training.dataset import CaseFolders
from syntrust_generator.training.loop import (
    OnProgress,
    Training,
    TrainingProgress,
    start_training,
    take_state_of_first,
)
from syntrust_generator.training.loop import train as run_training
from syntrust_generator.training.training_job import LiveArtifacts, TrainingShare, train

pytestmark = pytest.mark.slow
NODES = (8, 8, 4)


def change(**recipe: object) -> TrainConfig:
    return CONFIG.model_copy(update={"recipe": CONFIG.recipe.model_copy(update=recipe)})


def train_two(
    folders: dict[str, Path], out: Path, live: LiveArtifacts, on_progress: OnProgress
) -> ModelCard:
    train(
        folders,
        change(iterations=4),
        name="ball",
        dataset="two balls",
        out=out,
        on_progress=on_progress,
        live=live,
        devices=2,
        scratch=out.parent,
    )
    return read_card(out)


def checkpoint_in(folder: Path, every_s: float = 0.0) -> LiveArtifacts:
    folder.mkdir(exist_ok=True)
    return LiveArtifacts(folder / "checkpoint.pt", folder / "s.png", checkpoint_every_s=every_s)


def _draw_weights(training: Training) -> None:
    """Replace the first weights: those of the last layer are 0, so no other would learn."""
    drawn = torch.Generator().manual_seed(0)
    for parameter in training.network.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=drawn) / 10)


DOMAIN = Domain(shape=(16, 24, 16), spacing_mm=(3, 3, 3), view="brain", intensity="brain-z")


def take_one_step(folders: dict[str, Path], atlas: Atlas, devices: int) -> Training:
    """One iteration of a network with an atlas, in which no gradient is clipped."""
    phases = (Phase(share=1, crop=8, batch=4, weighting="velocity"),)
    config = change(iterations=1, phases=phases, accumulate=2, tumour_weight=4.0, gradient_clip=1e9)
    architecture = config.architecture.model_copy(update={"in_channels": 11, "anatomy": NODES})
    config = config.model_copy(update={"architecture": architecture})
    cases = tuple(folders.values())
    training = start_training(architecture, config.recipe, atlas=atlas)
    _draw_weights(training)
    share = TrainingShare(folders=cases, domain=DOMAIN, config=config, threads=1)
    further = on_plain_kernels(share)
    with (
        plain_kernels(),
        start_ranks(further, devices=devices, device=torch.device("cpu")) as ranks,
    ):
        take_state_of_first(training, ranks)
        return run_training(
            training,
            CaseFolders(cases, DOMAIN, 2, brain=training.network.mean_brain()),
            config.recipe,
            cosine_schedule(config.schedule_steps),
            on_progress=lambda _: None,
            ranks=ranks,
        )


@pytest.mark.numeric
def test_two_processes_have_the_gradient_and_the_loss_of_one_with_the_whole_batch(
    case_folders: dict[str, Path],
) -> None:
    read_cases = partial(CaseFolders, tuple(case_folders.values()), DOMAIN, 2)
    atlas = fit_atlas(read_cases, NODES)

    one, two = (take_one_step(case_folders, atlas, devices) for devices in (1, 2))

    gradients = [collect_gradients(training.network) for training in (two, one)]
    assert largest_difference(*gradients) < TOLERANCE
    assert two.losses == pytest.approx(one.losses, rel=TOLERANCE)


class Ends:
    """Ends a training once an iteration is done; notes where it was and which ranks there were."""

    def __init__(self, at: int, end: Callable[[], None], pids: Path) -> None:
        self.at, self.end, self.pids = at, end, pids
        self.done: list[int] = []

    def __call__(self, progress: TrainingProgress) -> None:
        self.done.append(progress.done)
        if progress.done == self.at:
            self.pids.write_text(" ".join(str(each.pid) for each in find_ranks()))
            self.end()


def cancel() -> None:
    raise Cancelled("Nobody wants it any more.")


def kill_first_rank() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_training_goes_on_to_the_same_weights_after_a_cancel_and_the_death_of_any_rank(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    seldom = checkpoint_in(tmp_path / "whole", every_s=1e9)
    undisturbed = train_two(case_folders, tmp_path / "one", seldom, lambda _: None)
    live, pids = checkpoint_in(tmp_path / "live"), tmp_path / "pids"
    attempt = partial(train_two, case_folders, tmp_path / "two", live)

    with pytest.raises(Cancelled):
        attempt(Ends(1, cancel, pids))
    wait_until_gone(read_pids(pids))
    with pytest.raises(WorkerLost, match="Rank 1 of the 2 of this training was killed"):
        attempt(Ends(2, kill_a_rank, pids))
    wait_until_gone(read_pids(pids))
    first = multiprocessing.get_context("fork").Process(
        target=attempt, args=(Ends(3, kill_first_rank, pids),)
    )
    first.start()
    first.join()
    assert first.exitcode == -signal.SIGKILL
    wait_until_gone(read_pids(pids))
    last = Ends(5, cancel, pids)

    resumed = attempt(last)

    assert last.done == [4]
    assert resumed == undisturbed
    assert resumed.devices == 2
    assert find_ranks() == []
    assert not dist.is_initialized()


def test_a_batch_that_the_devices_cannot_share_is_refused_with_one_that_they_can(
    case_folders: dict[str, Path], tmp_path: Path
) -> None:
    phases = (Phase(share=0.5, batch=2), Phase(share=0.5, batch=1))

    with pytest.raises(
        InvalidRequest, match=r"phases\.1\.batch is 1, .* set it to 2 or another multiple of 2"
    ):
        train(
            case_folders,
            change(phases=phases),
            name="ball",
            dataset="two balls",
            out=tmp_path,
            on_progress=lambda _: None,
            devices=2,
        )


def test_torchrun_gives_the_command_its_devices(upload_folder: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "config.json", tmp_path / "model"
    config.write_text(change(iterations=2).model_dump_json(), "utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    train_command = ["--no-python", Path(sys.executable).with_name("syntrust-generator"), "train"]
    options = [upload_folder, out, "--config", config, "--grid", "16", "--spacing", "5"]

    done = subprocess.run(
        [*command, *map(str, [*train_command, *options])],
        env={**os.environ, "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (read_card(out).iterations, read_card(out).devices) == (2, 2)
    losses = (tmp_path / "model.work" / "loss.jsonl").read_text("utf-8").splitlines()
    assert len(losses) == 2
