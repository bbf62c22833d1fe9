"""Build the tables of trust factors, mixes, empty regions and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from syntrust_metrics.experiment.schema import Arm, VolumeQuintiles
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.report.cells import (
    Cell,
    Row,
    Table,
    choose_digits,
    estimate_cell,
)
from syntrust_metrics.trust.schema.answer import Factors, Group
from syntrust_metrics.trust.schema.definitions import FactorName

Body = Mapping[str, Any]
COLUMNS: Final = 5  # α in one table; more do not fit on paper
SIDE_NAMES: Final = {"real": "real images", "synthetic": "synthetic images"}
FACTOR_NAMES: Final[Mapping[FactorName, str]] = {
    "t1": "T1 mean Dice ↑",
    "t2": "T2 consistency ↑",
    "t3": "T3 cosine similarity ↑",
    "t4": "T4 mean absolute difference ↓",
    "t5": "T5 coefficient of variation ↓",
}


def build_factor_tables(
    alphas: Sequence[Arm], *, caption: str, wording: Wording = PATIENTS
) -> list[Table]:
    """Give T1-T5 with intervals: rows are factor, side and region, columns are α."""
    parts = [alphas[start : start + COLUMNS] for start in range(0, len(alphas), COLUMNS)]
    return [_build_factor_table(part, caption, wording) for part in parts]


def _build_factor_table(alphas: Sequence[Arm], caption: str, wording: Wording) -> Table:
    head = ["factor", *(f"α = {entry['alpha']:g}" for entry in alphas)]
    trees = [entry["trust"]["factors"] for entry in alphas]
    rows: list[Row] = [
        [
            wording.adapt(name),
            *(estimate_cell(_follow(tree, path), choose_digits(path[0])) for tree in trees),
        ]
        for name, path in _iterate_rows(trees[0])
    ]
    return Table(head, rows, caption=caption, kind="factors")


def _iterate_rows(factors: Factors) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Iterate over names and paths of the estimates, in the order of the factors."""
    for factor, name in FACTOR_NAMES.items():
        branches: Mapping[str, Any] = factors[factor]
        for first, branch in branches.items():
            title = f"{name} {SIDE_NAMES.get(first, first)}"
            if "value" in branch:
                yield title, (factor, first)
            else:
                yield from ((f"{title}, {second}", (factor, first, second)) for second in branch)


def _follow(tree: Body, path: Iterable[str]) -> Body:
    for step in path:
        tree = tree[step]
    return tree


def build_mix_table(alphas: Sequence[Arm], wording: Wording = PATIENTS) -> Table:
    """Give the numbers of cases of each mix."""
    rows: list[Row] = []
    for entry in alphas:
        mix = entry["mix"]
        same = ", ".join(f"{alpha:g}" for alpha in mix["same_as"]) or "none"
        values = (
            mix["n_real"],
            mix["n_synthetic"],
            f"{mix['realised']:.3g}",
            mix["anatomies"],
            same,
        )
        rows.append([f"{entry['alpha']:g}", *values])
    head = ["α", "real images", "synthetic images", "share real", "anatomies", "same mix as"]
    return Table([wording.adapt(title) for title in head], rows)


def build_count_table(alphas: Sequence[Arm], wording: Wording = PATIENTS) -> Table:
    """Count how often a region was empty, missed or invented, for each α."""
    rows: list[Row] = []
    for entry in alphas:
        for region, counts in entry["counts"].items():
            missed, invented = counts["missed"], counts["false_positive"]
            values = (
                counts["used"],
                counts["dropped"],
                counts["empty"],
                f"{missed['real']} / {missed['synthetic']}",
                f"{invented['real']} / {invented['synthetic']}",
            )
            name = f"α = {entry['alpha']:g}, {region}"
            rows.append([name, *values])
    head = ["region", "used", "dropped", "empty on both", "missed", "false positive"]
    caption = (
        "Cases; pairs of numbers are real / synthetic images. Missed: the reference has the region "
        "and Dice is 0. False positive: the reference lacks it and the prediction does not."
    )
    return Table(head, rows, caption=wording.adapt(caption))


def build_sensitivity_table(alphas: Sequence[Arm]) -> Table | None:
    """Give T3 and T4 without empty regions, where these are so many that they decide the result."""
    rows: list[Row] = [
        [
            f"{entry['alpha']:g}, {region}",
            *(
                estimate_cell(found[factor][region], choose_digits(factor))
                for factor in ("t3", "t4")
                for found in (entry["trust"]["factors"], entry["trust"]["sensitivity"])
            ),
        ]
        for entry in alphas
        if entry["trust"]["sensitivity"] is not None
        for region in entry["trust"]["regions"]
    ]
    if not rows:
        return None
    head = ["α, region", "T3 ↑", "T3 without empty", "T4 ↓", "T4 without empty"]
    caption = "Empty regions are common enough to decide the result, so it stands without them too."
    return Table(head, rows, caption=caption, kind="factors")


def build_group_table(alphas: Sequence[Arm], wording: Wording = PATIENTS) -> Table:
    """Give T1 of every group that is large enough for factors, for each α."""
    groups = [entry["trust"]["groups"] for entry in alphas]
    names = {name: name for name in sorted(set().union(*groups))}
    return _build_group_table([entry["alpha"] for entry in alphas], groups, names, wording)


def build_quintile_table(by_volume: VolumeQuintiles, wording: Wording = PATIENTS) -> Table:
    """Give T1 of each fifth of the cases by the volume of the whole tumour."""
    edges = [f"{edge:.3g}" for edge in by_volume["edges_ml"]]
    names = {
        str(fifth): f"fifth {fifth}, {low}-{high} ml"
        for fifth, (low, high) in enumerate(pairwise(edges), start=1)
    }
    found = by_volume["alphas"]
    alphas = [entry["alpha"] for entry in found]
    return _build_group_table(alphas, [entry["groups"] for entry in found], names, wording)


def _build_group_table(
    alphas: Sequence[float],
    groups: Sequence[Mapping[str, Group]],
    names: Mapping[str, str],
    wording: Wording,
) -> Table:
    rows: list[Row] = []
    for key, name in names.items():
        found = [each[key] for each in groups]
        for side, title in SIDE_NAMES.items():
            cells = [_group_cell(each, side) for each in found]
            what = f"{found[0]['cases']} cases, {wording.adapt(title)}"
            rows.append([f"{name}, {what}", *cells])
    head = ["group", *(f"α = {alpha:g}" for alpha in alphas)]
    return Table(head, rows, caption="T1, mean Dice (higher is better).", kind="factors")


def _group_cell(found: Group, side: str) -> Cell:
    if found["factors"] is None:
        return Cell(found["reason"] or "", kind="missing")
    t1: Mapping[str, Any] = found["factors"]["t1"]
    return estimate_cell(t1[side])
