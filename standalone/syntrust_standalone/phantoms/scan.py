"""From tissue and tumour to four int16 volumes as a scanner and BraTS's pipeline leave them."""

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

MODALITIES = ("t1", "t1ce", "t2", "flair")


@dataclass(frozen=True)
class Contrast:
    """Median signal of each tissue relative to white matter, and the template detail's gain."""

    csf: float
    gm: float
    ncr: float
    ed: float
    et: float
    detail: float


# Medians measured on real slices with known tissue; `detail` chosen by eye.
CONTRASTS: Mapping[str, Contrast] = MappingProxyType(
    {
        "t1": Contrast(csf=0.57, gm=0.86, ncr=0.78, ed=0.89, et=0.89, detail=0.8),
        "t1ce": Contrast(csf=0.39, gm=0.80, ncr=0.67, ed=0.80, et=1.46, detail=0.8),
        "t2": Contrast(csf=2.41, gm=1.23, ncr=2.62, ed=1.80, et=1.97, detail=-1.0),
        "flair": Contrast(csf=0.32, gm=1.01, ncr=1.51, ed=1.59, et=1.68, detail=-0.3),
    }
)
BIAS_LARGEST = 0.08
BLUR_MM = (0.35, 0.70)
SCALE = (250.0, 1500.0)
INT16_LARGEST = 32767


@dataclass(frozen=True)
class Textures:
    """Fields shared by the four modalities, so that a spot is a spot in all of them."""

    tissue: Volume
    necrosis: Volume
    rim: Volume

    @classmethod
    def draw(cls, rng: np.random.Generator, grid: Grid) -> Textures:
        fields = [Field.draw(rng, knot) for knot in (4.0, 6.0, 4.5)]
        return cls(*(field.on(grid) for field in fields))


def signal(
    contrast: Contrast,
    tissue: Tissue,
    *,
    lesion: Lesion,
    box: tuple[slice, slice, slice],
    textures: Textures,
    jitter: NDArray[np.float64],
) -> Volume:
    """Noise-free signal relative to white matter. (X, Y, Z) float32.

    `jitter` multiplies the signals of NCR, ED and ET, in this order.
    """
    image = contrast.gm * tissue.gm + tissue.wm + contrast.csf * tissue.csf
    image += contrast.detail * np.clip(tissue.detail, -0.15, 0.15)
    image *= 1 + 0.015 * textures.tissue
    ncr, ed, et = (np.float32(v) for v in jitter * (contrast.ncr, contrast.ed, contrast.et))
    part = image[box]
    wet = ed + (ed - 1) * 0.35 * (lesion.nearness - 0.5) + 0.03 * textures.tissue[box]
    part = part + lesion.ed * 0.92 * (wet - part)
    dead = ncr * (1 + 0.06 * textures.necrosis[box])
    rim = et * (1 + 0.08 * textures.rim[box])
    core = dead + np.clip(lesion.et, 0, 1) * (rim - dead)
    image[box] = part + lesion.core * (core - part)
    return image.astype(np.float32)


def acquire(
    rng: np.random.Generator, image: Volume, grid: Grid, brain: NDArray[np.bool_], *, noise: float
) -> NDArray[np.int16]:
    """Blur, bias field, Rician noise, unknown scale; background exactly 0, brain at least 1."""
    blur_mm, scale = rng.uniform(*BLUR_MM), rng.uniform(*SCALE)
    image = ndimage.gaussian_filter(image, blur_mm / np.asarray(grid.spacing_mm))
    image = image * _bias(rng, grid)
    real = image + noise * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(image.shape, dtype=np.float32)
    magnitude = np.sqrt(real * real + imaginary * imaginary) * np.float32(scale)
    counts = np.clip(np.rint(magnitude), 1, INT16_LARGEST)
    return np.where(brain, counts, 0).astype(np.int16)


def _bias(rng: np.random.Generator, grid: Grid) -> Volume:
    field = Field.draw(rng, 85.0).on(grid)
    largest = max(float(np.abs(field).max()), 1e-6)
    strength = rng.uniform(0.4, 1.0) * BIAS_LARGEST
    return (1 + np.float32(strength / largest) * field).astype(np.float32)
