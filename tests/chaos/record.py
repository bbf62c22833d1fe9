"""What the faults of all runs gave: kept line by line, and summed into a table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

RECORD: Final = Path("build/chaos/record.jsonl")
SUMS: Final = Path("tests/chaos/faults.json")
PAGE: Final = Path("docs/internals/reliability.md")
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


class Entry(NamedTuple):
    """A fault that was survived, and the seconds until the platform was back at work."""

    database: str
    fault: str
    recovery_s: float


def append(entries: Iterable[Entry]) -> None:
    """Add entries to the record of this machine."""
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    with RECORD.open("a") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)


def read() -> list[Entry]:
    """Read the record of this machine."""
    lines = RECORD.read_text().splitlines() if RECORD.exists() else []
    return [Entry(*json.loads(line)) for line in lines]


def count() -> int:
    return len(read())


def write_table() -> None:
    """Add the record to the committed sums, empty it, and write the table of the page anew."""
    sums: dict[str, list[float]] = defaultdict(list)
    for name, values in (json.loads(SUMS.read_text()) if SUMS.exists() else {}).items():
        sums[name] += values
    for entry in read():
        sums[f"{entry.fault}, {entry.database}"].append(entry.recovery_s)
    SUMS.write_text(json.dumps(sums, sort_keys=True, indent=0) + "\n")
    RECORD.unlink(missing_ok=True)
    head, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{make_table(sums)}{END}{rest.split(END)[1]}")


def make_table(sums: dict[str, list[float]]) -> str:
    """Make a Markdown table: a row for each fault and database, and one for all."""
    rows = [("Fault, database", "Times", "Median, s", "Worst, s"), ("---", "---:", "---:", "---:")]
    rows += [_row(name, values) for name, values in sorted(sums.items())]
    rows.append(_row("all", [value for values in sums.values() for value in values]))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str, values: list[float]) -> tuple[str, str, str, str]:
    return name, str(len(values)), f"{median(values):.0f}", f"{max(values):.0f}"
