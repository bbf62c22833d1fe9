"""Build the tables of the tests behind the verdict, of the score and of the paper's claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.experiment.schema import Arm
from syntrust_metrics.figures.style import REGION_NAMES
from syntrust_metrics.report.cells import (
    Cell,
    Row,
    Table,
    estimate_cell,
    format_bounds,
    format_number,
    format_probability,
    format_signed,
    number_cell,
)
from syntrust_metrics.report.verdicts import describe_share, judge_against_real
from syntrust_metrics.trust.schema.answer import ScorePart
from syntrust_metrics.trust.schema.inference import (
    AlphaCurve,
    Claim,
    ClaimComparison,
    LowestT4,
    ModelComparison,
    Trend,
    Trends,
)

Body = Mapping[str, Any]
PARTS: Final[Mapping[ScorePart, str]] = {
    "s0": "mean Dice",
    "s1": "gap of T1",
    "s2": "consistency",
    "s3": "concordance",
    "s4": "disparity",
    "s5": "gap of T5",
}


def build_verdict_grid(alphas: Sequence[Arm]) -> Table:
    """Give every mix and region in a word, to show at a glance what the sentences say."""
    compared = [
        (entry["alpha"], found) for entry in alphas if (found := entry["versus_real"]) is not None
    ]
    _, first = compared[0]
    regions = list(first["regions"])
    rows: list[Row] = [
        [
            describe_share(alpha),
            *(judge_against_real(found["regions"][region]) for region in regions),
        ]
        for alpha, found in compared
    ]
    caption = f"Against real data alone, on the real test scans (margin {_format_margin(first)})."
    head = ["trained with", *(REGION_NAMES.get(region, region) for region in regions)]
    return Table(head, rows, caption=caption)


def _format_margin(compared: ModelComparison) -> str:
    return f"{compared['margin']:g}"


def build_performance_table(alphas: Sequence[Arm]) -> Table | None:
    """Compare each mix with real data alone, on real test images."""
    rows: list[Row] = [
        row
        for entry in alphas
        if entry["versus_real"] is not None
        for row in _iterate_tests(entry, entry["versus_real"], ("non_inferiority", "equivalence"))
    ]
    head = ["α, region", "Dice less that of α = 1", "90% interval", "not worse?", "equivalent?"]
    caption = (
        "Each mix against real data alone, on the real test images, paired by case and seed. p and "
        "interval are before Holm's adjustment, verdicts after it."
    )
    return Table(head, rows, caption=caption) if rows else None


def build_prediction_table(alphas: Sequence[Arm]) -> Table:
    """Compare real with synthetic test images of the same cases."""
    rows: list[Row] = [
        row for entry in alphas for row in _iterate_tests(entry, entry["trust"]["equivalence"], ())
    ]
    head = ["α, region", "real − synthetic", "90% interval", "equivalent?"]
    caption = (
        "Dice on real against Dice on synthetic test images, paired by case and seed. p and "
        "interval are before Holm's adjustment, verdicts after it."
    )
    return Table(head, rows, caption=caption)


def _iterate_tests(entry: Arm, found: Body, tests: Sequence[str]) -> Iterator[Row]:
    """Iterate over rows: one for each region, one for their mean, one for all of them together.

    `tests` are the names of the tests; without names, `found` is the one test.
    """
    alpha = f"{entry['alpha']:g}"
    for name, region in _iterate_regions(found):
        judged = [region[test] for test in tests] or [region]
        yield [f"{alpha}, {name}", *_difference_cells(region), *map(_test_cell, judged)]
    every = found["every_region"]
    together = [every[test] for test in tests] or [every]
    yield [f"{alpha}, every region", "", "", *together]


def _iterate_regions(found: Body) -> Iterator[tuple[str, Body]]:
    yield from found["regions"].items()
    yield "mean of the regions", found["overall"]


def _difference_cells(found: Body) -> Row:
    interval = found["ci90"]
    return [
        format_signed(found["difference"]),
        format_bounds(interval) if interval else "none",
    ]


def _test_cell(found: Body) -> Cell:
    """Give the verdict, and below it p, power at no difference, and the reason."""
    small = [f"p {format_probability(found['p'])}"]
    small += [] if found["power"] is None else [f"power {found['power']:.2f}"]
    small += [found["reason"]] if found["reason"] else []
    return Cell(found["verdict"], [", ".join(small)])


def build_score_table(alphas: Sequence[Arm]) -> Table:
    """Give the score of each α with its parts; it never stands alone."""
    rows: list[Row] = []
    for entry in alphas:
        score = entry["trust"]["score"]
        parts = [number_cell(score["parts"][part], 2) for part in PARTS]
        weakest = "none" if score["weakest"] is None else PARTS[score["weakest"]]
        rows.append([f"{entry['alpha']:g}", estimate_cell(score, 1), *parts, weakest])
    head = ["α", "score", *(f"{part} {name}" for part, name in PARTS.items()), "weakest"]
    caption = (
        f"{alphas[0]['trust']['score']['definition']}: 100 times the geometric mean of six parts "
        "in [0, 1]; higher is better. A convenience of this project, no part of the paper."
    )
    return Table(head, rows, caption=caption)


def describe_curve(curve: AlphaCurve) -> list[str]:
    """Say where T1 of both test sets meet, and which trends the trainings support."""
    star = curve["alpha_star"]
    if star["value"] is None:
        met = f"T1 on real and on synthetic images do not meet at a single α: {star['reason']}."
    else:
        interval = f" ({format_bounds(star['ci'], 2)}, {star['scope']})" if star["ci"] else ""
        met = f"T1 on real and on synthetic images meet at α = {star['value']:.2f}{interval}."
    trends = [
        f"{name}: {_describe_trend(found)}." for name, found in _iterate_trends(curve["trend"])
    ]
    lowest = [
        f"Lowest T4 of {region}: {_describe_lowest(found)}."
        for region, found in curve["lowest_t4"].items()
    ]
    return [met, *trends, *lowest]


def _iterate_trends(trend: Trends) -> Iterator[tuple[str, Trend]]:
    yield "T1 real − synthetic over α", trend["difference"]
    yield "T1 real over α", trend["t1"]["real"]
    yield "T1 synthetic over α", trend["t1"]["synthetic"]
    for factor in ("t3", "t4"):
        for region, found in trend[factor].items():
            yield f"{factor.upper()} {region} over α", found


def _describe_trend(found: Trend) -> str:
    slope = "" if found["slope"] is None else f", slope {format_signed(found['slope'])}"
    interval = f" ({format_bounds(found['ci'])})" if found["ci"] else ""
    reason = f", {found['reason']}" if found["reason"] else ""
    return f"{found['verdict']}{slope}{interval}{reason}"


def _describe_lowest(found: LowestT4) -> str:
    if found["verdict"] == "lowest":
        return f"at α = {found['alpha']:g}"
    return f"undecided, {found['reason']}"


def build_claim_table(claims: Sequence[Claim]) -> Table:
    """Give the paper's claims with what this experiment says of them."""
    rows: list[Row] = [
        [claim["claim"], Cell(claim["verdict"], kind="strong"), claim["reason"] or ""]
        for claim in claims
    ]
    return Table(["claim of the paper", "here", "why"], rows, kind="claims")


def build_comparison_table(claims: Sequence[Claim]) -> Table:
    """Give the comparisons behind each claim."""
    rows: list[Row] = [_comparison_row(found) for claim in claims for found in claim["numbers"]]
    return Table(["comparison", "α", "difference or slope", "interval", "here"], rows)


def _comparison_row(found: ClaimComparison) -> Row:
    value = found.get("difference", found.get("slope"))
    interval, level = found.get("ci"), "95%"
    if "ci90" in found:
        interval, level = found["ci90"], "90%"
    alpha = found.get("alpha")
    where = [alpha] if isinstance(alpha, int | float) else alpha or []
    return [
        found["comparison"],
        ", ".join(f"{each:g}" for each in where) or "all",
        "undefined" if value is None else format_number(value, 4),
        f"{format_bounds(interval, 4)} ({level})" if interval else "none",
        found["verdict"],
    ]
