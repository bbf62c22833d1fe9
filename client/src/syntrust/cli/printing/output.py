"""What commands print: for a terminal, for a pipe, and as JSON.

Nothing is cut: an id is there to be copied. A terminal wraps long lines itself, a pipe gets fields
between tabs.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

Item = TypeVar("Item")
JsonOption = Annotated[bool, typer.Option("--json", help="Print the API's own answer.")]
_GAP = "  "
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def make_console(*, as_json: bool = False) -> Console:
    """Make the console for what people read. It is stderr if stdout is for JSON."""
    return Console(highlight=False, soft_wrap=True, stderr=as_json)


def print_json(body: object) -> None:
    """Print a body on stdout, in ASCII where stdout cannot hold all letters."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") in {"utf8", "utf16", "utf32"}
    text = json.dumps(body, indent=2, ensure_ascii=not unicode, default=_as_text)
    sys.stdout.write(f"{text}\n")


def print_rows(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: aligned on a terminal, else fields between tabs below their names."""
    lines = [[_clean(cell) for cell in row] for row in (columns, *rows)]
    if not console.is_terminal:
        for line in lines:
            console.file.write("\t".join(line) + "\n")
        return
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        padded = (
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        )
        console.print(Text(_GAP.join(padded).rstrip(), style="" if number else "bold"))


def print_list(
    found: Iterable[Item],
    columns: Sequence[str],
    cells: Callable[[Item], Sequence[str]],
    *,
    as_json: bool,
) -> None:
    """Print items of the API as a table, or as JSON."""
    items = list(found)
    if as_json:
        print_json(items)
    else:
        print_rows(make_console(), columns, [cells(item) for item in items])


def print_files(console: Console, written: dict[str, Path], *, as_json: bool) -> None:
    """Tell which files were written, or print their paths by name."""
    if as_json:
        print_json(written)
        return
    folders = dict.fromkeys(str(path.parent) for path in written.values())
    console.print(
        f"{', '.join(sorted(written))} are in {', '.join(folders)}. For research use only.",
        markup=False,
    )


def short_time(moment: str | None) -> str:
    """A time of the API to the minute."""
    return (moment or "")[:16].replace("T", " ")


def _clean(cell: str) -> str:
    """Write control characters as escapes: a name must not move a cursor or end a field."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", cell)


def _as_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
