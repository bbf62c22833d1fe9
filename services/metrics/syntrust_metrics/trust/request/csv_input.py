"""Read `text/csv` as a request: `case,set,region,dice[,group][,seed]`, and tables like it.

`csv_layout` recognises the columns, `csv_text` the encoding and the separator.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from syntrust_metrics.trust.request.csv_layout import Layout, read_layout
from syntrust_metrics.trust.request.csv_text import find_dialect
from syntrust_metrics.trust.request.errors import InvalidScores, pointer, shorten
from syntrust_metrics.trust.request.rows import SIDES, SUMMARIES
from syntrust_metrics.trust.request.table import MAX_CASES

Cases = dict[tuple[str, int], dict[str, Any]]
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_MISSING: Final = frozenset({"nan", "na", "n/a", "#n/a", "none", "null", "-", "--"})
_NESTED: Final = frozenset({"TC", "WT"})  # they overlap ET, ED and NCR, and are scored apart
_AGAIN: Final = "synthetic_again"
_FORMULA: Final = ("'=", "'+", "'-", "'@", "'\t", "'\r", "'\n")


def parse_csv(text: str) -> dict[str, Any]:
    """Turn a CSV text into the body that `score_cases` takes, without a `policy`.

    In a long table there is one line per case, set (`real` or `synthetic`), region and seed. An
    empty `dice` is null, an empty `seed` is 0 and an empty `group` is none. Cases keep the order of
    their first line. Fields may be separated by semicolons or tabs, Dice may have a decimal comma.
    A wide table has a column for each region, or for each region and set. Of `results.csv` the Dice
    of ET, ED and NCR are taken, as an experiment does; it may hold one α.

    Raises
    ------
    InvalidScores
        If a line cannot be used. The pointer is `/lines/<number>/<column>`; the header is line 1.
    """
    text = text.removeprefix("\ufeff")
    dialect = find_dialect(text)
    # Without newline="" a line could not end with a carriage return alone.
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=dialect.separator, strict=True)
    cases: Cases = {}
    try:
        for _ in range(dialect.skipped):
            next(reader, None)
        header = next(reader, [])
        layout = read_layout(header, max(reader.line_num, 1))
        add = _READERS[layout.kind](layout)
        for fields in reader:
            if any(field.strip() for field in fields):
                add(cases, _read_fields(layout, fields, reader.line_num), reader.line_num)
    except csv.Error as error:
        where = pointer("lines", reader.line_num)
        raise InvalidScores(f"The text is no CSV: {error}.", pointer=where) from error
    return {"cases": list(cases.values())}


Line = Sequence[str]
Add = Callable[[Cases, Line, int], None]


def _read_fields(layout: Layout, fields: list[str], number: int) -> list[str]:
    """Strip the fields of a line, whose number must be that of the columns."""
    wanted = len(layout.columns)
    stripped = [field.strip() for field in fields]
    if len(fields) > wanted and not any(stripped[wanted:]):
        stripped = stripped[:wanted]  # a spreadsheet fills lines up with empty fields
    if len(stripped) != wanted:
        raise InvalidScores(
            f"Line {number} has {len(fields)} fields, the header has {wanted}.",
            pointer=pointer("lines", number),
        )
    for place in layout.nameless:
        if stripped[place]:
            raise InvalidScores(
                f"Line {number} has a value in column {place + 1}, which has no name in the "
                "header.",
                pointer=pointer("lines", number),
            )
    return stripped


def _long(layout: Layout) -> Add:
    at = layout.places
    place, side_at, region_at, dice_at = (at[name] for name in ("case", "set", "region", "dice"))
    seed_at, group_at = at.get("seed"), at.get("group")

    def add(cases: Cases, line: Line, number: int) -> None:
        if not line[region_at]:
            raise InvalidScores(
                f"Line {number} has no region.", pointer=pointer("lines", number, "region")
            )
        side = _read_side(line[side_at], number)
        case = _find_case(cases, line, (place, seed_at, group_at), number)
        _put(case, side, line[region_at], number, "region")
        case[side][line[region_at]] = _read_dice(line[dice_at], number, "dice")

    return add


def _results(layout: Layout) -> Add:
    """Read our own long table, of which one metric, two sets and one α are taken."""
    at = layout.places
    long = _long(
        Layout("long", layout.columns, {**at, "dice": at["value"]}, nameless=layout.nameless)
    )
    first: list[str] = []

    def add(cases: Cases, line: Line, number: int) -> None:
        if line[at["metric"]] != "dice" or line[at["region"]] in _NESTED:
            return
        if line[at["set"]] == _AGAIN:
            return
        alpha = line[at["alpha"]] if "alpha" in at else ""
        first[:] = first or [alpha]
        if alpha != first[0]:
            raise InvalidScores(
                f"The table holds several α: {shorten(first[0])}, and {shorten(alpha)} in line "
                f"{number}. Keep the lines of one (syntrust trust-score FILE --alpha "
                f"{shorten(alpha)}).",
                pointer=pointer("lines", number, "alpha"),
            )
        long(cases, [each[1:] if each.startswith(_FORMULA) else each for each in line], number)

    return add


def _by_region(layout: Layout) -> Add:
    at = layout.places

    def add(cases: Cases, line: Line, number: int) -> None:
        side = _read_side(line[at["set"]], number)
        places = (at["case"], at.get("seed"), at.get("group"))
        case = _find_case(cases, line, places, number)
        for score in layout.scores:
            _put(case, side, score.region, number, score.name)
            case[side][score.region] = _read_dice(line[score.column], number, score.name)

    return add


def _by_side(layout: Layout) -> Add:
    at = layout.places

    def add(cases: Cases, line: Line, number: int) -> None:
        places = (at["case"], at.get("seed"), at.get("group"))
        case = _find_case(cases, line, places, number)
        for score in layout.scores:
            _put(case, str(score.side), score.region, number, score.name)
            value = _read_dice(line[score.column], number, score.name)
            case[str(score.side)][score.region] = value

    return add


_READERS: Final[dict[str, Callable[[Layout], Add]]] = {
    "long": _long,
    "results": _results,
    "by_region": _by_region,
    "by_side": _by_side,
}


def _find_case(
    cases: Cases, line: Line, places: tuple[int, int | None, int | None], number: int
) -> dict[str, Any]:
    """Find or make the case of a line; `places` are those of case, seed and group."""
    case_id = line[places[0]]
    if not case_id:
        raise InvalidScores(f"Line {number} has no case.", pointer=pointer("lines", number, "case"))
    if case_id in SUMMARIES:
        raise InvalidScores(
            f"Line {number} is the row {case_id} of a summary, which is no case. Take such rows "
            "out.",
            pointer=pointer("lines", number, "case"),
        )
    seed = 0 if places[1] is None else _read_seed(line[places[1]], number)
    group = None if places[2] is None else line[places[2]] or None
    case = cases.setdefault((case_id, seed), _new_case(case_id, seed, group))
    if len(cases) > MAX_CASES:
        raise InvalidScores(
            f"Line {number} begins one case too many: a request holds at most {MAX_CASES} cases.",
            pointer=pointer("lines", number, "case"),
        )
    if case.get("group") != group:
        raise InvalidScores(
            f"Line {number} gives case {shorten(case_id)} another group than before.",
            pointer=pointer("lines", number, "group"),
        )
    return case


def _put(case: dict[str, Any], side: str, region: str, number: int, column: str) -> None:
    """Make room for a score that the case must not have yet."""
    if region in case.setdefault(side, {}):
        raise InvalidScores(
            f"Line {number} gives {shorten(region)} ({side}) of case "
            f"{shorten(case['id'])} a second time.",
            pointer=pointer("lines", number, column),
        )


def _new_case(case_id: str, seed: int, group: str | None) -> dict[str, Any]:
    return {"id": case_id, "seed": seed} | ({"group": group} if group else {})


def _read_side(text: str, number: int) -> str:
    side = text if text in SIDES else text.lower()
    if side not in SIDES:
        raise InvalidScores(
            f"set in line {number} must be real or synthetic.",
            pointer=pointer("lines", number, "set"),
        )
    return side


def _read_seed(text: str, number: int) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidScores(
            f"seed in line {number} must be a whole number, 0 or more.",
            pointer=pointer("lines", number, "seed"),
        )
    return int(text)


def _read_dice(text: str, number: int, column: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        hint = " ".join(_explain(text, value))
        raise InvalidScores(
            f"{shorten(column)} in line {number} must be a number from 0 to 1, or empty for null."
            f"{hint}",
            pointer=pointer("lines", number, column),
        )
    return value


def _explain(text: str, value: float) -> Iterator[str]:
    if text.lower() in _MISSING:
        yield f" It is {text}: leave it empty where reference and prediction are both empty."
    elif text.endswith("%") or 2 <= value <= 100:
        yield f" It is {shorten(text)}: divide a percentage by 100."
    else:
        yield f" It is {shorten(text)!r}."
