"""Resample from one LPS grid to another: labels by nearest neighbour, images linearly.

Both grids are axis-aligned, so every axis is resampled on its own by a small matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from syntrust_core.imaging.geometry import LPS_SIGNS, SPACING_MATCH, Geometry

FWHM_PER_SIGMA: Final = 2 * np.sqrt(2 * np.log(2))
TRUNCATE: Final = 4  # standard deviations
TIE: Final = 1e-6  # half-way voxels go to the higher index on every machine

Dtype = TypeVar("Dtype", bound=np.generic)
Axes = tuple["AxisMap", "AxisMap", "AxisMap"]


@dataclass(frozen=True)
class AxisMap:
    """Output voxel `j` of an axis lies at input coordinate `start + step * j` (in input voxels)."""

    n_in: int
    n_out: int
    start: float
    step: float

    @property
    def coordinates(self) -> NDArray[np.float64]:
        return self.start + self.step * np.arange(self.n_out, dtype=np.float64)

    @property
    def nearest(self) -> NDArray[np.intp]:
        """Nearest input voxel of every output voxel, (n_out,); may lie outside the input."""
        return np.floor(self.coordinates + 0.5 + TIE).astype(np.intp)

    @property
    def is_shift(self) -> bool:
        """Whether output voxels are input voxels, so that nothing is interpolated."""
        whole = abs(self.start - round(self.start)) < 1e-4
        return abs(self.step - 1) <= SPACING_MATCH and whole

    def linear(self) -> NDArray[np.float32]:
        r"""Matrix (n_out, n_in): Gaussian prefilter, then linear interpolation.

        Linear interpolation onto a grid that is coarser by a factor `step` skips voxels, hence
        aliases. The point spread is therefore widened first, from one input voxel to one output
        voxel (full width at half maximum), by a Gaussian of
        :math:`\sigma = \sqrt{\mathrm{step}^2 - 1} / (2\sqrt{2\ln 2})` input voxels [1]_; no blur
        where the output is as fine as the input. Beyond the input the value is 0.

        References
        ----------
        .. [1] Cardoso et al., MICCAI 2015, LNCS 9350, doi:10.1007/978-3-319-24571-3_81
        """
        weights = self._hats(np.arange(self.n_in)) if self.step <= 1 else self._blurred_hats()
        return weights.astype(np.float32)

    def _hats(self, points: NDArray[np.int_]) -> NDArray[np.float64]:
        """Weights of linear interpolation between values at integer `points`, (n_out, points)."""
        distances = np.abs(self.coordinates[:, None] - points[None, :])
        weights: NDArray[np.float64] = np.maximum(1 - distances, 0)
        return weights

    def _blurred_hats(self) -> NDArray[np.float64]:
        """Linear interpolation of the Gaussian-filtered input, as one matrix (n_out, n_in)."""
        sigma = np.sqrt(self.step**2 - 1) / FWHM_PER_SIGMA
        reach = int(np.ceil(TRUNCATE * sigma))
        taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        # Beyond the input is 0, but blurred values reach into it.
        padded = np.arange(-reach - 1, self.n_in + reach + 1)
        offsets = padded[:, None] - np.arange(self.n_in)[None, :]
        kernel = np.where(np.abs(offsets) <= reach, taps[(offsets + reach).clip(0, 2 * reach)], 0)
        weights: NDArray[np.float64] = self._hats(padded) @ (kernel / taps.sum())
        return weights


def axis_maps(source: Geometry, target: Geometry) -> Axes:
    """One map per axis from `source`'s voxels to `target`'s."""
    x, y, z = (_axis_map(source, target, axis) for axis in range(3))
    return x, y, z


def resample_nearest(
    array: NDArray[Dtype], source: Geometry, target: Geometry, *, outside: float
) -> NDArray[Dtype]:
    """The value of `array` (X, Y, Z) nearest to each voxel of `target`; beyond it `outside`."""
    if source == target:
        return array
    maps = axis_maps(source, target)
    result = np.full(target.shape, outside, array.dtype)
    if all(m.is_shift for m in maps):
        starts = [int(m.nearest[0]) for m in maps]
        result[_windows(starts, array.shape, target.shape)] = array[
            _windows([-start for start in starts], target.shape, array.shape)
        ]
        return result
    covered = [np.flatnonzero((m.nearest >= 0) & (m.nearest < m.n_in)) for m in maps]
    indices = [m.nearest[inside] for m, inside in zip(maps, covered, strict=True)]
    result[np.ix_(*covered)] = array[np.ix_(*indices)]
    return result


def resample_linear(
    image: NDArray[np.float32], source: Geometry, target: Geometry
) -> NDArray[np.float32]:
    """`image` (X, Y, Z) on `source`, interpolated at `target`'s voxels (see `AxisMap.linear`).

    Voxels are copied unchanged where `target` is a crop or a padding of `source`. Beyond the
    source the value is 0, and the image fades into it within one voxel.
    """
    maps = axis_maps(source, target)
    if all(m.is_shift for m in maps):
        return resample_nearest(image, source, target, outside=0)
    result = image
    for axis, axis_map in enumerate(maps):
        moved = np.tensordot(axis_map.linear(), result, axes=(1, axis))
        result = np.moveaxis(moved, 0, axis)
    return np.ascontiguousarray(result, np.float32)


@dataclass(frozen=True)
class MaskedResampler:
    """Resamples images within a mask, so that values outside it never mix into them.

    `mask` (bool) lies on `source`. `wanted` (bool) is where `target` is to get an image's values:
    the mask brought there by nearest neighbour, or less.
    """

    mask: NDArray[np.bool_]
    source: Geometry
    wanted: NDArray[np.bool_]
    target: Geometry

    def resample(
        self, image: NDArray[np.float32], *, out: NDArray[np.float32], background: float
    ) -> None:
        """Write `image` (X, Y, Z) at `target`'s voxels to `out`, and `background` around `wanted`.

        Interpolated linearly between voxels of the mask; exact where nothing is interpolated.
        """
        inside = np.where(self.mask, image, np.float32(0))
        moved = resample_linear(inside, self.source, self.target)
        out[:] = background
        np.divide(moved, self._share, out=out, where=self.wanted)

    @cached_property
    def _share(self) -> NDArray[np.float32]:
        """How much of each voxel's weight lies in the mask; 1 where nothing is interpolated."""
        return resample_linear(self.mask.astype(np.float32), self.source, self.target)


def outside_count(mask: NDArray[np.bool_], source: Geometry, target: Geometry) -> int:
    """How many voxels of `mask` (on `source`) have their centre outside `target`."""
    maps = axis_maps(target, source)
    covered = [(m.nearest >= 0) & (m.nearest < m.n_in) for m in maps]
    inside = int(np.count_nonzero(mask[np.ix_(*covered)]))
    return int(np.count_nonzero(mask)) - inside


def _windows(starts: Sequence[int], n_in: Sequence[int], n_out: Sequence[int]) -> tuple[slice, ...]:
    """The part of each output axis whose voxel `j` is input voxel `start + j`."""
    return tuple(
        slice(max(0, -start), max(0, min(out, length - start)))
        for start, length, out in zip(starts, n_in, n_out, strict=True)
    )


def _axis_map(source: Geometry, target: Geometry, axis: int) -> AxisMap:
    offset_mm = LPS_SIGNS[axis] * (target.origin_mm[axis] - source.origin_mm[axis])
    start = offset_mm / source.spacing_mm[axis]
    step = target.spacing_mm[axis] / source.spacing_mm[axis]
    return AxisMap(source.shape[axis], target.shape[axis], start, step)
