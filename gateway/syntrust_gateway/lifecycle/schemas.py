"""Bodies of what was removed, and of a withdrawal."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syntrust_gateway.api.schemas import AnswerBody, CaseId, RequestBody, Text

Ids = list[str]
Cascade = Annotated[bool, Field(description="Remove what depends on it too.")]


class RemovedBody(AnswerBody):
    """What a deletion has removed. What others share stays."""

    datasets: Ids
    experiments: Ids
    jobs: Ids
    models: Ids
    uploads: Ids
    steps: Annotated[int, Field(description="Results that nobody else has.")]
    objects: Annotated[int, Field(description="Files that were removed from the store.")]


class WithdrawnBody(AnswerBody):
    """What the withdrawal of a case has done."""

    dataset: str
    case: str
    failed_runs: Annotated[Ids, Field(description="They used the case and had not ended.")]
    models_marked: Annotated[Ids, Field(description="Kept; their cards name the case.")]
    models_deleted: Ids
    reports_cut: Annotated[
        Ids,
        Field(
            description="Experiments that have ended with the case among theirs: report.html, and "
            "figure 2 if it may show it, are gone; their numbers stay."
        ),
    ]
    kept_for: Annotated[Ids, Field(description="Other datasets of yours that hold the case.")]
    objects: Annotated[int, Field(description="Files that were removed from the store.")]


class Derivation(RequestBody):
    """The body of `POST /datasets/{id}/derive`."""

    name: Annotated[Text | None, Field(description="By default that of the dataset.")] = None
    without: Annotated[
        tuple[CaseId, ...],
        Field(max_length=20_000, description="Further cases to leave out."),
    ] = ()
