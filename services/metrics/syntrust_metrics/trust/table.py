"""From a request to arrays: every refusal of the definition's section 2 is made here.

`dice` arrays are (S, 2, M, K): training seed, side (0 real, 1 synthetic), case, region; NaN is
null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.errors import MAX_TEXT, InvalidScores, is_text, pointer, shown
from syntrust_metrics.trust.policy import Policy, read_policy

SIDES: Final = ("real", "synthetic")
MAX_CASES: Final = 100_000  # entries of `cases`
MAX_REGIONS: Final = 50
MAX_GROUPS: Final = 200
MAX_SEED: Final = 2**63 - 1
MAX_DRAWS: Final = MAX_CASES * 2000  # entries x resamples, what the bootstrap takes in time
MAX_RESAMPLED: Final = 2_000_000  # seeds x regions x resamples, what it takes in memory
CASE_FIELDS: Final = frozenset({"id", "real", "synthetic", "group", "seed"})
REQUEST_FIELDS: Final = frozenset({"cases", "policy"})


@dataclass(frozen=True)
class Table:
    """The scores of one request, sorted by id, region name and seed."""

    ids: tuple[str, ...]
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    groups: tuple[str | None, ...]
    dice: NDArray[np.float64]

    def of_rows(self, rows: Sequence[int]) -> Table:
        """Give the part of the table that these rows are."""
        return Table(
            ids=tuple(self.ids[row] for row in rows),
            regions=self.regions,
            seeds=self.seeds,
            groups=tuple(self.groups[row] for row in rows),
            dice=self.dice[:, :, rows],
        )


class _Row(NamedTuple):
    """One entry of `cases` and where it stood in the request."""

    place: int
    id: str
    seed: int
    group: str | None
    sides: tuple[Mapping[str, object], Mapping[str, object]]


def read_request(request: Mapping[str, object]) -> tuple[Table, Policy]:
    """Check a request and give its scores and policy.

    Raises
    ------
    InvalidScores
        With the JSON pointer of the first field that cannot be used.
    """
    if not isinstance(request, Mapping):
        raise InvalidScores("The request must be an object with `cases`.", pointer="")
    _refuse_unknown(request, REQUEST_FIELDS, ())
    policy = read_policy(request.get("policy"))
    entries = request.get("cases")
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        raise InvalidScores("cases must be a list of at least one case.", pointer="/cases")
    if len(entries) > MAX_CASES:
        raise InvalidScores(
            f"A request holds at most {MAX_CASES} cases; this one has {len(entries)}.",
            pointer="/cases",
        )
    rows = [_read_row(index, entry) for index, entry in enumerate(entries)]
    table = _tabulate(rows)
    _refuse_too_much(table, policy, len(rows))
    return table, policy


def _read_row(index: int, entry: object) -> _Row:
    if not isinstance(entry, Mapping):
        raise InvalidScores("A case must be an object.", pointer=pointer("cases", index))
    _refuse_unknown(entry, CASE_FIELDS, ("cases", index))
    case_id = entry.get("id")
    if not is_text(case_id):
        raise InvalidScores(
            f"id must be a text of 1 to {MAX_TEXT} characters.",
            pointer=pointer("cases", index, "id"),
        )
    seed = entry.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InvalidScores(
            f"seed of case {case_id} must be a whole number from 0 to {MAX_SEED}.",
            pointer=pointer("cases", index, "seed"),
        )
    group = entry.get("group")
    if group is not None and not is_text(group):
        raise InvalidScores(
            f"group of case {case_id} must be a text of 1 to {MAX_TEXT} characters, or null.",
            pointer=pointer("cases", index, "group"),
        )
    sides = (_side(index, case_id, entry, "real"), _side(index, case_id, entry, "synthetic"))
    return _Row(index, case_id, seed, group, sides)


def _side(index: int, case_id: str, entry: Mapping[str, object], side: str) -> Mapping[str, object]:
    scores = entry.get(side)
    if scores is None:
        raise InvalidScores(
            f"Case {case_id} has no {side} scores: every case needs a real and a synthetic side.",
            pointer=pointer("cases", index, side),
        )
    if not isinstance(scores, Mapping) or not scores:
        raise InvalidScores(
            f"{side} of case {case_id} must map at least one region to its Dice.",
            pointer=pointer("cases", index, side),
        )
    return scores


def _tabulate(rows: list[_Row]) -> Table:
    regions = _common_regions(rows)
    ids = tuple(sorted({row.id for row in rows}))
    seeds = tuple(sorted({row.seed for row in rows}))
    groups = _complete(rows, ids, seeds)
    row_of = {case_id: position for position, case_id in enumerate(ids)}
    layer_of = {seed: position for position, seed in enumerate(seeds)}
    dice = np.full((len(seeds), 2, len(ids), len(regions)), np.nan)
    where = [layer_of[row.seed] for row in rows], [row_of[row.id] for row in rows]
    dice[where[0], :, where[1]] = _scores(rows, regions)
    _refuse_contradictions(rows, regions, dice, row_of, layer_of)
    return Table(ids, regions, seeds, groups, dice)


def _scores(rows: list[_Row], regions: tuple[str, ...]) -> NDArray[np.float64]:
    """Give the Dice of every row, (N, 2, K).

    Types and ranges are checked for all at once; only where something is wrong, one by one.
    """
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


def _common_regions(rows: list[_Row]) -> tuple[str, ...]:
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
    order = list(wanted)
    for row in rows:
        for name, scores in zip(SIDES, row.sides, strict=True):
            if list(scores) != order and scores.keys() != wanted:
                raise InvalidScores(
                    f"{name} of case {row.id} has the regions {_names(scores)}, the first case has "
                    f"{_names(dict.fromkeys(wanted))}: all cases need the same.",
                    pointer=pointer("cases", row.place, name),
                )
    return tuple(sorted(wanted))


def _complete(
    rows: list[_Row], ids: tuple[str, ...], seeds: tuple[int, ...]
) -> tuple[str | None, ...]:
    """Refuse doubles, holes and wandering groups; give the group of each id."""
    seen: dict[tuple[str, int], int] = {}
    group_of: dict[str, str | None] = {}
    for row in rows:
        first = seen.setdefault((row.id, row.seed), row.place)
        if first != row.place:
            raise InvalidScores(
                f"Case {row.id} with seed {row.seed} stands here and at /cases/{first}.",
                pointer=pointer("cases", row.place, "id"),
            )
        if group_of.setdefault(row.id, row.group) != row.group:
            raise InvalidScores(
                f"Case {row.id} is in group {group_of[row.id]} for another seed.",
                pointer=pointer("cases", row.place, "group"),
            )
    for case_id in ids:
        for seed in seeds:
            if (case_id, seed) not in seen:
                present = next(row.place for row in rows if row.id == case_id)
                raise InvalidScores(
                    f"Case {case_id} has no scores for seed {seed}: every seed needs the same ids.",
                    pointer=pointer("cases", present),
                )
    return tuple(group_of[case_id] for case_id in ids)


def _dice(row: _Row, side: int, region: str) -> float:
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


def _refuse_contradictions(
    rows: list[_Row],
    regions: tuple[str, ...],
    dice: NDArray[np.float64],
    row_of: Mapping[str, int],
    layer_of: Mapping[int, int],
) -> None:
    """Null says that the reference is empty; a Dice above 0 says that it is not.

    Both sides and all seeds of a case share one reference, so both cannot stand for one region.
    """
    empty_reference = np.asarray(np.isnan(dice).any(axis=(0, 1)))
    contradictory = empty_reference & np.asarray((np.nan_to_num(dice) > 0).any(axis=(0, 1)))
    if not contradictory.any():
        return
    for row in rows:
        for column in np.flatnonzero(contradictory[row_of[row.id]]):
            values = dice[layer_of[row.seed], :, row_of[row.id], column]
            if np.isnan(values).any():
                region, side = regions[column], SIDES[int(np.flatnonzero(np.isnan(values))[0])]
                raise InvalidScores(
                    f"Dice of {region} of case {row.id} is null here, so its reference is empty, "
                    "and above 0 elsewhere, so it is not: both sides share one reference.",
                    pointer=pointer("cases", row.place, side, region),
                )


def _refuse_unknown(
    given: Mapping[str, object], known: frozenset[str], at: tuple[str | int, ...]
) -> None:
    if given.keys() <= known:
        return
    name = next(name for name in given if name not in known)
    raise InvalidScores(
        f"There is no field {shown(name)!r} here; known are {', '.join(sorted(known))}.",
        pointer=pointer(*at, name),
    )


def _refuse_too_much(table: Table, policy: Policy, entries: int) -> None:
    """Keep time and memory of one request within bounds that a service can promise."""
    groups = len(set(table.groups) - {None})
    if groups > MAX_GROUPS:
        raise InvalidScores(
            f"Cases name {groups} groups; at most {MAX_GROUPS} are scored.", pointer="/cases"
        )
    resampled = len(table.seeds) * len(table.regions) * policy.resamples
    if entries * policy.resamples > MAX_DRAWS or resampled > MAX_RESAMPLED:
        raise InvalidScores(
            f"Cases x resamples may be at most {MAX_DRAWS}, and seeds x regions x resamples at "
            f"most {MAX_RESAMPLED}: ask for fewer resamples.",
            pointer="/policy/resamples",
        )


def _names(scores: Mapping[str, object]) -> str:
    return shown(", ".join(sorted(map(str, scores))) or "none")
