r"""The spread of paired differences of Dice: how much of it is cases, how much trainings.

A difference of case i under training seed s is modelled as
:math:`d_{is} = \mu + a_i + b_s + e_{is}`: cases and seeds are crossed, because every training is
tested on the same cases. The three standard deviations are estimated by equating mean squares of
the two-way table with their expectations (Searle, Casella and McCulloch, Variance Components,
1992, section 4.3); a negative estimate of a variance becomes 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MIN_MEASURED_CASES: Final = 10


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
    table = differences[:, ~np.isnan(differences).any(axis=0)]
    seeds, cases = table.shape
    if cases < MIN_MEASURED_CASES:
        return None
    by_case = table.mean(axis=0)
    of_case = float(by_case.var(ddof=1))
    if seeds == 1:
        return Spread(math.sqrt(of_case))
    by_seed = table.mean(axis=1)
    rest = table - by_case - by_seed[:, None] + table.mean()
    residual = float((rest**2).sum()) / ((seeds - 1) * (cases - 1))
    return Spread(
        _root(of_case - residual / seeds),
        _root(float(by_seed.var(ddof=1)) - residual / cases),
        math.sqrt(residual),
    )


def _root(variance: float) -> float:
    return math.sqrt(max(0.0, variance))
