"""A number with its interval, and numbers laid out by test set and region."""

from __future__ import annotations

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.base import Scope


class IntervalEstimate(TypedDict):
    """A number, its interval, and why either is missing."""

    value: float | None
    """The number. It is null where it is undefined; then `reason` says why."""

    ci: list[float] | None
    """Low and high end of the interval at the policy's confidence. It is null where there is
    none; then `reason` says why."""

    scope: Scope | None
    """What the interval speaks of: the trained model at hand, or other trainings too."""

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
