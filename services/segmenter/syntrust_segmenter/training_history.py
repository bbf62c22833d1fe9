"""The history of a training. People read it; no decision depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.contracts.vocabulary import REGIONS, Region
from syntrust_segmenter.network.heads import NestedRegion
from syntrust_segmenter.preprocessing.image_entry import ImageKind


class ValidationDice(BaseModel):
    """Dice of one validation image; null if reference and prediction are both empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iteration: int
    case: str
    image: ImageKind
    dice: dict[Region, float | None]
    nested: Annotated[
        dict[NestedRegion, float | None], Field(description="TC, WT and ET, as BraTS scores them.")
    ] = {}

    def regions(self) -> dict[str, float | None]:
        """Collect Dice of ET, ED, NCR, TC and WT."""
        both = (*self.dice.items(), *self.nested.items())
        return {str(region): value for region, value in both}

    @property
    def mean(self) -> float:
        """Mean over the regions; a region that is empty in both label maps counts as 1."""
        return _mean([_or_one(value) for value in self.dice.values()])


class History(BaseModel):
    """One entry per iteration, and one per validation and image."""

    model_config = ConfigDict(extra="forbid")

    loss: list[float] = []
    learning_rate: list[float] = []
    gradient_norm: list[float] = []
    validation: list[ValidationDice] = []
    seconds: Annotated[
        float,
        Field(description="Wall-clock time of the iterations, including the wait for samples."),
    ] = 0.0
    samples: int = 0

    @property
    def samples_per_s(self) -> float:
        return self.samples / self.seconds if self.seconds else 0.0

    def latest(self, image: ImageKind) -> list[ValidationDice]:
        """List the entries of the latest validation; none before the first."""
        entries = [entry for entry in self.validation if entry.image == image]
        return [entry for entry in entries if entry.iteration == entries[-1].iteration]

    def validation_mean(self, image: ImageKind) -> float | None:
        """Average over cases and regions at the latest validation; None before the first."""
        entries = self.latest(image)
        return _mean([entry.mean for entry in entries]) if entries else None

    def validation_means(self, image: ImageKind) -> dict[Region, float]:
        """Average over cases for each region; empty before the first validation."""
        entries = self.latest(image)
        if not entries:
            return {}
        return {region: _mean([_or_one(e.dice[region]) for e in entries]) for region in REGIONS}


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
