"""The factors and companions of every bootstrap resample, in families of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ScaleName = Literal["own", "complement", "log", "log complement"]
MIN_CASES_OWN_T3: Final = 30  # below, on its own scale it would often span all that T3 can be


@dataclass(frozen=True)
class Draws:
    """Studentised factors in every resample, (F, B + 1); column 0 is the sample itself.

    `value` is NaN where undefined. `scaled` is what is studentised: T1, log(1-T2), T4, log T5 and
    log(1-T3) or 1-T3. `error` is its standard error, 0 where it cannot be computed. `scales` names
    the scale of each of the F rows.
    """

    value: Array
    scaled: Array
    error: Array
    scales: tuple[ScaleName, ...]

    def rows(self, chosen: slice) -> Draws:
        return Draws(
            self.value[chosen], self.scaled[chosen], self.error[chosen], self.scales[chosen]
        )


@dataclass(frozen=True)
class Resampled:
    """All families of one trained model.

    Families lie below each other, so that the intervals of all rows are computed at once.
    `plain_rows` and `studentised_rows` say where each family is.
    """

    plain: Array  # (2 + 3K, B + 1)
    studentised: Draws  # (4 + 4K, B + 1)
    mean_shift: Array  # (2, B + 1), spread over regions of what their means moved by

    def row(self, family: str) -> Array:
        """Give one family that is not studentised."""
        return self.plain[plain_rows((len(self.plain) - 2) // 3)[family]]

    def draws(self, family: str) -> Draws:
        """Give one family that is studentised."""
        regions = (len(self.studentised.value) - 4) // 4
        return self.studentised.rows(studentised_rows(regions)[family])


@cache
def plain_rows(regions: int) -> Mapping[str, slice]:
    """Give the rows of the families that get percentile intervals."""
    return _stack_rows(t2_within=2, correlation=regions, concordance=regions, bias=regions)


@cache
def studentised_rows(regions: int) -> Mapping[str, slice]:
    """Give the rows of the families that are studentised. For T5 the real side comes first."""
    return _stack_rows(t2=2, t5=2 * regions, t3=regions, t1=2, t4=regions)


@cache
def list_scales(regions: int, cases: int) -> tuple[ScaleName, ...]:
    """Name the scale of each studentised row of a table of so many cases."""
    scales: dict[str, ScaleName] = {
        "t2": "log complement",
        "t5": "log",
        "t3": "log complement" if cases < MIN_CASES_OWN_T3 else "complement",
        "t1": "own",
        "t4": "own",
    }
    heights = ((scales[name], rows) for name, rows in studentised_rows(regions).items())
    return tuple(scale for scale, rows in heights for _ in range(rows.stop - rows.start))


def _stack_rows(**heights: int) -> Mapping[str, slice]:
    edges = list(accumulate(heights.values(), initial=0))
    return {name: slice(*pair) for name, pair in zip(heights, pairwise(edges), strict=True)}
