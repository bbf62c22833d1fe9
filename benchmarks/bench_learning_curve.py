"""How many iterations a segmenter of the phantom study needs: validation Dice against iterations.

`python benchmarks/bench_learning_curve.py [ITERATIONS ...] [--seeds N]` trains the demo's preset on
the 40 real training phantoms of `studies/phantoms.json` and scores its 12 validation phantoms; none
of its test phantoms is made. Each number of iterations is a training of its own, because the
learning rate falls to 0 over just so many. Seconds are CPU seconds of one thread, which is what a
busy machine leaves comparable. Prints a Markdown table. The phantoms are made once and kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

# Run as a script, this file's folder is on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.segmenter.cohort import SMALL, Cohort, trained
from benchmarks.segmenter.precision import advised

from syntrust_core.contracts.vocabulary import REGIONS, Region
from syntrust_core.segmenter_presets import configure
from syntrust_segmenter.compute import reproducible
from syntrust_segmenter.inference.predict_case import predict_box
from syntrust_segmenter.preprocessing.case_cache import PreparedCase
from syntrust_segmenter.training.validation_dice import region_dice

COHORT_SEED, TRAINING, VALIDATION = 2025, 40, 12  # as in studies/phantoms.json
ITERATIONS: Final = (50, 100, 200, 400, 800)
TINY: Final = configure("tiny", {"precision": advised()})


class Point(NamedTuple):
    """One training. Dice is the mean over validation cases; an empty region left empty is 1."""

    iterations: int
    seed: int
    training_s: float
    prediction_s: float  # a case
    dice: dict[Region, float]


def measure(
    training: Sequence[PreparedCase],
    validation: Sequence[PreparedCase],
    iterations: int,
    seed: int,
) -> Point:
    """Train on real phantoms and score the validation phantoms."""
    start = time.process_time()
    state = trained(training, TINY, iterations, seed)
    learned = time.process_time()
    predicted = [
        predict_box(state.result, case, TINY, precision=state.precision) for case in validation
    ]
    prediction_s = (time.process_time() - learned) / len(validation)
    scores = [
        region_dice(np.asarray(case.labels), labels)
        for case, labels in zip(validation, predicted, strict=True)
    ]
    dice = {
        region: float(
            np.mean([1.0 if (value := score[region]) is None else value for score in scores])
        )
        for region in REGIONS
    }
    return Point(iterations, seed, learned - start, prediction_s, dice)


def show(point: Point) -> Iterator[str]:
    yield f"{point.iterations}"
    yield f"{point.seed}"
    yield f"{point.training_s:.0f}"
    yield f"{point.prediction_s:.2f}"
    yield from (f"{point.dice[region]:.3f}" for region in REGIONS)
    yield f"{np.mean(list(point.dice.values())):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("iterations", nargs="*", type=int, metavar="ITERATIONS")
    parser.add_argument("--seeds", type=int, default=1, help="training seeds of each (1)")
    asked = parser.parse_args()
    cohort = Cohort("study", SMALL, TRAINING + VALIDATION, seed=COHORT_SEED)
    cases = cohort.cases()
    print(f"One thread; precision {advised()}, the faster one here.\n")
    columns = ("iterations", "seed", "training, CPU s", "a case predicted, CPU s", *REGIONS, "mean")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    with reproducible(1):
        for iterations in asked.iterations or ITERATIONS:
            for seed in range(asked.seeds):
                found = measure(cases[:TRAINING], cases[TRAINING:], iterations, seed)
                print(f"| {' | '.join(show(found))} |", flush=True)


if __name__ == "__main__":
    main()
