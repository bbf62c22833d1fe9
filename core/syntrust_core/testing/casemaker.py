"""A tiny synthetic case, as an uploader would send it.

Written with nibabel and the standard gzip, so that reading is tested against another writer.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.vocabulary import MODALITIES

Array = NDArray[Any]
Affine = NDArray[np.float64]

SHAPE: Final = (28, 24, 20)
SPACING_MM: Final = (4.0, 5.0, 6.0)
_as_image: Callable[..., Any] = nib.Nifti1Image
_as_header: Callable[..., Any] = nib.Nifti1Header


def lps_affine(
    spacing_mm: tuple[float, float, float] = SPACING_MM,
    origin_mm: tuple[float, float, float] = (50.0, 60.0, -40.0),
) -> Affine:
    """Voxel indices to NIfTI's world for axes that run to the left, to the back and up."""
    affine = np.diag([-spacing_mm[0], -spacing_mm[1], spacing_mm[2], 1.0])
    affine[:3, 3] = origin_mm
    return affine


def ellipsoid(
    shape: tuple[int, int, int], centre: tuple[float, ...], radius: float
) -> NDArray[np.bool_]:
    """Voxels within `radius` of `centre`, both in fractions of the shape."""
    axes = [(np.arange(n) + 0.5) / n - c for n, c in zip(shape, centre, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    inside: NDArray[np.bool_] = x**2 + y**2 + z**2 <= radius**2
    return inside


def make_volumes(shape: tuple[int, int, int] = SHAPE, *, seed: int = 0) -> dict[str, Array]:
    """Four int16 modalities with background 0 and a `seg` of scheme brats2021, in LPS.

    The brain is an off-centre ellipsoid, the tumour three nested balls in one half of it.
    """
    rng = np.random.default_rng(seed)
    brain = ellipsoid(shape, (0.48, 0.52, 0.5), 0.38)
    seg = np.zeros(shape, np.uint8)
    for radius, label in ((0.2, 2), (0.14, 4), (0.09, 1)):
        seg[ellipsoid(shape, (0.38, 0.5, 0.5), radius)] = label
    volumes: dict[str, Array] = {}
    for role in MODALITIES:
        image = rng.integers(200, 1000, shape) + 300 * seg.astype(np.int64)
        volumes[role] = np.where(brain, image, 0).astype(np.int16)
    return {**volumes, "seg": seg}


def nifti_bytes(array: Array, affine: Affine, header: Mapping[str, Any] | None = None) -> bytes:
    """One NIfTI-1 file, sform and qform set; `header` then overwrites fields as they are stored."""
    image = _as_image(array, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    whole = bytearray(image.to_bytes())
    if header:
        changed = _as_header(bytes(whole[:348]), check=False)
        for field, value in header.items():
            changed[field] = value
        whole[:348] = changed.binaryblock
    return bytes(whole)


def write_nifti(
    path: Path, array: Array, affine: Affine, header: Mapping[str, Any] | None = None
) -> Path:
    """Write `nifti_bytes`, gzipped if the name ends in ``.gz``."""
    content = nifti_bytes(array, affine, header)
    path.write_bytes(gzip.compress(content, 1) if path.name.endswith(".gz") else content)
    return path


def write_upload(
    folder: Path, volumes: Mapping[str, Array] | None = None, affine: Affine | None = None
) -> dict[str, Path]:
    """Write every volume as `<role>.nii.gz`; paths by role."""
    folder.mkdir(parents=True, exist_ok=True)
    affine = lps_affine() if affine is None else affine
    return {
        role: write_nifti(folder / f"{role}.nii.gz", array, affine)
        for role, array in (make_volumes() if volumes is None else volumes).items()
    }
