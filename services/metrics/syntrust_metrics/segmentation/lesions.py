"""Lesion-wise Dice, by which BraTS 2023 ranks segmentations of gliomas.

A patient with one large and three small lesions gets four scores, so that a small lesion counts as
much as the large one.
"""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.segmentation.bitmasks import (
    MARGIN_VOXELS,
    Bitmasks,
    Counts,
    count_voxels,
    dilate,
    dilate_to_corners,
    dilate_to_faces,
    find_labelled_box,
)
from syntrust_metrics.segmentation.components import Components, Runs

SMALLEST_MM3: Final = 50.0
_BLOCK_VOXELS: Final = 2
_BITS: Final = 8
Box = tuple[slice, slice, slice]


class _Masks(NamedTuple):
    """The masks of both sides, and those of the reference dilated three times."""

    reference: Bitmasks
    prediction: Bitmasks
    dilated: Bitmasks

    def select(self, bits: np.uint8) -> _Masks:
        return _Masks(*[each & bits for each in self])


class _Found(NamedTuple):
    """What the prediction has of each lesion of one mask, and what it has besides."""

    lesion_voxels: Counts
    shared_voxels: Counts
    met_voxels: Counts
    n_false: int


def lesion_dice(
    reference: Bitmasks, prediction: Bitmasks, *, n_masks: int, voxel_mm3: float
) -> list[float | None]:
    r"""Compute the mean Dice over lesions, in [0, 1], higher is better, for each mask.

    Reference voxels that touch after three dilations (each by the 18 nearest neighbours) are one
    lesion; touching includes corners. The components of the prediction (26 neighbours) belong to
    every lesion whose dilation they meet. The Dice of a lesion is that of its own voxels and of all
    of its components. Lesions of at most 50 mm³ are left out, but a component that meets one is no
    false positive. The result is

    .. math:: \sum_l D_l / (L + F)

    with L lesions above 50 mm³ and F components, of any size, that meet no lesion.

    Parameters
    ----------
    reference, prediction : uint8 array, shape (X, Y, Z)
        Bitmasks of one grid.
    n_masks : int
        How many of the masks to score, from bit 0 on.
    voxel_mm3 : float
        Volume of a voxel in mm³, > 0.

    Returns
    -------
    list of float or None
        One for each mask; None where there is nothing to score (L + F = 0). BraTS counts that as 1.

    References
    ----------
    Rules and limits of BraTS-GLI: Saluja et al., "BraTS 2023 lesion-wise performance metrics",
    github.com/rachitsaluja/BraTS-2023-Metrics. Dilation is in voxels there; data are 1 mm.
    """
    reach = _find_reach(reference)
    own = np.ascontiguousarray(reference[reach])
    grown = dilate(dilate(dilate(own)))
    several = _find_bits_of_several(own, grown)
    dilated = np.zeros_like(prediction)
    dilated[reach] = grown
    masks = _Masks(reference, prediction, dilated)
    found = _find_single(masks.select(~several), reach)
    if several:
        every = _find_several(masks.select(several))
        found = [every[bit] if several >> bit & 1 else found[bit] for bit in range(_BITS)]
    return [_score(found[bit], voxel_mm3) for bit in range(n_masks)]


def _find_reach(bitmasks: Bitmasks) -> Box:
    """Find the box that holds the masks and all to which they may grow; the margin has room."""
    x, y, z = (
        slice(at.start - MARGIN_VOXELS, at.stop + MARGIN_VOXELS) if at.stop else at
        for at in find_labelled_box(bitmasks)
    )
    return x, y, z


def _find_bits_of_several(reference: Bitmasks, dilated: Bitmasks) -> np.uint8:
    """Tell which masks hold several lesions, as the bits of one number.

    Blocks of two voxels' side that touch after one dilation by their faces lie at most three blocks
    apart along an axis and five in sum, their voxels at most seven apart and ten in sum beyond one
    along each axis. Three dilations of both bridge seven and twelve. So a mask whose dilated blocks
    hang together holds one lesion, which is cheaper to find than the components of its voxels.
    """
    blocks = np.pad(reference, [(0, -side % _BLOCK_VOXELS) for side in reference.shape])
    for axis in range(blocks.ndim):
        across = np.moveaxis(blocks, axis, 0)
        joined = reduce(np.bitwise_or, (across[at::_BLOCK_VOXELS] for at in range(_BLOCK_VOXELS)))
        blocks = np.ascontiguousarray(np.moveaxis(joined, 0, axis))
    maybe = _find_bits_of_many(dilate_to_faces(np.pad(blocks, 2)))
    return _find_bits_of_many(dilated & maybe) if maybe else maybe


def _find_bits_of_many(bitmasks: Bitmasks) -> np.uint8:
    """Tell which masks have more than one component, as the bits of one number."""
    bits = Components.from_bitmasks(bitmasks).find_bits(bitmasks.size)
    many: np.uint8 = np.packbits(np.bincount(bits, minlength=_BITS) > 1, bitorder="little")[0]
    return many


def _find_single(masks: _Masks, reach: Box) -> list[_Found]:
    """Find what the prediction has of the one lesion of each mask, if it has one."""
    reference, prediction, dilated = masks
    in_reach = prediction & dilated
    n_false, false_voxels = _count_false(prediction ^ in_reach, in_reach, reach)
    own, predicted = (np.ascontiguousarray(each[reach]) for each in (reference, prediction))
    n_own, n_shared = count_voxels(own), count_voxels(own & predicted)
    met = count_voxels(prediction) - false_voxels
    return [
        _Found(n_own[bit : bit + n], n_shared[bit : bit + n], met[bit : bit + n], int(n_false[bit]))
        for bit, n in enumerate((n_own > 0).astype(int).tolist())
    ]


def _count_false(beyond: Bitmasks, in_reach: Bitmasks, reach: Box) -> tuple[Counts, Counts]:
    """Count the components of the prediction that meet no lesion, and their voxels, (8,) each.

    They are the components of what lies `beyond` the dilated lesions that touch no voxel of the
    prediction `in_reach` of them.
    """
    if not beyond.any():
        return np.zeros(_BITS, np.int64), np.zeros(_BITS, np.int64)
    components = Components.from_bitmasks(beyond)
    touching = beyond[reach] & dilate_to_corners(np.ascontiguousarray(in_reach[reach]))
    is_false = np.ones(components.total, np.bool_)
    is_false[components.component_ids(_list_places(touching, reach, beyond.shape))] = False
    bits = components.find_bits(beyond.size)
    voxels = components.count_voxels(components.runs) * is_false
    return (
        np.bincount(bits[is_false], minlength=_BITS),
        np.bincount(bits, voxels, minlength=_BITS).astype(np.int64),
    )


def _list_places(bitmasks: Bitmasks, box: Box, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """List the places of the voxels of all masks, as runs have them, in an array of `shape`."""
    inner = np.flatnonzero(bitmasks != 0)
    along = np.unravel_index(inner, bitmasks.shape)
    where = tuple(axis + at.start for axis, at in zip(along, box, strict=True))
    places, values = np.ravel_multi_index(where, shape), bitmasks.reshape(-1)[inner]
    return np.concatenate(
        [places[(values & np.uint8(1 << bit)) != 0] + bit * prod(shape) for bit in range(_BITS)]
    )


def _find_several(masks: _Masks) -> list[_Found]:
    """Find what the prediction has of every lesion of each mask."""
    reference, prediction, dilated = masks
    lesions, parts = (Components.from_bitmasks(each) for each in (dilated, prediction))
    meeting = Runs.from_bitmasks(prediction & dilated).starts
    pairs = lesions.component_ids(meeting).astype(np.int64) * parts.total
    lesion, part = np.divmod(np.unique(pairs + parts.component_ids(meeting)), max(parts.total, 1))
    met = np.bincount(lesion, parts.count_voxels(parts.runs)[part], lesions.total).astype(np.int64)
    is_false = np.ones(parts.total, np.bool_)
    is_false[part] = False
    n_false = np.bincount(parts.find_bits(dilated.size)[is_false], minlength=_BITS)
    own, shared = (
        lesions.count_voxels(Runs.from_bitmasks(each))
        for each in (reference, reference & prediction)
    )
    bits = lesions.find_bits(dilated.size)
    return [
        _Found(own[bits == bit], shared[bits == bit], met[bits == bit], int(n_false[bit]))
        for bit in range(_BITS)
    ]


def _score(found: _Found, voxel_mm3: float) -> float | None:
    dice = 2 * found.shared_voxels / (found.lesion_voxels + found.met_voxels)
    scored = dice[found.lesion_voxels * voxel_mm3 > SMALLEST_MM3]
    total = scored.size + found.n_false
    return float(scored.sum()) / total if total else None
