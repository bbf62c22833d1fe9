"""Bodies of models: what is asked for and what is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from syntrust_core.contracts import Sampler, Seed
from syntrust_core.grids import Grid
from syntrust_gateway.files import FileLink
from syntrust_gateway.schemas import CaseId
from syntrust_gateway.spec import MODEL_NAME

MAX_SEEN = 100_000
ModelOrigin = Literal["shipped", "imported", "trained"]
# As on a generator's card, and safe as a part of a key of the store.
ModelName = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Training(_Request):
    dataset: Annotated[str, Field(description="Id of a ready dataset.")]
    cases: Annotated[
        tuple[CaseId, ...] | None, Field(min_length=1, description="Of the dataset; all if null.")
    ] = None
    config: Annotated[
        dict[str, Any] | None,
        Field(
            description="Architecture and recipe; if null those of `start`, or of the model `tiny`."
        ),
    ] = None
    start: Annotated[
        str | None,
        Field(pattern=MODEL_NAME, max_length=100, description="A model to go on from."),
    ] = None
    seed: Seed = 0
    iterations: Annotated[int, Field(ge=1, le=1_000_000)]


class NewModel(_Request):
    """The body of `POST /models`: a checkpoint to import, or a training."""

    name: ModelName
    upload: Annotated[str | None, Field(description="With the file `checkpoint`.")] = None
    seen: Annotated[
        tuple[CaseId, ...] | None,
        Field(
            max_length=MAX_SEEN,
            description="Cases that the checkpoint was trained on; those of Med-DDPM's release "
            "if null.",
        ),
    ] = None
    train: Training | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.upload is None) == (self.train is None):
            msg = "give either `upload`, to import a checkpoint, or `train`"
            raise ValueError(msg)
        if self.seen is not None and self.upload is None:
            msg = "`seen` goes with `upload`; a training notes its cases itself"
            raise ValueError(msg)
        return self


class Sampling(BaseModel):
    sampler: Sampler
    steps: int


class ModelSummary(BaseModel):
    id: Annotated[str, Field(description="That of the job that made it, or of a shipped card.")]
    name: str
    origin: ModelOrigin
    parameters: int | None
    seen_cases: Annotated[int, Field(description="How many cases it was trained on.")]
    grid: Annotated[
        Grid | None, Field(description="Masks are brought to it; null if it takes none from here.")
    ]
    sampling: Annotated[Sampling, Field(description="Its defaults.")]
    created: datetime | None


class ModelBody(ModelSummary):
    card: dict[str, Any]
    files: dict[str, FileLink]


class ModelPage(BaseModel):
    items: list[ModelSummary]
    next: str | None
