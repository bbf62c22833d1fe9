"""The noise of a draw: the same in whatever batch, worker or device, and ready when it is needed.

Arrays are the network's, (4, Z, Y, X).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CHANNELS = 4
Shape = tuple[int, int, int]
Cut = tuple[slice, slice, slice]
_WHOLE: Cut = (slice(None), slice(None), slice(None))


def draw_noise(seed: int, t: int, shape: Shape) -> NDArray[np.float32]:
    """Standard normal noise of step `t` of a draw; `t` = T is the noise it starts from.

    Philox takes the whole 64-bit seed (torch's CPU generator keeps 32 bits of it) and has the same
    stream on every platform; each modality counts in a range of its own.

    Returns
    -------
    (4, Z, Y, X) float32
    """
    return np.stack([_channel(seed, t, channel, shape, _WHOLE) for channel in range(CHANNELS)])


def _channel(seed: int, t: int, channel: int, shape: Shape, cut: Cut) -> NDArray[np.float32]:
    return philox(seed, t, channel).standard_normal(shape, dtype=np.float32)[cut]


def philox(seed: int, stream: int, channel: int = 0) -> np.random.Generator:
    """A generator that is a function of two 64-bit numbers, and of a range of its counter.

    Made an array here: numpy turns a list with numbers from 2**63 on into float64, which keeps 53
    bits of them.
    """
    key = np.array([seed, stream], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, channel]))


class NoisePrefetcher:
    """Noise of the steps `times`, in their order, for one draw per seed; the next is on its way.

    At Med-DDPM's size a step's noise takes a CPU half a second, longer than a GPU takes for the
    step. Modalities are drawn side by side in `pool`, numpy lets go of the interpreter meanwhile.
    The noise is that of the whole grid, then `cut`: a voxel's does not depend on the brain's box.
    """

    def __init__(
        self, seeds: Sequence[int], times: Iterable[int], shape: Shape, cut: Cut, pool: Executor
    ) -> None:
        self._seeds, self._times, self._pool = seeds, iter(times), pool
        self._shape, self._cut = shape, cut
        self._ahead = self._start()

    def _start(self) -> list[list[Future[NDArray[np.float32]]]]:
        t = next(self._times, None)
        if t is None:
            return []
        fixed: tuple[Any, ...] = (self._shape, self._cut)
        return [
            [self._pool.submit(_channel, seed, t, c, *fixed) for c in range(CHANNELS)]
            for seed in self._seeds
        ]

    def take(self) -> Tensor:
        """(N, 4, Z, Y, X) of the next step."""
        due, self._ahead = self._ahead, self._start()
        return torch.from_numpy(
            np.stack([np.stack([part.result() for part in parts]) for parts in due])
        )
