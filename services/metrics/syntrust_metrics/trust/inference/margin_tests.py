r"""Whether a mean paired difference lies inside a margin, outside it, or neither can be shown.

Equivalence asks for :math:`(-\delta, \delta)`, non-inferiority for :math:`(-\delta, \infty)`.
"Inside" is shown by two one-sided t tests at .05 (Schuirmann, J Pharmacokinet Biopharm 15, 1987,
doi:10.1007/BF01068419), which is the same as a 90 % t interval inside the margin; outside by an
interval wholly on one side of it. The two questions are two families over regions, each adjusted
by Holm (Scandinavian Journal of Statistics 6, 1979, jstor 4615733). "Not significantly different"
is never called inside.

With several training seeds the differences are averaged over seeds for each case, and the error
has a part from cases and one from seeds (`intervals.crossed_mean`): the verdict then speaks of
trainings, not of one trained model. This averages no Dice into a factor: a mean difference is the
same whether seeds or cases are averaged first. A large failure counts at its size in its own seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from syntrust_metrics.trust.estimation.intervals import MIN_CASES, Mean, crossed_means
from syntrust_metrics.trust.estimation.variance_components import chi_squared_nodes
from syntrust_metrics.trust.schema.answer import EquivalenceTest

Array = NDArray[np.float64]
LEVEL: Final = 0.05
MIN_VERDICT_CASES: Final = 50
IMAGINED_FAILURES: Final = 3
RARE_FAILURES: Final = "rare large failures"
INCONCLUSIVE: Final = "inconclusive"
NOT_EVERY: Final = "not every region"
AFTER_HOLM: Final = "not after Holm's adjustment"
OUTSIDE_BEFORE_HOLM: Final = "outside the margin, but not after Holm's adjustment"
REACHES_ACROSS: Final = "the interval reaches past the margin"
Equivalent = Literal["equivalent", "different"]
NonInferior = Literal["non-inferior", "inferior"]
EveryRegion = Literal["not every region", "inconclusive"]
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Margin(Generic[Word]):
    """The differences that count as inside, and the names of both findings."""

    low: float
    high: float
    inside: Word
    outside: Word

    def holds(self, low: float, high: float) -> bool:
        return self.low < low and high < self.high

    def depth(self, value: float) -> float:
        """Compute the distance of `value` from the nearer end; negative outside."""
        return min(value - self.low, self.high - value)


def equivalence_margin(delta: float) -> Margin[Equivalent]:
    return Margin(-delta, delta, "equivalent", "different")


def non_inferiority_margin(delta: float) -> Margin[NonInferior]:
    return Margin(-delta, math.inf, "non-inferior", "inferior")


@dataclass(frozen=True)
class PairedTest:
    """The test of a mean difference against a margin.

    `p_inside` and `p_outside` are None without an interval.
    """

    cases: int
    difference: float | None
    ci90: tuple[float, float] | None = None
    p_inside: float | None = None
    p_outside: float | None = None
    power: float | None = None
    fragile: bool = False

    def verdict(
        self, margin: Margin[Word], p_inside: float | None, p_outside: float | None
    ) -> Verdict[Word]:
        """Decide with p values that are adjusted, or need no adjustment.

        An inconclusive verdict names what withheld it: first the numbers themselves, then the
        adjustment, and fewer cases or rare failures only where they alone stand in the way.
        """
        if p_inside is None or p_outside is None:
            return Verdict(INCONCLUSIVE, f"fewer than {MIN_CASES} cases")
        if p_outside < LEVEL:
            return Verdict(margin.outside, None)
        if p_inside >= LEVEL:
            return Verdict(INCONCLUSIVE, self._explain_not_shown())
        if self.cases < MIN_VERDICT_CASES:
            return Verdict(INCONCLUSIVE, f"fewer than {MIN_VERDICT_CASES} cases")
        if self.fragile:
            return Verdict(INCONCLUSIVE, RARE_FAILURES)
        return Verdict(margin.inside, None)

    def _explain_not_shown(self) -> str:
        """Say whether the numbers alone or Holm's adjustment withhold both findings."""
        if self.p_inside is not None and self.p_inside < LEVEL:
            return AFTER_HOLM
        if self.p_outside is not None and self.p_outside < LEVEL:
            return OUTSIDE_BEFORE_HOLM
        return REACHES_ACROSS

    @property
    def excludes_zero(self) -> bool | None:
        """Whether the 90 % interval excludes a difference of 0; None without an interval."""
        return None if self.ci90 is None else not self.ci90[0] <= 0 <= self.ci90[1]


@dataclass(frozen=True)
class Verdict(Generic[Word]):
    verdict: Word | Literal["inconclusive"]
    reason: str | None


def run_paired_test(differences: Array, margin: Margin[Word]) -> PairedTest:
    """Test the mean of paired differences against a margin.

    Parameters
    ----------
    differences : float array, shape (S, M)
        Dice differences by training seed and case; NaN where a pair is left out.
    margin : Margin
        The differences that count as inside.

    Returns
    -------
    PairedTest
        p values of one region alone; no test with fewer than ten cases.
    """
    return run_paired_tests(differences[None], margin)[0]


def run_paired_tests(differences: Array, margin: Margin[Word]) -> list[PairedTest]:
    """Do the same for each of (F, S, M)."""
    pairs = zip(crossed_means(differences), differences, strict=True)
    return [_run_paired_test(mean, each, margin) for mean, each in pairs]


def _run_paired_test(mean: Mean | None, differences: Array, margin: Margin[Word]) -> PairedTest:
    if mean is None or mean.cases < MIN_CASES:
        present = ~np.isnan(differences)
        value = float(differences[present].mean()) if present.any() else None
        return PairedTest(int(present.any(axis=0).sum()), value)
    # Inside takes both one-sided tests and outside either: the nearer end decides both.
    depth = margin.depth(mean.value)
    return PairedTest(
        cases=mean.cases,
        difference=mean.value,
        ci90=_t_interval(mean),
        p_inside=_one_sided_p(mean, depth),
        p_outside=_one_sided_p(mean, -depth),
        power=_power(mean, margin),
        fragile=_is_fragile(mean, float(np.fmax.reduce(np.abs(differences), axis=None)), margin),
    )


def decide(tests: Sequence[PairedTest], margin: Margin[Word]) -> list[Verdict[Word]]:
    """Decide over regions, the p values of each of the two questions adjusted by Holm."""
    inside = adjust_by_holm([each.p_inside for each in tests])
    outside = adjust_by_holm([each.p_outside for each in tests])
    return [
        each.verdict(margin, *adjusted)
        for each, *adjusted in zip(tests, inside, outside, strict=True)
    ]


def decide_every_region(
    tests: Sequence[PairedTest], verdicts: Sequence[Verdict[Word]], margin: Margin[Word]
) -> Word | EveryRegion:
    """Decide whether every region is inside.

    An intersection of tests needs no adjustment, so it may hold where a single region does not.
    Regions outside, which are a union and are adjusted, refute it: where all of them are outside
    the finding is theirs, else it is `not every region`.
    """
    unadjusted = [each.verdict(margin, each.p_inside, each.p_outside).verdict for each in tests]
    if all(verdict == margin.inside for verdict in unadjusted):
        return margin.inside
    outside = [each.verdict == margin.outside for each in verdicts]
    if all(outside):
        return margin.outside
    return NOT_EVERY if any(outside) else INCONCLUSIVE


def decide_alone(tests: PairedTest, margin: Margin[Word]) -> Verdict[Word]:
    return tests.verdict(margin, tests.p_inside, tests.p_outside)


def describe_test(tests: PairedTest, verdict: Verdict[Equivalent]) -> EquivalenceTest:
    """Describe one region in an answer; `p` is the unadjusted one of "inside"."""
    return {
        "verdict": verdict.verdict,
        "difference": tests.difference,
        "ci90": list(tests.ci90) if tests.ci90 else None,
        "p": tests.p_inside,
        "power": tests.power,
        "excludes_zero": tests.excludes_zero,
        "reason": verdict.reason,
    }


def adjust_by_holm(values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values by Holm's step-down rule; None is no test and no part of the family."""
    tested = sorted((p, index) for index, p in enumerate(values) if p is not None)
    adjusted: list[float | None] = [None] * len(values)
    highest = 0.0
    for rank, (p, index) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[index] = highest
    return adjusted


def _t_interval(mean: Mean) -> tuple[float, float]:
    half = _t_quantile(mean.dof) * mean.error
    return mean.value - half, mean.value + half


@lru_cache(maxsize=64)
def _t_quantile(dof: float) -> float:
    return float(stdtrit(dof, 1 - LEVEL))


def _one_sided_p(mean: Mean, distance: float) -> float:
    """Compute the one-sided p that the mean is beyond a bound that it has passed by `distance`."""
    if mean.error == 0:
        return float(distance <= 0)
    return float(stdtr(mean.dof, -distance / mean.error))


def _power(mean: Mean, margin: Margin[Word]) -> float:
    r"""Compute the chance that one region alone is found inside if the true difference is 0.

    Exact for the t test with the error seen here as the true one:
    :math:`E_s[\Phi(h/\sigma - t s) - \Phi(l/\sigma + t s)]_+` over the scaled chi distribution of
    the estimated error (Owen, Biometrika 52, 1965, doi:10.1093/biomet/52.3-4.437).
    """
    if mean.error == 0:
        return 1.0
    variance, weight = chi_squared_nodes(round(mean.dof, 9))
    reach = _t_quantile(mean.dof) * np.sqrt(variance)
    found = ndtr(margin.high / mean.error - reach) - ndtr(margin.low / mean.error + reach)
    return float(weight @ np.maximum(found, 0.0))


def _is_fragile(mean: Mean, size: float, margin: Margin[Word]) -> bool:
    """Say whether three more differences of the largest seen size would leave the margin.

    A t interval rests on the cases it has seen. A failure that happens once in a few hundred cases
    is rarely among them (Poisson: to see none is compatible with three to come).
    """
    return not all(
        margin.holds(*_t_interval(_add_failures(mean, sign * size))) for sign in (-1.0, 1.0)
    )


def _add_failures(mean: Mean, difference: float) -> Mean:
    """Add cases whose difference is `difference` in every seed."""
    cases = mean.cases + IMAGINED_FAILURES
    value = (mean.cases * mean.value + IMAGINED_FAILURES * difference) / cases
    squares = mean.from_cases * mean.cases * (mean.cases - 1)
    squares += mean.cases * (mean.value - value) ** 2
    squares += IMAGINED_FAILURES * (difference - value) ** 2
    from_cases = squares / cases / (cases - 1)
    return Mean(value, cases, from_cases, mean.from_seeds, mean.dof)
