"""Test whether a generator repeats what it was trained on: twins of seen and unseen sources.

A twin resembles its own source in any case, since both follow one label map. Memorisation shows
where twins resemble the sources that the *generator* was trained on more than those that it has
never seen.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from syntrust_core.contracts.results import SimilarityTest

Vector = NDArray[np.float64]

FEWEST_SOURCES: Final = 20
LEVEL: Final = 0.05
PERCENTILE: Final = 95
PERMUTATIONS: Final = 9999
SEED: Final = 0
CONFIDENCE: Final = 0.95


def compare_seen_with_unseen(seen: Vector, unseen: Vector) -> SimilarityTest:
    """Compare how alike twins and their own sources are, for seen and for unseen sources.

    Parameters
    ----------
    seen, unseen : float64 array, shape (sources,)
        Similarities; higher is more alike.

    Returns
    -------
    dict
        The means and their difference; `p` of the one-sided permutation test of the difference of
        means (9999 seeded draws and the sample itself); `above`, the share of seen sources above
        the 95th percentile of unseen ones, with Wilson's interval (0.05 is expected). All of it is
        null, with a reason, where fewer than 20 sources are seen or unseen.
    """
    reason = _explain_too_few(seen, unseen)
    if reason is not None:
        return {
            "seen_mean": None,
            "unseen_mean": None,
            "difference": None,
            "p": None,
            "above": {"value": None, "ci": None, "expected": 1 - PERCENTILE / 100},
            "reason": reason,
        }
    threshold = np.percentile(unseen, PERCENTILE)
    count = int(np.count_nonzero(seen > threshold))
    return {
        "seen_mean": float(seen.mean()),
        "unseen_mean": float(unseen.mean()),
        "difference": float(seen.mean() - unseen.mean()),
        "p": permutation_p(seen, unseen),
        "above": {
            "value": count / len(seen),
            "ci": wilson_interval(count, len(seen)),
            "expected": 1 - PERCENTILE / 100,
        },
        "reason": None,
    }


def _explain_too_few(seen: Vector, unseen: Vector) -> str | None:
    counts = {"seen": len(seen), "not seen": len(unseen)}
    few = [f"{n} of the sources were {name} by the generator" for name, n in counts.items()]
    short = [text for text, n in zip(few, counts.values(), strict=True) if n < FEWEST_SOURCES]
    return f"Only {' and '.join(short)}; at least {FEWEST_SOURCES} are needed." if short else None


def permutation_p(seen: Vector, unseen: Vector) -> float:
    """Compute p of "seen sources are not resembled more than unseen ones" by permutations."""
    rng = np.random.default_rng(SEED)
    pooled = np.concatenate([seen, unseen])
    centred = pooled - pooled.mean()  # the sum over the seen then orders as the difference does
    observed = centred[: len(seen)].sum()
    reached = 1
    for _ in range(PERMUTATIONS):
        drawn = rng.permutation(centred)[: len(seen)].sum()
        reached += bool(drawn >= observed - 1e-12)
    return reached / (PERMUTATIONS + 1)


def wilson_interval(count: int, n: int) -> list[float]:
    """Compute Wilson's score interval of a share, 95 % (JASA 22, 1927, doi:10.2307/2276774)."""
    z = float(special.ndtri((1 + CONFIDENCE) / 2))
    share, scale = count / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At none and all a bound is exact, which the sum above misses by a rounding.
    low = float(centre - half) if count else 0.0
    high = float(centre + half) if count < n else 1.0
    return [low, high]
