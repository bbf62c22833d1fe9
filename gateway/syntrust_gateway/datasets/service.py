"""Datasets: cases are registered, uploaded straight to the store, and frozen when inspected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from syntrust_core.cases.patient_id import name_patient
from syntrust_core.contracts.uploads import staging_prefix
from syntrust_core.errors import Conflict, InvalidRequest, NotFound
from syntrust_core.storage.base import ObjectStore
from syntrust_gateway.auth.access import PageQuery, find_row, read_page
from syntrust_gateway.auth.filters import RowFilter
from syntrust_gateway.auth.quotas import require_room
from syntrust_gateway.auth.service import Caller, audit
from syntrust_gateway.case_comparison import tell_of_dataset
from syntrust_gateway.container import Container
from syntrust_gateway.datasets.planner_view import DatasetView, view_dataset
from syntrust_gateway.datasets.schemas import (
    CaseBody,
    DatasetBody,
    DatasetChanges,
    DatasetPage,
    DatasetSummary,
    InspectionProgress,
    NewCase,
    NewDataset,
)
from syntrust_gateway.db.tables import Case, CaseState, Dataset, DatasetState
from syntrust_gateway.errors import FieldError, InvalidFields, pointer
from syntrust_gateway.lifecycle.standing import require_whole
from syntrust_gateway.uploads.receipts import FileRow, is_received
from syntrust_gateway.uploads.schemas import UploadTarget
from syntrust_gateway.uploads.staging import find_held, make_targets, place_files

MAX_CASES = 20_000
_INSPECTED = (CaseState.READY, CaseState.REFUSED, CaseState.WITHDRAWN)
_WRONG_BYTES = ("file", "bytes", "sha256")
"""What a refused file is at fault in, if its bytes are not those that were announced."""


def create(session: Session, caller: Caller, request: NewDataset) -> DatasetBody:
    body = request.model_dump(mode="json")
    dataset = Dataset(**body, state=DatasetState.OPEN, owner=caller.id)
    session.add(dataset)
    session.flush()
    audit(session, caller, "dataset.create", dataset.id, name=dataset.name)
    return _body(dataset, ())


def get_dataset(session: Session, caller: Caller, dataset_id: str) -> DatasetBody:
    dataset = find_row(session, caller, Dataset, dataset_id)
    return _body(dataset, _cases(session, dataset))


def change_dataset(
    session: Session, caller: Caller, dataset_id: str, changes: DatasetChanges
) -> DatasetBody:
    """Change the name or the tags of a dataset; its content and digest stay."""
    dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
    asked = changes.model_dump(mode="json", exclude_unset=True)
    for name, value in asked.items():
        setattr(dataset, name, value)
    audit(session, caller, "dataset.change", dataset.id, **asked)
    return _body(dataset, _cases(session, dataset))


def list_page(session: Session, caller: Caller, query: PageQuery, wanted: RowFilter) -> DatasetPage:
    chosen = wanted.apply(session, Dataset, select(Dataset))
    rows, cursor = read_page(session, Dataset, chosen, caller, query)
    counts = _counts(session, [row.id for row in rows])
    items = [_summary(row, counts.get(row.id, Counter())) for row in rows]
    return DatasetPage(items=items, next=cursor)


def add_case(
    container: Container, caller: Caller, dataset_id: str, request: NewCase
) -> dict[str, UploadTarget]:
    """Register a case and say where its files go. It replaces a case of the same id.

    Raises
    ------
    Conflict
        If the dataset is not open, or has as many cases as it may have.
    """
    files = request.model_dump(mode="json")["files"]
    with container.read() as session:
        owner = find_row(session, caller, Dataset, dataset_id).owner
    held = find_held(container, owner, files)  # before the database is locked
    with container.write.begin() as session:
        dataset = _open(session, caller, dataset_id)
        case = _case(session, dataset, request.id)
        sound = _sound_files(case)
        lost = {file["sha256"] for role, file in case.files.items() if role not in sound}
        whole = {sha256: kept for sha256, kept in held.items() if kept["sha256"] not in lost}
        _update(case, request, place_files(owner, files, whole, sound))
        require_room(session, dataset.owner, container.limits.stored_bytes)
        audit(session, caller, "case.register", f"{dataset.id}/{request.id}")
    return make_targets(container.store, case.files, container.upload_expires)


def _case(session: Session, dataset: Dataset, case_id: str) -> Case:
    case = session.get(Case, (dataset.id, case_id))
    if case is None:
        _require_room(session, dataset)
        case = Case(dataset_id=dataset.id, case_id=case_id, files={}, problems=[])
        session.add(case)
    return case


def _sound_files(case: Case) -> dict[str, FileRow]:
    """Give the files of a case whose bytes nothing was wrong with; others must be put again."""
    wrong = {item["file"] for item in case.problems if item["field"] in _WRONG_BYTES}
    return {role: file for role, file in case.files.items() if role not in wrong}


def _update(case: Case, request: NewCase, files: dict[str, Any]) -> None:
    body = request.model_dump(mode="json")
    case.group, case.patient = body["group"], body["patient"]
    case.scheme, case.files = body["scheme"], files
    case.state, case.problems, case.step, case.record = CaseState.AWAITING_UPLOAD, [], None, None


def remove_case(session: Session, caller: Caller, dataset_id: str, case_id: str) -> None:
    dataset = _open(session, caller, dataset_id)
    case = session.get(Case, (dataset.id, case_id))
    if case is None:
        raise NotFound(f"The dataset has no case {case_id}.")
    session.delete(case)
    audit(session, caller, "case.remove", f"{dataset.id}/{case_id}")


def commit(container: Container, caller: Caller, dataset_id: str) -> DatasetBody:
    """Hand the dataset over to inspection. A second call changes nothing.

    Raises
    ------
    InvalidFields
        If it has no case, or uploads are missing or do not have their announced size.
    """
    with container.read() as session:
        dataset = find_row(session, caller, Dataset, dataset_id)
    # A listing instead of a question per file, and before the database is locked.
    sizes = _arrived_sizes(container.store, dataset)
    with container.write.begin() as session:
        dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
        cases = _cases(session, dataset)
        if dataset.state is DatasetState.OPEN:
            _require_uploads(cases, sizes)
            _hand_over(dataset, cases)
            audit(session, caller, "dataset.commit", dataset.id, cases=len(cases))
        return _body(dataset, cases)


def _arrived_sizes(store: ObjectStore, dataset: Dataset) -> dict[str, int]:
    """List what the dataset's owner has put, as bytes by key; once, files had keys by dataset."""
    prefixes = (staging_prefix(dataset.owner), f"uploads/{dataset.id}/")
    return {item.key: item.bytes for prefix in prefixes for item in store.list(prefix)}


def _hand_over(dataset: Dataset, cases: Sequence[Case]) -> None:
    dataset.state = DatasetState.INSPECTING
    for case in cases:
        if case.state is not CaseState.READY:
            # The orchestrator gives a step to every case that is being inspected and has none.
            case.state, case.step, case.problems = CaseState.INSPECTING, None, []


def _open(session: Session, caller: Caller, dataset_id: str) -> Dataset:
    dataset = find_row(session, caller, Dataset, dataset_id, lock=True)
    if dataset.state is not DatasetState.OPEN:
        raise Conflict(
            f"The dataset is {dataset.state}; its cases can be changed only while it is open.",
            state=str(dataset.state),
        )
    return dataset


def _require_room(session: Session, dataset: Dataset) -> None:
    query = select(func.count()).select_from(Case).where(Case.dataset_id == dataset.id)
    if (session.scalar(query) or 0) >= MAX_CASES:
        raise Conflict(f"A dataset holds at most {MAX_CASES} cases.")


def _require_uploads(cases: Sequence[Case], sizes: Mapping[str, int]) -> None:
    if not cases:
        raise InvalidFields(
            "The dataset has no case.", [FieldError("/cases", "Register at least one case first.")]
        )
    wrong = [field for case in cases for field in _missing_uploads(case, sizes)]
    if wrong:
        raise InvalidFields(f"{len(wrong)} files are not uploaded as announced.", wrong)


def _missing_uploads(case: Case, sizes: Mapping[str, int]) -> Iterable[FieldError]:
    if case.state is CaseState.READY:
        return
    for role, file in case.files.items():
        if is_received(file):
            continue
        held, announced = sizes.get(file["key"]), file["bytes"]
        at = pointer("cases", case.case_id, "files", role)
        if held is None:
            yield FieldError(at, f"{role} of {case.case_id} has not been uploaded.")
        elif held != announced:
            yield FieldError(
                at, f"{role} of {case.case_id} has {held} bytes; {announced} were announced."
            )


def _cases(session: Session, dataset: Dataset) -> Sequence[Case]:
    query = select(Case).where(Case.dataset_id == dataset.id).order_by(Case.case_id)
    return session.scalars(query).all()


def _counts(session: Session, ids: Sequence[str]) -> dict[str, Counter[CaseState]]:
    query = (
        select(Case.dataset_id, Case.state, func.count())
        .where(Case.dataset_id.in_(ids))
        .group_by(Case.dataset_id, Case.state)
    )
    counts: dict[str, Counter[CaseState]] = {}
    for dataset_id, state, count in session.execute(query):
        counts.setdefault(dataset_id, Counter())[state] = count
    return counts


def _progress(states: Counter[CaseState]) -> InspectionProgress:
    inspected = sum(states[state] for state in _INSPECTED)
    return InspectionProgress(inspected=inspected, total=states.total())


def _summary(dataset: Dataset, states: Counter[CaseState]) -> DatasetSummary:
    return DatasetSummary(**_columns(dataset), progress=_progress(states))


def _body(dataset: Dataset, cases: Sequence[Case]) -> DatasetBody:
    states = Counter(case.state for case in cases)
    bodies = [_case_body(case, dataset.scheme) for case in cases]
    withdrawn = [case.case_id for case in cases if case.state is CaseState.WITHDRAWN]
    columns, progress = _columns(dataset), _progress(states)
    return DatasetBody(
        **columns,
        progress=progress,
        withdrawn=withdrawn,
        warnings=tell_of_dataset(cases),
        cases=bodies,
    )


def _columns(dataset: Dataset) -> dict[str, Any]:
    names = ("id", "name", "state", "grid", "scheme", "origin", "digest", "tags", "created")
    return {name: getattr(dataset, name) for name in names}


def _case_body(case: Case, default_scheme: Any) -> CaseBody:  # noqa: ANN401 - JSON
    record = case.record or {}
    return CaseBody(
        id=case.case_id,
        group=case.group,
        patient=name_patient(case.case_id, case.patient),
        scheme=case.scheme or default_scheme,
        state=case.state,
        problems=case.problems,
        warnings=[f"{item['file']}: {item['reason']}" for item in record.get("warnings", ())],
        region_volumes_ml=record.get("region_volumes_ml"),
    )


def find_ready_dataset(
    session: Session, caller: Caller, dataset_id: str, *, at: str = "/dataset"
) -> DatasetView:
    """Find a ready dataset with its cases; `at` is the pointer of the field that names it."""
    try:
        dataset = find_row(session, caller, Dataset, dataset_id)
    except NotFound as error:
        raise InvalidRequest(error.detail, pointer=at) from error
    if dataset.state is not DatasetState.READY:
        raise Conflict(
            f"The dataset is {dataset.state}; a ready one is needed. Commit it and wait.",
            state=str(dataset.state),
        )
    cases = session.scalars(select(Case).where(Case.dataset_id == dataset.id)).all()
    require_whole(dataset, cases)
    return view_dataset(dataset, cases)
