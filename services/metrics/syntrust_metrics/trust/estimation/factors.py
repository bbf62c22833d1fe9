"""The five trust factors of one trained model, as printed.

Raja Babu, Muly, Prabhu, Sivaprakasam, "Position Paper: Building Trust in Synthetic Data for
Clinical AI", 2025, arXiv 2502.02076, equations 6-10; readings and options as in the definition
`rajababu2025/2`. Dice are in [0, 1]; an undefined factor is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.estimation.columns import Columns

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """T1-T5 of one model; NaN where undefined."""

    t1: Array  # (2,) mean over cases of the case's mean over its regions, [0, 1], higher is better
    t2: Array  # (2,) one minus the spread of those case means, [0.5, 1] at ddof 0, higher is better
    t3: Array  # (K,) cosine of the two Dice vectors, [0, 1], higher is better
    t4: Array  # (K,) mean absolute difference, [0, 1], lower is better
    t5: Array  # (2, K) coefficient of variation, >= 0, lower is better


def compute_factors(columns: Columns, *, ddof: int) -> Factors:
    """Compute T1-T5 of one model.

    Parameters
    ----------
    columns : Columns
        The Dice of the model.
    ddof : int
        0 or 1, of the standard deviations in T2 and T5.

    Returns
    -------
    Factors
        NaN where undefined.
    """
    case_means, regions = columns.cases[:2], columns.cases[2:].reshape(2, -1)
    return Factors(
        t1=columns.centre[:2],  # eq. 6
        t2=1 - spread(np.sqrt(columns.variance[:2]), case_means, ddof),  # eq. 7
        t3=_cosines(*columns.scaled),
        t4=columns.mean_gap,  # eq. 9
        t5=spread(columns.relative, regions, ddof),  # eq. 10
    )


def spread(population: Array, cases: NDArray[np.intp], ddof: int) -> Array:
    """Turn population standard deviations into those with `ddof`; NaN without enough cases."""
    if ddof == 0:
        return population
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(cases > ddof, population * np.sqrt(cases / (cases - ddof)), np.nan)


def _cosines(real: Array, synthetic: Array) -> Array:
    """Compute T3 (eq. 8) of each row: inner product over norms; NaN where a norm is 0."""
    norms = np.sqrt(np.vecdot(real, real)) * np.sqrt(np.vecdot(synthetic, synthetic))
    cosines: Array = np.minimum(1.0, np.vecdot(real, synthetic) / norms)
    return cosines
