"""Studies on a platform that runs already: what `syntrust study` calls, by plain arguments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from syntrust.cli.printing.tables import print_cost
from syntrust.client import Client
from syntrust.errors import SynTrustError
from syntrust_core.errors import PlatformError
from syntrust_standalone.study.results_file import StudyResults
from syntrust_standalone.study.run import StudyPlace, build_request, conduct, find_dataset
from syntrust_standalone.study.spec import read_study

SHARED = "A step that several experiments share is computed once, and counts here in each of them."


def run_study_at(
    client: Client,
    file: Path,
    console: Console,
    *,
    data: Path,
    out: Path | None,
    dataset: str | None,
    processor: str | None,
    replace: bool,
) -> StudyResults:
    """Run the study of a file to its results.

    Raises
    ------
    SynTrustError
        The file is wrong, the platform refuses something, or the phantoms cannot be made.
    """
    place = StudyPlace(data, out, dataset, processor, replace)
    try:
        return conduct(client, read_study(file), place, console)
    except PlatformError as error:
        raise SynTrustError(error.detail) from error


def price_study_at(
    client: Client, file: Path, console: Console, *, data: Path, dataset: str | None
) -> dict[str, Any]:
    """Tell what each experiment of a study would cost on a platform: its dry run, by name.

    Phantoms are made and registered for it; no experiment is accepted.

    Raises
    ------
    SynTrustError
        As `run_study_at`.
    """
    try:
        study = read_study(file)
        found = client.datasets.get(
            find_dataset(client, study, StudyPlace(data, dataset=dataset), console)
        )
        costs = {}
        for each in study.experiments:
            costs[each.name] = client.experiments.dry_run(**build_request(study, each, found))
            console.print(f"[bold]experiment {each.name}[/]")
            print_cost(console, costs[each.name])
    except PlatformError as error:
        raise SynTrustError(error.detail) from error
    console.print(SHARED, soft_wrap=True)
    return costs
