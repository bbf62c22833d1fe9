"""What happened during a training, for people: it never decides anything."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from syntrust_core.labels import Region

ImageKind = Literal["real", "twin"]


class ValidationDice(BaseModel):
    """Dice of one validation image; null where reference and prediction are both empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iteration: int
    case: str
    image: ImageKind
    dice: dict[Region, float | None]

    @property
    def mean(self) -> float:
        """Mean over the regions; an empty region rightly left empty counts as 1."""
        values = [1.0 if value is None else value for value in self.dice.values()]
        return sum(values) / len(values)


class History(BaseModel):
    """One entry per iteration, and one per validation and image."""

    model_config = ConfigDict(extra="forbid")

    loss: list[float] = []
    learning_rate: list[float] = []
    gradient_norm: list[float] = []
    validation: list[ValidationDice] = []
    seconds: Annotated[float, Field(description="Time spent in iterations, wall clock.")] = 0.0
    samples: int = 0

    @property
    def samples_per_s(self) -> float:
        return self.samples / self.seconds if self.seconds else 0.0

    def validation_mean(self, image: ImageKind) -> float | None:
        """Mean over cases and regions at the latest validation; None before the first."""
        entries = [entry for entry in self.validation if entry.image == image]
        latest = [entry.mean for entry in entries if entry.iteration == entries[-1].iteration]
        return sum(latest) / len(latest) if latest else None
