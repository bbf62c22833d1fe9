"""The history of a training for a caller: thinned curves and averaged validations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from syntrust_gateway.models.schemas import Dice, HistoryBody, ValidationPoint

MOST_POINTS: Final = 200


def make_history(history: Mapping[str, Any]) -> HistoryBody:
    """Keep at most `MOST_POINTS` iterations of `history.json`, with the first and the last."""
    total = len(history["loss"])
    kept = pick_indices(total)
    return HistoryBody(
        iterations=total,
        samples=history.get("samples", 0),
        seconds=history.get("seconds", 0.0),
        iteration=[index + 1 for index in kept],
        loss=[history["loss"][index] for index in kept],
        learning_rate=[history["learning_rate"][index] for index in kept],
        validation=_validations(history["validation"]),
    )


def pick_indices(total: int) -> list[int]:
    """Pick at most `MOST_POINTS` indices below `total`, evenly spread."""
    if total <= MOST_POINTS:
        return list(range(total))
    return [round(place * (total - 1) / (MOST_POINTS - 1)) for place in range(MOST_POINTS)]


def _validations(entries: Sequence[Mapping[str, Any]]) -> list[ValidationPoint]:
    """Average each validation for each kind of image, in order."""
    groups: dict[tuple[int, str], list[Dice]] = {}
    for entry in entries:
        scored = {**entry["dice"], **entry.get("nested", {})}
        groups.setdefault((entry["iteration"], entry["image"]), []).append(scored)
    return [
        ValidationPoint.model_validate({"iteration": at, "image": image, "dice": _means(scored)})
        for (at, image), scored in groups.items()
    ]


def _means(scored: Sequence[Dice]) -> Dice:
    found: dict[str, list[float]] = {name: [] for name in scored[0]}
    for dice in scored:
        for name, value in dice.items():
            if value is not None:
                found[name].append(value)
    return {name: sum(values) / len(values) if values else None for name, values in found.items()}
