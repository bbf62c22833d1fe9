"""The spread of paired differences of Dice, as a plan takes it: in standard deviations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.intervals import MIN_CASES
from syntrust_metrics.trust.estimation.variance_components import (
    keep_whole_cases,
    measure_components,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """Standard deviations of paired differences, in Dice.

    Attributes
    ----------
    case_sd : float
        Between cases, >= 0. With one training it holds the residual too.
    seed_sd : float or None
        Between training seeds; None where one training was measured.
    residual_sd : float or None
        What neither case nor seed explains; None where one training was measured.
    """

    case_sd: float
    seed_sd: float | None = None
    residual_sd: float | None = None

    def from_cases(self, cases: int, seeds: int) -> float:
        """Compute the variance of a mean difference that is due to cases, in Dice squared."""
        return self.case_sd**2 / cases + (self.residual_sd or 0.0) ** 2 / (cases * seeds)

    def from_seeds(self, seeds: int) -> float:
        """Compute the variance of a mean difference that is due to seeds alone.

        With one seed it is 0: then the difference is one of this trained model.
        """
        return 0.0 if seeds == 1 else (self.seed_sd or 0.0) ** 2 / seeds

    def variance(self, cases: int, seeds: int) -> float:
        """Compute the variance of a mean difference over cases and seeds, in Dice squared."""
        return self.from_cases(cases, seeds) + self.from_seeds(seeds)


def measure_spread(differences: Array) -> Spread | None:
    """Measure the spread of paired differences.

    Parameters
    ----------
    differences : float array, shape (S, M)
        Dice differences by training seed and case; NaN where a pair is left out. Cases without a
        difference in any seed are left out.

    Returns
    -------
    Spread or None
        None with fewer than ten cases.
    """
    whole = keep_whole_cases(differences)
    seeds, cases = whole.shape
    if cases < MIN_CASES:
        return None
    found = measure_components(whole)
    case_sd = math.sqrt(found.cases)
    return (
        Spread(case_sd)
        if seeds == 1
        else Spread(case_sd, math.sqrt(found.seeds), math.sqrt(found.rest))
    )
