"""Registration of a head to the mean brain: a smooth map fitted to the outline alone.

A generator knows only the masks of a new case. They show how large the head is, how it is turned
and where it bulges. The atlas coordinates of a voxel are therefore a polynomial of degree 4 in its
position. A least-squares fit makes the shape template, sampled at these coordinates, equal to the
head (the polynomial warps of Woods et al. 1998, doi:10.1097/00004728-199801000-00028, here of
masks). The shape template is symmetric, for nothing tells left from right. It is stored for one
side of the middle.

Coordinates are numbers between -1 and 1, which is `EDGE` times the mean brain's half axes around
its middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syntrust_generator.model_card import POSITION_PLANES

Shape = tuple[int, int, int]
Floats = NDArray[np.float64]

EDGE = 1.12  # how far the nodes reach, in half axes of the mean brain
DEGREE = 4
ROUNDS = 3  # of registering all heads to their mean and taking the mean again
_BLUR = 0.05  # sd of the outlines' edge, in half axes
_POINTS = 40_000  # of a head that the fit uses
_CHUNK = 50_000  # voxels whose basis functions are in memory at once
_STEPS, _DONE = 12, 1e-4  # most Gauss-Newton steps; the change of a coefficient that ends them
# Weight of a coefficient's square, times its degree squared, in the mean square error.
_STIFFNESS = 1e-4


def fit_shape_template(heads: Iterable[NDArray[np.bool_]], shape: Shape) -> NDArray[np.float32]:
    """Average registered heads to the shape template of the mean brain.

    Parameters
    ----------
    heads : iterable of bool arrays, each (X, Y, Z)
        Brain with tumour. Shapes may differ.
    shape : (int, int, int)
        Nodes along z, y and the distance from the middle along x.

    Returns
    -------
    float32 array, shape `shape`
        In [0, 1]: the share of heads that cover the node, with a blurred edge.
    """
    views = [_Head.from_mask(head) for head in heads]
    shape_template = _average_heads(((view, _START) for view in views), shape)
    for _ in range(ROUNDS):
        fits = ((view, _fit_coefficients(view, shape_template)) for view in views)
        shape_template = _average_heads(fits, shape)
    return shape_template


def register_head(
    head: NDArray[np.bool_], shape_template: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Find the atlas coordinates of each voxel of a head.

    Parameters
    ----------
    head : bool array, shape (X, Y, Z)
        Brain with tumour.
    shape_template : float32 array
        What `fit_shape_template` returns.

    Returns
    -------
    float32 array, shape (3, X, Y, Z)
        Coordinates along x, y and z in [-1, 1]; 0 outside `head`.
    """
    view = _Head.from_mask(head)
    coefficients = _fit_coefficients(view, shape_template)
    voxels = np.argwhere(head).T.astype(np.float64)
    chunks = np.array_split(voxels, max(1, voxels.shape[1] // _CHUNK), axis=1)
    inside = np.concatenate([coefficients @ view.basis(chunk) for chunk in chunks], axis=1)
    coordinates = np.zeros((POSITION_PLANES, *head.shape), dtype=np.float32)
    coordinates[:, head] = np.clip(inside, -1, 1)
    return coordinates


def splat(coordinates: Floats, values: Floats, shape: Shape) -> Floats:
    """Add values up at the nodes next to their coordinates, by linear weights.

    Parameters
    ----------
    coordinates : float64 array, shape (3, P)
        Along x (here the distance from the middle, in [0, 1]), y and z (in [-1, 1]).
    values : float64 array, shape (C, P)
    shape : (int, int, int)
        Nodes along z, y, x.

    Returns
    -------
    float64 array, shape (C, *shape)
        Weighted sums.
    """
    low, share = _locate_cells(coordinates, shape)
    sums = np.zeros((len(values), int(np.prod(shape))))
    for corner in product((0, 1), repeat=3):
        weights = np.prod([s if c else 1 - s for s, c in zip(share, corner, strict=True)], axis=0)
        nodes = np.ravel_multi_index([n + c for n, c in zip(low, corner, strict=True)], shape)
        for row, value in enumerate(values):
            sums[row] += np.bincount(nodes, weights * value, minlength=sums.shape[1])
    return sums.reshape(len(values), *shape)


def _locate_cells(coordinates: Floats, shape: Shape) -> tuple[NDArray[np.int64], Floats]:
    """The node below each point along z, y, x, and the share of the way to the next node."""
    x, y, z = coordinates
    spans = [(n - 1) * part for n, part in zip(shape, ((z + 1) / 2, (y + 1) / 2, x), strict=True)]
    index = np.stack(spans)
    low = np.clip(np.floor(index).astype(np.int64), 0, np.array(shape)[:, None] - 2)
    return low, index - low


@dataclass(frozen=True, eq=False)
class _Head:
    """A head with a blurred edge: its `values` (P,) at `points` (3, P), in voxels."""

    middle: Floats
    half_axes: Floats
    points: Floats
    values: Floats

    @classmethod
    def from_mask(cls, head: NDArray[np.bool_]) -> _Head:
        voxels = np.argwhere(head).astype(np.float64)
        # A solid ellipsoid's variance along an axis is the half axis squared over 5.
        middle, half_axes = voxels.mean(axis=0), np.sqrt(5) * voxels.std(axis=0) + 1e-6
        blur = _BLUR * float(half_axes.mean())
        room = int(np.ceil(3 * blur)) + 1
        padded = np.pad(head, room).astype(np.float32)
        step = max(1, round((padded.size / _POINTS) ** (1 / 3)))
        every = (slice(None, None, step),) * 3
        values = ndimage.gaussian_filter(padded, blur, mode="constant")[every]
        points = np.indices(values.shape).reshape(3, -1) * float(step) - room
        return cls(middle, half_axes, points, values.ravel().astype(np.float64))

    def basis(self, voxels: Floats) -> Floats:
        """Products of Legendre polynomials of total degree up to `DEGREE`, (K, P)."""
        scale = (EDGE * self.half_axes)[:, None]
        u = np.clip((voxels - self.middle[:, None]) / scale, -1.2, 1.2)
        single = [np.polynomial.legendre.legvander(axis, DEGREE).T for axis in u]
        return np.stack([single[0][i] * single[1][j] * single[2][k] for i, j, k in _terms()])


@cache
def _terms() -> tuple[tuple[int, int, int], ...]:
    """Degrees along x, y, z of each basis function."""
    every = product(range(DEGREE + 1), repeat=3)
    return tuple((i, j, k) for i, j, k in every if i + j + k <= DEGREE)


def _identity() -> Floats:
    """Coefficients (3, K) that map a head's middle and half axes to the mean brain's."""
    units = np.eye(3, dtype=int)
    return np.array([[float((unit == term).all()) for term in _terms()] for unit in units])


_START = _identity()


def _fit_coefficients(view: _Head, shape_template: NDArray[np.float32]) -> Floats:
    """Minimise the mean square difference by Gauss-Newton from `_START`; coefficients (3, K)."""
    both_sides = [shape_template[:, :, :0:-1], shape_template]
    volume = np.concatenate(both_sides, axis=2).astype(np.float64)
    gradients = _gradients(volume)
    basis, coefficients = view.basis(view.points), _START
    degrees = np.array([sum(term) for term in _terms()])
    stiff = np.tile(np.where(degrees > 1, _STIFFNESS * degrees**2, 0), 3) * len(view.values)
    for _ in range(_STEPS):
        found, gradient = _sample_with_gradients(volume, gradients, coefficients @ basis)
        near = np.abs(gradient).sum(axis=0) > 1e-2
        jacobian = (gradient[:, None, near] * basis[None][:, :, near]).reshape(stiff.size, -1)
        normal = jacobian @ jacobian.T + np.diag(stiff + 1e-9)
        pull = jacobian @ (view.values - found)[near]
        pull -= stiff * (coefficients - _START).ravel()
        change = np.linalg.solve(normal, pull).reshape(3, -1)
        coefficients = coefficients + change
        if np.abs(change).max() < _DONE:
            break
    return coefficients


def _gradients(volume: Floats) -> Floats:
    """Derivatives of a volume (Z, Y, X) by the coordinates x, y, z in [-1, 1]: (3, Z, Y, X)."""
    return np.stack([np.gradient(volume, 2 / (volume.shape[a] - 1), axis=a) for a in (2, 1, 0)])


def _sample_with_gradients(
    volume: Floats, gradients: Floats, coordinates: Floats
) -> tuple[Floats, Floats]:
    spans = [
        (coordinates[a] + 1) / 2 * (n - 1) for a, n in zip((2, 1, 0), volume.shape, strict=True)
    ]
    found = [
        ndimage.map_coordinates(one, spans, order=1, mode="constant")
        for one in (volume, *gradients)
    ]
    return found[0], np.stack(found[1:])


def _average_heads(fits: Iterable[tuple[_Head, Floats]], shape: Shape) -> NDArray[np.float32]:
    sums: Any = 0
    for view, coefficients in fits:
        coordinates = coefficients @ view.basis(view.points)
        within = (np.abs(coordinates) <= 1).all(axis=0)
        values = view.values[within]
        sums = sums + splat(
            _fold_sides(coordinates[:, within]), np.stack([values, np.ones_like(values)]), shape
        )
    shape_template: NDArray[np.float32] = (sums[0] / np.maximum(sums[1], 1e-3)).astype(np.float32)
    return shape_template


def _fold_sides(coordinates: Floats) -> Floats:
    """Both sides of the head on one."""
    return np.vstack([np.abs(coordinates[:1]), coordinates[1:]])
