"""What an empty region counts as, and how often that decides anything.

Dice is null (NaN here) if reference and prediction are both empty, and 0 if exactly one of them is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.schema.answer import Counts, EmptyRule

FILL: Final[dict[str, float]] = {"brats": 1.0, "zero": 0.0}
MIXED_SHARE_LIMIT: Final = 0.02
MISSED_BELOW: Final = 1e-6  # other tools smooth their zeros; a real overlap is no smaller


def apply_rule(dice: NDArray[np.float64], rule: EmptyRule) -> NDArray[np.float64]:
    """Replace nulls or leave them out.

    Parameters
    ----------
    dice : float array, shape (S, 2, M, K)
        Training seed, side, case, region; NaN is null.
    rule : {"brats", "drop", "zero"}
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


def count_cases(
    dice: NDArray[np.float64], regions: Sequence[str], rule: EmptyRule
) -> dict[str, Counts]:
    """Count distinct cases per region; with several seeds a case counts where any seed shows it.

    A Dice below 1e-6 counts as 0 here, and stays as it is in the factors. ``empty``: null on both
    sides. ``mixed``: null beside 0, so a ``false_positive`` on the side of the 0. ``missed``: 0 on
    a side where the reference is not known to be empty (0 on both sides of an empty reference
    cannot be told from two misses). ``dropped``: left out in at least one seed;
    ``used``: entered the factors in at least one.
    """
    null = np.isnan(dice)
    either, both = np.asarray(null.any(axis=1)), np.asarray(null.all(axis=1))
    mixed = either & ~both
    left_out = either if rule == "drop" else np.zeros_like(either)
    real, synthetic = (dice < MISSED_BELOW).swapaxes(0, 1)
    of_sides = [real & ~either, synthetic & ~either, real & mixed, synthetic & mixed]
    flags = np.stack([~left_out, left_out, both, mixed, *of_sides])  # (8, S, M, K)
    counts = flags.any(axis=1).sum(axis=1).T.tolist()
    return {region: _name_counts(*found) for region, found in zip(regions, counts, strict=True)}


def _name_counts(used: int, dropped: int, empty: int, mixed: int, *of_sides: int) -> Counts:
    missed_real, missed_synthetic, false_real, false_synthetic = of_sides
    return {
        "used": used,
        "dropped": dropped,
        "empty": empty,
        "mixed": mixed,
        "missed": {"real": missed_real, "synthetic": missed_synthetic},
        "false_positive": {"real": false_real, "synthetic": false_synthetic},
    }


def mixed_share(dice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the share of mixed pairs of each region: (S, 2, M, K) to (K,), in [0, 1]."""
    null = np.isnan(dice)
    if not null.any():
        return np.zeros(dice.shape[-1])
    mixed = null.any(axis=1) & ~null.all(axis=1)
    share: NDArray[np.float64] = mixed.mean(axis=(0, 1))
    return share
