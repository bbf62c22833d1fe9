"""Deformations of the atlas: how brains of one outline differ, learned from cases and sampled.

`registration` sees only the outline of a head. It cannot know where this brain's ventricles and
folds lie. The images of a training case show it: a smooth deformation is fitted that brings the
atlas, sampled at the warped coordinates, nearest to the case. The mean of the cases at their warped
coordinates is then sharp where it was blurred. The principal components of the cases' deformations
are a statistical deformation model (Rueckert et al. 2003, doi:10.1109/TMI.2003.815865). Every twin
samples its own deformation from it, so that its folds are those of a new brain.

A deformation is a (3, *nodes) float32 array: what is added to the atlas coordinates along x, y and
z. Its nodes lie over the whole mean brain along z, y, x; it is linear between them. Planes are
(C, Z, Y, X); the last three of them are atlas coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from syntrust_generator.atlas.registration import Shape
from syntrust_generator.model_card import MASK_PLANES, POSITION_PLANES
from syntrust_generator.noise import philox

Volume = NDArray[np.float32]

MODES = 48  # principal components that a model keeps
NODE_STRIDE = 4  # nodes of the atlas to one of a deformation
_POINTS = 40_000  # of a brain that a fit uses
_STEPS, _RATE = 25, 0.006  # Adam's
_ROUGHNESS_WEIGHT = 24.0  # of the square of a deformation's steps between nodes
_SIZE_WEIGHT = 5.0  # of the square of a deformation itself
_STREAM = 2**32  # of the random numbers of a draw; a schedule's steps use lower ones


def deformation_shape(atlas: Shape) -> Shape:
    """Nodes of a deformation along z, y, x, for an atlas with nodes on one side of the middle."""
    z, y, half = atlas
    return (
        -(-z // NODE_STRIDE),
        -(-y // NODE_STRIDE),
        -(-2 * half // NODE_STRIDE),
    )


def fit_deformation(planes: Volume, images: Volume, mean: Volume) -> Volume:
    """Fit the deformation that brings the mean images nearest to a case's healthy tissue.

    Least squares over the four modalities, each divided by its sd. A penalty keeps the deformation
    smooth and small.

    Parameters
    ----------
    planes : float32 array, shape (7, Z, Y, X)
        With coordinates of `register_head`.
    images : float32 array, shape (4, Z, Y, X)
        In the same numbers as `mean`.
    mean : float32 array, shape (4, z, y, x)
        Mean images at the nodes of one side.

    Returns
    -------
    float32 array, shape (3, *nodes)
        In atlas coordinates.
    """
    healthy = np.flatnonzero(planes[MASK_PLANES - 1])
    chosen = torch.from_numpy(healthy[:: max(1, len(healthy) // _POINTS)])
    coordinates = torch.from_numpy(planes[-POSITION_PLANES:]).flatten(1)[:, chosen]
    wanted = torch.from_numpy(images).flatten(1)[:, chosen]
    sd = wanted.std(dim=1, keepdim=True).clamp(min=1e-3)
    volume = torch.from_numpy(mean) / sd[:, :, None, None]
    deformation = torch.zeros(POSITION_PLANES, *deformation_shape(_shape(mean)), requires_grad=True)
    adam = torch.optim.Adam([deformation], lr=_RATE, betas=(0.9, 0.99), foreach=False)
    for _ in range(_STEPS):
        adam.zero_grad()
        found = sample_atlas(volume, coordinates + _interpolate(deformation, coordinates))
        loss = ((found - wanted / sd) ** 2).mean() + _penalise(deformation)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    fitted: Volume = deformation.detach().numpy()
    return fitted


def _penalise(deformation: Tensor) -> Tensor:
    roughness = torch.stack([(deformation.diff(dim=axis) ** 2).mean() for axis in (1, 2, 3)]).sum()
    return _ROUGHNESS_WEIGHT * roughness + _SIZE_WEIGHT * (deformation**2).mean()


def warp_coordinates(planes: Volume, deformation: Volume | None = None) -> Volume:
    """Make planes ready for a network: deform the coordinates and fold x at the middle.

    Parameters
    ----------
    planes : float32 array, shape (7, Z, Y, X)
        With coordinates of `register_head`, x in [-1, 1].
    deformation : float32 array, shape (3, *nodes), or None
        None leaves the coordinates where they are.

    Returns
    -------
    float32 array, shape (7, Z, Y, X)
        The coordinate x is now the distance from the middle, in [0, 1].
    """
    head = planes[:MASK_PLANES].any(axis=0)
    coordinates = torch.from_numpy(planes[-POSITION_PLANES:][:, head])
    if deformation is not None:
        displacement = _interpolate(torch.from_numpy(deformation), coordinates)
        coordinates = (coordinates + displacement).clamp(-1, 1)
    seen = planes.copy()
    seen[-POSITION_PLANES:, head] = torch.cat([coordinates[:1].abs(), coordinates[1:]]).numpy()
    return seen


def compute_modes(deformations: Sequence[Volume]) -> Volume:
    """Compute principal components of deformations and their mirror images, each times its sd.

    Nothing tells left from right, so each deformation also counts as its mirror image. The mean
    deformation is then almost zero and is left out. The components that are kept are scaled to the
    variance of all.

    Parameters
    ----------
    deformations : sequence of float32 arrays, each (3, *nodes)

    Returns
    -------
    float32 array, shape (MODES, 3, *nodes)
        Zeros where there are fewer components.
    """
    both = np.stack([turned for one in deformations for turned in (one, mirror_deformation(one))])
    flat = both.reshape(len(both), -1).astype(np.float64)
    _, sizes, components = np.linalg.svd(flat, full_matrices=False)
    kept = sizes[:MODES]
    share = (kept**2).sum() / max((sizes**2).sum(), np.finfo(np.float64).tiny)
    sds = kept / np.sqrt(len(both) * max(share, np.finfo(np.float64).tiny))
    shape = deformations[0].shape
    modes = np.zeros((MODES, *shape), dtype=np.float32)
    modes[: len(kept)] = (sds[:, None] * components[: len(kept)]).reshape(-1, *shape)
    return modes


def mirror_deformation(deformation: Volume) -> Volume:
    """The deformation (3, *nodes) of a head that is mirrored left to right."""
    signs = np.array([-1, 1, 1], dtype=np.float32)[:, None, None, None]
    return np.ascontiguousarray(deformation[..., ::-1] * signs)


def sample_deformation(modes: Volume, seed: int) -> Volume:
    """Sample a new deformation (3, *nodes): each mode (MODES, 3, *nodes) times a normal number."""
    weights = philox(seed, _STREAM).standard_normal(len(modes))
    drawn: Volume = np.tensordot(weights, modes.astype(np.float64), axes=1).astype(np.float32)
    return drawn


def sample_atlas(mean: Tensor, coordinates: Tensor) -> Tensor:
    """Mean images (C, z, y, x) of one side at coordinates (3, P), x in [-1, 1] → (C, P)."""
    x, y, z = coordinates
    return _interpolate(mean, torch.stack([2 * x.abs() - 1, y, z]))


def _interpolate(volume: Tensor, points: Tensor) -> Tensor:
    """Linear between nodes: (C, Z, Y, X) at points (3, P) along x, y, z in [-1, 1] → (C, P)."""
    grid = points.T[None, None, None]
    found = functional.grid_sample(volume[None], grid, padding_mode="border", align_corners=True)
    return found[0, :, 0, 0]


def _shape(mean: Volume) -> Shape:
    z, y, x = mean.shape[1:]
    return z, y, x
