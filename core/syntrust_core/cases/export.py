"""Bring computed volumes back to the grid and frame of the upload."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_core.cases.label_schemes import (
    from_canonical,
)
from syntrust_core.contracts.case_record import (
    CaseRecord,
    UploadedFrame,
)
from syntrust_core.contracts.vocabulary import MODALITIES
from syntrust_core.imaging.geometry import Geometry, uploaded_grid
from syntrust_core.imaging.nifti import write_volume
from syntrust_core.imaging.resample import MaskedResampler, resample_nearest


def export_images(
    images: NDArray[np.float32],
    *,
    brain: NDArray[np.bool_],
    geometry: Geometry,
    uploaded: UploadedFrame,
    background: float,
    folder: Path,
) -> dict[str, Path]:
    """Write the four modalities of a twin on the grid of the upload; paths by modality.

    Interpolated linearly between voxels of the brain; copied unchanged where the canonical grid is
    native or cut out of the upload's by whole voxels. Equal arguments give equal bytes.

    Parameters
    ----------
    images : float32 array, shape (4, X, Y, Z)
        On `geometry`, in the order of `MODALITIES`.
    brain : bool array, shape (X, Y, Z)
        On `geometry`. Outside of it, and beyond `geometry`, a file holds `background`.
    geometry : Geometry
        The canonical grid.
    uploaded : UploadedFrame
        Shape, affine and axes of the files.
    background : float
        What the images hold outside the brain.
    folder : Path
        Where to write; it is made.
    """
    return export_volumes(
        {role: (image, background) for role, image in zip(MODALITIES, images, strict=True)},
        brain=brain,
        geometry=geometry,
        uploaded=uploaded,
        folder=folder,
    )


def export_volumes(
    volumes: Mapping[str, tuple[NDArray[np.float32], float]],
    *,
    brain: NDArray[np.bool_],
    geometry: Geometry,
    uploaded: UploadedFrame,
    folder: Path,
) -> dict[str, Path]:
    """Write volumes of any names, each with its value outside the brain."""
    native, orientation = uploaded_grid(uploaded)
    within = MaskedResampler(
        brain, geometry, resample_nearest(brain, geometry, native, outside=0), native
    )
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    moved = np.empty(native.shape, np.float32)
    for name, (volume, background) in volumes.items():
        within.resample(volume, out=moved, background=background)
        paths[name] = folder / f"{name}.nii.gz"
        _write(paths[name], orientation.from_lps(moved), uploaded)
    return paths


def export_labels(
    labels: NDArray[np.uint8], record: CaseRecord, path: Path, *, brain: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Write a canonical label map on the grid of the upload, and give the voxels as written.

    See `to_uploaded_grid`. `brain` (canonical) serves schemes that label the rest of the brain.
    """
    values = to_uploaded_grid(labels, record, brain=brain).values
    _write(path, values, record.uploaded)
    return values


def _write(
    path: Path, array: NDArray[np.float32] | NDArray[np.uint8], uploaded: UploadedFrame
) -> None:
    affine = np.asarray(uploaded.affine, np.float64)
    codes = {"sform_code": uploaded.sform_code, "qform_code": uploaded.qform_code}
    write_volume(path, array, affine, **codes)


class OnUploadedGrid(NamedTuple):
    """A label map on the grid of the upload; write it with the codes of `frame`."""

    values: NDArray[np.uint8]
    affine: NDArray[np.float64]
    frame: UploadedFrame


def to_uploaded_grid(
    labels: NDArray[np.uint8], record: CaseRecord, *, brain: NDArray[np.bool_] | None = None
) -> OnUploadedGrid:
    """Bring a canonical label map to the grid, frame and label values of the upload.

    Exact where the canonical grid is native, or cut out of it, and covers every label; else
    nearest neighbour. Voxels that the canonical grid does not cover are background. With `brain`
    (canonical), a scheme that labels the rest of the brain gets that label too.
    """
    canonical = Geometry.from_frame(record.canonical)
    native, orientation = uploaded_grid(record.uploaded)
    values = from_canonical(labels, record.scheme, brain=brain)
    moved = resample_nearest(values, canonical, native, outside=0)
    affine = np.asarray(record.uploaded.affine, np.float64)
    return OnUploadedGrid(orientation.from_lps(moved), affine, record.uploaded)
