"""How far apart rounding alone may put two results, whichever processor computed them.

What differs between processors is the order of sums, fused multiplications and the last places of
exp, log, sin and cos. Bounds are those of Higham, *Accuracy and Stability of Numerical Algorithms*
(2nd ed., ch. 3): one rounding costs at most `u` of the result, and a sum of n terms in any order at
most n·u of the sum of their sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

U32 = 2.0**-24  # of float32: half the distance between neighbours at 1
U64 = 2.0**-53  # of float64
U_BFLOAT16 = 2.0**-8


def of_sum(terms: int, size: float = 1.0, unit: float = U32) -> float:
    """Of a sum of so many terms whose sizes add up to `size`, in any order."""
    return terms * unit * size


def of_chain(roundings: int, size: float = 1.0, unit: float = U32) -> float:
    """Of values near `size` that so many roundings led to.

    Independent roundings grow as the square root of their number (Higham, sec. 2.8). One has an sd
    of about 0.4 u, so that the factor 4 leaves ten sds for the worst of all voxels.
    """
    return 4 * math.sqrt(roundings) * unit * size


def roundings_of(parameters: Iterable[Any]) -> int:
    """How many products a network sums on the way to one of its outputs."""
    return sum(parameter[0].numel() for parameter in parameters)
