"""Turn tissue and tumour into four int16 volumes, as a scanner and BraTS's pipeline give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_standalone.phantoms.anatomy import Tissue
from syntrust_standalone.phantoms.fields import Field, Grid, Volume
from syntrust_standalone.phantoms.lesion import Lesion


@dataclass(frozen=True)
class Contrast:
    """Signal of each pure tissue relative to white matter, and the template detail's gain."""

    csf: float
    gm: float
    ncr: float
    ed: float
    et: float
    vessel: float
    detail: float


# Set so that the medians per label, partial volumes included, come near those measured on real
# slices with known tissue, and healthy tissue varies about as much as in real volumes.
CONTRASTS: Mapping[str, Contrast] = MappingProxyType(
    {
        "t1": Contrast(csf=0.40, gm=0.80, ncr=0.72, ed=0.88, et=0.87, vessel=0.9, detail=0.9),
        "t1ce": Contrast(csf=0.30, gm=0.73, ncr=0.64, ed=0.81, et=1.30, vessel=1.7, detail=0.9),
        "t2": Contrast(csf=2.95, gm=1.34, ncr=2.50, ed=1.85, et=1.92, vessel=0.8, detail=-1.2),
        "flair": Contrast(csf=0.20, gm=1.14, ncr=1.51, ed=1.59, et=1.65, vessel=0.6, detail=-0.5),
    }
)
BIAS_LARGEST = 0.08
BLUR_MM = (0.35, 0.70)
VESSEL_FIELD = 0.12  # how far a field with knots of 9 mm moves within 1 mm
SCALE = (250.0, 1500.0)
INT16_LARGEST = 32767


@dataclass(frozen=True)
class Textures:
    """Fields shared by the four modalities, so that a spot is a spot in all of them."""

    tissue: Volume
    region: Volume
    necrosis: Volume
    rim: Volume
    vessel: Volume  # share of a voxel, [0, 1]

    @classmethod
    def draw(cls, rng: np.random.Generator, grid: Grid) -> Textures:
        knots_mm = (4.0, 30.0, 6.0, 4.5, 9.0, 9.0)
        tissue, region, necrosis, rim, *ways = (Field.draw(rng, k).evaluate(grid) for k in knots_mm)
        return cls(tissue, region, necrosis, rim, _vessels(ways[0], ways[1], grid))


def _vessels(first: Volume, second: Volume, grid: Grid) -> Volume:
    """Tubes of about 1 mm radius where two smooth fields both vanish: a curve in space.

    On a coarse grid they are widened to two thirds of a voxel and thinned by the same area.
    """
    width = max(1.0, max(grid.spacing_mm) / 1.5)
    tube = np.exp(-(first**2 + second**2) / np.float32(2 * (VESSEL_FIELD * width) ** 2))
    share: Volume = (tube / np.float32(width**2)).astype(np.float32)
    return share


def signal(
    contrast: Contrast,
    tissue: Tissue,
    *,
    lesion: Lesion,
    box: tuple[slice, slice, slice],
    textures: Textures,
    jitter: NDArray[np.float64],
) -> Volume:
    """Compute the noise-free signal relative to white matter. (X, Y, Z) float32.

    `jitter` multiplies the signals of NCR, ED and ET, in this order.
    """
    image = contrast.gm * tissue.gm + tissue.wm + contrast.csf * tissue.csf
    image += contrast.detail * np.clip(tissue.detail, -0.15, 0.15)
    image *= 1 + 0.02 * textures.tissue + 0.03 * textures.region
    image += np.clip(2.0 * tissue.csf, 0, 1) * textures.vessel * (contrast.vessel - image)
    ncr, ed, et = (np.float32(v) for v in jitter * (contrast.ncr, contrast.ed, contrast.et))
    part = image[box]
    wet = ed + (ed - 1) * 0.35 * (lesion.nearness - 0.5) + 0.03 * textures.tissue[box]
    part = part + lesion.ed * 0.92 * (wet - part)
    dead = ncr * (1 + 0.09 * textures.necrosis[box])
    rim = et * (1 + 0.10 * textures.rim[box])
    core = dead + np.clip(lesion.et, 0, 1) * (rim - dead)
    image[box] = part + lesion.core * (core - part)
    return image.astype(np.float32)


def acquire(
    rng: np.random.Generator, image: Volume, grid: Grid, brain: NDArray[np.bool_], *, noise: float
) -> NDArray[np.int16]:
    """Add blur, bias field, Rician noise and scale. (X, Y, Z): background 0, brain at least 1."""
    blur_mm, scale = rng.uniform(*BLUR_MM), rng.uniform(*SCALE)
    image = ndimage.gaussian_filter(image, blur_mm / np.asarray(grid.spacing_mm))
    image = image * _bias(rng, grid)
    real = image + noise * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(image.shape, dtype=np.float32)
    magnitude = np.sqrt(real * real + imaginary * imaginary) * np.float32(scale)
    counts = np.clip(np.rint(magnitude), 1, INT16_LARGEST)
    return np.where(brain, counts, 0).astype(np.int16)


def _bias(rng: np.random.Generator, grid: Grid) -> Volume:
    field = Field.draw(rng, 85.0).evaluate(grid)
    largest = max(float(np.abs(field).max()), 1e-6)
    strength = rng.uniform(0.4, 1.0) * BIAS_LARGEST
    return (1 + np.float32(strength / largest) * field).astype(np.float32)
