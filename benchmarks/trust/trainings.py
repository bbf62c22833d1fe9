"""How often intervals over several training seeds hold the mean over all trainings.

Each training has a level of its own on both sides, and its own noise on the twins, so that T2 to
T5 differ between trainings by more than cases can explain. The truth is the mean over many
trainings of many cases. With one training the interval is about that training alone, and its row
shows how far that is from all trainings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.estimator import Estimator
from syntrust_metrics.trust.estimation.factor_estimates import estimate_factors
from syntrust_metrics.trust.request.policy import Policy

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")
SEEDS, CASES = (1, 2, 3, 5), 60
LEVEL_SD, TWIN_SD, NOISE = 0.02, 0.02, 0.06
TRAININGS, MANY = 300, 4000


def draw_trainings(rng: np.random.Generator, seeds: int, cases: int) -> Array:
    """Draw (S, 2, M, 3) Dice: the same cases under several trainings."""
    base = rng.beta(6, 2, (1, 1, cases, 3))
    level = rng.normal(0, LEVEL_SD, (seeds, 1, 1, 3))
    twin = rng.normal(0, TWIN_SD, (seeds, 1, 1, 3)) * [[[[0]], [[1]]]]
    noise = NOISE * np.exp(rng.normal(0, 0.5, (seeds, 1, 1, 3)))
    sides = np.concatenate([np.full_like(noise, 0.03), noise], axis=1)
    dice: Array = base + level + twin + sides * rng.normal(size=(seeds, 2, cases, 3))
    return np.clip(dice, 0, 1)


def report_trainings(repetitions: int) -> None:
    """Print the coverage of each factor for each number of training seeds."""
    many = draw_trainings(np.random.default_rng(1), TRAININGS, MANY)
    seeds = tuple(range(TRAININGS))
    values = Estimator(many, REGIONS, seeds, Policy(resamples=0)).values
    truth = np.mean([_flatten(each) for each in values], axis=0)
    print(f"\n{CASES} cases under several trainings: coverage of 95 % intervals, open ends")
    for count in SEEDS:
        held = np.zeros((repetitions, len(truth)))
        opened = np.zeros_like(held)
        for number in range(repetitions):
            rng = np.random.default_rng([number, count])
            found = _bounds(draw_trainings(rng, count, CASES))
            held[number] = (found[:, 0] <= truth) & (truth <= found[:, 1])
            opened[number] = np.isinf(found).any(axis=1)
        _report(count, held.mean(axis=0), float(opened.mean()))


def _bounds(dice: Array) -> Array:
    estimator = Estimator(dice, REGIONS, tuple(range(len(dice))), Policy(resamples=1000))
    factors = estimate_factors(estimator)
    t1, t2, t5 = factors["t1"], factors["t2"], factors["t5"]
    estimates = [t1["real"], t1["synthetic"], t2["real"], t2["synthetic"]]
    estimates += [*factors["t3"].values(), *factors["t4"].values()]
    estimates += [*t5["real"].values(), *t5["synthetic"].values()]
    ends = []
    for each in estimates:
        bound = each.get("bound", {})
        ends.append(each["ci"] or [bound.get("low", -np.inf), bound.get("high", np.inf)])
    return np.array(ends, dtype=np.float64)


def _flatten(factors: object) -> Array:
    return np.concatenate(
        [getattr(factors, name).ravel() for name in ("t1", "t2", "t3", "t4", "t5")]
    )


def _report(seeds: int, held: Array, opened: float) -> None:
    places = {"T1": (0, 2), "T2": (2, 4), "T3": (4, 7), "T4": (7, 10), "T5": (10, 16)}
    shares = ", ".join(
        f"{name} {held[low:high].min():.1%} to {held[low:high].max():.1%}"
        for name, (low, high) in places.items()
    )
    print(f"  {seeds} trainings: {shares}; open ends {opened:.1%}")
