"""The history of a training for a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syntrust_core.observability.training_curves import TrainingCurves, make_curves
from syntrust_gateway.models.schemas import HistoryBody


def make_history(history: Mapping[str, Any]) -> HistoryBody:
    """Tell of `history.json`: thinned curves and averaged validations."""
    return tell_curves(make_curves(history))


def tell_curves(curves: TrainingCurves) -> HistoryBody:
    return HistoryBody.model_validate(curves.model_dump())
