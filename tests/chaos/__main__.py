"""The long run: `make chaos N=1000` disturbs experiments until so many faults have struck.

Each experiment adds its faults and recovery times to build/chaos/record.jsonl, so a run that was
stopped goes on where it was. `make chaos-table` sums the record into docs/reliability.md.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final, get_args

import typer
from tests.chaos.faults import list_faults
from tests.chaos.platform import Database
from tests.chaos.record import Entry, append, count, write_table
from tests.chaos.trial import Outcome, Trial

from syntrust_standalone.phantoms import PhantomOptions, make_cohort

CASES: Final = 4
FAULTS_PER_EXPERIMENT: Final = 8
app = typer.Typer(add_completion=False)


@app.command()
def run(
    faults: Annotated[int, typer.Option(help="Faults in this run.")] = 1000,
    seed: int = 0,
    database: Annotated[str, typer.Option(help="sqlite, postgresql or both in turn.")] = "both",
    only: Annotated[str, typer.Option(help="Only faults whose name holds this.")] = "",
) -> None:
    """Disturb small real experiments, one after another, and record every fault."""
    chance = random.Random(f"{seed}:{count()}")
    goal = count() + faults
    with tempfile.TemporaryDirectory(prefix="syntrust-chaos-") as name:
        series = Series(Path(name), chance, only)
        expected = series.disturb("sqlite", faults=0).digest
        databases = itertools.cycle(get_args(Database) if database == "both" else (database,))
        while count() < goal:
            on = next(databases)
            report(series.disturb(on, faults=FAULTS_PER_EXPERIMENT), on, expected)


class Series:
    """Experiments on one cohort, each on a new platform of its own."""

    def __init__(self, folder: Path, chance: random.Random, only: str) -> None:
        self._folder, self._chance, self._only = folder, chance, only
        self._cohort = folder / "cohort"
        make_cohort(self._cohort, seed=3, count=CASES, options=PhantomOptions.demo())

    def disturb(self, database: Database, *, faults: int) -> Outcome:
        """Run one experiment while `faults` faults strike."""
        place = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            trial = Trial(place, database, self._cohort)
            known = [fault for fault in list_faults(trial.platform) if self._only in str(fault)]
            return trial.run((self._chance.choice(known) for _ in range(faults)), self._chance)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def report(outcome: Outcome, database: Database, expected: str | None) -> None:
    """Record the outcome, and stop at the first one that is not as it should be."""
    if outcome.digest != expected:
        outcome.wrong.append(f"the digest is {outcome.digest}, undisturbed {expected}")
    append(Entry(database, str(fault), seconds) for fault, seconds in outcome.recoveries_s)
    sys.stdout.write(
        json.dumps({"faults": count(), "database": database, "wrong": outcome.wrong}) + "\n"
    )
    sys.stdout.flush()
    if outcome.wrong:
        raise typer.Exit(1)


@app.command()
def table() -> None:
    """Sum the record into docs/reliability.md."""
    write_table()


if __name__ == "__main__":
    app()
