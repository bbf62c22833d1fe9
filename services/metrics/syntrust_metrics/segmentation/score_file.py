"""The file of a scoring step: `scores.json` has the measures of every case of one prediction."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts.base import Frozen, StepId

SCORES_FILE: Final = "scores.json"

Share = Annotated[float, Field(ge=0, le=1)]
Millimetres = Annotated[float, Field(ge=0)]
Millilitres = Annotated[float, Field(ge=0)]


class CaseScore(Frozen):
    """The numbers of one case by region: ET, ED, NCR, TC (ET+NCR) and WT (all).

    null means undefined, never 0: the reader's policy says what absence counts as.
    """

    dice: Annotated[
        dict[str, Share | None],
        Field(
            description="Of ET, ED and NCR; higher is better. Null where reference and prediction "
            "are both empty, 0 where exactly one of them is."
        ),
    ]
    nested: Annotated[dict[str, Share | None], Field(description="Dice of TC and WT.")]
    reference_ml: dict[str, Millilitres]
    predicted_ml: dict[str, Millilitres]
    volume_difference_ml: Annotated[
        dict[str, float], Field(description="Predicted less reference; 0 is best.")
    ]
    sensitivity: Annotated[
        dict[str, Share | None],
        Field(
            description="Share of the reference that was predicted; higher is better. Null where "
            "the reference is empty."
        ),
    ]
    precision: Annotated[
        dict[str, Share | None],
        Field(
            description="Share of the prediction that is right; higher is better. Null where the "
            "prediction is empty."
        ),
    ]
    hd95_mm: Annotated[
        dict[str, Millimetres | None],
        Field(
            description="95th percentile Hausdorff distance; lower is better. Null where "
            "reference or prediction is empty."
        ),
    ]
    surface_dice: Annotated[
        dict[str, Share | None],
        Field(
            description="Share of both surfaces within 1 mm of the other; higher is better. Null "
            "where both are empty, 0 where exactly one is."
        ),
    ]
    lesion_dice: Annotated[
        dict[str, Share | None],
        Field(
            description="Lesion-wise Dice by the rules of BraTS 2023: mean over lesions above "
            "50 mm³, false positives counting 0; higher is better. Null without any."
        ),
    ]


class ScoreFile(Frozen):
    """Scores by the id of the inspection step of the case."""

    cases: dict[StepId, CaseScore]
