"""The long run: `make chaos N=1000` disturbs experiments until so many faults have struck.

Each experiment adds its faults and recovery times to build/chaos/record.jsonl, so a run that was
stopped goes on where it was. `make chaos-table` sums the record into docs/internals/reliability.md.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final, get_args

import typer
from tests.chaos.faults import list_faults
from tests.chaos.platform import Database
from tests.chaos.record import Entry, append, count, write_table
from tests.chaos.series import Series
from tests.chaos.trial import Outcome

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
        series = Series(Path(name), chance)
        expected = series.disturb("sqlite", []).digest
        databases = itertools.cycle(get_args(Database) if database == "both" else (database,))
        while count() < goal:
            on = next(databases)
            known = [fault for fault in list_faults(on) if only in str(fault)]
            drawn = [chance.choice(known) for _ in range(FAULTS_PER_EXPERIMENT)]
            report(series.disturb(on, drawn), on, expected)


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
    """Sum the record into docs/internals/reliability.md."""
    write_table()


if __name__ == "__main__":
    app()
