"""A dataset of phantoms on a platform: made, registered, and found again by its content."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from syntrust.bodies import GridSpec
from syntrust.case_files import find_files
from syntrust.cli.upload import register
from syntrust.client import Client
from syntrust.intake.survey import read_case
from syntrust_core.files import file_sha256

_LOOK_EVERY_S: Final = 0.1
GRID: Final[GridSpec] = {"shape": [64, 64, 64], "spacing_mm": [3.0, 3.0, 3.0]}


class PhantomMaking:
    """Makes the cases of a cohort of the demo's preset that `folder` does not hold yet.

    It begins at once, in a thread beside whatever else is done.
    """

    def __init__(self, folder: Path, *, seed: int, count: int) -> None:
        self._done, self._count = 0, count
        self._cases: Future[list[Path]] = Future()
        # A case is complete or absent, so the thread may end with the process.
        work = partial(self._make, folder, seed)
        threading.Thread(target=work, name="phantoms", daemon=True).start()

    def wait(self, console: Console) -> list[Path]:
        """Wait for the cases under a bar, and give their folders.

        Raises
        ------
        InvalidRequest, Conflict
            See `make_cohort`.
        """
        columns = (TextColumn("phantoms"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("", total=self._count)
            while True:
                progress.update(bar, completed=self._done)
                with suppress(TimeoutError):
                    cases = self._cases.result(_LOOK_EVERY_S)
                    progress.update(bar, completed=self._count)
                    return cases

    def _make(self, folder: Path, seed: int) -> None:
        try:
            self._cases.set_result(self._make_cohort(folder, seed))
        except BaseException as error:  # noqa: BLE001 - `wait` raises it
            self._cases.set_exception(error)

    def _make_cohort(self, folder: Path, seed: int) -> list[Path]:
        from syntrust_standalone.phantoms import PhantomOptions, make_cohort  # noqa: PLC0415 - heavy

        return make_cohort(
            folder,
            seed=seed,
            count=self._count,
            options=PhantomOptions.demo(),
            on_case=self._note,
        )

    def _note(self, _: str, done: int, __: int) -> None:
        self._done = done


def find_or_register(client: Client, cases: Sequence[Path], console: Console, *, name: str) -> str:
    """Find the dataset of exactly these files, or register it; its id once it is ready.

    The name that is given to it ends with the digest of the files, by which it is found again. One
    that an interrupted run has left open, or in inspection, is gone on with.
    """
    full = f"{name}-{_digest_files(cases)[:16]}"
    named = {each["state"]: each["id"] for each in client.datasets.list() if each["name"] == full}
    if "ready" in named or "inspecting" in named:
        dataset = named.get("ready") or named["inspecting"]
        console.print(f"dataset {dataset}: registered before")
        return client.datasets.wait(dataset)["id"]
    found = [read_case(case) for case in cases]
    return register(
        client,
        found,
        name=full,
        grid=GRID,
        scheme="auto",
        origin="phantoms",
        console=console,
        into=named.get("open"),
    )["id"]


def _digest_files(cases: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for case in cases:
        files, _ = find_files(case)
        for role, path in files.items():
            digest.update(f"{case.name} {role} {file_sha256(path)}\n".encode())
    return digest.hexdigest()
