"""The statistics of the preprocessing. They need only numpy, so an exported bundle has them too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
Z_LIMIT = 10.0


def z_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute z-scores of the brain's values, bounded to [-10, 10].

    Mean and standard deviation (population) are those of the values between the 0.5th and 99.5th
    percentiles, both included.

    Parameters
    ----------
    values : float64, shape (n,)
        One modality within the brain; any unit.

    Raises
    ------
    ValueError
        The values are not finite, or constant.
    """
    if not np.isfinite(values).all():
        raise ValueError("holds values in the brain that are not finite")
    # Observed values, not interpolated ones: rounding then cannot decide whether a voxel counts.
    low = np.percentile(values, LOW_PERCENTILE, method="lower")
    high = np.percentile(values, HIGH_PERCENTILE, method="higher")
    inner = values[(values >= low) & (values <= high)]
    mean, sd = inner.mean(), inner.std()
    if sd == 0:
        raise ValueError("is constant within the brain; it holds no image")
    bounded: NDArray[np.float64] = np.clip((values - mean) / sd, -Z_LIMIT, Z_LIMIT)
    return bounded
