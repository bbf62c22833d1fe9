"""Images that were drawn for a case, on the grid and in the frame of its upload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syntrust_core.caserecord import UploadedFrame
from syntrust_core.geometry import Geometry, uploaded_grid
from syntrust_core.labels import MODALITIES
from syntrust_core.resample import Within, resample_nearest
from syntrust_core.volumes import write_volume


def export_images(
    images: NDArray[np.float32],
    *,
    brain: NDArray[np.bool_],
    geometry: Geometry,
    uploaded: UploadedFrame,
    background: float,
    folder: Path,
) -> dict[str, Path]:
    """Write the four modalities of a twin as the uploader would have them; paths by modality.

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
    native, orientation = uploaded_grid(uploaded)
    within = Within(brain, geometry, resample_nearest(brain, geometry, native, outside=0), native)
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    moved = np.empty(native.shape, np.float32)
    for role, image in zip(MODALITIES, images, strict=True):
        within.resample(image, out=moved, background=background)
        paths[role] = folder / f"{role}.nii.gz"
        write_volume(
            paths[role],
            orientation.from_lps(moved),
            np.asarray(uploaded.affine, np.float64),
            sform_code=uploaded.sform_code,
            qform_code=uploaded.qform_code,
        )
    return paths
