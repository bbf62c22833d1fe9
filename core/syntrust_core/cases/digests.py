"""SHA-256 over the content of a volume, never over its compressed bytes."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from syntrust_core.imaging.geometry import bounding_box

AFFINE_DECIMALS: Final = 6


def volume_digest(array: NDArray[Any], affine: NDArray[np.float64], axis_codes: str) -> str:
    """Digest one volume.

    The digest is over shape (``<i8``), axis codes (ASCII), affine (``<f8``, rounded to 1e-6) and
    voxels in C order (``<f4`` for real numbers, ``u1`` for labels and masks). The stored type, the
    byte order, the sign of zero and the compression make no difference.

    Parameters
    ----------
    array : float or integer array, shape (X, Y, Z)
        Real numbers are an image; integers and booleans are labels in 0 to 255.
    affine : float64 array, shape (4, 4)
        Voxel indices to world millimetres.
    axis_codes : str
        Where the axes run to, e.g. "LPS".
    """
    digest = hashlib.sha256()
    digest.update(np.asarray(array.shape, "<i8").tobytes())
    digest.update(axis_codes.encode("ascii"))
    digest.update(np.asarray(np.round(affine, AFFINE_DECIMALS) + 0.0, "<f8").tobytes())
    voxels = array.astype("<f4") + np.float32(0) if array.dtype.kind == "f" else array.astype("u1")
    digest.update(np.ascontiguousarray(voxels).data)
    return digest.hexdigest()


def image_fingerprint(image: NDArray[np.float32], background: float) -> str:
    """Digest of the foreground of a modality (X, Y, Z), LPS, uploaded resolution.

    Equal for the same voxels under another id, origin, orientation, crop or padding, and whatever
    their label map: it finds one scan that has two ids.
    """
    box = bounding_box(image != background)
    digest = hashlib.sha256(np.asarray(image[box].shape, "<i8").tobytes())
    digest.update(np.ascontiguousarray(image[box], "<f4").data)
    return digest.hexdigest()


def fingerprint(box: NDArray[np.uint8]) -> str:
    """Digest of the tumour-box crop of a canonical label map (X, Y, Z), LPS, uploaded resolution.

    Equal for the same mask in another label scheme, orientation, crop or padding: it finds the
    patients a generator has seen under another name.
    """
    digest = hashlib.sha256(np.asarray(box.shape, "<i8").tobytes())
    digest.update(np.ascontiguousarray(box, np.uint8).data)
    return digest.hexdigest()
