"""Tables of Dice of a caller as `POST /power` takes them: cases, or the lines of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from syntrust.errors import UnfitScores
from syntrust.sending.plain import to_plain
from syntrust.sending.scores import read_json

Table = Sequence[Mapping[str, Any]] | Sequence[str] | Path | bytes


def read_table(table: Table) -> list[Any]:
    """Give the cases of a JSON file or the lines of a CSV file; what is no file as it is.

    Raises
    ------
    UnfitScores
        If it cannot be sent as it is.
    """
    if not isinstance(table, Path | bytes):
        return list(to_plain(table))
    what = str(table) if isinstance(table, Path) else "The table"
    content = table.read_bytes() if isinstance(table, Path) else table
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return _cases(read_json(content, what), what)
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise UnfitScores(f"{what} is no text in UTF-8.") from None
    return (_without_tabs(text) if "\t" in text else text).splitlines()


def _cases(found: object, what: str) -> list[Any]:
    cases = found.get("cases") if isinstance(found, dict) else found
    if not isinstance(cases, list):
        raise UnfitScores(f"{what} holds no list of cases.")
    return cases


def _without_tabs(text: str) -> str:
    """Separate fields by semicolons: JSON of the API holds no control characters."""
    target = io.StringIO()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    csv.writer(target, delimiter=";", lineterminator="\n").writerows(rows)
    return target.getvalue()
