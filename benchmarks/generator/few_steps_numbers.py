"""How twins of few steps differ from those of all: paired changes, contrast, fine structure.

Arrays of Dice are (S, M, K): training seeds, test cases, regions ET, ED, NCR; null counts as 1, as
in the trust factors' default. Images are (4, X, Y, Z) in the generator's brain-z numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_core.contracts.vocabulary import LABELS, MODALITIES, REGIONS
from syntrust_metrics.fidelity.intensity import lesion_contrast
from syntrust_metrics.trust.estimation.bootstrap import draw_weights

Array = NDArray[np.float64]
RESAMPLES: Final = 2000
TAILS: Final = (0.05, 0.95)  # a 90 % interval
DICE_MARGIN: Final = 0.02
CONTRAST_MARGIN: Final = 0.10
POWER_MARGIN: Final = 0.20
LEAST_CONTRAST: Final = 0.5  # sds; a weaker contrast counts as this much, else noise decides
FEWEST_VOXELS: Final = 20  # of a region whose contrast is measured


@dataclass(frozen=True)
class Change:
    """A mean over cases and its 90 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def lies_within(self, margin: float) -> bool:
        return -margin < self.low and self.high < margin


def paired_change(differences: Array) -> Change:
    """Average (M,) differences, one per case, with a percentile bootstrap over cases."""
    table = np.concatenate(list(draw_weights(differences.size, RESAMPLES, 0)))
    means = table @ differences / differences.size
    low, high = np.quantile(means[1:], TAILS)
    return Change(float(means[0]), float(low), float(high))


def compare_t1(found: Array, all_steps: Array) -> Change:
    """T1 of the synthetic test set, seeds averaged per case."""
    return paired_change((found - all_steps).mean(axis=(0, 2)))


def compare_t4(real: Array, found: Array, all_steps: Array) -> dict[str, Change]:
    """T4 of each region, seeds averaged per case."""
    apart = np.abs(real - found) - np.abs(real - all_steps)
    return {region: paired_change(apart[:, :, k].mean(axis=0)) for k, region in enumerate(REGIONS)}


def contrasts(
    images: NDArray[np.float32], labels: NDArray[np.uint8], brain: NDArray[np.bool_]
) -> Array:
    """Contrast of each modality and region, (4, K) in sds of healthy tissue; NaN if too small."""
    healthy = brain & (labels == 0)
    out = np.full((len(MODALITIES), len(REGIONS)), np.nan)
    for k, region in enumerate(REGIONS):
        lesion = labels == LABELS[region]
        if np.count_nonzero(lesion) >= FEWEST_VOXELS:
            for m, image in enumerate(images):
                found = lesion_contrast(image[lesion], image[healthy])
                out[m, k] = np.nan if found is None else found
    return out


def fine_power(
    images: NDArray[np.float32], labels: NDArray[np.uint8], brain: NDArray[np.bool_]
) -> Array:
    """Mean square of a healthy voxel less the mean of its six healthy neighbours, (4,)."""
    healthy = brain & (labels == 0)
    inside = ndimage.binary_erosion(healthy)
    return np.array([_residual(image)[inside].var() for image in images])


def _residual(image: NDArray[np.float32]) -> Array:
    neighbours = ndimage.generate_binary_structure(3, 1).astype(np.float64)
    neighbours[1, 1, 1] = 0
    values = image.astype(np.float64)
    rest: Array = values - ndimage.convolve(values, neighbours / 6, mode="nearest")
    return rest


@dataclass(frozen=True)
class Images:
    """Contrasts (M, 4, K) and fine power (M, 4) of the test cases' images of one kind."""

    contrasts: Array
    power: Array

    def contrast_error(self, all_steps: Images) -> tuple[float, str]:
        """The largest relative error of a mean contrast, signed, and where it is."""
        wanted = np.nanmean(all_steps.contrasts, axis=0)
        found = np.nanmean(self.contrasts, axis=0)
        relative = (found - wanted) / np.maximum(np.abs(wanted), LEAST_CONTRAST)
        m, k = np.unravel_index(np.nanargmax(np.abs(relative)), relative.shape)
        return float(relative[m, k]), f"{MODALITIES[m]} {REGIONS[k]}"

    def power_ratios(self, all_steps: Images) -> Array:
        """Ratio of fine power for each modality, (4,)."""
        ratios: Array = self.power.mean(axis=0) / all_steps.power.mean(axis=0)
        return ratios


@dataclass(frozen=True)
class Verdict:
    """What was measured of one number of steps, and what of it is out of bounds."""

    steps: int
    t1: Change
    t4: Mapping[str, Change]
    contrast: tuple[float, str]
    power: Array

    @property
    def faults(self) -> list[str]:
        factors = {"T1_S": self.t1, **{f"T4 {region}": c for region, c in self.t4.items()}}
        found = [name for name, c in factors.items() if not c.lies_within(DICE_MARGIN)]
        if abs(self.contrast[0]) > CONTRAST_MARGIN:
            found.append(f"contrast of {self.contrast[1]}")
        if np.abs(self.power - 1).max() > POWER_MARGIN:
            found.append("fine power")
        return found


def find_smallest(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The fewest steps without a fault."""
    fit = [verdict for verdict in verdicts if not verdict.faults]
    return min(fit, key=lambda verdict: verdict.steps, default=None)
