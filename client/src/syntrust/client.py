"""`Client`: every call of the REST API as a method. Results are the API's own bodies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from syntrust.bodies import (
    FINAL,
    DatasetState,
    DatasetSummary,
    ExperimentState,
    ExperimentSummary,
    GridSpec,
    Scheme,
)
from syntrust.case_files import find_files
from syntrust.connection import POLL_S, deadline_in, described, require_success, safe
from syntrust.errors import (
    DatasetRefused,
    ExperimentFailed,
    NotFound,
    SynTrustError,
)
from syntrust.events import parse_events
from syntrust.job_calls import JobCalls
from syntrust.transport import OnBytes

FIGURES = (
    *(f"fig{number}" for number in range(2, 9)),
    "dice_volume",
    "bland_altman",
    "floors",
)
FORMATS = ("svg", "png")


@dataclass(frozen=True)
class AddedCase:
    """A case whose files lie in the store; `ignored` are names that are no role of a case."""

    id: str
    files: Mapping[str, Path]
    ignored: tuple[str, ...]
    uploaded_bytes: int


class Client(JobCalls):
    """A SynTrust server; see `Connection` for its parameters."""

    # --- datasets ---------------------------------------------------------------------------

    def create_dataset(
        self, name: str, *, grid: GridSpec = "native", scheme: Scheme = "auto"
    ) -> DatasetState:
        """Open a dataset. `grid` is that of its canonical cases, `scheme` its cases' default."""
        body = {"name": name, "grid": grid, "scheme": scheme}
        return cast("DatasetState", self._http.post("/datasets", body))

    def dataset(self, dataset: str) -> DatasetState:
        return cast("DatasetState", self._http.get(f"/datasets/{safe(dataset)}"))

    def datasets(self) -> Iterator[DatasetSummary]:
        """Every dataset, a page at a time."""
        return cast("Iterator[DatasetSummary]", self._pages("/datasets"))

    def add_case(
        self,
        dataset: str,
        folder: Path | str,
        *,
        case_id: str | None = None,
        group: str | None = None,
        scheme: Scheme | None = None,
        on_bytes: OnBytes = lambda _: None,
    ) -> AddedCase:
        """Send the files of a case folder that the store does not hold yet.

        `case_id` is the folder's name by default. `on_bytes` is told of bytes sent, or of all of a
        file's bytes at once if it needed no sending; negative when a try failed.
        """
        path = Path(folder).resolve()
        files, ignored = find_files(path)
        case = case_id or path.name
        asked: dict[str, Any] = {
            "id": case,
            "files": {role: described(file) for role, file in files.items()},
        }
        asked |= {} if group is None else {"group": group}
        asked |= {} if scheme is None else {"scheme": scheme}
        # Posting a case again replaces it, so a lost answer may be asked for again.
        places = self._http.post(f"/datasets/{safe(dataset)}/cases", asked, repeatable=True)
        sent = sum(self._send(files[role], places[role], on_bytes) for role in files)
        return AddedCase(case, files, tuple(ignored), sent)

    def commit(self, dataset: str) -> DatasetState:
        """Have the cases inspected; `wait_dataset` says what came of it."""
        return cast("DatasetState", self._http.post(f"/datasets/{safe(dataset)}/commit"))

    def wait_dataset(
        self,
        dataset: str,
        *,
        timeout_s: float | None = None,
        on_state: Callable[[DatasetState], None] = lambda _: None,
    ) -> DatasetState:
        """Wait until the dataset is ready.

        Raises
        ------
        DatasetRefused
            If cases were refused; replace them or leave them out in a new dataset.
        TimedOut
            If `timeout_s` seconds were not enough.
        """
        deadline = deadline_in(timeout_s)
        while True:
            state = self.dataset(dataset)
            on_state(state)
            if state["state"] == "ready":
                return state
            if state["state"] == "open":
                raise _not_inspected(state)
            self._rest(deadline, f"Dataset {dataset}")

    # --- experiments ------------------------------------------------------------------------

    def create_experiment(
        self, dataset: str, alphas: Sequence[float], **settings: object
    ) -> ExperimentState:
        """Ask for an experiment. `settings` are the other fields of `POST /experiments`."""
        body = {"dataset": dataset, "alphas": list(alphas), **settings}
        return cast("ExperimentState", self._http.post("/experiments", body))

    def experiment(self, experiment: str) -> ExperimentState:
        return cast("ExperimentState", self._http.get(f"/experiments/{safe(experiment)}"))

    def experiments(self) -> Iterator[ExperimentSummary]:
        """Every experiment, a page at a time."""
        return cast("Iterator[ExperimentSummary]", self._pages("/experiments"))

    def watch(self, experiment: str) -> Iterator[ExperimentState]:
        """States as they change, the last one final. A broken stream is resumed by asking."""
        last: ExperimentState | None = None
        while True:
            for state in self._states(experiment):
                if state != last:
                    last = state
                    yield state
                if state["state"] in FINAL:
                    return
            self._pause(POLL_S)

    def wait(self, experiment: str, *, timeout_s: float | None = None) -> ExperimentState:
        """Wait until the experiment has succeeded.

        Raises
        ------
        ExperimentFailed
            If it failed or was cancelled.
        TimedOut
            If `timeout_s` seconds were not enough; the experiment goes on.
        """
        state = self._ended(
            lambda: self.experiment(experiment), f"Experiment {experiment}", timeout_s
        )
        require_success(state, ExperimentFailed)
        return state

    def cancel(self, experiment: str) -> ExperimentState:
        path = f"/experiments/{safe(experiment)}/cancel"
        return cast("ExperimentState", self._http.post(path, repeatable=True))

    def results(self, experiment: str) -> dict[str, Any]:
        """The results body; `Conflict` until the experiment has succeeded."""
        found: dict[str, Any] = self._http.get(f"/experiments/{safe(experiment)}/results")
        return found

    def figure(self, experiment: str, name: str, *, file_format: str = "svg") -> bytes:
        """One of `FIGURES` as svg or png."""
        file = f"{safe(name)}.{safe(file_format)}"
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/figures/{file}")

    def figures(
        self, experiment: str, folder: Path | str, *, formats: Iterable[str] = FORMATS
    ) -> list[Path]:
        """Write every figure that the report has into `folder`: without twins there is no fig2."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        written = []
        for file_format in formats:
            for name in FIGURES:
                path = target / f"{name}.{file_format}"
                with suppress(NotFound):
                    path.write_bytes(self.figure(experiment, name, file_format=file_format))
                    written.append(path)
        return written

    def predictions(
        self, experiment: str, model: str, folder: Path | str, *, test_set: str = "real"
    ) -> dict[str, Path]:
        """Write the label maps that a segmenter of the experiment predicted; paths by name.

        `test_set` is real, synthetic or synthetic_again; `predictions.json` holds how sure the
        model is of each, by the ids that the answer's `cases` give.
        """
        path = f"/experiments/{safe(experiment)}/predictions"
        found = self._http.get(path, model=model, test_set=test_set)
        return self._fetch_files(found["files"], Path(folder))

    def report(self, experiment: str) -> str:
        """The report as one HTML page."""
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/report.html").decode()

    def long_table(self, experiment: str) -> str:
        """Every measurement of every test case as CSV."""
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/results.csv").decode()

    def save(self, experiment: str, folder: Path | str) -> Path:
        """Write results.json, results.csv, figures/ and report.html into `folder`."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        body = json.dumps(self.results(experiment), indent=2, ensure_ascii=False, allow_nan=False)
        (target / "results.json").write_text(body + "\n", encoding="utf-8")
        (target / "results.csv").write_text(self.long_table(experiment), encoding="utf-8")
        (target / "report.html").write_text(self.report(experiment), encoding="utf-8")
        self.figures(experiment, target / "figures")
        return target

    # --- scoring and health -----------------------------------------------------------------

    def trust_score(
        self,
        cases: Sequence[Mapping[str, Any]] | Mapping[str, Any] | str,
        *,
        policy: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Trust factors of Dice scores: a list of cases, a whole request body, or CSV text."""
        found: dict[str, Any]
        if isinstance(cases, str):
            found = self._http.post("/trust-score", text=cases, media="text/csv", repeatable=True)
            return found
        body = dict(cases) if isinstance(cases, Mapping) else {"cases": list(cases)}
        body |= {} if policy is None else {"policy": dict(policy)}
        found = self._http.post("/trust-score", body, repeatable=True)
        return found

    def health(self) -> dict[str, Any]:
        """What `/health/ready` says; `ServerFailed` when a part is not ready."""
        found: dict[str, Any] = self._http.get("/health/ready")
        return found

    # --- inner ------------------------------------------------------------------------------

    def _states(self, experiment: str) -> Iterator[ExperimentState]:
        """The state now, and then what the event stream tells while it lasts."""
        yield self.experiment(experiment)
        path = f"/experiments/{safe(experiment)}/events"
        try:
            with self._http.stream(path, accept="text/event-stream") as answer:
                if not answer.is_success:
                    return
                for event, data in parse_events(answer.iter_lines()):
                    if event == "state":
                        yield cast("ExperimentState", json.loads(data))
        except httpx.TransportError:
            return  # asking for the state says whether the server is gone for good


def _not_inspected(state: DatasetState) -> SynTrustError:
    refused = {case["id"]: case for case in state["cases"] if case["state"] == "refused"}
    if refused:
        return DatasetRefused({case: cast("Any", refused[case]["problems"]) for case in refused})
    return SynTrustError(f"Dataset {state['id']} is open; add its cases and commit it first.")
