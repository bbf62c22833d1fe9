"""A study on a platform of its own: what `make study` does."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from syntrust_core.errors import InvalidRequest
from syntrust_standalone.data_folder import DataFolder, make_folder
from syntrust_standalone.runs.own_platform import own_platform
from syntrust_standalone.study.processor import name_processor
from syntrust_standalone.study.run import StudyPlace, conduct
from syntrust_standalone.study.spec import Phantoms, read_study


def run_own_study(
    file: Path,
    data: Path,
    console: Console,
    *,
    port: int | None = None,
    out: Path | None = None,
    replace: bool = False,
) -> None:
    """Start a platform on `data`, run the study of a file on it, and stop it.

    Raises
    ------
    InvalidRequest
        The file is wrong, or its study is of registered cases, which a new platform lacks.
    """
    study = read_study(file)
    if not isinstance(study.dataset, Phantoms):
        raise InvalidRequest(
            f"{file}, /dataset: its cases must lie on a platform already. Run it there: "
            f"syntrust study {file}",
            pointer="/dataset",
        )
    make_folder(data, "--data")
    place = StudyPlace(data, out, processor=name_processor(), replace=replace)
    with own_platform(DataFolder(data / "stack"), port, console) as client:
        conduct(client, study, place, console)
