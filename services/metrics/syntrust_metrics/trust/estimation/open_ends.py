"""Which end of an interval cases and trainings do not bound, and what is said of it.

An end that reaches the worst value a number can have says nothing: it is open, and the other end is
given alone with the reason. The best value is an end like any other: the number may be perfect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from syntrust_metrics.trust.estimation.intervals import Interval
from syntrust_metrics.trust.estimation.seeds import Bounds, SeedSpread
from syntrust_metrics.trust.schema.estimates import Bound


@dataclass(frozen=True)
class Limits:
    """What a number can be, and how its interval ends there.

    `opens` is the end at which it is worst, if it is. `cap` is what its upper end cannot pass.
    `complement` says that its logarithmic scale is that of 1 - number.
    """

    low: float
    high: float
    opens: Literal["low", "high"] | None
    cap: float = math.inf
    complement: bool = False


HIGHER_IS_BETTER: Final = Limits(0.0, 1.0, "low")
LOWER_IS_BETTER: Final = Limits(0.0, 1.0, "high")
SIGNED: Final = Limits(-1.0, 1.0, None)


@dataclass(frozen=True)
class Ends:
    """`ci`, or else the reason with the one end that is bounded, if there is one."""

    ci: Bounds | None
    bound: Bound | None = None
    reason: str | None = None


def bound_ends(
    interval: Interval, value: float, spread: SeedSpread, limits: Limits, cases: int
) -> Ends:
    """Widen an interval over cases by the spread over seeds, and open an end that says nothing.

    Parameters
    ----------
    interval : Interval
        Over cases, with bounds.
    value : float
        The number, within `limits`.
    spread : SeedSpread
        Of the number over training seeds.
    limits : Limits
        What the number can be.
    cases : int
        Named in the reason, unless the spread over trainings opened the end.
    """
    assert interval.bounds is not None  # noqa: S101 - asked only of an interval
    low, high = _cap(_widen(interval, value, spread, limits), value, limits)
    if not _is_open((low, high), value, limits):
        return Ends((max(limits.low, low), min(limits.high, high)))
    by_cases = _is_open(_cap(interval.bounds, value, limits), value, limits)
    who = f"{cases} cases give" if by_cases else f"{spread.seeds} trainings give"
    if limits.low >= low and high >= limits.high:
        return Ends(None, None, f"{who} no bound")
    if limits.opens == "low":
        return Ends(None, {"high": high}, f"{who} no lower bound")
    return Ends(None, {"low": low}, f"{who} no upper bound")


def _widen(interval: Interval, value: float, spread: SeedSpread, limits: Limits) -> Bounds:
    bounds = interval.bounds
    assert bounds is not None  # noqa: S101
    if not interval.logarithmic:
        return spread.widen(bounds, value)
    if not limits.complement:
        return spread.widen_logarithm(bounds, value)
    if spread.half == 0:  # 1 - (1 - x) would lose digits
        return bounds
    low, high = spread.widen_logarithm((1 - bounds[1], 1 - bounds[0]), 1 - value)
    return 1 - high, 1 - low


def _cap(bounds: Bounds, value: float, limits: Limits) -> Bounds:
    return bounds[0], min(bounds[1], max(value, limits.cap))


def _is_open(bounds: Bounds, value: float, limits: Limits) -> bool:
    """Say whether the worst value is not excluded, though the number is better."""
    if limits.opens == "low":
        return bounds[0] <= limits.low < value
    return limits.opens == "high" and value < limits.high <= bounds[1]
