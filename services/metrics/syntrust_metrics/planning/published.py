"""The spread to plan with where nothing was measured yet: summaries of published scores.

A Swin UNETR (Hatamizadeh et al., 2022, arXiv 2201.01266) was scored on 125 patients of BraTS 2021,
and Dice was published case by case. Only the standard deviations of it are kept here. They are
those of one model; the difference of two models that agree from case to case spreads less. How much
they agree was not published: a correlation is assumed, and every answer says so.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Final

from syntrust_metrics.planning.spread import Spread

PUBLISHED_CASES: Final = 125
DEFAULT_CORRELATION: Final = 0.8
CASE_SDS: Final = MappingProxyType({"ET": 0.1523, "TC": 0.1226, "WT": 0.0983})
"""Standard deviation of Dice between cases (ddof 1), by region, in Dice."""
OVERALL_CASE_SD: Final = 0.0960
"""The same of the case's mean Dice over the three regions."""


def spread_of_difference(case_sd: float, correlation: float) -> Spread:
    """Give the spread of the difference of two models, each with `case_sd` between cases.

    Parameters
    ----------
    case_sd : float
        Standard deviation of one model's Dice between cases, >= 0.
    correlation : float
        Pearson's, of both models' Dice over cases, in [0, 1).

    Returns
    -------
    Spread
        All of it between cases, so that further seeds promise nothing.
    """
    return Spread(case_sd * math.sqrt(2 * (1 - correlation)))
