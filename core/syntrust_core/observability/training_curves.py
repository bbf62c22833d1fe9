"""The curves of a segmenter's training, short enough to be sent and shown while it goes on.

A history has an entry for each iteration, and for each validation one of every image. Here are
evenly spread iterations, and the mean Dice of each validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel

MOST_POINTS: Final = 200
MOST_BYTES: Final = 256 << 10
"""Of curves as JSON: 200 points and a hundred validations of two images take 60 kB."""
LIVE_FILE: Final = "live_history.json"
"""The live artifact of a training that has not ended."""
ImageKind = Literal["real", "twin"]
Dice = dict[str, float | None]


class MeanDice(BaseModel):
    """Means over the validation cases in which a region is; null if it is in none."""

    iteration: int
    image: ImageKind
    dice: Dice


class TrainingCurves(BaseModel):
    """How a training has gone so far; `iterations` are done, in `seconds` of wall-clock time."""

    iterations: int
    samples: int = 0
    seconds: float = 0.0
    iteration: list[int]
    loss: list[float | None]
    learning_rate: list[float | None]
    validation: list[MeanDice]


def make_curves(history: Mapping[str, Any]) -> TrainingCurves:
    """Keep at most `MOST_POINTS` iterations of `history.json`, with the first and the last."""
    total = len(history["loss"])
    kept = _pick_indices(total)
    return TrainingCurves(
        iterations=total,
        samples=history.get("samples", 0),
        seconds=history.get("seconds", 0.0),
        iteration=[index + 1 for index in kept],
        loss=[history["loss"][index] for index in kept],
        learning_rate=[history["learning_rate"][index] for index in kept],
        validation=_average_validations(history["validation"]),
    )


def _pick_indices(total: int) -> list[int]:
    """Pick at most `MOST_POINTS` indices below `total`, evenly spread."""
    if total <= MOST_POINTS:
        return list(range(total))
    return [round(place * (total - 1) / (MOST_POINTS - 1)) for place in range(MOST_POINTS)]


def _average_validations(entries: Sequence[Mapping[str, Any]]) -> list[MeanDice]:
    """Average each validation for each kind of image, in order."""
    groups: dict[tuple[int, ImageKind], list[Dice]] = {}
    for entry in entries:
        scored = {**entry["dice"], **entry.get("nested", {})}
        groups.setdefault((entry["iteration"], entry["image"]), []).append(scored)
    return [
        MeanDice(iteration=at, image=image, dice=_means(scored))
        for (at, image), scored in groups.items()
    ]


def _means(scored: Sequence[Dice]) -> Dice:
    found: dict[str, list[float]] = {name: [] for name in scored[0]}
    for dice in scored:
        for name, value in dice.items():
            if value is not None:
                found[name].append(value)
    return {name: sum(values) / len(values) if values else None for name, values in found.items()}
