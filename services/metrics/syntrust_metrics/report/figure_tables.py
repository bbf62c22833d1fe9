"""Build the tables beside the figures, with the numbers of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.report import BuildReport
from syntrust_metrics.experiment.schema import Arm, ShownResults
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.curves import list_regions
from syntrust_metrics.report.cells import (
    Cell,
    Row,
    Table,
    choose_digits,
    estimate_cell,
    format_bounds,
    number_cell,
)

SIDES: Final = ("real", "synthetic")
PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"train": ("train", "validation"), "test": ("test",)}
)


def build_volume_table(request: BuildReport, records: Mapping[str, CaseRecord]) -> Table:
    """Give figure 3 in numbers; validation cases are training data set aside."""
    rows: list[Row] = []
    for part, names in PARTS.items():
        volumes = [
            records[case.case].region_volumes_ml
            for case in request.cases
            if case.part in names and case.case in records
        ]
        for region in ("NCR", "ED", "ET"):
            present = [each[region] for each in volumes if each[region] > 0]
            absent = len(volumes) - len(present)
            rows.append([f"{part}, {region}", *_describe_spread(present), absent])
    head = ["part, region", "median ml", "middle half ml", "range ml", "cases without"]
    return Table(head, rows, caption="Volumes of the cases that have the region.")


def _describe_spread(present: Sequence[float]) -> tuple[str, str, str]:
    if not present:
        return ("none", "none", "none")
    low, middle, high = np.percentile(present, [25, 50, 75])
    least, most = min(present), max(present)
    return (f"{middle:.2f}", f"{low:.2f} to {high:.2f}", f"{least:.2f} to {most:.2f}")


def build_mean_table(results: ShownResults, wording: Wording = PATIENTS) -> Table:
    """Give T1: a row for each α."""
    head = ["α", *(f"{side} images" for side in _name_sides(wording))]
    rows: list[Row] = [
        [_alpha_cell(entry), *(_factor_cell(entry, "t1", side) for side in SIDES)]
        for entry in results["alphas"]
    ]
    return Table(head, rows, kind="factors")


def build_consistency_table(results: ShownResults, wording: Wording = PATIENTS) -> Table:
    """Give T2, and the two readings of "consistent across regions" in the paper's text."""
    names: Mapping[Literal["t2_regions", "t2_within"], str] = {
        "t2_regions": "regions' means",
        "t2_within": "regions within a case",
    }
    sides = _name_sides(wording)
    head = [f"{side}, {what}" for what in ("T2", *names.values()) for side in sides]
    rows: list[Row] = [
        [
            _alpha_cell(entry),
            *(_factor_cell(entry, "t2", side) for side in SIDES),
            *(
                estimate_cell(entry["trust"]["companions"][name][side])
                for name in names
                for side in SIDES
            ),
        ]
        for entry in results["alphas"]
    ]
    caption = "T2 is over cases, as printed; beside it one minus the spread over regions."
    return Table(["α", *head], rows, caption=caption, kind="factors")


def build_region_table(results: ShownResults, factor: Literal["t3", "t4"]) -> Table:
    """Give T3 or T4, and what they would be without pairing."""

    def cells(entry: Arm, region: str) -> Row:
        shuffled = entry["trust"]["companions"][factor][region]["shuffled"]
        return [_factor_cell(entry, factor, region), number_cell(shuffled, choose_digits(factor))]

    return _build_region_rows(results, [factor.upper(), "if unpaired"], cells)


def build_spread_table(results: ShownResults, wording: Wording = PATIENTS) -> Table:
    """Give T5, with the mean, sd and interquartile range that explain it."""

    def cells(entry: Arm, region: str) -> Row:
        found: list[Cell] = []
        for side in SIDES:
            beside = entry["trust"]["companions"]["t5"][side][region]
            found += [_factor_cell(entry, "t5", side, region)]
            found += [number_cell(beside[name]) for name in ("mean", "sd", "iqr")]
        return found

    names = ("T5", "mean", "sd", "quartile range")
    head = [f"{side} {name}" for side in _name_sides(wording) for name in names]
    return _build_region_rows(results, head, cells)


def build_size_table(results: ShownResults, wording: Wording = PATIENTS) -> Table:
    """Give the rank correlation of volume and Dice."""
    sizes = {each["alpha"]: each for each in results["size"]}

    def cells(entry: Arm, region: str) -> Row:
        estimates = [sizes[entry["alpha"]][side][region] for side in SIDES]
        return [
            *(estimate_cell(estimate, 2) for estimate in estimates),
            estimates[0]["cases"],
        ]

    head = [*(f"{side} images ρ" for side in _name_sides(wording)), "cases"]
    return _build_region_rows(results, head, cells)


def build_agreement_table(results: ShownResults, wording: Wording = PATIENTS) -> Table:
    """Give bias and limits of agreement, with the two companions of T3 that show agreement."""

    def cells(entry: Arm, region: str) -> Row:
        companions = entry["trust"]["companions"]
        limits = companions["t4"][region]["limits"]
        agree = companions["t3"][region]
        return [
            estimate_cell(companions["t4"][region]["bias"]),
            format_bounds(limits) if limits else "undefined",
            estimate_cell(agree["correlation"], 2),
            estimate_cell(agree["concordance"], 2),
        ]

    head = [wording.adapt("bias, real − synthetic"), "95% limits", "correlation", "concordance"]
    return _build_region_rows(results, head, cells)


def build_floor_tables(results: ShownResults) -> list[Table]:
    """Give T3 and T4 beside their value without pairing and both floors."""
    return [_build_floor_table(results, factor) for factor in ("t3", "t4")]


def _build_floor_table(results: ShownResults, factor: Literal["t3", "t4"]) -> Table:
    digits = choose_digits(factor)
    floors = {
        kind: {each["alpha"]: each[factor] for each in results["floors"][kind]["alphas"]}
        for kind in ("twins", "seeds")
    }

    def cells(entry: Arm, region: str) -> Row:
        measured = _factor_cell(entry, factor, region)
        shuffled = entry["trust"]["companions"][factor][region]["shuffled"]
        noise = [
            estimate_cell(floor[entry["alpha"]][region], digits) if floor else "not measured"
            for floor in floors.values()
        ]
        return [measured, number_cell(shuffled, digits), *noise]

    head = ["measured", "if unpaired", "second twin", "second training"]
    direction = "higher is better" if factor == "t3" else "lower is better"
    return _build_region_rows(results, head, cells, caption=f"{factor.upper()} ({direction})")


def _name_sides(wording: Wording) -> list[str]:
    return [wording.adapt(side) for side in SIDES]


def _factor_cell(entry: Arm, factor: str, *path: str) -> Cell:
    factors: Mapping[str, Any] = entry["trust"]["factors"]
    estimate = factors[factor]
    for step in path:
        estimate = estimate[step]
    return estimate_cell(estimate, choose_digits(factor))


def _alpha_cell(entry: Arm) -> str:
    return f"{entry['alpha']:g}"


def _build_region_rows(
    results: ShownResults,
    head: Sequence[str],
    cells: Callable[[Arm, str], Row],
    *,
    caption: str = "",
) -> Table:
    """Build a table with a row for each α and region."""
    rows: list[Row] = [
        [f"{entry['alpha']:g}, {region}", *cells(entry, region)]
        for entry in results["alphas"]
        for region in list_regions(results)
    ]
    return Table(["α, region", *head], rows, caption=caption, kind="factors")
