"""Tails of many resampled numbers at once."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BLOCK: Final = 250  # values; so few are sorted in registers, many times faster than a row
MARGIN: Final = 4  # standard errors of how many values of a block belong to a tail


def tails(values: Array, confidence: float) -> list[tuple[float, float]]:
    """Quantiles of each row of (F, N) at both tails, linear between order statistics.

    As `numpy.quantile`, which costs many times more.
    """
    size = values.shape[1]
    last = size - 1
    at = last * (1 - confidence) / 2, last * (1 + confidence) / 2
    below = int(at[0]), min(int(at[1]), max(0, last - 1))
    above = [min(rank + 1, last) for rank in below]
    ends = _ends(np.array(values, order="C"), max(above[0] + 1, size - below[1]))
    # Counted from the end, a rank is the same place among all values and among the highest alone.
    places = (below[0], above[0]), (below[1] - size, above[1] - size)
    found = [
        ordered[:, low] + (x - start) * (ordered[:, high] - ordered[:, low])
        for ordered, (low, high), x, start in zip(ends, places, at, below, strict=True)
    ]
    return list(zip(*(end.tolist() for end in found), strict=True))


def _ends(values: Array, count: int) -> tuple[Array, Array]:
    """At least the `count` lowest and as many highest of each row, in order; sorts in place.

    Where that is a small share, the ends of a row are sought among the ends of its blocks.
    """
    rows, size = values.shape
    expected = count / size * BLOCK
    keep = math.ceil(expected + MARGIN * (math.sqrt(expected) + 1))
    if size >= 4 * BLOCK and keep < BLOCK // 2:
        whole = size - size % BLOCK
        blocks, rest = values[:, :whole].reshape(rows, -1, BLOCK), values[:, whole:]
        blocks.sort(axis=2)
        lowest = _merged(blocks[:, :, :keep], rest)
        highest = _merged(blocks[:, :, -keep:], rest)
        below = lowest[:, count - 1] <= blocks[:, :, keep - 1].min(axis=1)
        above = highest[:, -count] >= blocks[:, :, -keep].max(axis=1)
        if below.all() and above.all():  # of what the blocks keep back
            return lowest, highest
    values.sort(axis=1)
    return values, values


def _merged(blocks: Array, rest: Array) -> Array:
    merged = np.concatenate([blocks.reshape(len(blocks), -1), rest], axis=1)
    merged.sort(axis=1)
    return merged
