"""The entries of a request's `cases`: every refusal that concerns a single one is made here.

Entries are looked at all together first, which costs a tenth; only if one may be wrong does each
get its own look, in order, so that the first wrong field is the one that is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from types import NoneType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.errors import MAX_TEXT, InvalidScores, is_text, pointer, shown

SIDES: Final = ("real", "synthetic")
CASE_FIELDS: Final = frozenset({"id", "real", "synthetic", "group", "seed"})
MAX_REGIONS: Final = 50
MAX_SEED: Final = 2**63 - 1
_LENGTHS: Final = frozenset(range(1, MAX_TEXT + 1))


class Row(NamedTuple):
    """One entry of `cases` and where it stood in the request."""

    place: int
    id: str
    seed: int
    group: str | None
    sides: tuple[Mapping[str, object], Mapping[str, object]]


def read_rows(entries: Sequence[Any]) -> list[Row]:
    """Check every entry but the Dice in it.

    Raises
    ------
    InvalidScores
        With the pointer of the first field that cannot be used.
    """
    if not _all_plain(entries):
        for place, entry in enumerate(entries):
            _check(place, entry)
    ids, real, synthetic = ([entry[name] for entry in entries] for name in ("id", *SIDES))
    seeds = [entry.get("seed", 0) for entry in entries]
    groups = [entry.get("group") for entry in entries]
    sides = zip(real, synthetic, strict=True)
    return list(map(Row._make, zip(count(), ids, seeds, groups, sides, strict=False)))


def read_scores(rows: Sequence[Row], regions: tuple[str, ...]) -> NDArray[np.float64]:
    """Give the Dice of every row, (N, 2, K), NaN for null."""
    values: list[Any] = [side[region] for row in rows for side in row.sides for region in regions]
    if set(map(type, values)) <= {float, int, NoneType}:
        try:
            dice = np.array(values, dtype=np.float64)
        except OverflowError:  # a whole number of hundreds of digits
            dice = np.full(len(values), np.nan)
        if (~((dice >= 0) & (dice <= 1))).sum() == values.count(None):
            return dice.reshape(len(rows), 2, len(regions))
    cells = [_dice(row, side, region) for row in rows for side in (0, 1) for region in regions]
    return np.array(cells).reshape(len(rows), 2, len(regions))


def _all_plain(entries: Sequence[Any]) -> bool:
    """Whether no entry can be wrong: plain types, known fields, short ASCII names."""
    if set(map(type, entries)) != {dict} or not set().union(*entries) <= CASE_FIELDS:
        return False
    ids, real, synthetic = ([entry.get(name) for entry in entries] for name in ("id", *SIDES))
    seeds = [entry.get("seed", 0) for entry in entries]
    groups = [entry["group"] for entry in entries if entry.get("group") is not None]
    return (
        _short_ascii(ids)
        and _short_ascii(groups)
        and set(map(type, seeds)) == {int}
        and 0 <= min(seeds) <= max(seeds) <= MAX_SEED
        and set(map(type, real + synthetic)) == {dict}
        and all(real)
        and all(synthetic)
    )


def _short_ascii(names: list[Any]) -> bool:
    if not set(map(type, names)) <= {str}:
        return False
    lengths = set(map(len, names))
    return lengths <= _LENGTHS and all(map(str.isascii, names))


def common_regions(rows: Sequence[Row]) -> tuple[str, ...]:
    """Give the regions in order, which every side of every entry must have."""
    wanted = rows[0].sides[0].keys()
    for region in wanted:
        if not is_text(region):
            raise InvalidScores(
                f"A region's name must be a text of 1 to {MAX_TEXT} characters.",
                pointer=pointer("cases", 0, "real"),
            )
    if len(wanted) > MAX_REGIONS:
        raise InvalidScores(
            f"At most {MAX_REGIONS} regions can be scored; the first case has {len(wanted)}.",
            pointer=pointer("cases", 0, "real"),
        )
    if len({tuple(scores) for row in rows for scores in row.sides}) == 1:
        return tuple(sorted(wanted))
    for row in rows:
        for name, scores in zip(SIDES, row.sides, strict=True):
            if scores.keys() != wanted:
                raise InvalidScores(
                    f"{name} of case {row.id} has the regions {_names(scores)}, the first case has "
                    f"{_names(dict.fromkeys(wanted))}: all cases need the same.",
                    pointer=pointer("cases", row.place, name),
                )
    return tuple(sorted(wanted))


def _check(place: int, entry: object) -> None:
    if not isinstance(entry, Mapping):
        raise InvalidScores("A case must be an object.", pointer=pointer("cases", place))
    refuse_unknown(entry, CASE_FIELDS, ("cases", place))
    case_id = entry.get("id")
    if not is_text(case_id):
        raise InvalidScores(
            f"id must be a text of 1 to {MAX_TEXT} characters.",
            pointer=pointer("cases", place, "id"),
        )
    seed = entry.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InvalidScores(
            f"seed of case {case_id} must be a whole number from 0 to {MAX_SEED}.",
            pointer=pointer("cases", place, "seed"),
        )
    group = entry.get("group")
    if group is not None and not is_text(group):
        raise InvalidScores(
            f"group of case {case_id} must be a text of 1 to {MAX_TEXT} characters, or null.",
            pointer=pointer("cases", place, "group"),
        )
    for side in SIDES:
        _check_side(place, case_id, entry, side)


def _check_side(place: int, case_id: str, entry: Mapping[str, object], side: str) -> None:
    scores = entry.get(side)
    if scores is None:
        raise InvalidScores(
            f"Case {case_id} has no {side} scores: every case needs a real and a synthetic side.",
            pointer=pointer("cases", place, side),
        )
    if not isinstance(scores, Mapping) or not scores:
        raise InvalidScores(
            f"{side} of case {case_id} must map at least one region to its Dice.",
            pointer=pointer("cases", place, side),
        )


def _dice(row: Row, side: int, region: str) -> float:
    value = row.sides[side][region]
    if value is None:
        return math.nan
    if not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= 1:
        return float(value)
    raise InvalidScores(
        f"Dice of {region} ({SIDES[side]}) of case {row.id} must be a number from 0 to 1, or null "
        "where reference and prediction are both empty.",
        pointer=pointer("cases", row.place, SIDES[side], region),
    )


def refuse_unknown(
    given: Mapping[str, object], known: frozenset[str], at: tuple[str | int, ...]
) -> None:
    """Refuse a field that is not there, at its pointer below `at`."""
    if given.keys() <= known:
        return
    name = next(name for name in given if name not in known)
    raise InvalidScores(
        f"There is no field {shown(name)!r} here; known are {', '.join(sorted(known))}.",
        pointer=pointer(*at, name),
    )


def _names(scores: Mapping[str, object]) -> str:
    return shown(", ".join(sorted(map(str, scores))) or "none")
