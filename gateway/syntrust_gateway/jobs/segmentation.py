"""`POST /segmentations`: a job segments four modalities on their own grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from syntrust_core.contracts.experiment_steps import InspectCase
from syntrust_core.contracts.job_steps import SegmentCase
from syntrust_core.contracts.vocabulary import MODALITIES, StatedScheme
from syntrust_core.errors import Conflict, InvalidRequest, NotFound
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, JobKind
from syntrust_gateway.jobs import service as jobs
from syntrust_gateway.jobs.schemas import JobBody, NewSegmentation
from syntrust_gateway.models import registry as models
from syntrust_gateway.models.registry import FoundModel
from syntrust_gateway.uploads import service as uploads

USUAL_SCHEME: Final = "brats2023"
"""The platform's own label values: 1 NCR, 2 ED, 3 ET."""


class Source(NamedTuple):
    """The case to segment, how the job shows it, and of an upload what inspects it."""

    case: str
    shown: dict[str, Any]
    inspection: InspectCase | None = None
    uploads: Sequence[uploads.TakenUpload] = ()


def create(container: Container, caller: Caller, request: NewSegmentation) -> JobBody:
    """Bring the images to the grid that the model was trained on, predict, and take that back.

    Raises
    ------
    InvalidRequest
        With the pointer of the field that is not possible.
    InvalidFields
        If the upload is not there, lacks a modality, or has not arrived whole.
    Conflict
        If the registered case has not been inspected, or was refused.
    """
    model = models.find_as(container, caller, request.model, "segmenter", at="/model")
    source = _registered(container, caller, request, model) or _uploaded(
        container, caller, request, model
    )
    segment = SegmentCase(case=source.case, model=model.ref, probabilities=request.probabilities)
    steps = [segment] if source.inspection is None else [source.inspection, segment]
    shown = {
        **source.shown,
        "model": {"name": model.name, "model": model.ref.model_dump(mode="json")},
        "probabilities": request.probabilities,
    }
    with container.write.begin() as session:
        job = jobs.add(
            container,
            session,
            caller,
            JobKind.SEGMENTATION,
            steps,
            spec=shown,
            uploads=source.uploads,
        )
    return jobs.get_state(container, caller, job.id)


def _uploaded(
    container: Container, caller: Caller, request: NewSegmentation, model: FoundModel
) -> Source:
    at = "/upload"
    requested = {at: request.upload or ""}
    taken = uploads.take(container, caller, requested, needs=MODALITIES, may=("brain",))[at]
    scheme = request.scheme or _stated(taken)
    inspection = InspectCase(
        files=dict(taken.files),
        scheme=scheme,
        grid=model.typed_card.grid or "native",
        purpose="images",
    )
    shown = {"upload": request.upload, "scheme": scheme}
    return Source(inspection.step_id, shown, inspection, [taken])


def _stated(taken: uploads.TakenUpload) -> StatedScheme:
    """Take the upload's scheme; from images alone, `auto` cannot tell one."""
    return USUAL_SCHEME if taken.scheme == "auto" else taken.scheme


def _registered(
    container: Container, caller: Caller, request: NewSegmentation, model: FoundModel
) -> Source | None:
    if request.case is None:
        return None
    with container.read() as session:
        case = _find_case(session, caller, request.case.dataset, request.case.id)
    if case.state is not CaseState.READY:
        raise Conflict(
            f"Case {case.case_id} is {case.state}; a ready one is needed.", state=str(case.state)
        )
    record = case.record or {}
    _require_spacing(record["canonical"]["spacing_mm"], model)
    shown = {"case": request.case.model_dump(), "scheme": record["scheme"]}
    return Source(case.step or "", shown)


def _require_spacing(found_mm: Sequence[float], model: FoundModel) -> None:
    """Refuse a case whose voxels have another size than the model was trained on."""
    grid = model.typed_card.grid
    if grid is None or tuple(found_mm) == grid.spacing_mm:
        return
    found, needed = ("x".join(f"{n:g}" for n in mm) for mm in (found_mm, grid.spacing_mm))
    raise InvalidRequest(
        f"The case lies on voxels of {found} mm, {model.name} was trained on {needed} mm: send the "
        "images as an upload, which is brought to the model's grid.",
        pointer="/case",
    )


def _find_case(session: Session, caller: Caller, dataset_id: str, case_id: str) -> Case:
    try:
        dataset = find_row(session, caller, Dataset, dataset_id)
    except NotFound as error:
        raise InvalidRequest(error.detail, pointer="/case/dataset") from error
    case = session.get(Case, (dataset.id, case_id))
    if case is None:
        raise InvalidRequest(f"The dataset has no case {case_id}.", pointer="/case/id")
    return case
