"""Estimate whether large regions score higher than small ones, as the paper claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from syntrust_metrics.experiment.schema import SizeCorrelation, SizeEffect
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.trust.schema.base import Scope
from syntrust_metrics.trust.serialization import round_numbers

MIN_CASES: Final = 10  # as for the intervals of the trust factors
SCOPE: Final[Scope] = "this trained model"
Pairs = Sequence[tuple[float, float]]


def estimate_size_effect(trust_input: TrustInput, confidence: float) -> list[SizeEffect]:
    """Compute Spearman's ρ of region volume and Dice, for each α, side and region.

    It is a mean over seeds. Cases that lack the region in the reference are left out.
    """
    return [
        {
            "alpha": float(alpha),
            "real": _correlate(trust_input, [run.score_real for run in runs], confidence),
            "synthetic": _correlate(trust_input, [run.score_synthetic for run in runs], confidence),
        }
        for alpha, runs in trust_input.runs().items()
    ]


def _correlate(
    trust_input: TrustInput, steps: Sequence[str], confidence: float
) -> dict[str, SizeCorrelation]:
    """Correlate by region; each step scored one training."""
    tables = [_pair_volume_with_dice(trust_input, step) for step in steps]
    return {
        region: average_correlations([table[region] for table in tables], confidence)
        for region in sorted(tables[0])
    }


def _pair_volume_with_dice(trust_input: TrustInput, step: str) -> Mapping[str, Pairs]:
    """Pair volume in ml with Dice, for the cases that have a region."""
    scores = [trust_input.find_score(case, step) for case in trust_input.cases]
    return {
        region: [
            (volume, dice)
            for score in scores
            if (volume := score.reference_ml[region]) > 0
            and (dice := score.dice[region]) is not None
        ]
        for region in scores[0].dice
    }


def average_correlations(by_seed: Sequence[Pairs], confidence: float) -> SizeCorrelation:
    r"""Average Spearman's ρ over seeds, with an interval over the cases.

    With :math:`z = \operatorname{atanh} \rho` the interval is
    :math:`\tanh(z \pm q \sqrt{(1 + \rho^2/2)/(n-3)})` [1]_. Seeds share their cases, so their mean
    has the interval of one: it says nothing about other trainings.

    Parameters
    ----------
    by_seed : sequence of sequences of (float, float)
        For each seed the pairs (volume in ml, Dice in [0, 1]) of the cases that have the region.
    confidence : float
        Level of the interval, in (0, 1).

    Returns
    -------
    SizeCorrelation
        ``value`` is null where one of the two does not vary.

    References
    ----------
    .. [1] Bonett and Wright, Psychometrika 65, 2000, doi:10.1007/BF02294183
    """
    cases = len(by_seed[0])
    each = np.array([spearman(np.array(pairs).reshape(-1, 2)) for pairs in by_seed])
    if np.isnan(each).any():
        reason = "volume or Dice does not vary" if cases > 1 else "fewer than 2 cases"
        return _make_estimate(cases, reason=reason)
    rho = float(each.mean())
    spread = float(each.std(ddof=1)) if each.size > 1 else None
    if cases < MIN_CASES or abs(rho) > 1 - 1e-12:
        reason = f"fewer than {MIN_CASES} cases" if cases < MIN_CASES else "a perfect order"
        return _make_estimate(cases, rho, spread, reason=reason)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * ((1 + rho**2 / 2) / (cases - 3)) ** 0.5
    bounds = [float(np.tanh(np.arctanh(rho) + step)) for step in (-reach, reach)]
    return _make_estimate(cases, rho, spread, ci=bounds)


def spearman(pairs: NDArray[np.float64]) -> float:
    """Correlate the ranks of (n, 2), ties at their mean rank; NaN if a column is constant."""
    if len(pairs) < 2 or (np.ptp(pairs, axis=0) == 0).any():
        return np.nan
    ranks = rankdata(pairs, axis=0)
    return float(np.corrcoef(ranks.T)[0, 1])


def _make_estimate(
    cases: int,
    value: float | None = None,
    seed_sd: float | None = None,
    *,
    ci: list[float] | None = None,
    reason: str | None = None,
) -> SizeCorrelation:
    estimate: SizeCorrelation = {
        "value": value,
        "ci": ci,
        "scope": SCOPE if ci else None,
        "seed_sd": seed_sd,
        "reason": reason,
        "cases": cases,
    }
    return round_numbers(estimate)
