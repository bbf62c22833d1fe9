"""Calls about single jobs: uploads, syntheses, segmentations, scores of label maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from syntrust.api_types import JobBody, JobSummary, RemovedBody
from syntrust.bodies import FINAL, JobResult, Scheme
from syntrust.case_files import image_files
from syntrust.connection import POLL_S, Connection, OnLost, described, require_success, safe
from syntrust.errors import JobFailed, UnfitFolder
from syntrust.transport import OnBytes


class Jobs:
    """Asks for jobs and follows them: `client.jobs`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = connection.http

    def upload(
        self,
        files: Mapping[str, Path | str],
        *,
        scheme: Scheme = "auto",
        on_bytes: OnBytes = lambda _: None,
    ) -> str:
        """Send files by role and give the id of the upload that a job can name."""
        paths = {role: _existing(Path(file)) for role, file in files.items()}
        asked = {
            "scheme": scheme,
            "files": {role: described(path) for role, path in paths.items()},
        }
        upload = self._http.post("/uploads", asked)
        where = f"/uploads/{safe(upload['id'])}"
        self._connection.send_all(
            paths, upload["files"], on_bytes, lambda: self._http.get(where)["files"]
        )
        return str(upload["id"])

    def delete_upload(self, upload: str, *, cascade: bool = False) -> RemovedBody:
        """Delete an upload with its files; with `cascade` also the jobs that still need it."""
        path = f"/uploads/{safe(upload)}"
        return cast("RemovedBody", self._http.delete(path, cascade=str(cascade).lower()))

    def synthesise(
        self,
        mask: Path | str,
        *,
        brain: Path | str | None = None,
        scheme: Scheme = "auto",
        twin: int = 0,
        fit: str | None = None,
        **drawing: object,
    ) -> JobBody:
        """Ask for four modalities on the grid of a mask.

        `brain` is a brain mask, needed unless the scheme labels the rest of the brain. `fit` is
        "resize" to squeeze the mask into the generator's grid. `drawing` holds model, sampler,
        steps and seed; what is left out is the model's default.
        """
        files = {"seg": mask} | ({} if brain is None else {"brain": brain})
        upload = self.upload(files, scheme=scheme)
        asked = {"upload": upload, "generator": drawing, "twin": twin, "fit": fit}
        return self._job("/syntheses", asked)

    def segment(
        self,
        case: Path | str,
        model: str,
        *,
        scheme: Scheme | None = None,
        probabilities: bool = False,
        on_bytes: OnBytes = lambda _: None,
    ) -> JobBody:
        """Ask for the label map of a case folder, on the grid of its images.

        The folder holds t1, t1ce, t2 and flair, and brain unless they are skull-stripped; a mask
        beside them is not sent. `model` is a segmenter by name or id. `scheme` says which label
        values to write; if None, 1 NCR, 2 ED, 3 ET.
        """
        upload = self.upload(image_files(Path(case)), on_bytes=on_bytes)
        asked = {"upload": upload, "model": model, "scheme": scheme}
        return self._job("/segmentations", {**asked, "probabilities": probabilities})

    def segment_registered(
        self, dataset: str, case: str, model: str, *, probabilities: bool = False
    ) -> JobBody:
        """The same for a case of a dataset, in the case's own label scheme."""
        asked = {"case": {"dataset": dataset, "id": case}, "model": model}
        return self._job("/segmentations", {**asked, "probabilities": probabilities})

    def score_volumes(
        self,
        cases: Mapping[str, Mapping[str, Path | str]],
        *,
        groups: Mapping[str, str] | None = None,
        scheme: Scheme = "auto",
        policy: Mapping[str, Any] | None = None,
    ) -> JobBody:
        """Ask for the trust factors of label maps.

        `cases` maps a case's id to its files seg, prediction_real and prediction_synthetic. The
        answer of `trust_score` is then the job's result.
        """
        entries = [
            {"id": case, "upload": self.upload(files, scheme=scheme)}
            | ({"group": groups[case]} if groups and case in groups else {})
            for case, files in cases.items()
        ]
        return self._job("/trust-score/volumes", {"cases": entries, "policy": dict(policy or {})})

    def get(self, job: str) -> JobBody:
        return cast("JobBody", self._http.get(f"/jobs/{safe(job)}"))

    def list(self) -> Iterator[JobSummary]:
        """Every job, a page at a time."""
        return cast("Iterator[JobSummary]", self._connection.pages("/jobs"))

    def watch(self, job: str, *, on_lost: OnLost = lambda _: None) -> Iterator[JobBody]:
        """States as they change, the last one final. See `Experiments.watch` for `on_lost`."""
        last: JobBody | None = None
        look = partial(self.get, job)
        while last is None or last["state"] not in FINAL:
            state = (
                look() if last is None else self._connection.ask_patiently(look, on_lost=on_lost)
            )
            if _without_links(state) != _without_links(last):
                yield state
            last = state
            if state["state"] not in FINAL:
                self._connection.pause(POLL_S)

    def wait(self, job: str, *, timeout_s: float | None = None) -> JobBody:
        """Wait until the job has succeeded.

        Raises
        ------
        JobFailed
            If it failed or was cancelled.
        TimedOut
            If `timeout_s` seconds were not enough; the job goes on.
        """
        state = self._connection.wait_until_final(lambda: self.get(job), f"Job {job}", timeout_s)
        require_success(state, JobFailed)
        return state

    def cancel(self, job: str) -> JobBody:
        return self._change(job, "cancel")

    def delete(self, job: str, *, cascade: bool = False) -> RemovedBody:
        """Delete a job with its files.

        What depends on it refuses that, unless it goes too with `cascade`.
        """
        path = f"/jobs/{safe(job)}"
        return cast("RemovedBody", self._http.delete(path, cascade=str(cascade).lower()))

    def pause(self, job: str) -> JobBody:
        """Start no more of its steps until it is resumed. What was handed out goes on."""
        return self._change(job, "pause")

    def resume(self, job: str) -> JobBody:
        """Go on where it was paused."""
        return self._change(job, "resume")

    def retry(self, job: str) -> JobBody:
        """Compute what is missing of one that failed; `Conflict` unless it has failed."""
        return cast("JobBody", self._http.post(f"/jobs/{safe(job)}/retry"))

    def set_priority(self, job: str, priority: int) -> JobBody:
        """Say which of your own come first, from -10 to 10."""
        path = f"/jobs/{safe(job)}"
        return cast("JobBody", self._http.patch(path, {"priority": priority}))

    def result(self, job: str) -> JobResult:
        """The JSON document the job was for; `Conflict` until it has succeeded."""
        found: JobResult = self._http.get(f"/jobs/{safe(job)}/result")
        return found

    def download(self, job: str, folder: Path | str) -> dict[str, Path]:
        """Write every file of a job into `folder`; paths by name."""
        return self._connection.fetch_files(self.get(job)["files"], Path(folder))

    def _change(self, job: str, verb: str) -> JobBody:
        return cast("JobBody", self._http.post(f"/jobs/{safe(job)}/{verb}"))

    def _job(self, path: str, body: object) -> JobBody:
        return cast("JobBody", self._http.post(path, body))


def _without_links(state: JobBody | None) -> object:
    """What tells a change: links are signed anew at every look."""
    return None if state is None else {**state, "files": sorted(state["files"])}


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UnfitFolder(f"{file} is not a file.")
    return file
