r"""What may be said of a curve over α. Only seeds measure training noise.

Case resampling alone declares a trend in 20-70 % of flat curves: the cases are the same at every α,
while each α is another training. So a slope is judged by its spread over at least three seeds, or,
with one or two, by the exact distribution of Kendall's rank statistic over at least five α
(Kendall, Biometrika 30, 1938, doi:10.1093/biomet/30.1-2.81); otherwise the curve is undecided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from syntrust_metrics.trust.schema.inference import Crossing as CrossingBody
from syntrust_metrics.trust.schema.inference import Kendall, LowestT4, Trend, TrendVerdict

Array = NDArray[np.float64]
MIN_SEEDS: Final = 3
MIN_ALPHAS: Final = 5
UNDECIDED: Final = "undecided"
NOISE_UNKNOWN: Final = "training noise not measured"
ROUNDING: Final = 1e-12


@dataclass(frozen=True)
class Crossing:
    """A sign change: the α it is interpolated to, and its neighbours."""

    alpha: float
    between: tuple[float, float]

    def as_body(self) -> CrossingBody:
        return {"alpha": self.alpha, "between": list(self.between)}


def find_crossings(alphas: Array, values: Array) -> list[Crossing]:
    """Find all sign changes of `values` over ascending `alphas`, both (A,), interpolated linearly.

    A value of exactly 0 between opposite signs is the crossing itself (several in a row: their
    middle); touching 0 without changing sign, or ending there, is none.
    """
    signed = [i for i in range(values.size) if values[i] != 0]
    found = []
    for i, j in pairwise(signed):
        if (values[i] > 0) == (values[j] > 0):
            continue
        between = float(alphas[i]), float(alphas[j])
        if j == i + 1:
            step = values[i] / (values[i] - values[j])
            found.append(Crossing(float(alphas[i] + step * (alphas[j] - alphas[i])), between))
        else:
            found.append(Crossing(float((alphas[i + 1] + alphas[j - 1]) / 2), between))
    return found


def decide_trend(alphas: Array, by_seed: Array, confidence: float) -> Trend:
    """Decide whether a factor rises or falls over α.

    Parameters
    ----------
    alphas : float array, shape (A,)
        The α, ascending.
    by_seed : float array, shape (A, S)
        The factor by α and training seed; NaN where undefined.
    confidence : float
        Level of interval and test.

    Returns
    -------
    Trend
        `slope` is per unit of α, the mean over seeds, `ci` its t interval over seeds.
    """
    if alphas.size < 2:
        return _describe_trend(None, None, UNDECIDED, "fewer than two α")
    if np.isnan(by_seed).any():
        return _describe_trend(None, None, UNDECIDED, "undefined at some α")
    slopes = slope_by_seed(alphas, by_seed)
    if slopes.size >= MIN_SEEDS:
        ci = interval_over_seeds(slopes, confidence)
        flat = ci[0] <= 0 <= ci[1]
        reason = "the interval of the slope holds 0" if flat else None
        return _describe_trend(slopes, ci, UNDECIDED if flat else _name_direction(ci[0]), reason)
    if alphas.size < MIN_ALPHAS:
        return _describe_trend(slopes, None, UNDECIDED, NOISE_UNKNOWN)
    tau, p = kendall_tau(by_seed.mean(axis=1))
    shown = p < 1 - confidence
    reason = None if shown else "Kendall's test shows no trend"
    verdict = _name_direction(tau) if shown else UNDECIDED
    return _describe_trend(slopes, None, verdict, reason, {"tau": tau, "p": p})


def slope_by_seed(alphas: Array, by_seed: Array) -> Array:
    """Fit the least-squares slope of each seed, (A, S) to (S,)."""
    centred = alphas - alphas.mean()
    slopes: Array = centred @ (by_seed - by_seed.mean(axis=0)) / (centred @ centred)
    return np.where(np.abs(slopes) <= ROUNDING, 0.0, slopes)


def interval_over_seeds(values: Array, confidence: float) -> tuple[float, float]:
    """Compute Student's t interval of the mean of (S,) values, S >= 2."""
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    half = float(stdtrit(values.size - 1, (1 + confidence) / 2)) * error
    return float(values.mean()) - half, float(values.mean()) + half


def kendall_tau(values: Array) -> tuple[float, float]:
    """Compute Kendall's tau of (A,) values against their order, and its exact two-sided p.

    The null distribution is that without ties; ties make the test conservative.
    """
    differences = np.sign(values[None, :] - values[:, None])
    score = int(np.triu(differences, 1).sum())
    pairs = values.size * (values.size - 1) // 2
    discordant = np.arange(pairs + 1)
    tail = _inversion_shares(values.size)[pairs - 2 * discordant >= abs(score)].sum()
    return score / pairs, min(1.0, 2 * float(tail))


def find_lowest(alphas: Array, by_seed: Array, confidence: float) -> LowestT4:
    """Find the α at which a factor, (A, S) with NaN where undefined, is lowest.

    It is decided if the factor is below that of every other α by the t interval over seeds of the
    paired difference. Each α could be the lowest by chance, so α share the level (Bonferroni).
    """
    if np.isnan(by_seed).any():
        return {"verdict": UNDECIDED, "alpha": None, "reason": "undefined at some α"}
    place = int(by_seed.mean(axis=1).argmin())
    reason = None
    if by_seed.shape[1] < MIN_SEEDS:
        reason = NOISE_UNKNOWN
    elif alphas.size < 2:
        reason = "fewer than two α"
    else:
        shared = 1 - (1 - confidence) / alphas.size
        gaps = np.delete(by_seed - by_seed[place], place, axis=0)
        if any(interval_over_seeds(gap, shared)[0] <= ROUNDING for gap in gaps):
            reason = "not lower than every other α beyond training noise"
    return {
        "verdict": UNDECIDED if reason else "lowest",
        "alpha": float(alphas[place]),
        "reason": reason,
    }


def _describe_trend(
    slopes: Array | None,
    ci: tuple[float, float] | None,
    verdict: TrendVerdict,
    reason: str | None,
    rank_test: Kendall | None = None,
) -> Trend:
    return {
        "verdict": verdict,
        "slope": None if slopes is None else float(slopes.mean()),
        "ci": list(ci) if ci else None,
        "kendall": rank_test,
        "reason": reason,
    }


def _name_direction(value: float) -> TrendVerdict:
    return "rising" if value > 0 else "falling"


@lru_cache(maxsize=32)
def _inversion_shares(size: int) -> Array:
    """Compute the shares of the permutations of `size` with 0, 1, ... inversions."""
    share = np.ones(1)
    for count in range(2, size + 1):
        share = np.convolve(share, np.full(count, 1 / count))
    return share
