"""The scores of one model by column: factors, companions and resamples start from them.

A column holds, for every case, the mean over its regions or the Dice of one region, on one side.
There are Q = 2 + 2K of them, each a row of M cases: the two case means first, then the regions of
the real and those of the synthetic side. What the empty rule leaves out is 0 in `scores` and False
in `present`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
EQUAL: Final = 1e-14  # spreads below this are rounding: the inputs are equal


@dataclass(frozen=True)
class Columns:
    """The columns of one model and the moments that more than one number needs."""

    scores: Array  # (Q, M)
    present: Flags  # (Q, M)

    @classmethod
    def from_dice(cls, dice: Array) -> Columns:
        """Make the columns of Dice, float array (2, M, K); NaN on both sides leaves a pair out."""
        columns = np.concatenate([case_mean(dice), *dice.transpose(0, 2, 1)])
        missing = np.isnan(columns)
        return cls(np.where(missing, 0.0, columns), ~missing)

    @cached_property
    def complete(self) -> bool:
        """Whether nothing is left out."""
        return bool(self.present.all())

    @cached_property
    def cases(self) -> NDArray[np.intp]:
        """Cases of each column, (Q,)."""
        cases: NDArray[np.intp] = self.present.sum(axis=1)
        return cases

    @cached_property
    def sides(self) -> Array:
        """The regions of each side, (2, K, M)."""
        return self.scores[2:].reshape(2, -1, self.scores.shape[1])

    @cached_property
    def ordered(self) -> Array:
        """The regions of each side in ascending order, (2, K, M), NaN last where left out."""
        rows = self.scores[2:] if self.complete else np.where(self.present, self.scores, np.nan)[2:]
        return np.sort(rows, axis=1).reshape(self.sides.shape)

    @cached_property
    def gaps(self) -> Array:
        """Absolute difference of both sides, (K, M); eq. 9 averages it."""
        gaps: Array = np.abs(self.sides[0] - self.sides[1])
        return gaps

    @cached_property
    def mean_gap(self) -> Array:
        """Mean of `gaps`, (K,): T4; NaN without cases."""
        return _mean(self.gaps, self.cases[2 : 2 + len(self.gaps)])

    @cached_property
    def gap_deviations(self) -> Array:
        """Difference of `gaps` from their mean, (K, M); exactly 0 where it is rounding alone."""
        return self._centred(self.gaps, self.mean_gap, self.present[2 : 2 + len(self.gaps)])

    @cached_property
    def centre(self) -> Array:
        """Mean of each column, (Q,); NaN without cases."""
        return _mean(self.scores, self.cases)

    @cached_property
    def deviations(self) -> Array:
        """Difference from the column's mean, (Q, M); exactly 0 where it is rounding alone."""
        return self._centred(self.scores, self.centre, self.present)

    @cached_property
    def variance(self) -> Array:
        """Population variance of each column, (Q,); NaN without cases."""
        return _mean_square(self.deviations, self.cases)

    @cached_property
    def scaled(self) -> Array:
        """The regions as shares of their largest Dice, (2, K, M); NaN where every Dice is 0.

        Squares of tiny Dice would underflow.
        """
        with np.errstate(invalid="ignore"):
            shares: Array = self.sides / self.sides.max(axis=2, keepdims=True, initial=0.0)
        return shares

    @cached_property
    def relative(self) -> Array:
        """Population coefficient of variation of each region, (2, K); NaN where the mean is 0."""
        rows = self.scaled.reshape(-1, self.scores.shape[1])
        cases = self.cases[2:]
        centre = _mean(rows, cases)
        deviations = self._centred(rows, centre, self.present[2:])
        return (np.sqrt(_mean_square(deviations, cases)) / centre).reshape(2, -1)

    @cached_property
    def within(self) -> Array:
        """Spread over the regions that a case has, (2, M), ddof 0; 0 for a case without one."""
        present = self.present[2:].reshape(self.sides.shape)
        deviations = np.where(present, self.sides - self.scores[:2, None], 0.0)
        largest = np.abs(deviations).max(axis=1)
        deviations *= (largest > EQUAL * self.sides.max(axis=1))[:, None]
        counts = np.maximum(present.sum(axis=1), 1)
        spreads: Array = np.sqrt((deviations**2).sum(axis=1) / counts)
        return spreads

    def _centred(self, rows: Array, centre: Array, present: Flags) -> Array:
        deviations = rows - centre[:, None]
        if not self.complete:
            deviations = np.where(present, deviations, 0.0)
        deviations[is_rounding(deviations, rows)] = 0.0
        return deviations


def case_mean(dice: Array) -> Array:
    """Average over the regions a case has, (..., M, K) to (..., M); NaN for a case with none."""
    missing = np.isnan(dice)
    if not missing.any():
        whole: Array = dice.mean(axis=-1)
        return whole
    total = np.where(missing, 0.0, dice).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        means: Array = total / (~missing).sum(axis=-1)
    return means


def is_rounding(deviations: Array, x: Array) -> Flags:
    """Say of each row (..., M) whether its `deviations` from `x` are rounding alone, (...)."""
    scale = np.abs(x).max(axis=-1, initial=0.0)
    rounding: Flags = np.abs(deviations).max(axis=-1, initial=0.0) <= EQUAL * scale
    return rounding


def _mean(rows: Array, cases: NDArray[np.intp]) -> Array:
    with np.errstate(invalid="ignore"):
        means: Array = rows.sum(axis=1) / cases
    return means


def _mean_square(deviations: Array, cases: NDArray[np.intp]) -> Array:
    with np.errstate(invalid="ignore"):
        squares: Array = np.vecdot(deviations, deviations) / cases
    return squares
