"""Tails of many resampled numbers at once."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SAMPLE: Final = 250  # resamples that tell roughly where a tail begins
MARGIN: Final = 4  # standard errors of that


def tails(values: Array, confidence: float) -> list[tuple[float, float]]:
    """Quantiles of each row of (F, N) at both tails, linear between order statistics.

    As `numpy.quantile`, which costs many times more.
    """
    values = np.ascontiguousarray(values)
    last = values.shape[1] - 1
    at = last * (1 - confidence) / 2, last * (1 + confidence) / 2
    below = int(at[0]), min(int(at[1]), max(0, last - 1))
    lowest = _neighbours(values, below[0])
    highest = -_neighbours(-values, max(0, last - 1 - below[1]))[:, ::-1]
    ends = [
        pair[:, 0] + (x - start) * (pair[:, 1] - pair[:, 0])
        for x, start, pair in zip(at, below, (lowest, highest), strict=True)
    ]
    return list(zip(*(end.tolist() for end in ends), strict=True))


def _neighbours(values: Array, rank: int) -> Array:
    """The order statistics `rank` and `rank + 1` of each row, (F, 2); the last twice at the end.

    A partition looks at every value several times. Where the tail is short, the first values, which
    are as random as all, tell below which bound it surely lies, and only what is there is sorted.
    """
    size = values.shape[1]
    expected = (rank + 2) / size * SAMPLE
    place = math.ceil(expected + MARGIN * (math.sqrt(expected) + 1))
    if size >= 4 * SAMPLE and place < SAMPLE // 2:
        bound = np.sort(values[:, :SAMPLE], axis=1)[:, place, None]
        short = values < bound
        counts = np.count_nonzero(short, axis=1)
        if counts.min() > rank + 1:
            lowest = np.full((len(values), counts.max()), np.inf)
            places = np.arange(counts.max()) < counts[:, None]
            lowest[places] = values.ravel()[short.ravel().nonzero()]
            lowest.sort(axis=1)
            return lowest[:, rank : rank + 2]
    kept = [rank, min(rank + 1, size - 1)]
    ordered: Array = np.partition(values, kept, axis=1)
    return ordered[:, kept]
