"""Read `text/csv` with the columns `case,set,region,dice[,group][,seed]` as a request."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from syntrust_metrics.trust.request.errors import InvalidScores, pointer, shorten
from syntrust_metrics.trust.request.rows import SIDES
from syntrust_metrics.trust.request.table import MAX_CASES

REQUIRED: Final = ("case", "set", "region", "dice")
OPTIONAL: Final = ("group", "seed")


def parse_csv(text: str) -> dict[str, Any]:
    """Turn a CSV text into the body that `score_cases` takes, without a `policy`.

    There is one line per case, set (`real` or `synthetic`), region and seed. An empty `dice` is
    null, an empty `seed` is 0 and an empty `group` is none. Cases keep the order of their first
    line.

    Raises
    ------
    InvalidScores
        If a line cannot be used. The pointer is `/lines/<number>/<column>`; the header is line 1.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    cases: dict[tuple[str, int], dict[str, Any]] = {}
    try:
        columns = _read_header(next(reader, []))
        for fields in reader:
            if any(field.strip() for field in fields):
                _add_line(cases, _read_line(columns, fields, reader.line_num), reader.line_num)
    except csv.Error as error:
        where = pointer("lines", reader.line_num)
        raise InvalidScores(f"The text is no CSV: {error}.", pointer=where) from error
    return {"cases": list(cases.values())}


def _read_header(fields: list[str]) -> list[str]:
    columns = [field.strip().lower() for field in fields]
    known = {*REQUIRED, *OPTIONAL}
    if len(set(columns)) != len(columns) or not set(REQUIRED) <= set(columns) <= known:
        raise InvalidScores(
            "The first line must be case,set,region,dice with optional group and seed.",
            pointer=pointer("lines", 1),
        )
    return columns


def _read_line(columns: list[str], fields: list[str], number: int) -> dict[str, str]:
    if len(fields) != len(columns):
        raise InvalidScores(
            f"Line {number} has {len(fields)} fields, the header has {len(columns)}.",
            pointer=pointer("lines", number),
        )
    return {name: field.strip() for name, field in zip(columns, fields, strict=True)}


def _add_line(
    cases: dict[tuple[str, int], dict[str, Any]], line: dict[str, str], number: int
) -> None:
    for column in ("case", "region"):
        if not line[column]:
            raise InvalidScores(
                f"Line {number} has no {column}.", pointer=pointer("lines", number, column)
            )
    if line["set"] not in SIDES:
        raise InvalidScores(
            f"set in line {number} must be real or synthetic.",
            pointer=pointer("lines", number, "set"),
        )
    seed, group = _read_seed(line.get("seed", ""), number), line.get("group") or None
    case = cases.setdefault((line["case"], seed), _new_case(line["case"], seed, group))
    if len(cases) > MAX_CASES:
        raise InvalidScores(
            f"Line {number} begins one case too many: a request holds at most {MAX_CASES} cases.",
            pointer=pointer("lines", number, "case"),
        )
    if case.get("group") != group:
        raise InvalidScores(
            f"Line {number} gives case {shorten(line['case'])} another group than before.",
            pointer=pointer("lines", number, "group"),
        )
    scores = case.setdefault(line["set"], {})
    if line["region"] in scores:
        raise InvalidScores(
            f"Line {number} gives {shorten(line['region'])} ({line['set']}) of case "
            f"{shorten(line['case'])} a second time.",
            pointer=pointer("lines", number, "region"),
        )
    scores[line["region"]] = _read_dice(line["dice"], number)


def _new_case(case_id: str, seed: int, group: str | None) -> dict[str, Any]:
    return {"id": case_id, "seed": seed} | ({"group": group} if group else {})


def _read_seed(text: str, number: int) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidScores(
            f"seed in line {number} must be a whole number, 0 or more.",
            pointer=pointer("lines", number, "seed"),
        )
    return int(text)


def _read_dice(text: str, number: int) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise InvalidScores(
            f"dice in line {number} must be a number from 0 to 1, or empty for null.",
            pointer=pointer("lines", number, "dice"),
        )
    return value
