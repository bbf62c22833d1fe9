r"""How many test cases and trainings would show that a share does no harm, if it does none.

The spread of differences has the parts of `estimation.variance_components`. With M' cases and S'
seeds the estimated part from seeds is a scaled chi square of S' - 1 degrees of freedom, over which
the chance to pass is integrated; the part from cases has so many degrees that its estimate is taken
as exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from syntrust_metrics.trust.estimation.variance_components import (
    VarianceComponents,
    chi_squared_nodes,
    keep_whole_cases,
    measure_components,
)
from syntrust_metrics.trust.inference.margin_tests import (
    IMAGINED_FAILURES,
    LEVEL,
    MIN_VERDICT_CASES,
)
from syntrust_metrics.trust.inference.recommendation_bounds import WHOLE_LOSS, rate_of_unseen
from syntrust_metrics.trust.inference.trend import MIN_SEEDS
from syntrust_metrics.trust.schema.recommendation import Needed, Spread

Array = NDArray[np.float64]
POWER: Final = 0.8
MAX_CASES: Final = 10_000
MAX_SEEDS: Final = 20


@dataclass(frozen=True)
class PairedSpread(VarianceComponents):
    """The variances, and the largest difference of one case in one training, in Dice."""

    largest: float
    measured_seeds: int

    def as_body(self) -> Spread:
        """Give them as standard deviations."""
        several = self.measured_seeds > 1
        return {
            "cases": math.sqrt(self.cases),
            "seeds": math.sqrt(self.seeds) if several else None,
            "rest": math.sqrt(self.rest) if several else None,
        }


def measure_spread(differences: Array) -> PairedSpread | None:
    """Measure the spread of differences, (S, M); None with fewer than two whole cases.

    A case that is left out in a seed, NaN, is left out in all.
    """
    whole = keep_whole_cases(differences)
    seeds, cases = whole.shape
    if cases < 2:
        return None
    found = measure_components(whole)
    return PairedSpread(
        found.cases, found.seeds, found.rest, float(np.abs(whole).max()), measured_seeds=seeds
    )


def find_needed(spread: PairedSpread, margin: float, cases: int) -> Needed:
    """Find how many cases and seeds would pass one test in 80 % of studies without any difference.

    Parameters
    ----------
    spread : PairedSpread
        Measured, and taken for the true one.
    margin : float
        The smallest harmful loss, in Dice.
    cases : int
        How many there are. No fewer are proposed.

    Returns
    -------
    Needed
        Of all that would do, the one that scores the fewest predictions. With fewer than three
        seeds the seeds stay as they are: the sentence is about these trained models.
    """
    found = min(_list_sufficient(spread, margin, cases), default=None)
    if found is None:
        return {"cases": None, "seeds": None, "power": None, "spread": spread.as_body()}
    _, seeds, needed = found
    power = compute_power(spread, margin, needed, seeds)
    return {"cases": needed, "seeds": seeds, "power": power, "spread": spread.as_body()}


def compute_power(spread: PairedSpread, margin: float, cases: int, seeds: int) -> float:
    """Compute the chance that so many cases and seeds exclude harm where there is no difference.

    Parameters
    ----------
    spread : PairedSpread
        Taken for the true one.
    margin : float
        The smallest harmful loss, in Dice.
    cases, seeds : int
        At least 2 cases. With fewer than three seeds the test is about these trained models.

    Returns
    -------
    float
        In [0, 1]; 0 with fewer than 50 cases.
    """
    if cases < MIN_VERDICT_CASES:
        return 0.0
    drawn = seeds >= MIN_SEEDS
    scale, weight = chi_squared_nodes(seeds - 1) if drawn else (np.ones(1), np.ones(1))
    by_seeds = (spread.seeds + spread.rest / cases) / seeds * scale * drawn
    by_cases = (spread.cases + spread.rest / seeds) / cases
    imagined = by_cases + IMAGINED_FAILURES * (spread.largest / cases) ** 2
    reach = (
        _half_width(by_cases, by_seeds, cases, seeds) - margin,
        _half_width(imagined, by_seeds, cases, seeds)
        + IMAGINED_FAILURES * spread.largest / cases
        - margin * (1 + IMAGINED_FAILURES / cases),
        np.full_like(scale, WHOLE_LOSS * rate_of_unseen(cases) - margin),
    )
    lowest = np.maximum.reduce(reach)  # the mean difference that passes all three
    error = math.sqrt(
        spread.cases / cases + spread.seeds / seeds * drawn + spread.rest / cases / seeds
    )
    if error == 0:
        return float((lowest < 0).all())
    return float(weight @ ndtr(-lowest / error))


def _list_sufficient(
    spread: PairedSpread, margin: float, cases: int
) -> Iterator[tuple[int, int, int]]:
    """Give, for each number of seeds, what is enough: predictions of one test set, seeds, cases."""
    least = spread.measured_seeds
    most = MAX_SEEDS if least >= MIN_SEEDS else least
    for seeds in range(least, max(least, most) + 1):
        needed = _find_cases(spread, margin, max(cases, MIN_VERDICT_CASES), seeds)
        if needed is not None:
            yield seeds * needed, seeds, needed


def _find_cases(spread: PairedSpread, margin: float, low: int, seeds: int) -> int | None:
    """Find the fewest cases from `low` on by bisection; None if 10,000 are too few."""
    high = max(low, MAX_CASES)
    if compute_power(spread, margin, high, seeds) < POWER:
        return None
    while low < high:
        middle = (low + high) // 2
        enough = compute_power(spread, margin, middle, seeds) >= POWER
        low, high = (low, middle) if enough else (middle + 1, high)
    return low


def _half_width(by_cases: float, by_seeds: Array, cases: int, seeds: int) -> Array:
    """Compute `recommendation_bounds.half_width` for each part from seeds."""
    error = np.sqrt(by_cases + by_seeds)
    of_cases = float(stdtrit(cases - 1, 1 - LEVEL))
    of_seeds = float(stdtrit(max(1, seeds - 1), 1 - LEVEL))
    return np.divide(
        by_cases * of_cases + by_seeds * of_seeds, error, out=np.zeros_like(error), where=error > 0
    )
