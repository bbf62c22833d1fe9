"""Requests of arrays of Dice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REGIONS = ("ED", "ET", "NCR")


def make_request(dice: Array, **policy: Any) -> dict[str, Any]:
    """Build a request from (2, M, 3) or, with seeds, (S, 2, M, 3) Dice."""
    layers = dice if dice.ndim == 4 else dice[None]
    cases = [
        {
            "id": f"c{i:04d}",
            "seed": seed,
            "real": dict(zip(REGIONS, layer[0, i].tolist(), strict=True)),
            "synthetic": dict(zip(REGIONS, layer[1, i].tolist(), strict=True)),
        }
        for seed, layer in enumerate(layers)
        for i in range(layer.shape[1])
    ]
    return {"cases": cases, "policy": policy}
