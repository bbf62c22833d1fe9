"""Calls about models: generators, segmenters and start weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from syntrust.api_types import JobBody, RemovedBody
from syntrust.bodies import ModelBody, ModelKind, ModelSummary
from syntrust.connection import Connection, safe
from syntrust.jobs import Jobs
from syntrust.transport import OnBytes


class Models:
    """Lists, fetches and makes models: `client.models`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = connection.http

    def list(self, kind: ModelKind | None = None) -> Iterator[ModelSummary]:
        """Every model that may be named, or those of one kind, a page at a time."""
        query = {} if kind is None else {"kind": kind}
        return cast("Iterator[ModelSummary]", self._connection.pages("/models", **query))

    def get(self, model: str) -> ModelBody:
        """A model by name or id, with its card and links to its files."""
        return cast("ModelBody", self._http.get(f"/models/{safe(model)}"))

    def delete(self, model: str, *, cascade: bool = False) -> RemovedBody:
        """Delete a model, by name or id.

        What depends on it refuses that, unless it goes too with `cascade`.
        """
        path = f"/models/{safe(model)}"
        return cast("RemovedBody", self._http.delete(path, cascade=str(cascade).lower()))

    def download(self, model: str, folder: Path | str) -> dict[str, Path]:
        """Write every file of a model into `folder`, its weights and cards; paths by name."""
        return self._connection.fetch_files(self.get(model)["files"], Path(folder))

    def export(self, model: str) -> JobBody:
        """Ask for a segmenter as a MONAI bundle, `bundle.zip` among the files of the job."""
        return cast("JobBody", self._http.post(f"/models/{safe(model)}/bundle"))

    def import_checkpoint(
        self,
        name: str,
        checkpoint: Path | str,
        *,
        seen: Sequence[str] | None = None,
        on_bytes: OnBytes = lambda _: None,
    ) -> JobBody:
        """Send a checkpoint that Med-DDPM released; the job makes it a model of this name.

        The name and the cases are checked before the file is sent.
        """
        listed = {} if seen is None else {"seen": list(seen)}
        self._http.post("/models?dry_run=true", {"name": name, **listed})
        upload = Jobs(self._connection).upload({"checkpoint": checkpoint}, on_bytes=on_bytes)
        return cast(
            "JobBody",
            self._http.post("/models", {"name": name, "upload": upload, **listed}),
        )

    def train(self, name: str, dataset: str, *, iterations: int, **settings: object) -> JobBody:
        """Train a generator on a ready dataset. `settings` are cases, config, start and seed."""
        train = {"dataset": dataset, "iterations": iterations, **settings}
        return cast("JobBody", self._http.post("/models", {"name": name, "train": train}))
