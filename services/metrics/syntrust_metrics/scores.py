"""What a scoring step writes: `scores.json`, Dice and volumes of every case of one prediction."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts import Frozen, StepId

SCORES_FILE: Final = "scores.json"

Dice = Annotated[float, Field(ge=0, le=1)]
Millilitres = Annotated[float, Field(ge=0)]


class CaseScore(Frozen):
    """Dice in [0, 1], higher is better; null where reference and prediction are both empty."""

    dice: Annotated[dict[str, Dice | None], Field(description="Of ET, ED and NCR.")]
    nested: Annotated[dict[str, Dice | None], Field(description="Of TC (ET+NCR) and WT (all).")]
    reference_ml: dict[str, Millilitres]
    predicted_ml: dict[str, Millilitres]


class ScoreFile(Frozen):
    """Scores by the id of the inspection step that made the case."""

    cases: dict[StepId, CaseScore]
