"""Bodies of datasets and their cases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import ROLES, ImageOrigin, Region, Role, Scheme
from syntrust_core.field_errors import describe_field
from syntrust_gateway.api.schemas import AnswerBody, CaseId, Changes, RequestBody, Tags, Text
from syntrust_gateway.db.tables import CaseState, DatasetState
from syntrust_gateway.uploads.schemas import UploadSpec


class NewDataset(RequestBody):
    name: Text
    grid: Annotated[
        GridSpec,
        Field(description='"native", or the one grid every case is resampled to on inspection.'),
    ] = "native"
    scheme: Annotated[
        Scheme, Field(description="Label scheme of cases that do not name their own.")
    ] = "auto"
    origin: Annotated[
        ImageOrigin,
        Field(
            description="Whether its images are scans of patients, or phantoms that a program "
            'made. Reports call phantoms "reference images" and never real ones.'
        ),
    ] = "patients"
    tags: Tags = Field(default=[])


class DatasetChanges(Changes):
    """What can be changed of a dataset, whatever its state. It is part of no digest."""

    name: Text = Field(default_factory=str)
    tags: Tags = Field(default_factory=list)


class NewCase(RequestBody):
    id: CaseId
    group: Annotated[Text | None, Field(description="E.g. the site; results come per group.")] = (
        None
    )
    patient: Annotated[
        Text | None,
        Field(
            description="Whose scan it is: cases of one patient are never in two parts of a split. "
            "By default the id tells, its time point left out; give a pseudonym and no name."
        ),
    ] = None
    scheme: Scheme | None = None
    files: Annotated[dict[Role, UploadSpec], Field(min_length=1, max_length=len(ROLES))]

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_case(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Let every refusal of a file name the case and the file."""
        try:
            return handler(data)
        except ValidationError as error:
            case = data.get("id") if isinstance(data, dict) else None
            told = [_with_case(case, item) for item in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(cls.__name__, told) from None


def _in_words(item: ErrorDetails) -> str:
    last = item["loc"][-1] if item["loc"] else ""
    if item["type"] == "missing":
        return f"{last} is missing"
    if last == "[key]":
        return f"this is no role of a file; roles are {', '.join(ROLES)}"
    return describe_field(item).rstrip(".")


def _as_clause(sentence: str) -> str:
    """Begin with a small letter, as after a colon, unless an abbreviation stands there."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def _with_case(case: object, item: ErrorDetails) -> InitErrorDetails:
    reason = _in_words(item)
    match item["loc"]:
        case ("files", role, *_) if isinstance(case, str):
            reason = f"Case {case[:130]}, file {role}: {_as_clause(reason)}."
        case ("files",) if isinstance(case, str):
            reason = f"Case {case[:130]}: {_as_clause(reason)}."
    told = PydanticCustomError(item["type"], "{reason}", {"reason": reason})
    return InitErrorDetails(type=told, loc=item["loc"], input=item["input"])


class CaseProblem(AnswerBody):
    file: str
    field: str
    reason: str


class CaseBody(AnswerBody):
    id: str
    group: str | None
    patient: Annotated[str, Field(description="As it was named, else as the id tells.")]
    scheme: Scheme
    state: CaseState
    problems: list[CaseProblem]
    warnings: list[str]
    region_volumes_ml: dict[Region, float] | None


class InspectionProgress(AnswerBody):
    inspected: int
    total: int


class DatasetBody(AnswerBody):
    id: str
    name: str
    state: DatasetState
    grid: GridSpec
    scheme: Scheme
    origin: ImageOrigin
    digest: Annotated[
        str | None, Field(description="Of the content, once ready; names no row, time or place.")
    ]
    tags: list[str]
    created: datetime
    progress: InspectionProgress
    withdrawn: Annotated[list[str], Field(description="Cases that were withdrawn, by id.")]
    warnings: Annotated[
        list[str],
        Field(
            description="What the cases tell only together: what `auto` chose and for which cases, "
            "and which cases hold the same scan."
        ),
    ]
    cases: list[CaseBody]


class DatasetSummary(AnswerBody):
    id: str
    name: str
    state: DatasetState
    grid: GridSpec
    scheme: Scheme
    digest: str | None
    origin: ImageOrigin
    tags: list[str]
    created: datetime
    progress: InspectionProgress


class DatasetPage(AnswerBody):
    items: list[DatasetSummary]
    next: str | None
