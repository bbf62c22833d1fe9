"""A request as arrays. What is wrong between entries is refused here, in one of them in `rows`.

`dice` arrays are (S, 2, M, K): training seed, side (0 real, 1 synthetic), case, region; NaN is
null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from syntrust_metrics.trust.request.errors import InvalidScores, pointer
from syntrust_metrics.trust.request.policy import Policy, read_policy
from syntrust_metrics.trust.request.rows import (
    SIDES,
    Rows,
    read_regions,
    read_rows,
    read_scores,
    refuse_unknown,
)

REQUEST_FIELDS: Final = frozenset({"cases", "policy"})
MAX_CASES: Final = 100_000  # entries of `cases`
MAX_SEEDS: Final = 1000
MAX_GROUPS: Final = 200
MAX_DRAWS: Final = MAX_CASES * 2000  # entries x resamples, what the bootstrap takes in time
MAX_RESAMPLED: Final = 2_000_000  # seeds x regions x resamples, what it takes in memory


@dataclass(frozen=True)
class Table:
    """The scores of one request, sorted by id, region name and seed."""

    ids: tuple[str, ...]
    regions: tuple[str, ...]
    seeds: tuple[int, ...]
    groups: tuple[str | None, ...]
    dice: NDArray[np.float64]

    def name_difference(self, other: Table) -> str | None:
        """Name what keeps both from being paired: `ids`, `seeds` or `regions`; None if nothing."""
        names = ("ids", "seeds", "regions")
        return next((n for n in names if getattr(self, n) != getattr(other, n)), None)

    def select_rows(self, rows: Sequence[int]) -> Table:
        """Give the table of some cases alone."""
        return Table(
            ids=tuple(self.ids[row] for row in rows),
            regions=self.regions,
            seeds=self.seeds,
            groups=tuple(self.groups[row] for row in rows),
            dice=self.dice[:, :, rows],
        )


def read_request(request: Mapping[str, object]) -> tuple[Table, Policy]:
    """Check a request and give its scores and policy.

    Raises
    ------
    InvalidScores
        If a field cannot be used. The error has the JSON pointer of the first one.
    """
    if not isinstance(request, Mapping):
        raise InvalidScores("The request must be an object with `cases`.", pointer="")
    refuse_unknown(request, REQUEST_FIELDS, ())
    policy = read_policy(request.get("policy"))
    entries = request.get("cases")
    if not isinstance(entries, Sequence) or isinstance(entries, str) or not entries:
        raise InvalidScores("cases must be a list of at least one case.", pointer="/cases")
    if len(entries) > MAX_CASES:
        raise InvalidScores(
            f"A request holds at most {MAX_CASES} cases; this one has {len(entries)}.",
            pointer="/cases",
        )
    table = _make_table(read_rows(entries), policy)
    return table, policy


def _make_table(rows: Rows, policy: Policy) -> Table:
    regions = read_regions(rows)
    row_of = {case_id: position for position, case_id in enumerate(sorted(set(rows.ids)))}
    layer_of = {seed: position for position, seed in enumerate(sorted(set(rows.seeds)))}
    ids, seeds = tuple(row_of), tuple(layer_of)
    groups = _check_complete(rows, ids, seeds)
    found = len(set(groups) - {None})
    _refuse_too_much(len(rows.ids), len(seeds), len(regions), found, policy)
    dice = np.empty((len(seeds), 2, len(ids), len(regions)))
    where = [layer_of[seed] for seed in rows.seeds], [row_of[case_id] for case_id in rows.ids]
    dice[where[0], :, where[1]] = read_scores(rows, regions)
    _refuse_contradictions(rows, regions, dice, row_of, layer_of)
    return Table(ids, regions, seeds, groups, dice)


def _check_complete(
    rows: Rows, ids: tuple[str, ...], seeds: tuple[int, ...]
) -> tuple[str | None, ...]:
    """Refuse repeated cases, missing seeds and changing groups; give the group of each id."""
    if len(seeds) == 1 and len(ids) == len(rows.ids):
        if not any(rows.groups):
            return (None,) * len(ids)
        by_id = dict(zip(rows.ids, rows.groups, strict=True))
        return tuple(by_id[case_id] for case_id in ids)
    seen: dict[tuple[str, int], int] = {}
    group_of: dict[str, str | None] = {}
    named = zip(rows.ids, rows.seeds, rows.groups, strict=True)
    for place, (case_id, seed, group) in enumerate(named):
        first = seen.setdefault((case_id, seed), place)
        if first != place:
            raise InvalidScores(
                f"Case {case_id} with seed {seed} is given here and at /cases/{first}. Give it "
                "once.",
                pointer=pointer("cases", place, "id"),
            )
        if group_of.setdefault(case_id, group) != group:
            raise InvalidScores(
                f"Case {case_id} is in group {group_of[case_id]} for another seed. Give it one "
                "group.",
                pointer=pointer("cases", place, "group"),
            )
    for case_id in ids:
        for seed in seeds:
            if (case_id, seed) not in seen:
                raise InvalidScores(
                    f"Case {case_id} has no scores for seed {seed}: every seed needs the same ids.",
                    pointer=pointer("cases", rows.ids.index(case_id)),
                )
    return tuple(group_of[case_id] for case_id in ids)


def _refuse_contradictions(
    rows: Rows,
    regions: tuple[str, ...],
    dice: NDArray[np.float64],
    row_of: Mapping[str, int],
    layer_of: Mapping[int, int],
) -> None:
    """Refuse a case whose region is null in one place and above 0 in another.

    Null says that the reference is empty, a Dice above 0 says that it is not, and both sides and
    all seeds of a case share one reference.
    """
    null = np.isnan(dice)
    if not null.any():
        return
    empty_reference = np.asarray(null.any(axis=(0, 1)))
    contradictory = empty_reference & np.asarray((dice > 0).any(axis=(0, 1)))
    if not contradictory.any():
        return
    for place, (case_id, seed) in enumerate(zip(rows.ids, rows.seeds, strict=True)):
        for column in np.flatnonzero(contradictory[row_of[case_id]]):
            values = dice[layer_of[seed], :, row_of[case_id], column]
            if np.isnan(values).any():
                region, side = regions[column], SIDES[int(np.flatnonzero(np.isnan(values))[0])]
                raise InvalidScores(
                    f"Dice of {region} of case {case_id} is null here and above 0 elsewhere. Null "
                    "says that the reference is empty, and both sides share one reference.",
                    pointer=pointer("cases", place, side, region),
                )


def _refuse_too_much(entries: int, seeds: int, regions: int, groups: int, policy: Policy) -> None:
    """Refuse a request that needs more time or memory than a service can promise."""
    for name, count, most in (("seeds", seeds, MAX_SEEDS), ("groups", groups, MAX_GROUPS)):
        if count > most:
            raise InvalidScores(
                f"The cases name {count} {name}. At most {most} can be scored at once.",
                pointer="/cases",
            )
    resampled = seeds * regions * policy.resamples
    if entries * policy.resamples > MAX_DRAWS or resampled > MAX_RESAMPLED:
        raise InvalidScores(
            f"Cases x resamples may be at most {MAX_DRAWS}, and seeds x regions x resamples at "
            f"most {MAX_RESAMPLED}. Ask for fewer resamples.",
            pointer="/policy/resamples",
        )
