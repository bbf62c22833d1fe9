"""Smooth random fields and point sampling, bit-equal whatever the number of threads.

Fields are functions of position in mm, not of the grid, so one case keeps its shape on any grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FIELD_EXTENT_MM = 260.0  # fields are defined on this cube around the centre of the head

Volume = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """A box of voxels: the position in mm of its voxel centres along L, P and S."""

    axes_mm: tuple[Volume, Volume, Volume]

    @property
    def shape(self) -> tuple[int, int, int]:
        x, y, z = (len(axis) for axis in self.axes_mm)
        return x, y, z

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        x, y, z = (float(axis[1] - axis[0]) for axis in self.axes_mm)
        return x, y, z

    @property
    def open_mesh(self) -> tuple[Volume, Volume, Volume]:
        """The axes shaped to broadcast against each other."""
        x, y, z = self.axes_mm
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def crop(self, box: tuple[slice, slice, slice]) -> Grid:
        """Crop the grid to the voxels in `box`."""
        x, y, z = self.axes_mm
        return Grid((x[box[0]], y[box[1]], z[box[2]]))

    def to_index(self, axis: int, position_mm: Volume) -> Volume:
        """Convert a position in mm along one axis to a fractional voxel index."""
        start = self.axes_mm[axis][0]
        index: Volume = ((position_mm - start) / np.float32(self.spacing_mm[axis])).astype(
            np.float32
        )
        return index


@dataclass(frozen=True)
class Field:
    """Cubic B-spline over white noise: zero mean, unit variance, correlated over `knot_mm`."""

    knots: Volume
    knot_mm: float

    @classmethod
    def draw(cls, rng: np.random.Generator, knot_mm: float) -> Field:
        count = int(np.ceil(FIELD_EXTENT_MM / knot_mm)) + 4
        knots = rng.standard_normal((count, count, count), dtype=np.float32)
        return cls(knots, knot_mm)

    def evaluate(self, grid: Grid) -> Volume:
        """Evaluate the field at the grid's voxel centres. (X, Y, Z) float32."""
        values = self.knots
        for axis, positions in enumerate(grid.axes_mm):
            values = _evaluate_spline(values, axis, positions, self.knot_mm)
        return values


def _evaluate_spline(knots: Volume, axis: int, positions_mm: Volume, knot_mm: float) -> Volume:
    """Uniform cubic B-spline along one axis, its weights scaled to keep unit variance.

    Four shifted sums rather than a matrix product: BLAS may round differently per thread count.
    """
    at = np.clip((positions_mm + FIELD_EXTENT_MM / 2) / knot_mm, 0, knots.shape[axis] - 4)
    first = np.minimum(np.floor(at).astype(np.int64), knots.shape[axis] - 4)
    t = (at - first).astype(np.float32)
    weights = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    )
    weights /= np.sqrt((weights**2).sum(0))
    shape = [1, 1, 1]
    shape[axis] = len(positions_mm)
    total = np.zeros([1], dtype=np.float32)
    for shift in range(4):
        total = total + np.take(knots, first + shift, axis=axis) * weights[shift].reshape(shape)
    return total.astype(np.float32)


def sample(volume: Volume, indices: NDArray[np.float32], *, outside: float = 0.0) -> Volume:
    """Interpolate `volume` linearly at fractional indices (3, X, Y, Z)."""
    result: Volume = ndimage.map_coordinates(
        volume, indices, output=np.float32, order=1, mode="constant", cval=outside
    )
    return result


def resample(volume: Volume, source: Grid, target: Grid, *, outside: float) -> Volume:
    """Interpolate linearly from one grid onto another; (X, Y, Z) float32 of `target`."""
    mesh = [source.to_index(axis, target.axes_mm[axis]) for axis in range(3)]
    indices = np.stack(np.meshgrid(*mesh, indexing="ij"))
    return sample(volume, indices, outside=outside)


def sigmoid(x: Volume) -> Volume:
    """Compute 1 / (1 + exp(-x)), bounded so that exp cannot overflow."""
    return (1 / (1 + np.exp(-np.clip(x, -30, 30)))).astype(np.float32)
