r"""Whether a mean loss of Dice can be excluded, over cases and trainings.

The mean of paired differences over cases and training seeds has a squared error of two parts,
:math:`A` from seeds and :math:`B` from cases. With three seeds a t interval with Satterthwaite's
degrees of freedom errs on one side in up to 6.2 % where it says 5 %. So the quantiles of both parts
are weighted (Cochran and Cox, Experimental Designs, 1957, section 4.14):

.. math:: h = \frac{A\,t_{S-1} + B\,t_{M-1}}{\sqrt{A + B}}

which errs in 3.5 to 5.0 % for S = 3, M = 60, whatever the shares of A and B. A part of the error
that seeds and cases share is counted in both, which errs on the safe side.

A t interval rests on the cases it has seen. Two guards cover for what M cases can miss: three more
differences of the largest size that was seen, as in `margin_tests`; and cases that fail wholly, at
the highest rate at which M cases show none in one study of twenty, :math:`1 - .05^{1/M}`. A
training that fails rarely is not covered: seeds are taken as drawn from a normal distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from syntrust_metrics.trust.estimation.intervals import MIN_CASES, Mean, crossed_means
from syntrust_metrics.trust.inference.margin_tests import (
    IMAGINED_FAILURES,
    LEVEL,
    MIN_VERDICT_CASES,
    RARE_FAILURES,
)
from syntrust_metrics.trust.inference.trend import MIN_SEEDS
from syntrust_metrics.trust.schema.recommendation import LossReason, LossVerdict

Array = NDArray[np.float64]
WHOLE_LOSS: Final = 1.0  # Dice
ACROSS: Final[LossReason] = "the bound lies beyond the margin"
_HALVINGS: Final = 60


@dataclass(frozen=True)
class LossTest:
    """The test of a mean difference against a loss of at least the margin.

    `low` and `high` are one-sided bounds of the mean difference, each at the level .05; `p` is that
    of a loss of at least the margin. All three are None with fewer than ten cases.
    """

    cases: int
    verdict: LossVerdict
    reason: LossReason | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def run_loss_tests(differences: Array, margin: float) -> list[LossTest]:
    """Test whether mean paired differences exclude a loss of at least the margin.

    Parameters
    ----------
    differences : float array, shape (F, S, M)
        Dice less that of real data alone, by training seed and case; NaN where a pair is left out.
        From three seeds on the mean is one over cases and trainings, else over cases alone.
    margin : float
        The smallest harmful loss in Dice, > 0.

    Returns
    -------
    list of LossTest
        One for each of F. "not worse" takes 50 cases, a lower bound above -margin, and both guards.
    """
    seeds = differences.shape[1]
    means = crossed_means(differences)
    failed = _imagine_failures(differences)
    return [
        _run_loss_test(_keep_parts(mean, seeds), _keep_parts(worse, seeds), seeds, margin)
        for mean, worse in zip(means, failed, strict=True)
    ]


def rate_of_unseen(cases: int) -> float:
    """Compute the highest rate of an event that so many cases show never in one study of twenty."""
    return float(-np.expm1(np.log(LEVEL) / cases))


def fewest_cases(margin: float) -> int:
    """Compute how many test cases a recommendation takes, however small the spread is.

    They are at least the 50 of every verdict, and so many that a loss of the margin through cases
    that fail wholly would have been seen.

    Parameters
    ----------
    margin : float
        The smallest harmful loss in Dice, > 0.
    """
    if margin >= WHOLE_LOSS:
        return MIN_VERDICT_CASES
    seen = np.log(LEVEL) / np.log1p(-margin / WHOLE_LOSS)
    return max(MIN_VERDICT_CASES, int(seen) + 1)


def half_width(mean: Mean, seeds: int, tail: float = LEVEL) -> float:
    """Compute the distance from a mean to its one-sided bound, which it passes in `tail` at most.

    Parameters
    ----------
    mean : Mean
        With its two parts of the squared error.
    seeds : int
        Seeds that the part from seeds rests on.
    tail : float
        In (0, 1).
    """
    if mean.error == 0:
        return 0.0
    by_cases = mean.from_cases * float(stdtrit(mean.cases - 1, 1 - tail))
    by_seeds = mean.from_seeds * float(stdtrit(seeds - 1, 1 - tail)) if mean.from_seeds else 0.0
    return (by_cases + by_seeds) / mean.error


def _keep_parts(mean: Mean | None, seeds: int) -> Mean | None:
    """Leave out the spread over seeds where the sentence is about these trained models alone."""
    return replace(mean, from_seeds=0.0) if mean is not None and seeds < MIN_SEEDS else mean


def _imagine_failures(differences: Array) -> list[Mean | None]:
    """Add three cases that lose, in every seed, the largest difference of a case that was seen."""
    if differences.shape[2] == 0 or np.isnan(differences).all():
        return [None] * len(differences)
    size = np.fmax.reduce(np.abs(differences), axis=(1, 2))
    shape = (*differences.shape[:2], IMAGINED_FAILURES)
    return crossed_means(
        np.concatenate([differences, np.broadcast_to(-size[:, None, None], shape)], axis=2)
    )


def _run_loss_test(mean: Mean | None, worse: Mean | None, seeds: int, margin: float) -> LossTest:
    if mean is None or worse is None or mean.cases < MIN_CASES:
        return LossTest(0 if mean is None else mean.cases, "undecided", "fewer than 10 cases")
    half = half_width(mean, seeds)
    low, high = mean.value - half, mean.value + half
    verdict: LossVerdict = "worse" if high < -margin else "undecided"
    reason = (
        None if verdict == "worse" else next(_list_doubts(mean, low, worse, seeds, margin), None)
    )
    return LossTest(
        cases=mean.cases,
        verdict=verdict if verdict == "worse" or reason else "not worse",
        reason=reason,
        difference=mean.value,
        low=low,
        high=high,
        p=_find_p(mean, seeds, mean.value + margin),
    )


def _list_doubts(
    mean: Mean, low: float, worse: Mean, seeds: int, margin: float
) -> Iterator[LossReason]:
    """Give each reason why a loss of at least the margin is not excluded."""
    if mean.cases < MIN_VERDICT_CASES:
        yield "fewer than 50 cases"
    if low <= -margin:
        yield ACROSS
    if worse.value - half_width(worse, seeds) <= -margin:
        yield RARE_FAILURES
    if mean.value - WHOLE_LOSS * rate_of_unseen(mean.cases) <= -margin:
        yield "failures too rare to be seen"


def _find_p(mean: Mean, seeds: int, distance: float) -> float:
    """Find the level at which the bound, `distance` away, would just be passed."""
    if mean.error == 0:
        return float(distance <= 0)
    if mean.from_seeds == 0:
        return float(stdtr(mean.cases - 1, -distance / mean.error))
    low, high = 0.0, 0.5  # the bound comes nearer as the level rises
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = half_width(mean, seeds, middle) > abs(distance)
        low, high = (middle, high) if beyond else (low, middle)
    return high if distance > 0 else 1 - high
