"""What the columns of a table are: long, wide by region, wide by region and set, or our own.

A layout is recognised by names of columns alone. What no name decides is refused, with the columns
that were found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from syntrust_metrics.trust.request.errors import InvalidScores, pointer, shorten

Kind = Literal["long", "results", "by_region", "by_side"]
REQUIRED: Final = ("case", "set", "region", "dice")
OPTIONAL: Final = ("group", "seed")
RESULTS: Final = ("case", "set", "region", "metric", "value")
_RESULTS_MORE: Final = (*OPTIONAL, "alpha", "seen")
_LONG_ONLY: Final = frozenset({"region", "dice", "metric", "value"})
# Measures that a table may have beside Dice. They are not read.
_MEASURES: Final = frozenset(
    name
    for names in (
        "hd hd95 hausdorff hausdorff95 hausdorff_distance hausdorff_distance_95 assd asd msd nsd",
        "surface_dice iou jaccard sensitivity specificity precision recall accuracy fpr fnr",
        "tp fp fn tn n_pred n_ref volume volume_ml volume_error",
    )
    for name in names.split()
)
_GAP: Final = r"[ _./:-]+"
_SIDE: Final = re.compile(
    rf"(?:(?P<before>real|synthetic){_GAP})?(?P<region>.+?)(?:{_GAP}(?P<after>real|synthetic))?",
    re.IGNORECASE | re.DOTALL,
)
_DICE: Final = re.compile(
    rf"(?:dice|dsc){_GAP}(?P<first>.+)|(?P<last>.+?){_GAP}(?:dice|dsc)", re.IGNORECASE | re.DOTALL
)
_FORMS: Final = (
    "A table has the columns case,set,region,dice with optional group and seed; or one column for "
    "each region (case,set,ET,ED,NCR), or for each region and set (case,ET_real,ET_synthetic)."
)


class Score(NamedTuple):
    """A column that holds Dice: its place, its name in the header, its region and its set."""

    column: int
    name: str
    region: str
    side: str | None


@dataclass(frozen=True)
class Layout:
    """The columns of a table.

    Attributes
    ----------
    kind : {"long", "results", "by_region", "by_side"}
        What a line is: one Dice; one measurement of our `results.csv`; one set of a case; one case.
    columns : sequence of str
        Name of every column, in lower letters and without white space around it.
    places : mapping of str to int
        Place of each column that is read.
    scores : sequence of Score
        Columns of Dice of a wide table.
    nameless : sequence of int
        Columns without a name, whose fields must be empty.
    """

    kind: Kind
    columns: Sequence[str]
    places: Mapping[str, int]
    scores: Sequence[Score] = field(default=())
    nameless: Sequence[int] = field(default=())


class _Unclear(ValueError):
    """Why the columns cannot be read, as the beginning of a sentence."""


def read_layout(header: Sequence[str], number: int = 1) -> Layout:
    """Recognise the columns; `number` is the line of the header.

    Raises
    ------
    InvalidScores
        If no layout fits, or a column may mean anything. The detail names the columns.
    """
    names = [each.strip() for each in header]
    try:
        return _recognise(names)
    except _Unclear as error:
        found = shorten(", ".join(name or "(no name)" for name in names) or "none")
        raise InvalidScores(
            f"{error}. The columns found are: {found}. {_FORMS}", pointer=pointer("lines", number)
        ) from None


def _recognise(names: Sequence[str]) -> Layout:
    columns = [each.lower() for each in names]
    index = _find_index(columns)
    nameless = tuple(n for n, name in enumerate(columns) if not name and n not in index)
    read = {name: n for n, name in enumerate(columns) if name and n not in index}
    repeated = [name for name, count in Counter(filter(None, columns)).items() if count > 1]
    if repeated:
        raise _Unclear(f"The column {shorten(repeated[0])} occurs twice")
    if set(REQUIRED) <= read.keys():
        _refuse_unknown(read, {*REQUIRED, *OPTIONAL}, names)
        return Layout("long", columns, read, nameless=nameless)
    if set(RESULTS) <= read.keys():
        _refuse_unknown(read, {*RESULTS, *_RESULTS_MORE}, names)
        return Layout("results", columns, read, nameless=nameless)
    if "case" in read and not _LONG_ONLY & read.keys():
        return _read_wide(names, columns, read, nameless)
    lacking = [name for name in REQUIRED if name not in read]
    raise _Unclear(f"The table has no column {' and no '.join(lacking)}")


def _find_index(columns: Sequence[str]) -> set[int]:
    """Find the column that pandas writes for its index: the first, without a name of its own."""
    more = any(columns[1:])
    return {0} if more and columns[0] in {"", "unnamed: 0"} else set()


def _read_wide(
    names: Sequence[str],
    columns: Sequence[str],
    read: Mapping[str, int],
    nameless: Sequence[int],
) -> Layout:
    known = {"case", "set", *OPTIONAL}
    rest = {name: place for name, place in read.items() if name not in known}
    kind: Kind = "by_region" if "set" in read else "by_side"
    scores = _find_scores([(names[place], place) for place in rest.values()])
    if not scores:
        raise _Unclear("No column holds a Dice")
    if kind == "by_side":
        _check_sides(scores)
        scores = [each for each in scores if each.side]
    else:
        scores = [each._replace(region=_strip_dice(each.name), side=None) for each in scores]
    twice = [key for key, count in Counter(each[2:] for each in scores).items() if count > 1]
    if twice:
        raise _Unclear(f"Two columns give {shorten(twice[0][0])}")
    return Layout(kind, columns, read, tuple(scores), nameless)


def _find_scores(columns: Sequence[tuple[str, int]]) -> list[Score]:
    """Give the columns that hold Dice: those named so if any is, else all but other measures."""
    named = [each for each in columns if _DICE.fullmatch(each[0])]
    others = [each for each in columns if each not in named and not _is_measure(each[0])]
    if named and others:
        raise _Unclear(f"The column {shorten(others[0][0])} is no Dice, as others are by name")
    return [_read_score(name, place) for name, place in named or others]


def _read_score(name: str, place: int) -> Score:
    bare = _strip_dice(name)
    found = _SIDE.fullmatch(bare)
    if found is None or bool(found["before"]) == bool(found["after"]):
        return Score(place, name, bare, None)
    side = (found["before"] or found["after"]).lower()
    return Score(place, name, _strip_dice(found["region"]), side)


def _strip_dice(name: str) -> str:
    found = _DICE.fullmatch(name)
    return (found["first"] or found["last"]) if found else name


def _is_measure(name: str) -> bool:
    """Say whether a column is a measure other than Dice, perhaps of one region: HD95_ET."""
    words = re.split(_GAP, name.lower())
    return name.lower() in _MEASURES or words[0] in _MEASURES or words[-1] in _MEASURES


def _check_sides(scores: Sequence[Score]) -> None:
    """Refuse a column that names no set, and a region of one set alone."""
    for each in scores:
        if each.side is None:
            raise _Unclear(f"The column {shorten(each.name)} names no set, real or synthetic")
    sides = {(each.region, each.side) for each in scores}
    for region, side in sorted(sides, key=str):
        other = "synthetic" if side == "real" else "real"
        if (region, other) not in sides:
            raise _Unclear(f"{shorten(region)} has no column of the {other} set")


def _refuse_unknown(read: Mapping[str, int], known: set[str], names: Sequence[str]) -> None:
    for name, place in read.items():
        if name not in known and not _is_measure(name):
            raise _Unclear(
                f"The column {shorten(names[place])} is unknown; take it out, or rename it if it "
                "is one of those below"
            )
