r"""The power of the test that `trust.inference.margin_tests` runs, for cases and seeds to come.

The mean difference :math:`\hat\mu` of M cases and S seeds has the variance
:math:`V = \sigma_a^2/M + \sigma_b^2/S + \sigma_e^2/(MS)`. The test estimates it as :math:`A + B`,
from the spread of the cases' means and of the seeds' means, which are independent of each other and
of :math:`\hat\mu`, and scaled chi-squared with M - 1 and S - 1 degrees of freedom. Each holds
:math:`\sigma_e^2/(MS)`, so the test is a little conservative. It asks for

.. math:: l + t_{\hat\nu}\sqrt{A + B} < \hat\mu < h - t_{\hat\nu}\sqrt{A + B},

with the degrees of freedom of Satterthwaite (Biometrics Bulletin 2(6), 1946,
doi:10.2307/3002019) from the same A and B. Its power is the mean of the chance of this over A and
B, here by quadrature: exact for normal differences. With one seed there is no B. Then the power of
non-inferiority is that of the noncentral t distribution, and that of equivalence Owen's integral
(Biometrika 52, 1965, doi:10.1093/biomet/52.3-4.437).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from syntrust_metrics.planning.spread import Spread
from syntrust_metrics.trust.estimation.variance_components import chi_squared_nodes
from syntrust_metrics.trust.inference.margin_tests import MIN_VERDICT_CASES
from syntrust_metrics.trust.inference.trend import MIN_SEEDS

Array = NDArray[np.float64]
Question = Literal["non_inferiority", "equivalence"]
QUESTIONS: Final[tuple[Question, ...]] = get_args(Question)
MAX_CASES: Final = 100_000
MAX_SEEDS: Final = 100
_CASE_NODES: Final = 24
_SEED_NODES: Final = 64
_GROWTH: Final = 1.25
_HALVINGS: Final = 40


class Design:
    """A number of test cases and of training seeds, and the spread that is expected of them.

    Parameters
    ----------
    spread : Spread
        Of the paired differences, in Dice. A part that was not measured counts as 0.
    cases, seeds : int
        M >= 2 and S >= 1.
    level : float
        Of each one-sided test, in (0, 0.5).
    """

    def __init__(self, spread: Spread, cases: int, seeds: int, level: float = 0.05) -> None:
        self._sd = math.sqrt(spread.variance(cases, seeds))
        shared = (spread.residual_sd or 0.0) ** 2 / (cases * seeds)
        of_seeds = spread.from_seeds(seeds) + shared if seeds > 1 else 0.0
        self._reach, self._weight = _reach(
            spread.from_cases(cases, seeds), of_seeds, cases, seeds, level
        )

    def power(self, question: Question, margin: float, difference: float = 0.0) -> float:
        """Compute the chance that the mean difference is found inside the margin.

        Parameters
        ----------
        margin : float
            In Dice, > 0: inside is (-margin, margin), or (-margin, ∞) for non-inferiority.
        difference : float
            The true mean difference, in Dice.

        Returns
        -------
        float
            In [0, 1]. Without any spread it is 0 or 1.
        """
        high = margin if question == "equivalence" else math.inf
        if self._sd == 0:
            return float(-margin < difference < high)
        above = ndtr((high - difference - self._reach) / self._sd)
        below = ndtr((-margin - difference + self._reach) / self._sd)
        return float(self._weight @ np.maximum(above - below, 0.0))

    def detectable(self, question: Question, power: float) -> float | None:
        """Find the smallest margin that is met with this power if there is no true difference.

        For non-inferiority it is also the smallest true loss that a one-sided test against 0 finds
        with this power, because the test only shifts.

        Returns
        -------
        float or None
            In Dice; None where even a margin of 1 is not met.
        """
        if self._sd == 0:
            return 0.0
        if self.power(question, 1.0) < power:
            return None
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            enough = self.power(question, middle) >= power
            low, high = (low, middle) if enough else (middle, high)
        return high


class Target(NamedTuple):
    """The power that is asked for, and of which test; see `Design`."""

    question: Question
    margin: float
    power: float = 0.8
    difference: float = 0.0
    level: float = 0.05

    def is_met(self, design: Design) -> bool:
        return design.power(self.question, self.margin, self.difference) >= self.power


def find_cases(spread: Spread, seeds: int, target: Target) -> int | None:
    """Find the fewest test cases that reach a power, at least the 50 that a verdict takes.

    More cases do not always help: where the spread of two or three seeds decides, they leave the
    test the degrees of freedom of the seeds alone. So the search goes up from 50 and stops at the
    first that suffice.

    Returns
    -------
    int or None
        None where no number up to 100,000 does.
    """

    def suffices(cases: int) -> bool:
        return target.is_met(Design(spread, cases, seeds, target.level))

    below, cases = MIN_VERDICT_CASES - 1, MIN_VERDICT_CASES
    while not suffices(cases):
        if cases == MAX_CASES:
            return None
        below, cases = cases, min(MAX_CASES, math.ceil(cases * _GROWTH))
    return _first(suffices, below, cases)


def find_seeds(spread: Spread, cases: int, target: Target) -> int | None:
    """Find the fewest training seeds that reach a power, at least the three that measure trainings.

    Returns
    -------
    int or None
        None where no number up to 100 does.
    """

    def suffices(seeds: int) -> bool:
        return target.is_met(Design(spread, cases, seeds, target.level))

    if not suffices(MAX_SEEDS):
        return None
    return _first(suffices, MIN_SEEDS - 1, MAX_SEEDS)


def _first(suffices: Callable[[int], bool], below: int, enough: int) -> int:
    """Halve the gap between a number that does not suffice, or is too low, and one that does."""
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if suffices(middle) else (middle, enough)
    return enough


def _reach(
    from_cases: float, from_seeds: float, cases: int, seeds: int, level: float
) -> tuple[Array, Array]:
    """Give half the interval of the test and its weight at each node of A and B."""
    factors, weights = chi_squared_nodes(cases - 1, _CASE_NODES)
    if from_seeds == 0:
        return stdtrit(cases - 1, 1 - level) * np.sqrt(from_cases * factors), weights
    seed_factors, seed_weights = chi_squared_nodes(seeds - 1, _SEED_NODES)
    of_cases, of_seeds = from_cases * factors[:, None], from_seeds * seed_factors
    squared = of_cases + of_seeds
    dof = squared**2 / (of_cases**2 / (cases - 1) + of_seeds**2 / (seeds - 1))
    reach = stdtrit(dof, 1 - level) * np.sqrt(squared)
    return reach.ravel(), np.outer(weights, seed_weights).ravel()
