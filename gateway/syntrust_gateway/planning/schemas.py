"""What `POST /power` takes."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag

from syntrust_core.json_numbers import REAL, WHOLE
from syntrust_gateway.api.schemas import RequestBody
from syntrust_metrics.planning.design import MAX_CASES, MAX_SEEDS
from syntrust_metrics.planning.published import DEFAULT_CORRELATION
from syntrust_metrics.trust.estimation.intervals import MIN_CASES

MAX_PILOT: Final = 20_000
MAX_REGIONS: Final = 50
MAX_GIVEN: Final = 10
MAX_CURVE: Final = 50
Cases = Annotated[int, Field(ge=MIN_CASES, le=MAX_CASES), WHOLE]
Deviation = Annotated[float, Field(ge=0, le=1), REAL]
Dice = Annotated[
    dict[str, Annotated[float, Field(ge=0, le=1), REAL] | None], Field(max_length=MAX_REGIONS)
]


class PilotCase(RequestBody):
    """The Dice of one case under one training seed, as `POST /trust-score` takes it."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    real: Annotated[Dice, Field(description="Dice on the real image, by region.")]
    synthetic: Annotated[Dice, Field(description="Dice on the synthetic image, by region.")]
    group: Annotated[str | None, Field(max_length=200, description="It has no effect.")] = None
    seed: Annotated[int, Field(ge=0, description="Training seed."), WHOLE] = 0


def _tell_form(table: Any) -> str:  # noqa: ANN401 - any JSON value, or what was made of it
    lines = isinstance(table, list) and bool(table) and isinstance(table[0], str)
    return "lines" if lines else "cases"


Pilot = Annotated[
    Annotated[list[PilotCase], Field(min_length=1, max_length=MAX_PILOT), Tag("cases")]
    | Annotated[list[str], Field(min_length=1, max_length=MAX_PILOT), Tag("lines")],
    Field(
        description="Cases, or the lines of a table that `POST /trust-score` reads, the header "
        "first."
    ),
    Discriminator(_tell_form),
]


class ExperimentSpread(RequestBody):
    """The spread that an earlier experiment of yours measured."""

    kind: Literal["experiment"]
    id: Annotated[str, Field(max_length=100, description="Id of the experiment.")]
    alpha: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Where to measure. If it is left out, of all α the one with the widest "
            "error is taken, by region.",
        ),
        REAL,
    ] = None


class PilotSpread(RequestBody):
    """The spread of a table of Dice."""

    kind: Literal["pilot"]
    cases: Pilot
    real_alone: Annotated[
        Pilot | None,
        Field(
            description="The same of models that were trained on real data alone. Non-inferiority "
            "needs it: the real test sets of both tables are compared. Equivalence takes none."
        ),
    ] = None
    empty: Annotated[
        Literal["brats", "drop", "zero"],
        Field(description="What a null Dice counts as: 1, nothing (the pair is left out), or 0."),
    ] = "brats"


class PublishedSpread(RequestBody):
    """The spread of published scores of one model on BraTS 2021."""

    kind: Literal["published"]
    correlation: Annotated[
        float,
        Field(ge=0, lt=1, description="Assumed of two models' Dice over cases."),
        REAL,
    ] = DEFAULT_CORRELATION


class Deviations(RequestBody):
    """Standard deviations of paired differences of Dice."""

    case_sd: Annotated[Deviation, Field(description="Between cases.")]
    seed_sd: Annotated[
        Deviation | None, Field(description="Between training seeds; null if it is unknown.")
    ] = None
    residual_sd: Annotated[
        Deviation | None, Field(description="Of what neither explains; null if it is unknown.")
    ] = None


class GivenSpread(RequestBody):
    """A spread that you know, as an answer gave it or a paper prints it."""

    kind: Literal["given"]
    regions: Annotated[
        dict[str, Deviations],
        Field(min_length=1, max_length=MAX_GIVEN, description="By region."),
    ]


class PowerRequest(RequestBody):
    """Test cases and seeds, a question, and how much differences spread."""

    cases: Annotated[Cases, Field(description="Test cases.")]
    seeds: Annotated[
        int, Field(ge=1, le=MAX_SEEDS, description="Training seeds of each model."), WHOLE
    ]
    question: Annotated[
        Literal["non_inferiority", "equivalence"],
        Field(
            description="Whether a model of a synthetic share is not worse than one of real data "
            "alone, on real test cases; or whether both test sets give a model the same Dice."
        ),
    ] = "non_inferiority"
    margin: Annotated[float, Field(gt=0, le=1, description="In Dice."), REAL] = 0.03
    level: Annotated[float, Field(ge=1e-6, lt=0.5, description="Of each one-sided test."), REAL] = (
        0.05
    )
    power: Annotated[float, Field(ge=0.5, le=0.999, description="The target."), REAL] = 0.8
    difference: Annotated[
        float,
        Field(
            ge=-1, le=1, description="The true difference to assume, in Dice; below 0 it is a loss."
        ),
        REAL,
    ] = 0.0
    curve: Annotated[
        list[Cases] | None,
        Field(
            max_length=MAX_CURVE, description="Test cases of the curve; a range if it is left out."
        ),
    ] = None
    spread: Annotated[
        ExperimentSpread | PilotSpread | PublishedSpread | GivenSpread,
        Field(discriminator="kind", description="How much paired differences spread."),
    ]
