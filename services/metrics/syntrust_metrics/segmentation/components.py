"""Find the connected components of masks from their runs, of which they have far fewer than voxels.

Voxels that touch, if only by a corner, are connected (26 neighbours). Several masks are taken in
one go, each in a copy of the flat array of its own: mask k begins k arrays after the first.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from syntrust_metrics.segmentation.bitmasks import Bitmasks, Counts, Mask

ComponentIds = NDArray[np.int32]
_BITS = 8


class Runs(NamedTuple):
    """Stretches of voxels along Z, in ascending order, as places in the flat arrays."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]  # one after the last voxel

    @classmethod
    def from_mask(cls, mask: Mask) -> Self:
        """Find the runs of a mask, bool, shape (X, Y, Z), with an empty voxel on every side."""
        return cls.from_bitmasks(mask.view(np.uint8))

    @classmethod
    def from_bitmasks(cls, bitmasks: Bitmasks) -> Self:
        """Find the runs of every mask, with an empty voxel on every side of the array."""
        flat = bitmasks.reshape(-1)
        changes = flat[1:] ^ flat[:-1]
        places = np.flatnonzero(changes != 0)
        changes = changes[places]
        boundaries = np.concatenate(
            [
                places[(changes & np.uint8(1 << bit)) != 0] + (1 + bit * flat.size)
                for bit in range(_BITS)
            ]
        )
        return cls(boundaries[::2].copy(), boundaries[1::2].copy())


class Components(NamedTuple):
    """The component of each run; ids count from 0 in the order of the first voxels."""

    runs: Runs
    ids: ComponentIds
    total: int

    @classmethod
    def from_mask(cls, mask: Mask) -> Self:
        """Find the components of a mask, bool, shape (X, Y, Z), as `Runs` takes it."""
        return cls.from_bitmasks(mask.view(np.uint8))

    @classmethod
    def from_bitmasks(cls, bitmasks: Bitmasks) -> Self:
        """Find the components of every mask."""
        runs = Runs.from_bitmasks(bitmasks)
        graph = _connect_runs(runs, bitmasks.shape)
        total, ids = connected_components(graph, directed=False)
        return cls(runs, ids, int(total))

    def component_ids(self, places: NDArray[np.int64]) -> ComponentIds:
        """Give the component id of voxels of these masks, by their places in the flat arrays."""
        return self.ids[np.searchsorted(self.runs.starts, places, side="right") - 1]

    def count_voxels(self, inner: Runs) -> Counts:
        """Count the voxels in each component of masks that lie within these, (total,)."""
        lengths = inner.stops - inner.starts
        ids = self.component_ids(inner.starts)
        return np.bincount(ids, weights=lengths, minlength=self.total).astype(np.int64)

    def find_bits(self, size: int) -> NDArray[np.int64]:
        """Tell of which mask each component is, (total,); the array has `size` voxels."""
        bits = np.zeros(self.total, np.int64)
        bits[self.ids] = self.runs.starts // size
        return bits


def _connect_runs(runs: Runs, shape: tuple[int, ...]) -> csr_array:
    """Build a graph, (runs, runs): each run leads to those that touch it in the next four lines.

    A table tells where the runs of each line begin, since a search for them among all runs takes
    most of the time otherwise.
    """
    along_y = shape[2]
    n_runs = len(runs.starts)
    if not n_runs:
        return csr_array((0, 0))
    starts, stops = (each.astype(np.int32) for each in runs)
    lines = starts // np.int32(along_y)
    steps = np.array([1, shape[1] - 1, shape[1], shape[1] + 1], np.int32)
    begins = np.zeros(int(lines[-1]) + shape[1] + 4, np.int32)
    np.cumsum(np.bincount(lines, minlength=begins.size - 1), out=begins[1:])
    at = (lines[:, None] + steps).reshape(-1)
    first = begins[at]
    widths = begins[at + np.int32(1)] - first
    ends = np.cumsum(widths, dtype=np.int32)
    pair = np.repeat(np.arange(widths.size, dtype=np.int32), widths)
    leads_to = np.arange(pair.size, dtype=np.int32) + (first - ends + widths)[pair]
    run, shift = pair // len(steps), (steps * along_y)[pair % len(steps)]
    touches = (stops[leads_to] >= starts[run] + shift) & (starts[leads_to] <= stops[run] + shift)
    kept = np.zeros(pair.size + 1, np.int32)
    np.cumsum(touches, out=kept[1:])
    row_ends = kept[np.concatenate([[0], ends[len(steps) - 1 :: len(steps)]])]
    leads_to = leads_to[touches]
    graph = np.ones(leads_to.size), leads_to, row_ends
    return csr_array(graph, shape=(n_runs, n_runs))
