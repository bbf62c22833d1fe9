"""Links to the canonical files of a case: what every later step of the platform reads."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from syntrust_core.contracts.base import FileInfo, Manifest
from syntrust_core.contracts.case_record import CASE_FILE
from syntrust_core.errors import NotFound
from syntrust_gateway.api.schemas import AnswerBody
from syntrust_gateway.auth.access import find_row
from syntrust_gateway.auth.service import Caller
from syntrust_gateway.container import Container
from syntrust_gateway.db.tables import Case, CaseState, Dataset, Step
from syntrust_gateway.errors import NotYet
from syntrust_gateway.lifecycle.reads import require_manifest
from syntrust_gateway.uploads.links import FileLink, make_links

_LATER: Final = (CaseState.AWAITING_UPLOAD, CaseState.INSPECTING)


class CaseFilesBody(AnswerBody):
    dataset: str
    case: str
    files: Annotated[
        dict[str, FileLink],
        Field(
            description="`<case>_<name>.nii.gz` of t1, t1ce, t2, flair, labels (0 background, "
            "1 NCR, 2 ED, 3 ET) and brain, on the dataset's grid; and `<case>.json`, its record."
        ),
    ]


def list_case_files(
    container: Container, caller: Caller, dataset_id: str, case_id: str
) -> CaseFilesBody:
    """Link the canonical images, label map and brain of a case that was inspected.

    Raises
    ------
    NotFound
        If there is no such dataset or case, or the case was refused or withdrawn.
    NotYet
        If it is not inspected yet.
    """
    with container.read() as session:
        dataset = find_row(session, caller, Dataset, dataset_id)
        case = session.get(Case, (dataset.id, case_id))
        if case is None:
            raise NotFound(f"The dataset has no case {case_id}.")
        if case.state in _LATER:
            raise NotYet(f"The case is {case.state}; it has files once it is ready.")
        step = None if case.step is None else session.get(Step, case.step)
        if case.state is not CaseState.READY or step is None:
            raise NotFound(f"The case {case_id} is {case.state}; it has no files.")
        files = require_manifest(step)
    links = make_links(container.store, _named(case_id, files))
    return CaseFilesBody(dataset=dataset.id, case=case_id, files=links)


def _named(case: str, manifest: Manifest) -> dict[str, FileInfo]:
    return {
        f"{case}.json" if name == CASE_FILE else f"{case}_{name}": info
        for name, info in manifest.files.items()
    }
