"""What an empty region counts as, and how often that decided anything.

Reference and prediction both empty is null (NaN here); exactly one of them empty is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.policy import EmptyRule
from syntrust_metrics.trust.rows import SIDES

FILL: Final[dict[str, float]] = {"brats": 1.0, "zero": 0.0}
MIXED_SHARE_LIMIT: Final = 0.02


def apply_rule(dice: NDArray[np.float64], rule: EmptyRule) -> NDArray[np.float64]:
    """Replace or leave out nulls.

    Parameters
    ----------
    dice : float array, shape (S, 2, M, K)
        Training seed, side, case, region; NaN is null.
    rule
        ``brats``: null is 1; ``zero``: null is 0; ``drop``: a pair with a null on either side is
        NaN on both.

    Returns
    -------
    float array, shape (S, 2, M, K)
        NaN where a pair is left out (``drop`` only).
    """
    null = np.isnan(dice)
    if rule != "drop":
        return np.where(null, FILL[rule], dice)
    return np.where(null.any(axis=1, keepdims=True), np.nan, dice)


def count(
    dice: NDArray[np.float64], regions: Sequence[str], rule: EmptyRule
) -> dict[str, dict[str, object]]:
    """Count distinct cases per region; with several seeds a case counts where any seed shows it.

    ``empty``: null on both sides. ``mixed``: null beside 0, so a ``false_positive`` on the side of
    the 0. ``missed``: 0 on a side where the reference is not known to be empty (0 on both sides of
    an empty reference cannot be told from two misses). ``dropped``: left out in at least one seed;
    ``used``: entered the factors in at least one.
    """
    null = np.isnan(dice)
    missed = dice == 0
    either, both = np.asarray(null.any(axis=1)), np.asarray(null.all(axis=1))
    mixed = either & ~both
    left_out = either if rule == "drop" else np.zeros_like(either)
    whole = map(_ids, (~left_out, left_out, both, mixed))
    sides = map(_ids, (missed & ~either[:, None], missed & mixed[:, None]))
    used, dropped, empty, mixed_ids = (found.tolist() for found in whole)
    missed_ids, false_positive = (found.T.tolist() for found in sides)
    return {
        region: {
            "used": used[k],
            "dropped": dropped[k],
            "empty": empty[k],
            "mixed": mixed_ids[k],
            "missed": dict(zip(SIDES, missed_ids[k], strict=True)),
            "false_positive": dict(zip(SIDES, false_positive[k], strict=True)),
        }
        for k, region in enumerate(regions)
    }


def mixed_share(dice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of mixed pairs among the pairs of each region: (S, 2, M, K) to (K,), in [0, 1]."""
    null = np.isnan(dice)
    if not null.any():
        return np.zeros(dice.shape[-1])
    mixed = null.any(axis=1) & ~null.all(axis=1)
    share: NDArray[np.float64] = mixed.mean(axis=(0, 1))
    return share


def _ids(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Cases flagged in any seed, from (S, ..., M, K) to (..., K)."""
    cases: NDArray[np.intp] = flags.any(axis=0).sum(axis=-2)
    return cases
