"""What a caller asks of an experiment, and the same with every choice written out.

`resolve` makes the one of the other; `plan` then is a pure function of its answer.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from syntrust_core.contracts.base import Ref, Sampler, Seed, Sha256, is_none
from syntrust_core.contracts.report import Control, GeneratorTraining
from syntrust_core.contracts.vocabulary import GeneratorPrecision, ImageOrigin
from syntrust_core.json_numbers import REAL, WHOLE
from syntrust_gateway.api.patterns import MODEL_NAME
from syntrust_gateway.api.schemas import RequestBody, Tags, Text
from syntrust_gateway.experiments.splits import CaseIds, ExplicitSplit, RandomSplit
from syntrust_gateway.runs.schemas import Priority

MAX_ALPHAS = 101
MAX_SEEDS = 20
MAX_TWINS = 8
MAX_OVERRIDES = 100
SETTINGS = {"generator", "segmenter", "mixing", "seeds", "controls"}


class Drawing(RequestBody):
    """How a generator draws. The card of the model has the defaults."""

    model: Annotated[
        str, Field(pattern=MODEL_NAME, max_length=100, description="Name or id of a model.")
    ] = "tiny"
    sampler: Sampler | None = None
    steps: Annotated[int, Field(ge=2, le=1000), WHOLE] | None = None
    seed: Seed = 0
    precision: GeneratorPrecision | None = Field(
        default=None, description="Of the convolutions; null: what this installation is set to."
    )


class GeneratorChoice(Drawing):
    twins: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_TWINS,
            description="Twins of each test case. The first serves the experiment; from two on, "
            "the second is scored too, as a noise floor of two draws from one label map.",
        ),
        WHOLE,
    ] = 1


class SegmenterChoice(RequestBody):
    preset: Literal["tiny", "base", "full"] = "tiny"
    iterations: Annotated[int, Field(ge=1, le=1_000_000), WHOLE] | None = None
    overrides: dict[str, float | int | bool | str] = Field(default={}, max_length=MAX_OVERRIDES)
    start: Annotated[
        str | None,
        Field(
            pattern=MODEL_NAME,
            max_length=100,
            description="Name or id of the weights that each training starts from: imported ones "
            "(self-supervised, or released for BraTS 2021), or a segmenter; null: fresh ones.",
        ),
    ] = None
    probabilities: Annotated[
        bool, Field(description="Predict the probability of each label, too.")
    ] = False


class ExperimentSpec(RequestBody):
    """The body of `POST /experiments`."""

    dataset: str
    name: Text | None = None
    tags: Tags = Field(default=[])
    alphas: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), REAL], ...],
        Field(
            min_length=1,
            max_length=MAX_ALPHAS,
            description="Shares of real data in the training mix, each in [0, 1] and named once.",
        ),
    ]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=MAX_SEEDS)] = (0,)
    split: RandomSplit | ExplicitSplit = Field(
        default_factory=RandomSplit, description="Random if it is left out."
    )
    generator: GeneratorChoice = Field(
        default_factory=GeneratorChoice, description="The shipped one if it is left out."
    )
    segmenter: SegmenterChoice = Field(
        default_factory=SegmenterChoice, description="The smallest one if it is left out."
    )
    mixing: Literal["disjoint", "independent"] = "disjoint"
    controls: Annotated[
        tuple[Control, ...],
        Field(
            max_length=len(get_args(Control)),
            description="Arms that the mixes are to be read against, each named once. For each α "
            "real_only (its real images, seen as often as in the mix), augmentation_only (the "
            "same, in all of the iterations) and shuffled_masks (twins with each other's masks); "
            "once real_plus_twins (every training case as both).",
        ),
    ] = ()
    priority: Priority = 0


class ResolvedGenerator(RequestBody):
    name: str
    model: Ref
    sampler: Sampler
    steps: int
    seed: Seed
    twins: int = 1
    # Absent in specs of earlier releases, which left it to the workers.
    precision: GeneratorPrecision | None = Field(default=None, exclude_if=is_none)
    # Absent in specs of earlier releases, whose reports it would change.
    training: GeneratorTraining | None = Field(default=None, exclude_if=is_none)


class ResolvedStart(RequestBody):
    name: str
    model: Ref


class ResolvedSegmenter(RequestBody):
    preset: str
    iterations: int
    overrides: dict[str, float | int | bool | str] = Field(max_length=MAX_OVERRIDES)
    # Absent where they are as in experiments of earlier releases, whose reports they would change.
    start: ResolvedStart | None = Field(default=None, exclude_if=is_none)
    probabilities: bool = Field(default=False, exclude_if=lambda asked: not asked)


class ResolvedSpec(RequestBody):
    """An experiment with nothing left to choose. Case ids are sorted; α are shortest strings."""

    dataset: str
    dataset_digest: Sha256
    # Absent in specs of earlier releases, whose reports it would change.
    origin: ImageOrigin | None = Field(default=None, exclude_if=is_none)
    alphas: Annotated[tuple[str, ...], Field(max_length=MAX_ALPHAS)]
    seeds: Annotated[tuple[Seed, ...], Field(max_length=MAX_SEEDS)]
    train: CaseIds
    validation: CaseIds
    test: CaseIds
    seen: CaseIds
    generator: ResolvedGenerator
    segmenter: ResolvedSegmenter
    mixing: Literal["disjoint", "independent"]
    controls: tuple[Control, ...] = Field(
        default=(), max_length=len(get_args(Control)), exclude_if=lambda controls: not controls
    )


def select_settings(spec: ResolvedSpec) -> dict[str, Any]:
    """Select the settings that a report prints, as plain JSON."""
    return spec.model_dump(mode="json", include=SETTINGS, exclude={"generator": {"training"}})
