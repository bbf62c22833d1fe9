"""Distances between the surfaces of two masks: HD95 and normalised surface Dice.

Masks are (X, Y, Z) bool. A surface voxel is a mask voxel with a face neighbour outside; what lies
beyond the array is outside. Distances are between centres of surface voxels, in millimetres.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from syntrust_core.geometry import bounding_box

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
Spacing = tuple[float, float, float]

PERCENTILE: Final = 95
TOLERANCE_MM: Final = 1.0
"""Of the surface Dice: BraTS data are 1 mm, and its later rankings use this tolerance."""
MARGIN: Final = 2  # voxels; measured: looking further costs more than the tree
_LEAF_POINTS: Final = 64  # measured: the trees are queried once, so building them costs as much


class SurfaceDistances(NamedTuple):
    """From each surface voxel of one mask to the nearest of the other; infinite to an empty one."""

    reference_to_prediction: NDArray[np.float64]
    prediction_to_reference: NDArray[np.float64]


def surface_distances(reference: Mask, prediction: Mask, spacing_mm: Spacing) -> SurfaceDistances:
    """Distances in both directions, in no particular order.

    Parameters
    ----------
    reference, prediction : bool, shape (X, Y, Z)
    spacing_mm
        Voxel size along each axis, > 0.

    Raises
    ------
    ValueError
        If the shapes differ or a spacing is not above 0.
    """
    if reference.shape != prediction.shape or min(spacing_mm) <= 0:
        msg = f"masks of one shape are needed, and spacings above 0, not {spacing_mm}"
        raise ValueError(msg)
    either = reference | prediction
    if not either.any():
        return SurfaceDistances(np.zeros(0), np.zeros(0))
    box = bounding_box(either)
    first, second = (np.pad(_surface(mask[box]), MARGIN) for mask in (reference, prediction))
    return SurfaceDistances(
        _nearest(first, second, spacing_mm), _nearest(second, first, spacing_mm)
    )


def hd95_mm(distances: SurfaceDistances) -> float | None:
    """95th percentile Hausdorff distance in mm, ≥ 0, lower is better; None without a surface.

    The larger of both directions' 95th percentiles (Huttenlocher et al. 1993,
    doi:10.1109/34.232073), interpolated linearly: MONAI's `compute_hausdorff_distance`. DeepMind's
    surface-distance, which BraTS uses, weighs surface elements by area and sets them between
    voxels, so it differs by a fraction of a voxel; it counts a missing surface as 374 mm.
    """
    if not all(direction.size for direction in distances):
        return None
    return float(max(np.percentile(direction, PERCENTILE) for direction in distances))


def surface_dice(
    distances: SurfaceDistances, *, tolerance_mm: float = TOLERANCE_MM
) -> float | None:
    """Share of both surfaces within `tolerance_mm` of the other, in [0, 1], higher is better.

    Normalised surface Dice (Nikolov et al. 2021, doi:10.2196/26151) with surface voxels counted,
    as MONAI's `compute_surface_dice` does; Nikolov's own weighs surface elements by area.

    None where both masks are empty, 0 where exactly one is.
    """
    total = sum(direction.size for direction in distances)
    near = sum(int((direction <= tolerance_mm).sum()) for direction in distances)
    return near / total if total else None


def _surface(mask: Mask) -> Mask:
    """Mask voxels with a face neighbour outside the mask; shifts are faster than an erosion."""
    padded = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(3):
        for start in (0, 2):
            shifted = [slice(1, -1)] * 3
            shifted[axis] = slice(start, start + mask.shape[axis])
            inner &= padded[tuple(shifted)]
    return mask & ~inner


def _nearest(surface: Mask, other: Mask, spacing_mm: Spacing) -> NDArray[np.float64]:
    """Distance of each voxel of `surface` to the nearest of `other`, both with a margin around.

    Most are a voxel or two away: those are found by looking there, nearest places first, and only
    the others search a tree.
    """
    at, is_there = np.flatnonzero(surface), other.reshape(-1)
    distances = np.full(at.size, np.inf)
    left = np.arange(at.size)
    for step, length in _neighbourhood(surface.shape, spacing_mm):
        found = is_there[at[left] + step]
        distances[left[found]] = length
        left = left[~found]
    if left.size and is_there.any():
        tree = cKDTree(_points(other, spacing_mm), leafsize=_LEAF_POINTS, balanced_tree=False)
        distances[left] = tree.query(_points(surface, spacing_mm)[left])[0]
    return distances


def _neighbourhood(shape: tuple[int, ...], spacing_mm: Spacing) -> list[tuple[int, float]]:
    """Steps in the flat array to the places within the margin, and their lengths, nearest first.

    Only places nearer than any beyond the margin: the first that is there is then the nearest.
    """
    steps = np.stack(np.meshgrid(*[np.arange(-MARGIN, MARGIN + 1)] * 3, indexing="ij"), axis=-1)
    offsets = steps.reshape(-1, 3)
    lengths = np.sqrt(((offsets * np.asarray(spacing_mm)) ** 2).sum(axis=1))
    flat = offsets @ np.array([shape[1] * shape[2], shape[2], 1])
    order = np.argsort(lengths, kind="stable")
    near = [index for index in order if lengths[index] < (MARGIN + 1) * min(spacing_mm)]
    return [(int(flat[index]), float(lengths[index])) for index in near]


def _points(surface: Mask, spacing_mm: Spacing) -> Points:
    where = np.unravel_index(np.flatnonzero(surface), surface.shape)
    points: Points = np.stack(where, axis=1) * np.asarray(spacing_mm)
    return points
