"""Frames: any axis-aligned upload to LPS and back, and the place of a canonical grid.

The world is NIfTI's (x to the right, y to the front, z up, mm). LPS means that the array's axes
run to the left, to the back and up. Arrays are (X, Y, Z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from syntrust_core.contracts.case_record import (
    Affine,
    CanonicalFrame,
    Floats3,
    Ints3,
    UploadedFrame,
)
from syntrust_core.contracts.grid import Grid, GridSpec
from syntrust_core.errors import InvalidVolume

LPS_SIGNS: Final = (-1.0, -1.0, 1.0)
AXIS_NAMES: Final = (("R", "L"), ("A", "P"), ("S", "I"))
MAX_TILT_VOXELS: Final = 0.1
"""How far, in voxels, a corner may lie from its place in an axis-aligned frame."""
DECIMALS: Final = 6
SPACING_MATCH: Final = 1e-5
SHEAR_COSINE: Final = 1e-3
SHEARED: Final = (
    "The axes of the affine are not at right angles, as the affine of a registration leaves them. "
    "Apply that registration to the voxels (resample them), or restore the affine of the scan."
)

Float64 = NDArray[np.float64]
Dtype = TypeVar("Dtype", bound=np.generic)


@dataclass(frozen=True)
class Geometry:
    """A regular LPS grid. Voxel (i, j, k) lies at `origin_mm + (-i*sx, -j*sy, +k*sz)`."""

    shape: Ints3
    spacing_mm: Floats3
    origin_mm: Floats3

    @property
    def affine(self) -> Float64:
        """Voxel indices to world millimetres, (4, 4)."""
        affine = np.diag([*(np.asarray(LPS_SIGNS) * self.spacing_mm), 1.0])
        affine[:3, 3] = self.origin_mm
        return affine

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(np.prod(self.spacing_mm)) / 1000

    @classmethod
    def from_frame(cls, frame: CanonicalFrame) -> Self:
        return cls(frame.shape, frame.spacing_mm, frame.origin_mm)

    def to_frame(self) -> CanonicalFrame:
        return CanonicalFrame(
            shape=self.shape, spacing_mm=self.spacing_mm, origin_mm=self.origin_mm
        )


@dataclass(frozen=True)
class Orientation:
    """How an array's axes lie: LPS axis `k` is array axis `axes[k]`, reversed if `flips[k]`."""

    axes: Ints3
    flips: tuple[bool, bool, bool]

    def to_lps(self, array: NDArray[Dtype]) -> NDArray[Dtype]:
        """Swap and flip (X, Y, Z) of the file into LPS; no voxel value changes."""
        return np.ascontiguousarray(np.flip(array.transpose(self.axes), self._flipped))

    def from_lps(self, array: NDArray[Dtype]) -> NDArray[Dtype]:
        """The exact inverse of `to_lps`."""
        back = np.argsort(self.axes)
        return np.ascontiguousarray(np.flip(array, self._flipped).transpose(back))

    @property
    def axis_codes(self) -> str:
        """Where each array axis runs to, e.g. "RAS"."""
        codes = [""] * 3
        for world, (axis, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            # Not flipped is L, P or S: the second, second and first of the pairs.
            codes[axis] = AXIS_NAMES[world][flip ^ (world != 2)]
        return "".join(codes)

    @property
    def _flipped(self) -> tuple[int, ...]:
        return tuple(axis for axis in range(3) if self.flips[axis])


def orientation_of(affine: Float64, shape: Ints3, *, role: str) -> Orientation:
    """The axis-aligned orientation of a frame.

    Parameters
    ----------
    affine : float64 array, shape (4, 4)
        Voxel indices to world millimetres.
    shape : (int, int, int)
        Voxels along each array axis.
    role : str
        The file it belongs to; a refusal names it.

    Raises
    ------
    InvalidVolume
        If the frame is oblique: no swap and flip of the axes puts every voxel within a tenth of a
        voxel of an axis-aligned grid. Turning it would interpolate, which cannot be undone.
    """
    matrix = affine[:3, :3]
    spacing = np.linalg.norm(matrix, axis=0)
    axes = np.abs(matrix / spacing).argmax(axis=1)
    along = np.zeros((3, 3))
    along[range(3), axes] = matrix[range(3), axes]
    tilt_mm = (np.abs(matrix - along) * (np.asarray(shape) - 1)).sum(axis=1).max()
    if len(set(axes.tolist())) < 3 or tilt_mm > MAX_TILT_VOXELS * spacing.min():
        reason = (
            SHEARED
            if is_sheared(affine)
            else "The axes are oblique to the scanner's; resample the case to an axis-aligned grid "
            "(any order and direction of axes will do)."
        )
        raise InvalidVolume(reason, file=role, field="affine")
    flips = [bool(np.sign(along[k, axes[k]]) != LPS_SIGNS[k]) for k in range(3)]
    return Orientation(_ints(axes), (flips[0], flips[1], flips[2]))


def is_sheared(affine: Float64) -> bool:
    """Whether two axes of a frame are not at right angles. No rotation of the head does that."""
    matrix = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(matrix.T @ matrix - np.eye(3)).max() > SHEAR_COSINE)


def lps_geometry(affine: Float64, shape: Ints3, orientation: Orientation) -> Geometry:
    """The LPS grid on the same voxels, rounded to 1e-6 mm (float32 headers know no more)."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)[list(orientation.axes)]
    lengths = np.asarray(shape)[list(orientation.axes)]
    corner = np.zeros(4)
    corner[3] = 1
    for k, axis in enumerate(orientation.axes):
        corner[axis] = lengths[k] - 1 if orientation.flips[k] else 0
    origin = (affine @ corner)[:3]
    return Geometry(_ints(lengths), _floats(spacing), _floats(origin))


def uploaded_frame(
    affine: Float64, shape: Ints3, orientation: Orientation, *, sform_code: int, qform_code: int
) -> UploadedFrame:
    return UploadedFrame(
        shape=shape,
        affine=_rows(affine),
        axis_codes=orientation.axis_codes,
        sform_code=sform_code,
        qform_code=qform_code,
    )


def uploaded_grid(frame: UploadedFrame) -> tuple[Geometry, Orientation]:
    """The LPS grid on an upload's own voxels, and how its array lies on it."""
    affine = np.asarray(frame.affine, np.float64)
    orientation = orientation_of(affine, frame.shape, role="seg")
    return lps_geometry(affine, frame.shape, orientation), orientation


def place_grid(grid: GridSpec, native: Geometry, brain: NDArray[np.bool_]) -> Geometry:
    """Place the requested grid: centred on the bounding box of the brain, in LPS.

    Along an axis whose spacing is the upload's own, the grid is moved to the nearest whole voxel,
    so that nothing is interpolated there; if the length is the same too, it is the upload's axis.

    Parameters
    ----------
    grid : Grid or "native"
        Shape and spacing; "native" is the upload's own LPS grid.
    native : Geometry
        The upload's LPS grid.
    brain : bool array, shape `native.shape`
        Not empty.
    """
    if not isinstance(grid, Grid):
        return native
    starts = [_start_voxels(grid, native, brain, axis) for axis in range(3)]
    origin = np.asarray(native.origin_mm) + np.asarray(LPS_SIGNS) * native.spacing_mm * np.asarray(
        starts
    )
    return Geometry(grid.shape, grid.spacing_mm, _floats(origin))


def _start_voxels(grid: Grid, native: Geometry, brain: NDArray[np.bool_], axis: int) -> float:
    """Native voxel coordinate of the grid's first voxel along one axis."""
    step = grid.spacing_mm[axis] / native.spacing_mm[axis]
    low, high = extent(brain, axis)
    start = (low + high) / 2 - step * (grid.shape[axis] - 1) / 2
    if abs(step - 1) > SPACING_MATCH:
        return start
    if grid.shape[axis] == native.shape[axis]:
        return 0.0
    return float(np.floor(start + 0.5))


def extent(mask: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    """First and last index along `axis` that the (non-empty) mask touches."""
    others = tuple(k for k in range(mask.ndim) if k != axis)
    touched = np.flatnonzero(mask.any(axis=others))
    return int(touched[0]), int(touched[-1])


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """Slices of the smallest box that holds the (non-empty) mask (X, Y, Z)."""
    x, y, z = (extent(mask, axis) for axis in range(3))
    return slice(x[0], x[1] + 1), slice(y[0], y[1] + 1), slice(z[0], z[1] + 1)


def _ints(values: NDArray[np.integer[Any]]) -> Ints3:
    return int(values[0]), int(values[1]), int(values[2])


def _floats(values: Float64) -> Floats3:
    x, y, z = (round(float(value), DECIMALS) + 0.0 for value in values)  # -0.0 becomes 0.0
    return x, y, z


def _rows(affine: Float64) -> Affine:
    a, b, c, d = ((float(r[0]), float(r[1]), float(r[2]), float(r[3])) for r in affine)
    return a, b, c, d
