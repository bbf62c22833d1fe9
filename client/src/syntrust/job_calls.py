"""Calls about single jobs: uploads, syntheses, segmentations, scores of label maps, models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from syntrust.bodies import (
    FINAL,
    FileLink,
    JobState,
    JobSummary,
    ModelKind,
    ModelState,
    ModelSummary,
    Scheme,
)
from syntrust.case_files import image_files
from syntrust.connection import POLL_S, Connection, described, require_success, safe, sha256_of
from syntrust.errors import JobFailed, ServerFailed, UnfitFolder
from syntrust.transport import OnBytes


class JobCalls(Connection):
    """The part of `Client` that asks for jobs and follows them."""

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
        for role, path in paths.items():
            self._send(path, upload["files"][role], on_bytes)
        return str(upload["id"])

    def synthesise(
        self,
        mask: Path | str,
        *,
        brain: Path | str | None = None,
        scheme: Scheme = "auto",
        twin: int = 0,
        fit: str | None = None,
        **drawing: object,
    ) -> JobState:
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
    ) -> JobState:
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
    ) -> JobState:
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
    ) -> JobState:
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

    # --- jobs -------------------------------------------------------------------------------

    def job(self, job: str) -> JobState:
        return cast("JobState", self._http.get(f"/jobs/{safe(job)}"))

    def jobs(self) -> Iterator[JobSummary]:
        """Every job, a page at a time."""
        return cast("Iterator[JobSummary]", self._pages("/jobs"))

    def watch_job(self, job: str) -> Iterator[JobState]:
        """States as they change, the last one final."""
        last: JobState | None = None
        while last is None or last["state"] not in FINAL:
            state = self.job(job)
            if _without_links(state) != _without_links(last):
                yield state
            last = state
            if state["state"] not in FINAL:
                self._pause(POLL_S)

    def wait_job(self, job: str, *, timeout_s: float | None = None) -> JobState:
        """Wait until the job has succeeded.

        Raises
        ------
        JobFailed
            If it failed or was cancelled.
        TimedOut
            If `timeout_s` seconds were not enough; the job goes on.
        """
        state = self._ended(lambda: self.job(job), f"Job {job}", timeout_s)
        require_success(state, JobFailed)
        return state

    def cancel_job(self, job: str) -> JobState:
        return cast("JobState", self._http.post(f"/jobs/{safe(job)}/cancel", repeatable=True))

    def job_result(self, job: str) -> dict[str, Any]:
        """The JSON document the job was for; `Conflict` until it has succeeded."""
        found: dict[str, Any] = self._http.get(f"/jobs/{safe(job)}/result")
        return found

    def download(self, job: str, folder: Path | str) -> dict[str, Path]:
        """Write every file of a job into `folder`; paths by name."""
        return self._fetch_files(self.job(job)["files"], Path(folder))

    # --- models -----------------------------------------------------------------------------

    def models(self, kind: ModelKind | None = None) -> Iterator[ModelSummary]:
        """Every model that may be named, or those of one kind, a page at a time."""
        query = {} if kind is None else {"kind": kind}
        return cast("Iterator[ModelSummary]", self._pages("/models", **query))

    def model(self, model: str) -> ModelState:
        """A model by name or id, with its card and links to its files."""
        return cast("ModelState", self._http.get(f"/models/{safe(model)}"))

    def download_model(self, model: str, folder: Path | str) -> dict[str, Path]:
        """Write every file of a model into `folder`, its weights and cards; paths by name."""
        return self._fetch_files(self.model(model)["files"], Path(folder))

    def export_model(self, model: str) -> JobState:
        """Ask for a segmenter as a MONAI bundle, `bundle.zip` among the files of the job."""
        return cast("JobState", self._http.post(f"/models/{safe(model)}/bundle"))

    def import_model(
        self,
        name: str,
        checkpoint: Path | str,
        *,
        seen: Sequence[str] | None = None,
        on_bytes: OnBytes = lambda _: None,
    ) -> JobState:
        """Send a checkpoint that Med-DDPM released; the job makes it a model of this name."""
        upload = self.upload({"checkpoint": checkpoint}, on_bytes=on_bytes)
        listed = {} if seen is None else {"seen": list(seen)}
        return self._job("/models", {"name": name, "upload": upload, **listed})

    def train_model(
        self, name: str, dataset: str, *, iterations: int, **settings: object
    ) -> JobState:
        """Train a generator on a ready dataset. `settings` are cases, config, start and seed."""
        train = {"dataset": dataset, "iterations": iterations, **settings}
        return self._job("/models", {"name": name, "train": train})

    def _fetch_files(self, files: Mapping[str, FileLink], folder: Path) -> dict[str, Path]:
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for name, file in files.items():
            written[name] = folder / name
            self._http.get_file(file["url"], written[name])
            if file["sha256"] not in {None, sha256_of(written[name])}:
                raise ServerFailed(f"{name} did not arrive as the server holds it; try again.")
        return written

    def _job(self, path: str, body: object) -> JobState:
        return cast("JobState", self._http.post(path, body))


def _without_links(state: JobState | None) -> object:
    """What tells a change: links are signed anew at every look."""
    return None if state is None else {**state, "files": sorted(state["files"])}


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UnfitFolder(f"{file} is not a file.")
    return file
