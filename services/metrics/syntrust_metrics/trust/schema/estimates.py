"""A number with its interval, and numbers laid out by test set and region."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.base import Scope


class Bound(TypedDict, total=False):
    """The one end of an interval that is bounded."""

    low: float
    """The number is at least this, at the policy's confidence."""

    high: float
    """The number is at most this, at the policy's confidence."""


class IntervalEstimate(TypedDict):
    """A number, its interval, and why either is missing."""

    value: float | None
    """The number. It is null where it is undefined; then `reason` says why."""

    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence. It is null where there is
    none or an end is open; then `reason` says why."""

    bound: NotRequired[Bound]
    """The end that is bounded where the other is open, because so few cases or trainings say
    nothing of it; then `ci` is null. Left out elsewhere."""

    scope: Scope | None
    """What interval or bound speak of: the trained model at hand, or other trainings too."""

    reason: str | None
    """Why the number or its interval is missing, else null."""


class Estimate(IntervalEstimate):
    """A number averaged over training seeds, with its interval over cases."""

    seed_sd: float | None
    """Standard deviation over training seeds, in the unit of `value`; null with one seed."""


class EstimateBySide(TypedDict):
    """A number for each test set."""

    real: Estimate
    """On the real test set."""

    synthetic: Estimate
    """On the synthetic test set."""


class EstimatesBySide(TypedDict):
    """Numbers by region for each test set."""

    real: dict[str, Estimate]
    """By region, on the real test set."""

    synthetic: dict[str, Estimate]
    """By region, on the synthetic test set."""
