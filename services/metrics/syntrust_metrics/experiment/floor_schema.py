"""Noise floors of an experiment as types: how far twins and trainings differ among themselves."""

from __future__ import annotations

from typing_extensions import TypedDict

from syntrust_metrics.trust.schema.estimates import Estimate


class NoiseFloor(TypedDict):
    """T3 and T4 that noise alone gives at one α."""

    alpha: float
    """Share of real data in training."""

    t3: dict[str, Estimate]
    """Cosine similarity by region; T3 above it is no merit."""

    t4: dict[str, Estimate]
    """Mean absolute difference by region; T4 below it is no merit."""


class TwinFloor(TypedDict):
    """T3 and T4 of first twins against second twins of the same label maps."""

    reason: str | None
    """Why it was not measured, else null."""

    alphas: list[NoiseFloor]
    """For each α; empty where it was not measured."""


class SeedFloor(TypedDict):
    """T3 and T4 of real test images under two training seeds."""

    reason: str | None
    """Why it was not measured, else null."""

    pairs: list[list[int]]
    """The training seeds that were compared. No two pairs share one."""

    alphas: list[NoiseFloor]
    """For each α; empty where it was not measured."""


class NoiseFloors(TypedDict):
    """What T3 and T4 are when images or trainings are merely drawn again."""

    twins: TwinFloor
    """When twins are drawn again."""

    seeds: SeedFloor
    """When the model is trained again."""
