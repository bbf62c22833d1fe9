"""What the planner of an experiment needs to know of a dataset and its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from pydantic import TypeAdapter

from syntrust_core.cases.patient_id import name_patient
from syntrust_core.contracts.grid import GridSpec
from syntrust_core.contracts.vocabulary import ImageOrigin
from syntrust_gateway.case_comparison import contents_of_record
from syntrust_gateway.db.tables import Case, Dataset


@dataclass(frozen=True)
class CaseView:
    """What a plan needs to know of one ready case."""

    id: str
    group: str | None
    step: str
    label_map_fingerprint: str
    named_patient: str | None = None
    contents: Mapping[str, str] = field(default_factory=dict)
    """Digests that no two scans share, and what each is of."""

    @property
    def patient(self) -> str:
        """Whose case it is: as its caller named it, else as its id tells."""
        return name_patient(self.id, self.named_patient)


@dataclass(frozen=True)
class DatasetView:
    id: str
    digest: str
    grid: GridSpec
    cases: tuple[CaseView, ...]
    origin: ImageOrigin = "patients"


def view_dataset(dataset: Dataset, cases: Iterable[Case]) -> DatasetView:
    """View a ready dataset and its cases, in the order of their ids."""
    return DatasetView(
        id=dataset.id,
        digest=dataset.digest or "",
        grid=TypeAdapter[GridSpec](GridSpec).validate_python(dataset.grid),
        cases=tuple(_case_view(case) for case in sorted(cases, key=lambda case: case.case_id)),
        origin=cast("ImageOrigin", dataset.origin),
    )


def _case_view(case: Case) -> CaseView:
    return CaseView(
        id=case.case_id,
        group=case.group,
        step=case.step or "",
        label_map_fingerprint=(case.record or {}).get("fingerprint", ""),
        named_patient=case.patient,
        contents=contents_of_record(case.record or {}),
    )
