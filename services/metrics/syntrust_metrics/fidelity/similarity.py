"""Measure how alike two images of one grid are: MS-SSIM, PSNR, distance of their histograms.

A twin is a new draw from the same label map and need not look like its source: these numbers
describe, and higher is not better.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Volume = NDArray[np.floating[Any]]
Vector = NDArray[np.floating[Any]]

SCALES: Final = 3
# Wang et al. 2003, table of five scales; its first three, made to sum to one.
_FIVE_SCALES: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
EXPONENTS: Final = tuple(w / sum(_FIVE_SCALES[:SCALES]) for w in _FIVE_SCALES[:SCALES])
SIGMA_VOXELS: Final = 1.5  # Wang et al. 2004, as are the window of 11 and both constants
RADIUS_VOXELS: Final = 5
K1, K2 = 0.01, 0.03
LEAST_SIDE_VOXELS: Final = 48
"""On a shorter side the window of 11 is wider than the coarsest of three scales."""


def ms_ssim(
    first: Volume, second: Volume, weights: Mapping[str, Volume], *, data_range: float
) -> dict[str, float]:
    r"""Compute the multi-scale structural similarity in 3-D, three scales, for each area.

    .. math:: [l_3]^{\gamma_3} \prod_{s=1}^{3} [c_s]^{\gamma_s}

    Contrast-and-structure :math:`c_s` and, at the coarsest scale, luminance times it are averaged
    over the area; a negative average counts as 0. From scale to scale images and areas are averaged
    over 2x2x2 voxels. Beyond its edges an image is 0, so every voxel has a value.

    Parameters
    ----------
    first, second : float32 array, shape (X, Y, Z)
        Images of one grid, 0 outside the brain. Each side is a multiple of 4.
    weights : mapping of area to float32 array, shape (X, Y, Z)
        How much each voxel belongs to the area, in [0, 1]; not all 0.
    data_range : float
        Range of the intensities, > 0. It sets the constants that keep flat windows stable.

    Returns
    -------
    dict of float
        By area, in [0, 1]; 1 where the images are equal. Swapping the images changes nothing.

    References
    ----------
    Wang, Simoncelli, Bovik, Asilomar 2003, doi:10.1109/ACSSC.2003.1292216 (five scales; the
    exponents of the first three are scaled to sum to one); Wang et al., IEEE TIP 13(4), 2004,
    doi:10.1109/TIP.2003.819861. MONAI leaves out the border of half a window, which would cut off
    cortex here; inside, the local values are the same.
    """
    result = dict.fromkeys(weights, 1.0)
    x, y, areas = first, second, dict(weights)
    for scale, exponent in enumerate(EXPONENTS):
        whole, contrast = local_ssim(x, y, data_range=data_range)
        local = whole if scale == SCALES - 1 else contrast
        for area, weight in areas.items():
            mean = float(np.average(local, weights=weight))
            result[area] *= max(mean, 0.0) ** exponent
        if scale < SCALES - 1:
            x, y = pool(x), pool(y)
            areas = {area: pool(weight) for area, weight in areas.items()}
    return result


def local_ssim(first: Volume, second: Volume, *, data_range: float) -> tuple[Volume, Volume]:
    """Compute SSIM and its contrast-and-structure part around each voxel, both (X, Y, Z).

    Wang et al. 2004, eq. 13.
    """
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_x, mean_y = _window_mean(first), _window_mean(second)
    var_x = _window_mean(first * first) - mean_x * mean_x
    var_y = _window_mean(second * second) - mean_y * mean_y
    covariance = _window_mean(first * second) - mean_x * mean_y
    contrast: Volume = (2 * covariance + c2) / (var_x + var_y + c2)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    return luminance * contrast, contrast


def _window_mean(image: Volume) -> Volume:
    """Compute the Gaussian mean around each voxel; what lies beyond the edges counts as 0."""
    mean: Volume = ndimage.gaussian_filter(
        image, SIGMA_VOXELS, radius=RADIUS_VOXELS, mode="constant"
    )
    return mean


def pool(image: Volume) -> Volume:
    """Average blocks of 2x2x2 voxels, (X, Y, Z) to (X/2, Y/2, Z/2); every side must be even."""
    half = image[::2] + image[1::2]  # sums of halves: numpy is slow over axes of length two
    half = half[:, ::2] + half[:, 1::2]
    total: Volume = half[:, :, ::2] + half[:, :, 1::2]
    return total / 8


def psnr_db(reference: Vector, image: Vector, *, data_range: float) -> float | None:
    """Compute the peak signal-to-noise ratio 10·log10(range² / MSE) in decibels.

    Both images have the shape (voxels,). None where nothing differs: the ratio is infinite then.
    """
    difference = reference.astype(np.float64) - image
    error = float(np.mean(difference * difference))
    return 10 * float(np.log10(data_range**2 / error)) if error else None


def wasserstein_distance(first: Vector, second: Vector) -> float:
    """Compute the Wasserstein-1 distance of two samples of one size, (n,), in their unit.

    With equal sizes it is the mean difference of the sorted values. It needs no bins.
    """
    return float(np.abs(np.sort(first) - np.sort(second)).mean())
