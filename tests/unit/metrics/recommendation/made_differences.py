"""Made-up differences and requests that the tests of the recommendation share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
REGIONS = ("ED", "ET")
MARGIN = 0.03


def draw(
    seeds: int, cases: int, mean: float = 0.0, sd: float = 0.04, number: int = 0
) -> NDArray[np.float64]:
    """Draw (S, M) differences with equal spread over cases and in the rest, and less over seeds."""
    rng = np.random.default_rng([seeds, cases, number])
    spread = sd * rng.normal(size=(1, cases)) + 0.2 * sd * rng.normal(size=(seeds, 1))
    differences: Array = mean + spread + sd * rng.normal(size=(seeds, cases))
    return differences


def make_cases(differences: Array, base: float = 0.5) -> list[dict[str, Any]]:
    """Give the cases of a request whose real Dice are `base` + (S, M, K) differences."""
    return [
        {
            "id": f"case-{i:03d}",
            "seed": s,
            "real": dict(zip(REGIONS, (base + differences[s, i]).tolist(), strict=True)),
            "synthetic": dict.fromkeys(REGIONS, 0.5),
        }
        for s in range(differences.shape[0])
        for i in range(differences.shape[1])
    ]


def make_sweep(
    losses: Mapping[float, tuple[float, float]], seeds: int = 3, cases: int = 150
) -> dict[float, list[dict[str, Any]]]:
    """Give the cases of each α that loses so much in each region, beside an α = 1."""
    made = {1.0: make_cases(np.zeros((seeds, cases, len(REGIONS))))}
    for number, (alpha, loss) in enumerate(losses.items()):
        regions = [draw(seeds, cases, -each, 0.02, 10 * number + k) for k, each in enumerate(loss)]
        made[alpha] = make_cases(np.stack(regions, axis=2))
    return made
