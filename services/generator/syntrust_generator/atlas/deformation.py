"""How brains of one outline differ: smooth bends of the mean anatomy, learned and drawn.

What an outline tells of a voxel's place (places.py) is off by what it does not know: where just
this brain's ventricles and folds lie. In a training case the images say by how much. Its bend is
fitted until the mean anatomy, looked up at the bent places, is the case's own, and the mean of the
cases at their bent places is sharp where it was blurred. The principal components of their bends
are a statistical deformation model (Rueckert et al. 2003, doi:10.1109/TMI.2003.815865), from
which every twin draws its own bend, so that its folds are those of a new brain.

Bends are (3, *nodes) float32: what is added to a place along x, y and z, in the units of places,
at nodes over the whole mean brain along z, y, x, and linear between them. Planes are (C, Z, Y, X),
the last three of them places.
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
NODE_STRIDE = 4  # nodes of the mean anatomy to one of a bend
_POINTS = 40_000  # that a fit looks at, of a brain of any size
_STEPS, _RATE = 25, 0.006  # Adam's
_ROUGHNESS_WEIGHT = 24.0  # of the square of a deformation's steps between nodes
_SIZE_WEIGHT = 5.0  # of the square of a deformation itself
_STREAM = 2**32  # of a draw's noise: beyond all steps of a schedule


def deformation_shape(atlas: Shape) -> Shape:
    """Nodes of a bend along z, y, x, of a mean anatomy with nodes on one side of the middle."""
    z, y, half = atlas
    return (
        -(-z // NODE_STRIDE),
        -(-y // NODE_STRIDE),
        -(-2 * half // NODE_STRIDE),
    )


def fit_deformation(planes: Volume, images: Volume, mean: Volume) -> Volume:
    """The bend by which the mean images, looked up, come nearest to a case's healthy tissue.

    Least squares of the four modalities, each by its sd, with a bend that is smooth and small.

    Parameters
    ----------
    planes : (7, Z, Y, X), the places those of the outline.
    images : (4, Z, Y, X), in the numbers of `mean`.
    mean : (4, z, y, x), mean images at nodes of one side.
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
    """Planes as the network sees them: places bent, and x as the distance from the middle.

    Parameters
    ----------
    planes : (7, Z, Y, X), the places those of the outline, x in [-1, 1].
    bend
        None leaves the places as they are.
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
    """Principal components of bends and of their mirror images, each times its sd.

    Left and right are told apart by nothing, so each bend counts as its mirror image too, and the
    mean bend is next to nothing. The components kept are scaled to the variance of all.

    Returns
    -------
    (MODES, *bend) float32; zeros where the bends have fewer components.
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
    """The same bend of a head that is mirrored left to right."""
    signs = np.array([-1, 1, 1], dtype=np.float32)[:, None, None, None]
    return np.ascontiguousarray(deformation[..., ::-1] * signs)


def sample_deformation(modes: Volume, seed: int) -> Volume:
    """A new bend, (3, *nodes): each component times a standard normal number of the seed."""
    weights = philox(seed, _STREAM).standard_normal(len(modes))
    drawn: Volume = np.tensordot(weights, modes.astype(np.float64), axes=1).astype(np.float32)
    return drawn


def sample_atlas(mean: Tensor, coordinates: Tensor) -> Tensor:
    """Mean images (C, z, y, x) of one side at places (3, P), x in [-1, 1] → (C, P)."""
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
