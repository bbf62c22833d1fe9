"""Bodies of models: what is asked for and what is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from syntrust_core.contracts.base import Sampler, Seed
from syntrust_core.contracts.grid import Grid
from syntrust_core.contracts.model_card import GeneratorCard, SegmenterCard, StartCard
from syntrust_core.contracts.models import NAME_PATTERN
from syntrust_core.json_numbers import WHOLE
from syntrust_gateway.api.described import described_by
from syntrust_gateway.api.patterns import MODEL_NAME
from syntrust_gateway.api.schemas import AnswerBody, CaseId, RequestBody
from syntrust_gateway.strict_json import MOST_KEYS
from syntrust_gateway.uploads.links import FileLink

MAX_SEEN = 100_000
# The first wrong member of a long list is told alone: the others would be built for nobody.
SeenCases = Annotated[tuple[CaseId, ...], Field(max_length=MAX_SEEN, fail_fast=True)]
ModelOrigin = Literal["shipped", "imported", "trained"]
ModelName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]


class Training(RequestBody):
    dataset: Annotated[str, Field(description="Id of a ready dataset.")]
    cases: Annotated[
        SeenCases | None, Field(min_length=1, description="Of the dataset; all if null.")
    ] = None
    config: Annotated[
        dict[str, Any] | None,
        Field(
            max_length=MOST_KEYS,
            description="Architecture and recipe; if null those of `start`, or of the model "
            "`tiny`.",
        ),
    ] = None
    start: Annotated[
        str | None,
        Field(pattern=MODEL_NAME, max_length=100, description="A model to go on from."),
    ] = None
    seed: Seed = 0
    iterations: Annotated[int, Field(ge=1, le=1_000_000), WHOLE]


class NewModel(RequestBody):
    """The body of `POST /models`: a checkpoint to import, or a training."""

    name: ModelName
    upload: Annotated[str | None, Field(description="With the file `checkpoint`.")] = None
    seen: Annotated[
        SeenCases | None,
        Field(
            description="Cases that the checkpoint was trained on; those of Med-DDPM's release "
            "if null.",
        ),
    ] = None
    train: Training | None = None

    @model_validator(mode="after")
    def _is_not_both(self) -> Self:
        if self.upload is not None and self.train is not None:
            msg = "give either `upload`, to import a checkpoint, or `train`"
            raise ValueError(msg)
        if self.seen is not None and self.train is not None:
            msg = "`seen` goes with `upload`; a training notes its cases itself"
            raise ValueError(msg)
        return self


class CheckedModel(AnswerBody):
    """What `POST /models?dry_run=true` answers: the request can be used."""

    name: Annotated[str, Field(description="It is free.")]


class Sampling(AnswerBody):
    sampler: Sampler
    steps: int


class _Summary(AnswerBody):
    id: Annotated[str, Field(description="That of the job that made it, or of a shipped card.")]
    name: str
    origin: ModelOrigin
    created: datetime | None
    parameters: int | None


class GeneratorSummary(_Summary):
    """It draws images for a mask."""

    kind: Literal["generator"] = "generator"
    seen_cases: Annotated[int, Field(description="How many cases it was trained on.")]
    grid: Annotated[
        Grid | None, Field(description="Masks are brought to it; null if it takes none from here.")
    ]
    sampling: Annotated[Sampling, Field(description="Its defaults.")]


class MadeBy(AnswerBody):
    """The experiment that trained it; equal mixes, of several α or controls, are one model."""

    experiment: str
    name: str | None
    seed: int
    alphas: list[float]
    controls: list[str]


Dice = dict[str, float | None]
ImageKind = Literal["real", "twin"]


class SegmenterSummary(_Summary):
    """It draws label maps for four modalities."""

    kind: Literal["segmenter"] = "segmenter"
    seen_cases: Annotated[int, Field(description="How many cases it was trained on.")]
    grid: Annotated[
        Grid | None, Field(description="Images are brought to it; null: they stay on their own.")
    ]
    preset: str
    head: str
    weights_digest: str
    validation_dice: Annotated[
        dict[ImageKind, Dice],
        Field(description="Means at the last validation, over real images and over twins."),
    ]
    revision: Annotated[str | None, Field(description="Of the source that trained it, in git.")]
    made_by: MadeBy | None


class StartSummary(_Summary):
    """A segmenter's training may start from it; it predicts nothing by itself."""

    kind: Literal["start_weights"] = "start_weights"
    layout: str
    preset: str | None
    head: str | None
    source: str
    weights_digest: str


_CARD = "All that is known of it, as it is stored; a card may hold more than is described."


class _Whole(AnswerBody):
    card: dict[str, Any]
    files: dict[str, FileLink]


class TrainingCase(AnswerBody):
    """A training case: its real image or its twin, perhaps with another case's labels."""

    id: str
    image: ImageKind
    labels: Annotated[str | None, Field(description="The case whose labels it had; null: its own.")]


class TrainingSet(AnswerBody):
    digest: Annotated[str | None, Field(description="Of the images' contents, in their order.")]
    cases: Annotated[list[TrainingCase] | None, Field(description="Null: it came from elsewhere.")]


class ValidationPoint(AnswerBody):
    iteration: int
    image: ImageKind
    dice: Dice


class HistoryBody(AnswerBody):
    """How a training went. A long one is thinned evenly; `history.json` holds every iteration."""

    iterations: int
    samples: int
    seconds: float
    iteration: list[int]
    loss: list[float | None]
    learning_rate: list[float | None]
    validation: Annotated[
        list[ValidationPoint], Field(description="Means over the cases in which a region is.")
    ]


class GeneratorBody(GeneratorSummary, _Whole):
    card: Annotated[dict[str, Any], described_by(GeneratorCard), Field(description=_CARD)]


class SegmenterBody(SegmenterSummary, _Whole):
    card: Annotated[dict[str, Any], described_by(SegmenterCard), Field(description=_CARD)]
    training: TrainingSet
    history: HistoryBody


class StartBody(StartSummary, _Whole):
    card: Annotated[dict[str, Any], described_by(StartCard), Field(description=_CARD)]


ModelSummary = Annotated[
    GeneratorSummary | SegmenterSummary | StartSummary, Field(discriminator="kind")
]
ModelBody = Annotated[GeneratorBody | SegmenterBody | StartBody, Field(discriminator="kind")]


class ModelPage(AnswerBody):
    items: list[ModelSummary]
    next: str | None
