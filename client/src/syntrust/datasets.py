"""Calls about datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from syntrust.api_types import DatasetBody, DatasetSummary, RemovedBody, WithdrawnBody
from syntrust.bodies import GridSpec, ImageOrigin, Scheme
from syntrust.connection import Connection, deadline_in, described, safe
from syntrust.errors import DatasetRefused, SynTrustError
from syntrust.intake.case_ids import require_case_id
from syntrust.intake.outcomes import FoundCase
from syntrust.intake.patients import require_patient
from syntrust.intake.survey import read_case
from syntrust.transport import OnBytes


@dataclass(frozen=True)
class AddedCase:
    """A case whose files lie in the store; `ignored` are names that are no role of a case."""

    id: str
    files: Mapping[str, Path]
    ignored: tuple[str, ...]
    uploaded_bytes: int


class Datasets:
    """Registers datasets: `client.datasets`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = connection.http

    def create(
        self,
        name: str,
        *,
        grid: GridSpec = "native",
        scheme: Scheme = "auto",
        origin: ImageOrigin = "patients",
    ) -> DatasetBody:
        """Open a dataset. `grid` is that of its canonical cases, `scheme` its cases' default.

        Reports never call the images real where `origin` is `phantoms`.
        """
        body = {"name": name, "grid": grid, "scheme": scheme, "origin": origin}
        return cast("DatasetBody", self._http.post("/datasets", body))

    def get(self, dataset: str) -> DatasetBody:
        return cast("DatasetBody", self._http.get(f"/datasets/{safe(dataset)}"))

    def list(self) -> Iterator[DatasetSummary]:
        """Every dataset, a page at a time."""
        return cast("Iterator[DatasetSummary]", self._connection.pages("/datasets"))

    def delete(self, dataset: str, *, cascade: bool = False) -> RemovedBody:
        """Delete a dataset with all that was made of it.

        What depends on it refuses that, unless it goes too with `cascade`.
        """
        path = f"/datasets/{safe(dataset)}"
        return cast("RemovedBody", self._http.delete(path, cascade=str(cascade).lower()))

    def withdraw(
        self, dataset: str, case: str, *, delete_models: bool = False
    ) -> WithdrawnBody | None:
        """Withdraw a patient from a ready dataset; None if it was open, and the case is removed.

        Models that were trained on the case are marked, or deleted.
        """
        path = f"/datasets/{safe(dataset)}/cases/{safe(case)}"
        chosen = {"cascade": "models"} if delete_models else {}
        return cast("WithdrawnBody | None", self._http.delete(path, **chosen))

    def derive(
        self, dataset: str, *, name: str | None = None, without: Sequence[str] = ()
    ) -> DatasetBody:
        """Make a dataset of the cases that were not withdrawn; it is ready at once."""
        body = {"name": name, "without": list(without)}
        return cast("DatasetBody", self._http.post(f"/datasets/{safe(dataset)}/derive", body))

    def add_case(
        self,
        dataset: str,
        folder: Path | str,
        *,
        case_id: str | None = None,
        group: str | None = None,
        patient: str | None = None,
        scheme: Scheme | None = None,
        on_bytes: OnBytes = lambda _: None,
    ) -> AddedCase:
        """Send the files of a case folder that the store does not hold yet.

        `case_id` is the folder's name by default, with '-' for what no id may hold; `patient` is
        told by the id by default. `on_bytes` is told of bytes sent, or of all of a file's bytes at
        once if it needed no sending; negative when a try failed.

        Raises
        ------
        UnfitFolder
            Before anything is sent, if the folder is no case or a file cannot be sent.
        """
        found = read_case(folder)
        found = replace(
            found,
            id=found.id if case_id is None else require_case_id(case_id),
            patient=found.patient if patient is None else require_patient(patient),
            scheme=found.scheme if scheme is None else scheme,
        )
        return self.add_found(dataset, found, group=group, on_bytes=on_bytes)

    def add_found(
        self,
        dataset: str,
        found: FoundCase,
        *,
        group: str | None = None,
        on_bytes: OnBytes = lambda _: None,
    ) -> AddedCase:
        """Send the files of a case that `syntrust.intake.survey.survey` has found."""
        asked: dict[str, Any] = {
            "id": found.id,
            "files": {role: described(file) for role, file in found.files.items()},
        }
        named = {"group": group, "patient": found.patient, "scheme": found.scheme}
        asked |= {name: value for name, value in named.items() if value is not None}

        def announce() -> Any:  # noqa: ANN401 - JSON is anything
            # Posting a case again replaces it and keeps what was sent, so it may be repeated.
            return self._http.post(f"/datasets/{safe(dataset)}/cases", asked)

        sent = self._connection.send_all(found.files, announce(), on_bytes, announce)
        return AddedCase(found.id, found.files, found.ignored, sent)

    def files(self, dataset: str, case: str, folder: Path | str) -> dict[str, Path]:
        """Write the canonical images, label map and brain mask of a case; paths by name."""
        found = self._http.get(f"/datasets/{safe(dataset)}/cases/{safe(case)}/files")
        return self._connection.fetch_files(found["files"], Path(folder))

    def change(self, dataset: str, **changes: object) -> DatasetBody:
        """Change `name` or `tags`; what is left out stays, and so does the digest."""
        return cast("DatasetBody", self._http.patch(f"/datasets/{safe(dataset)}", changes))

    def commit(self, dataset: str) -> DatasetBody:
        """Have the cases inspected; `wait` then says whether they were accepted."""
        return cast("DatasetBody", self._http.post(f"/datasets/{safe(dataset)}/commit"))

    def wait(
        self,
        dataset: str,
        *,
        timeout_s: float | None = None,
        on_state: Callable[[DatasetBody], None] = lambda _: None,
    ) -> DatasetBody:
        """Wait until the dataset is ready.

        Raises
        ------
        DatasetRefused
            If cases were refused; replace them or leave them out in a new dataset.
        TimedOut
            If `timeout_s` seconds were not enough.
        """
        deadline = deadline_in(timeout_s)
        state = self.get(dataset)
        while True:
            on_state(state)
            if state["state"] == "ready":
                return state
            if state["state"] == "open":
                raise _not_inspected(state)
            self._connection.rest(deadline, f"Dataset {dataset}")
            state = self._connection.ask_patiently(lambda: self.get(dataset), deadline=deadline)


def _not_inspected(state: DatasetBody) -> SynTrustError:
    refused = {case["id"]: case for case in state["cases"] if case["state"] == "refused"}
    if refused:
        return DatasetRefused({case: cast("Any", refused[case]["problems"]) for case in refused})
    return SynTrustError(f"Dataset {state['id']} is open; add its cases and commit it first.")
