"""The requests of jobs as they were accepted: with every default and choice written out."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from syntrust_core.contracts.base import Kind, Sampler
from syntrust_core.contracts.vocabulary import GeneratorPrecision


class ArtifactRef(TypedDict):
    """An artifact by what it is."""

    kind: Kind
    id: str


class AcceptedModel(TypedDict):
    """A model by its name and by what it is."""

    name: str
    model: ArtifactRef


class AcceptedDrawing(AcceptedModel):
    """How a generator draws."""

    sampler: Sampler
    steps: int
    seed: int
    precision: NotRequired[GeneratorPrecision]


class AcceptedSynthesis(TypedDict):
    """Images to be drawn for a mask."""

    upload: str
    scheme: Annotated[
        str | dict[str, Any], Field(description="What the values of the label map mean.")
    ]
    generator: AcceptedDrawing
    twin: int
    fit: Literal["resize"] | None


class AcceptedCase(TypedDict):
    """A case of a dataset."""

    dataset: str
    id: str


class AcceptedSegmentation(TypedDict):
    """A label map to be predicted, for an upload or for a registered case."""

    upload: NotRequired[str]
    case: NotRequired[AcceptedCase]
    scheme: Annotated[str | dict[str, Any], Field(description="The label values that are written.")]
    model: AcceptedModel
    probabilities: bool


class AcceptedExport(TypedDict):
    """A segmenter to be written as a MONAI bundle."""

    model: AcceptedModel


class AcceptedPrinting(TypedDict):
    """The report of an experiment to be set as a PDF, and what its cover says."""

    experiment: str
    dataset: str
    title: str
    dataset_name: str
    finished: str
