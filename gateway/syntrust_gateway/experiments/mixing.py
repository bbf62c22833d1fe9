"""Which training cases enter as real images, and which as twins."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True)
class Mix:
    """The training cases of one training: which enter as real images, which as twins.

    `masks` names the case whose label map a twin is trained on, where that is not its own case.
    """

    real: tuple[str, ...]
    synthetic: tuple[str, ...]
    masks: Mapping[str, str] = field(default_factory=dict)


def mix(train: Sequence[str], alpha: str, seed: int, mixing: str) -> Mix:
    """Split N training cases by α: n_R = round(αN), half to even (arXiv 2502.02076, eq. 4).

    `disjoint`: one permutation per seed, its first n_R real, the rest as twins; so real sets are
    nested across α. `independent`: two independent draws, in which an anatomy may repeat.
    """
    order = permute(train, f"mix:{seed}")
    n_real = count_real(len(train), alpha)
    if mixing == "independent":
        twins = permute(train, f"mix-synthetic:{seed}")[: len(train) - n_real]
    else:
        twins = order[n_real:]
    return Mix(real=tuple(sorted(order[:n_real])), synthetic=tuple(sorted(twins)))


def count_real(n: int, alpha: str) -> int:
    return int((Decimal(alpha) * n).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def permute(ids: Sequence[str], seed: str) -> list[str]:
    """Shuffle the ids into an order that depends on them and the seed alone."""
    order = sorted(ids)
    random.Random(seed).shuffle(order)  # noqa: S311 - a mix needs no secrecy
    return order
