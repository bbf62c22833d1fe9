"""Populations of Dice with known factors: smooth ones, ones with failures, and a published table.

`Draw` takes a generator and a number of cases and gives (2, M, 3) Dice: side, case, region.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Array]
CORRELATION, POPULATION = 0.7, 400_000
GOLDEN = Path(__file__).parents[2] / "tests" / "data" / "trust_golden.json"
SKEWED = (0.85 * 6.545, 0.15 * 6.545)  # Beta of mean .85 and sd .13
BOTH_FAIL, ONE_FAILS = 0.04, 0.04  # of the cases of a region: missed on both sides, or on one


@dataclass(frozen=True)
class Population:
    """How to draw cases, and all cases, (2, N, 3), whose factors are the truth."""

    name: str
    draw: Draw
    cases: Array


def coupled(real: tuple[float, float], synthetic: tuple[float, float]) -> Draw:
    """Draw Dice with these Beta margins and a Gaussian copula."""
    grid = np.linspace(0, 1, 20_001)
    quantiles = [stats.beta.ppf(grid, *shape) for shape in (real, synthetic)]

    def draw(rng: np.random.Generator, cases: int) -> Array:
        shared, own = rng.normal(size=(2, cases, 3))
        other = CORRELATION * shared + math.sqrt(1 - CORRELATION**2) * own
        ranks = stats.norm.cdf(np.stack([shared, other]))
        return np.stack([np.interp(u, grid, q) for u, q in zip(ranks, quantiles, strict=True)])

    return draw


def with_failures(whole: Draw) -> Draw:
    """Draw as `whole` does, and set a Dice to 0 where a region is missed on one or both sides."""

    def draw(rng: np.random.Generator, cases: int) -> Array:
        dice = whole(rng, cases)
        fate, side = rng.random((cases, 3)), rng.integers(0, 2, (cases, 3))
        alone = fate < ONE_FAILS
        both = fate > 1 - BOTH_FAIL
        dice[0][both | (alone & (side == 0))] = 0.0
        dice[1][both | (alone & (side == 1))] = 0.0
        return dice

    return draw


def published_table() -> Array:
    """Give the published table, (2, 125, 3)."""
    cases = json.loads(GOLDEN.read_text())["request"]["cases"]
    return np.array(
        [[list(case[side].values()) for case in cases] for side in ("real", "synthetic")]
    )


def from_table(table: Array) -> Draw:
    """Draw cases of a table with replacement."""
    return lambda rng, cases: table[:, rng.integers(0, table.shape[1], cases)]


def list_populations() -> list[Population]:
    """List all populations; a smooth one is as good as 400,000 of its cases."""
    table = published_table()
    smooth = {
        "beta": coupled((5, 2), (6, 2)),
        "skewed": coupled(SKEWED, SKEWED),
        "failures": with_failures(coupled((5, 2), (6, 2))),
        "skewed-failures": with_failures(coupled(SKEWED, SKEWED)),
    }
    drawn = [
        Population(name, draw, draw(np.random.default_rng(1), POPULATION))
        for name, draw in smooth.items()
    ]
    return [*drawn, Population("published", from_table(table), table)]
