"""Where in the mean brain each voxel of a head lies: a smooth map fitted to the outline alone.

A generator knows of a new case nothing but its masks. What they tell of the anatomy is how large
the head is, how it is turned and where it bulges. So the place of a voxel is a polynomial of degree
4 in its position, fitted by least squares until the mean brain's outline, looked up at these
places, is the case's own (the polynomial warps of Woods et al. 1998,
doi:10.1097/00004728-199801000-00028, here of masks). Left and right are told apart by nothing: the
mean outline is symmetric, and known on one side of the middle.

Places are numbers between -1 and 1: the mean brain's half axes times `EDGE` around its middle.
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
ROUNDS = 3  # of fitting all heads to their mean outline and taking the mean anew
_BLUR = 0.05  # sd of the outlines' edge, in half axes
_POINTS = 40_000  # that the fit looks at, of a head of any size
_CHUNK = 50_000  # voxels whose basis functions are in memory at once
_STEPS, _DONE = 12, 1e-4  # Gauss-Newton's, and the change of a coefficient that ends it
# Weight of a coefficient's square, times its degree squared, in the mean square error.
_STIFFNESS = 1e-4


def fit_shape_template(heads: Iterable[NDArray[np.bool_]], shape: Shape) -> NDArray[np.float32]:
    """The mean outline of heads, each seen at its own places.

    Parameters
    ----------
    heads : brain with tumour, (X, Y, Z) bool each, of any shapes.
    shape : nodes along z, y and the distance from the middle along x.

    Returns
    -------
    (*shape) float32 in [0, 1]: the share of heads that cover the node, its edge blurred.
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
    """Where each voxel of `head` lies in the mean brain.

    Parameters
    ----------
    head : brain with tumour, (X, Y, Z) bool.
    outline : of `outline_of`.

    Returns
    -------
    (3, X, Y, Z) float32: places along x, y and z in [-1, 1], 0 outside `head`.
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
    """Sums of `values` (C, P) over the nodes next to `places` (3, P), by linear weights.

    Along x a place is the distance from the middle here. The sums are (C, *shape), along z, y, x.
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
    """The lower node along z, y, x of each place, and its share of the way to the next."""
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
    """The coefficients (3, K) that take a head's middle and half axes for the mean brain's."""
    units = np.eye(3, dtype=int)
    return np.array([[float((unit == term).all()) for term in _terms()] for unit in units])


_START = _identity()


def _fit_coefficients(view: _Head, shape_template: NDArray[np.float32]) -> Floats:
    """Gauss-Newton from `_START`: coefficients (3, K) of the least mean square difference."""
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
    """Derivatives along x, y, z of a volume (Z, Y, X) between places -1 and 1, (3, Z, Y, X)."""
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
