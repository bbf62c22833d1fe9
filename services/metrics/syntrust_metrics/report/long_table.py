"""Write `results.csv`: every number of every case, one row for each measurement.

The rows are sorted by α, seed, set, case, region and metric. An empty value is undefined, as Dice
where reference and prediction are both empty; it is not 0. A text that a spreadsheet would run as a
formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from syntrust_core.contracts.report import BuildReport, ReportCase, ReportRun
from syntrust_metrics.experiment.trust_input import TrustInput
from syntrust_metrics.segmentation.score_file import CaseScore, ScoreFile
from syntrust_metrics.trust.serialization import round_numbers

HEADER: Final = (
    "case",
    "group",
    "seen",
    "set",
    "alpha",
    "seed",
    "region",
    "metric",
    "value",
)
DICE, NESTED = "dice", "nested"  # one metric in two fields, by kind of region
Row = tuple[str | int | float | None, ...]
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def write_long_table(request: BuildReport, scores: Mapping[str, ScoreFile], path: Path) -> None:
    """Write the table of all test cases.

    `set` is ``real``, ``synthetic``, or ``synthetic_again`` (a second twin of each case); `seen`
    says whether the generator was trained on the case. A training of a mix that partial results
    lack has one row at the end: no case and no value, and the reason as its metric.
    """
    test = sorted((case for case in request.cases if case.part == "test"), key=lambda each: each.id)
    trust_input = TrustInput(request, scores, test, lambda score: score.dice)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for alpha, runs in trust_input.runs().items():
            for run in runs:
                writer.writerows(_iterate_rows(trust_input, alpha, run))
        writer.writerows(_list_missing(request))


def _iterate_rows(trust_input: TrustInput, alpha: str, run: ReportRun) -> Iterator[Row]:
    for name, step in _list_sets(run).items():
        for case in trust_input.cases:
            for measured in _list_values(trust_input.find_score(case, step)):
                yield (*_describe_case(case), name, alpha, run.seed, *measured)


def _list_missing(request: BuildReport) -> list[Row]:
    """Give a row without a value for each training that partial results lack."""
    if request.missing is None:
        return []
    return [
        ("", "", "", "", lost.alpha, lost.seed, "", f"missing: {lost.reason}", None)
        for lost in request.missing.trainings
        if lost.control is None
    ]


def _list_sets(run: ReportRun) -> dict[str, str]:
    again = {} if run.score_again is None else {"synthetic_again": run.score_again}
    return {"real": run.score_real, "synthetic": run.score_synthetic, **again}


def _describe_case(case: ReportCase) -> tuple[str, str, str]:
    return quote_formula(case.id), quote_formula(case.group or ""), "yes" if case.seen else "no"


def quote_formula(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula; numbers stay."""
    runs = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if runs else text


def _list_values(score: CaseScore) -> list[tuple[str, str, float | None]]:
    """Region, metric and value of every field, sorted."""
    return sorted(
        (region, DICE if field == NESTED else field, round_numbers(value))
        for field in CaseScore.model_fields
        for region, value in getattr(score, field).items()
    )
