"""Calls about experiments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import httpx
from httpx_sse import EventSource

from syntrust.api_types import (
    ComparisonAnswer,
    CostBody,
    ExperimentBody,
    ExperimentSummary,
    RemovedBody,
    TwinFiles,
)
from syntrust.bodies import FINAL, AnyResults
from syntrust.connection import (
    POLL_S,
    Connection,
    OnLost,
    deadline_in,
    require_success,
    safe,
)
from syntrust.errors import ExperimentFailed, NotFound, UnfitFolder

FIGURES = (
    *(f"fig{number}" for number in range(2, 9)),
    "dice_volume",
    "bland_altman",
    "floors",
)
FORMATS = ("svg", "png")


class Experiments:
    """Runs experiments and fetches what they give: `client.experiments`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = connection.http

    def create(
        self,
        dataset: str,
        alphas: Sequence[float],
        *,
        idempotency_key: str | None = None,
        **settings: object,
    ) -> ExperimentBody:
        """Ask for an experiment. `settings` are the other fields of `POST /experiments`.

        A call with the same `idempotency_key` and settings within a day, from another process
        too, gives the same experiment.
        """
        body = {"dataset": dataset, "alphas": list(alphas), **settings}
        return cast("ExperimentBody", self._http.post("/experiments", body, key=idempotency_key))

    def dry_run(self, dataset: str, alphas: Sequence[float], **settings: object) -> CostBody:
        """Tell what `create` would cost, and what it could show. Nothing is accepted."""
        body = {"dataset": dataset, "alphas": list(alphas), **settings}
        asked = self._http.post("/experiments?dry_run=true", body)
        return cast("CostBody", asked)

    def get(self, experiment: str) -> ExperimentBody:
        return cast("ExperimentBody", self._http.get(f"/experiments/{safe(experiment)}"))

    def list(self) -> Iterator[ExperimentSummary]:
        """Every experiment, a page at a time."""
        return cast("Iterator[ExperimentSummary]", self._connection.pages("/experiments"))

    def watch(
        self, experiment: str, *, on_lost: OnLost = lambda _: None
    ) -> Iterator[ExperimentBody]:
        """States as they change, the last one final. A broken stream is resumed by asking.

        A server that has answered is asked for a quarter of an hour while it restarts; `on_lost`
        hears of it.
        """
        last: ExperimentBody | None = None
        look = partial(self.get, experiment)
        while True:
            now = look() if last is None else self._connection.ask_patiently(look, on_lost=on_lost)
            for state in chain([now], self._states(experiment)):
                if state != last:
                    last = state
                    yield state
                if state["state"] in FINAL:
                    return
            self._connection.pause(POLL_S)

    def wait(self, experiment: str, *, timeout_s: float | None = None) -> ExperimentBody:
        """Wait until the experiment has succeeded.

        Raises
        ------
        ExperimentFailed
            If it failed or was cancelled.
        TimedOut
            If `timeout_s` seconds were not enough; the experiment goes on.
        """
        state = self._connection.wait_until_final(
            lambda: self.get(experiment), f"Experiment {experiment}", timeout_s
        )
        require_success(state, ExperimentFailed)
        return state

    def cancel(self, experiment: str) -> ExperimentBody:
        return self._change(experiment, "cancel")

    def delete(self, experiment: str, *, cascade: bool = False) -> RemovedBody:
        """Delete an experiment with its report.

        What depends on it refuses that, unless it goes too with `cascade`.
        """
        path = f"/experiments/{safe(experiment)}"
        return cast("RemovedBody", self._http.delete(path, cascade=str(cascade).lower()))

    def pause(self, experiment: str) -> ExperimentBody:
        """Start no more of its steps until it is resumed. What was handed out goes on."""
        return self._change(experiment, "pause")

    def resume(self, experiment: str) -> ExperimentBody:
        """Go on where it was paused."""
        return self._change(experiment, "resume")

    def retry(self, experiment: str) -> ExperimentBody:
        """Compute what is missing of one that failed; `Conflict` unless it has failed."""
        return cast("ExperimentBody", self._http.post(f"/experiments/{safe(experiment)}/retry"))

    def set_priority(self, experiment: str, priority: int) -> ExperimentBody:
        """Say which of your own come first, from -10 to 10."""
        path = f"/experiments/{safe(experiment)}"
        return cast("ExperimentBody", self._http.patch(path, {"priority": priority}))

    def results(self, experiment: str) -> AnyResults:
        """The results body; `Conflict` until there is one.

        If it has failed with other arms left, it is partial: `missing` names what is not there.
        """
        found = self._http.get(f"/experiments/{safe(experiment)}/results")
        return cast("AnyResults", found)

    def compare(self, experiments: Sequence[str]) -> ComparisonAnswer:
        """Two to six experiments side by side; the others are compared with the first."""
        body = {"experiments": list(experiments)}
        return cast("ComparisonAnswer", self._http.post("/comparisons", body))

    def figure(self, experiment: str, name: str, *, file_format: str = "svg") -> bytes:
        """One of `FIGURES` as svg or png."""
        file = f"{safe(name)}.{safe(file_format)}"
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/figures/{file}")

    def figures(
        self, experiment: str, folder: Path | str, *, formats: Iterable[str] = FORMATS
    ) -> Sequence[Path]:
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

        They go to ``folder/<model>/<test_set>``, because those of every model and test set have the
        same names. `test_set` is real, synthetic or synthetic_again; `predictions.json` holds how
        sure the model is of each, by the ids that the answer's `cases` give.
        """
        path = f"/experiments/{safe(experiment)}/predictions"
        found = self._http.get(path, model=model, test_set=test_set)
        target = Path(folder, safe(model), safe(test_set))
        return self._connection.fetch_files(found["files"], target)

    def twins(
        self, experiment: str, folder: Path | str, *, case: str | None = None
    ) -> Iterator[dict[str, Path]]:
        """Write the synthetic images that were drawn so far, a folder for each case.

        Gives the paths of one twin after the other, by names that say `synthetic`.
        """
        chosen = {} if case is None else {"case": case}
        found = self._connection.pages(f"/experiments/{safe(experiment)}/twins", **chosen)
        for twin in cast("Iterator[TwinFiles]", found):
            target = Path(folder) / safe(twin["case"])
            yield self._connection.fetch_files(twin["files"], target)

    def change(self, experiment: str, **changes: object) -> ExperimentBody:
        """Change `name`, `tags` or `priority`; what is left out stays."""
        path = f"/experiments/{safe(experiment)}"
        return cast("ExperimentBody", self._http.patch(path, changes))

    def report(self, experiment: str) -> str:
        """The report as one HTML page."""
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/report.html").decode()

    def pdf(self, experiment: str, *, timeout_s: float | None = None) -> bytes:
        """The report as a PDF, with the experiment's name as it is now; waits until it is made.

        Raises
        ------
        Conflict
            If there are no results, or the PDF could not be made.
        TimedOut
            If `timeout_s` seconds were not enough; the server goes on.
        """
        deadline_s = deadline_in(timeout_s)
        look = partial(self._http.get_made, f"/experiments/{safe(experiment)}/report.pdf")
        made = look()
        while made is None:
            self._connection.rest(deadline_s, f"The PDF of experiment {experiment}")
            made = self._connection.ask_patiently(look, deadline=deadline_s)
        return made

    def long_table(self, experiment: str) -> str:
        """Every measurement of every test case as CSV."""
        return self._http.get_bytes(f"/experiments/{safe(experiment)}/results.csv").decode()

    def save(self, experiment: str, folder: Path | str, *, replace: bool = False) -> Path:
        """Write results.json, results.csv, figures/ and report.html into `folder`.

        Raises
        ------
        UnfitFolder
            If it holds the results of another experiment and `replace` does not say that they may
            be lost. Nothing was written.
        """
        target = Path(folder)
        results = self.results(experiment)
        if not replace:
            _require_same(target / "results.json", results["digest"])
        target.mkdir(parents=True, exist_ok=True)
        body = json.dumps(results, indent=2, ensure_ascii=False, allow_nan=False)
        (target / "results.json").write_text(body + "\n", encoding="utf-8")
        (target / "results.csv").write_text(self.long_table(experiment), encoding="utf-8")
        (target / "report.html").write_text(self.report(experiment), encoding="utf-8")
        self.figures(experiment, target / "figures")
        return target

    def _change(self, experiment: str, verb: str) -> ExperimentBody:
        path = f"/experiments/{safe(experiment)}/{verb}"
        return cast("ExperimentBody", self._http.post(path))

    def _states(self, experiment: str) -> Iterator[ExperimentBody]:
        """What the event stream tells while it lasts."""
        path = f"/experiments/{safe(experiment)}/events"
        try:
            with self._http.stream(path, accept="text/event-stream") as answer:
                if not answer.is_success:
                    return
                for event in EventSource(answer).iter_sse():
                    if event.event == "state":
                        yield cast("ExperimentBody", event.json())
        except httpx.TransportError:
            return  # asking for the state says whether the server is gone for good


def _require_same(file: Path, digest: str) -> None:
    """Refuse a file of results whose digest is not `digest`; equal results may be written again."""
    if file.exists() and f'"{digest}"' not in file.read_text(encoding="utf-8", errors="replace"):
        raise UnfitFolder(
            f"{file.parent} holds the results of another experiment, and nothing was written: "
            "name another folder, or remove what is there."
        )
