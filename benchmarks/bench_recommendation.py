"""How often a harmful share of synthetic images is recommended, and a harmless one found.

A study has M cases, S trainings and one share, which loses the margin on average (harmful), or
nothing (harmless). Paired differences are normal, skewed, or rare large failures; two wider
spreads ask for more of the bound. A share that is tested after others passes less often than one
that is tested first, so that first is the worst case. Gated: a harmful share is recommended in at
most 5 % of the studies, given two standard errors. Reported: how often the harmless share is found,
and what happens if whole trainings fail rarely, which no test on three or five of them can see.

With one training the sentence is about that model, so harm is its own mean loss over cases.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.inference.recommendation_bounds import run_loss_tests

Array = NDArray[np.float64]
FAILURE = 0.9  # Dice
LEVEL = 0.05
SEEDS, CASES = (1, 3, 5), (60, 251)
BATCH = 250  # studies drawn at once


@dataclass(frozen=True)
class Spread:
    """Standard deviations of a difference in Dice, over cases, trainings, and the rest."""

    cases: float
    seeds: float
    rest: float


@dataclass(frozen=True)
class Study:
    seeds: int
    cases: int
    margin: float
    spread: Spread


USUAL = Spread(0.05, 0.01, 0.03)
TABLES = (
    (0.03, USUAL),
    (0.05, USUAL),
    (0.05, Spread(0.03, 0.03, 0.03)),
    (0.1, Spread(0.15, 0.03, 0.1)),
)
Shape = Callable[[np.random.Generator, int, Study, float], Array]


def normal(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    return mean + study.spread.cases * rng.normal(size=(studies, 1, study.cases))


def few_losses(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    """Give a long tail of losses: most cases do better than the mean."""
    return mean + study.spread.cases * (1 - rng.exponential(size=(studies, 1, study.cases)))


def few_gains(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    return mean - study.spread.cases * (1 - rng.exponential(size=(studies, 1, study.cases)))


def shared_failures(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    """Give nothing but rare failures of a case, the same in every training."""
    failed = rng.random((studies, 1, study.cases)) < -mean / FAILURE
    return np.where(failed, -FAILURE, 0.0)


def single_failures(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    """Give nothing but rare failures of one case in one training."""
    failed = rng.random((studies, study.seeds, study.cases)) < -mean / FAILURE
    return np.where(failed, -FAILURE, 0.0)


def failures_beside_loss(
    rng: np.random.Generator, studies: int, study: Study, mean: float
) -> Array:
    """Give four fifths of the loss to all cases, one fifth to failures that most studies miss."""
    loss = normal(rng, studies, study, 0.8 * mean)
    return loss + shared_failures(rng, studies, study, 0.2 * mean)


def failed_trainings(rng: np.random.Generator, studies: int, study: Study, mean: float) -> Array:
    """Give all of the loss to one training in ten."""
    failed = rng.random((studies, study.seeds, 1)) < 0.1
    cases = study.spread.cases * rng.normal(size=(studies, 1, study.cases))
    return cases + np.where(failed, 10 * mean, 0.0)


SHAPES: dict[str, Shape] = {
    "normal": normal,
    "skewed, few large losses": few_losses,
    "skewed, few large gains": few_gains,
    "failures of 0.9 in all trainings": shared_failures,
    "failures of 0.9 in single trainings": single_failures,
    "such failures beside a small loss": failures_beside_loss,
}
CENTRED = (normal, few_losses, few_gains)
REPORTED: dict[str, Shape] = {"one training in ten fails": failed_trainings}


def draw(rng: np.random.Generator, studies: int, study: Study, shape: Shape, mean: float) -> Array:
    """Draw the differences of a share that has this mean difference, (N, S, M)."""
    # With one training the model at hand has this mean loss itself.
    of_seeds = study.spread.seeds * (study.seeds > 1)
    seeds = of_seeds * rng.normal(size=(studies, study.seeds, 1))
    rest = study.spread.rest * rng.normal(size=(studies, study.seeds, study.cases))
    return shape(rng, studies, study, mean) + seeds + rest


def simulate(study: Study, number: int, shape: Shape, studies: int) -> list[float]:
    """Give the share of studies in which a harmless share passes, then that of a harmful one.

    Rare failures cannot have a mean of 0: the harmless share then loses a tenth of the margin.
    """
    harmless = 0.0 if shape in CENTRED else -0.1 * study.margin
    shares = []
    for harm, mean in enumerate((harmless, -study.margin)):
        of = (number, harm, study.seeds, study.cases, round(1000 * study.margin))
        rng = np.random.default_rng(of)
        passed = 0
        for start in range(0, studies, BATCH):
            differences = draw(rng, min(BATCH, studies - start), study, shape, mean)
            tests = run_loss_tests(differences, study.margin)
            passed += sum(each.verdict == "not worse" for each in tests)
        shares.append(passed / studies)
    return shares


def report(margin: float, spread: Spread, studies: int) -> list[str]:
    """Print a table, a row for each shape; give the cells that miss the bound."""
    limit = LEVEL + 2 * math.sqrt(LEVEL * (1 - LEVEL) / studies)
    sizes = [(seeds, cases) for seeds in SEEDS for cases in CASES]
    print(f"\nMargin {margin:g}, sd {spread.cases:g}, {spread.seeds:g}, {spread.rest:g}\n")
    print("| differences | " + " | ".join(f"S {s}, M {m}" for s, m in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    missed = []
    for number, (name, shape) in enumerate((SHAPES | REPORTED).items()):
        cells = []
        for seeds, cases in sizes:
            study = Study(seeds, cases, margin, spread)
            found, harmful = simulate(study, number, shape, studies)
            cells.append(f"{100 * harmful:.1f}, {100 * found:.0f}")
            if harmful > limit and name not in REPORTED:
                missed.append(f"{name}, {study}: {harmful:.1%}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    given = parser.parse_args()
    start = time.perf_counter()
    print("Each cell: a harmful share recommended, a harmless one found, in % of studies")
    missed = [cell for table in TABLES for cell in report(*table, given.studies)]
    print(f"\n{given.studies} studies a cell in {time.perf_counter() - start:.0f} s")
    if missed:
        sys.exit("missed:\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
