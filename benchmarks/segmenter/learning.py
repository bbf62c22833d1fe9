"""What is learned in equal time: `tiny`, beside a MONAI UNet as its tutorials train it.

Both see the same phantoms and as large patches, under the same loss, and end with a learning rate
of 0. Time is CPU seconds of one thread, which is wall time on an idle core and stays fair on a busy
one. What each does once for all trainings (preparing the cases here, `CacheDataset` there) and the
scoring are not in it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from benchmarks.segmenter import plain
from benchmarks.segmenter.cohort import Cohort, mean_dice, trained
from benchmarks.segmenter.precision import advised
from monai.networks.nets.unet import UNet
from numpy.typing import NDArray
from torch import nn

from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.inference.predict_case import predict_box
from syntrust_segmenter.preprocessing.case_cache import PreparedCase
from syntrust_segmenter.training.checkpoints import TrainingState

TRAINING, TEST = 16, 24
BUDGETS_S, SEEDS = (50.0, 300.0), (0,)
TIMED_STEPS = 4
RATE: Final = 1e-2  # of 1e-3, 3e-3 and 1e-2 the best for the UNet after 38 s
TINY: Final = configure("tiny", {"precision": advised()})


class Contest(NamedTuple):
    """Seconds that both had, their steps, and mean Dice over unseen cases and regions."""

    seconds: float
    our_steps: int
    ours: float
    their_steps: int
    theirs: float


def contest(cohort: Cohort, budget_s: float, seed: int) -> Contest:
    """Train both for about `budget_s` on the first cases of the cohort; score the others.

    First `tiny`, whose number of iterations is fixed beforehand, then the UNet for as long as that
    has taken.
    """
    test = cohort.folders[TRAINING:]
    cases = [cohort.case(folder) for folder in cohort.folders[:TRAINING]]
    seen = [cohort.case(folder) for folder in test]
    state, seconds = trained_tiny(cases, budget_s, seed)
    unet, steps = trained_unet(cohort.folders[:TRAINING], seconds, seed)
    ours = (predict_box(state.result, case, TINY, precision=state.precision) for case in seen)
    theirs = (_unet_labels(unet, f, case) for f, case in zip(test, seen, strict=True))
    return Contest(seconds, state.iteration, _mean(ours, seen), steps, _mean(theirs, seen))


def _mean(label_maps: Iterable[NDArray[np.uint8]], cases: Sequence[PreparedCase]) -> float:
    return float(np.mean([mean_dice(*pair) for pair in zip(label_maps, cases, strict=True)]))


def trained_tiny(
    cases: Sequence[PreparedCase], budget_s: float, seed: int
) -> tuple[TrainingState, float]:
    """A state after the iterations that fit into the budget, and the seconds they took."""
    _, probe_s = _iterated(cases, TIMED_STEPS, seed)
    return _iterated(cases, max(1, round(budget_s / probe_s * TIMED_STEPS)), seed)


def _iterated(
    cases: Sequence[PreparedCase], iterations: int, seed: int
) -> tuple[TrainingState, float]:
    start = time.process_time()
    state = trained(cases, TINY, iterations, seed)
    return state, time.process_time() - start


def trained_unet(
    folders: Sequence[Path], budget_s: float, seed: int, rate: float = RATE
) -> tuple[nn.Module, int]:
    """The UNet of MONAI's tutorials after the steps that fit into the budget, and their number."""
    torch.manual_seed(seed)
    network = UNet(3, 4, 4, channels=(16, 32, 64, 128, 256), strides=(2, 2, 2, 2), num_res_units=2)
    trainer = plain.Trainer(network)
    data = plain.dataset(folders, TINY, cached=True)
    data.transform.set_random_state(seed)
    drawn = plain.endless(data, TINY.batch)
    start, steps = time.process_time(), 0
    while (spent_s := time.process_time() - start) < budget_s:
        trainer.set_rate(rate * 0.5 * (1 + math.cos(math.pi * spent_s / budget_s)))
        trainer.step(next(drawn))
        steps += 1
    return network, steps


def _unet_labels(network: nn.Module, folder: Path, case: PreparedCase) -> NDArray[np.uint8]:
    labels = plain.predict(network, plain.image(folder), TINY).numpy().astype(np.uint8)
    return np.asarray(labels[case.box] * case.brain, np.uint8)
