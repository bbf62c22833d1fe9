"""The MNI ICBM152 2009a templates of the nilearn wheel, loaded once per process and coarsened.

Copyright of the templates: (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal
Neurological Institute, McGill University. They are read from the installed wheel, never shipped.
Source: Fonov et al. 2011, doi:10.1016/j.neuroimage.2010.07.033.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Medians of the 1 mm T1 template (scaled to [0, 1]) where one tissue's probability exceeds 0.9.
T1_CSF, T1_GM, T1_WM = 0.28, 0.65, 0.87


@dataclass(frozen=True)
class Templates:
    """Maps on one RAS lattice of MNI space. Each (X, Y, Z) float32.

    `detail` is the T1 template less what its tissue shares explain: deep nuclei, brain stem.
    """

    gm: NDArray[np.float32]
    wm: NDArray[np.float32]
    brain: NDArray[np.float32]
    detail: NDArray[np.float32]
    origin_mm: tuple[float, float, float]
    step_mm: float


@lru_cache(maxsize=3)
def load_templates(step_mm: int) -> Templates:
    """Load templates coarsened to `step_mm` (1, 2, 3 mm …), smoothed by a Gaussian of step/2."""
    fine = _load_fine()
    if step_mm == 1:
        return fine
    maps = (fine.gm, fine.wm, fine.brain, fine.detail)
    gm, wm, brain, detail = (_coarsen(volume, step_mm) for volume in maps)
    return Templates(gm, wm, brain, detail, fine.origin_mm, float(step_mm))


@lru_cache(maxsize=1)
def _load_fine() -> Templates:
    t1, gm, wm, brain, origin = _load_nilearn()
    gm, wm = _sharpen(t1, gm, wm)
    explained = T1_GM * gm + T1_WM * wm + T1_CSF * (1 - gm - wm)
    detail = np.where(brain > 0, t1 - explained, 0).astype(np.float32)
    return Templates(gm, wm, brain, detail, origin, 1.0)


def _load_nilearn() -> tuple[Any, Any, Any, Any, tuple[float, float, float]]:
    with warnings.catch_warnings():
        # nilearn and what it imports announce their own deprecations, which are not ours to fix.
        warnings.simplefilter("ignore")
        datasets = importlib.import_module("nilearn.datasets")
        images = [
            datasets.load_mni152_template(resolution=1),
            datasets.load_mni152_gm_template(resolution=1),
            datasets.load_mni152_wm_template(resolution=1),
            datasets.load_mni152_brain_mask(resolution=1),
        ]
    t1, gm, wm, brain = (np.asarray(image.dataobj, dtype=np.float32) for image in images)
    x, y, z = (float(v) for v in images[0].affine[:3, 3])
    return t1, gm, wm, brain, (x, y, z)


def _sharpen(
    t1: NDArray[np.float32], gm: NDArray[np.float32], wm: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sharpen tissue shares averaged over 152 brains to those of one: near 0 or 1, open sulci.

    The average hides sulcal fluid in grey matter; a T1 darker than grey matter reveals it.
    """
    fluid_t1 = np.clip((0.60 - t1) / (0.60 - T1_CSF), 0, 1)
    fluid = np.maximum(1 - gm - wm, fluid_t1)
    rest = np.maximum(gm + wm, 1e-6)
    shares = np.stack([gm / rest * (1 - fluid), wm / rest * (1 - fluid), fluid])
    shares = np.clip(shares, 0, 1) ** np.float32(1.8)
    shares /= np.maximum(shares.sum(0), 1e-6)
    return shares[0].astype(np.float32), shares[1].astype(np.float32)


def _coarsen(volume: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    smooth = ndimage.gaussian_filter(volume, step / 2, output=np.float32)
    return np.ascontiguousarray(smooth[::step, ::step, ::step])
