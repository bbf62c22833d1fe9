"""Build the tables of the tests behind the verdict, of the score and of the paper's claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.experiment.schema import Arm
from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.figures.style import REGION_NAMES
from syntrust_metrics.report.cells import (
    Cell,
    Evidence,
    Row,
    Table,
    estimate_cell,
    format_bounds,
    format_number,
    format_probability,
    format_signed,
    number_cell,
)
from syntrust_metrics.report.verdicts import describe_share, judge_against_real, name_row
from syntrust_metrics.trust.schema.answer import ScorePart
from syntrust_metrics.trust.schema.inference import (
    Claim,
    ClaimComparison,
    ModelComparison,
)

Body = Mapping[str, Any]
PARTS: Final[Mapping[ScorePart, str]] = {
    "s0": "mean Dice",
    "s1": "gap of T1",
    "s2": "consistency",
    "s3": "concordance",
    "s4": "mean absolute difference",
    "s5": "gap of T5",
}


def build_verdict_grid(alphas: Sequence[Arm], wording: Wording = PATIENTS) -> Table:
    """Give every mix and region in a word, to show at a glance what the sentences say."""
    compared = [
        (entry["alpha"], found) for entry in alphas if (found := entry["versus_real"]) is not None
    ]
    _, first = compared[0]
    regions = list(first["regions"])
    rows: list[Row] = [
        [
            describe_share(alpha, wording),
            *(judge_against_real(found["regions"][region]) for region in regions),
        ]
        for alpha, found in compared
    ]
    what = wording.adapt("Against real data alone, on the real test scans")
    caption = f"{what} (margin {_format_margin(first)})."
    head = ["trained with", *(REGION_NAMES.get(region, region) for region in regions)]
    return Table(head, rows, caption=caption)


def _format_margin(compared: ModelComparison) -> str:
    return f"{compared['margin']:g}"


def build_performance_table(
    alphas: Sequence[Arm], prefix: str = "performance", wording: Wording = PATIENTS
) -> Table | None:
    """Compare each mix with real data alone, on real test images.

    `prefix` begins the anchors, by which sentences point at the rows of an α.
    """
    rows: list[Row] = [
        row
        for entry in alphas
        if entry["versus_real"] is not None
        for row in _iterate_tests(
            entry, entry["versus_real"], ("non_inferiority", "equivalence"), prefix
        )
    ]
    head = ["α, region", "n", "Dice less that of α = 1", "90% interval", "not worse?"]
    head += ["equivalent?"]
    caption = (
        "Each mix against real data alone, on the real test images, paired by case and seed. n is "
        "cases × trainings. p and interval are before Holm's adjustment, verdicts after it."
    )
    return Table(head, rows, caption=wording.adapt(caption)) if rows else None


def build_prediction_table(alphas: Sequence[Arm], wording: Wording = PATIENTS) -> Table:
    """Compare real with synthetic test images of the same cases."""
    rows: list[Row] = [
        row
        for entry in alphas
        for row in _iterate_tests(entry, entry["trust"]["equivalence"], (), "prediction")
    ]
    head = ["α, region", "n", wording.adapt("real − synthetic"), "90% interval", "equivalent?"]
    caption = (
        "Dice on real against Dice on synthetic test images, paired by case and seed. n is cases × "
        "trainings. p and interval are before Holm's adjustment, verdicts after it."
    )
    return Table(head, rows, caption=wording.adapt(caption))


def _iterate_tests(entry: Arm, found: Body, tests: Sequence[str], prefix: str) -> Iterator[Row]:
    """Iterate over rows: one for each region, one for their mean, one for all of them together.

    `tests` are the names of the tests; without names, `found` is the one test. The first row has
    the anchor of the α.
    """
    alpha = f"{entry['alpha']:g}"
    pairs = f"{found.get('cases', entry['trust']['cases'])} × "
    pairs += f"{found.get('seeds', len(entry['seeds']))}"
    anchor = name_row(prefix, entry["alpha"])
    for name, region in _iterate_regions(found):
        judged = [region[test] for test in tests] or [region]
        label = Cell(f"{alpha}, {name}", anchor=anchor)
        yield [label, pairs, *_difference_cells(region), *map(_test_cell, judged)]
        anchor = ""
    every = found["every_region"]
    together = [every[test] for test in tests] or [every]
    yield [f"{alpha}, every region", pairs, "", "", *map(say_undecided, together)]


def _iterate_regions(found: Body) -> Iterator[tuple[str, Body]]:
    yield from found["regions"].items()
    yield "mean of the regions", found["overall"]


def _difference_cells(found: Body) -> Row:
    interval = found["ci90"]
    if not interval:
        return [format_signed(found["difference"]), "none"]
    low, high = interval
    zero = "holds 0" if low <= 0 <= high else "excludes 0"
    return [format_signed(found["difference"]), Cell(format_bounds(interval), [zero])]


def _test_cell(found: Body) -> Cell:
    """Give the verdict, and below it p, power at no difference, and the reason."""
    small = [f"p {format_probability(found['p'])}"]
    small += [] if found["power"] is None else [f"power {found['power']:.2f}"]
    small += [found["reason"]] if found["reason"] else []
    return Cell(say_undecided(found["verdict"]), [", ".join(small)])


def say_undecided(verdict: str) -> str:
    """Say `inconclusive`, the word of the results, as people read it."""
    return "undecided" if verdict == "inconclusive" else verdict


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


def build_claim_table(claims: Sequence[Claim], wording: Wording = PATIENTS) -> Table:
    """Give the paper's claims with what this experiment says of them."""
    rows: list[Row] = [
        [
            Cell(
                wording.adapt(claim["claim"]),
                link=Evidence(_name_comparisons(claim), "numbers"),
                topic="claims",
            ),
            Cell(claim["verdict"], kind="strong"),
            claim["reason"] or "",
        ]
        for claim in claims
    ]
    return Table(["claim of the paper", "here", "why"], rows, kind="claims")


def _name_comparisons(claim: Claim) -> str:
    return f"claim-{claim['id']}"


def build_comparison_table(claims: Sequence[Claim]) -> Table:
    """Give the comparisons behind each claim, at least a row for each."""
    rows: list[Row] = [row for claim in claims for row in _iterate_comparisons(claim)]
    return Table(["comparison", "α", "difference or slope", "interval", "here"], rows)


def _iterate_comparisons(claim: Claim) -> Iterator[Row]:
    anchor = _name_comparisons(claim)
    if not claim["numbers"]:
        none = Cell("nothing could be compared", kind="missing")
        yield [Cell(claim["id"], anchor=anchor), none, "", "", claim["verdict"]]
    for index, found in enumerate(claim["numbers"]):
        yield _comparison_row(found, anchor if index == 0 else "")


def _comparison_row(found: ClaimComparison, anchor: str) -> Row:
    value = found.get("difference", found.get("slope"))
    interval, level = found.get("ci"), "95%"
    if "ci90" in found:
        interval, level = found["ci90"], "90%"
    alpha = found.get("alpha")
    where = [alpha] if isinstance(alpha, int | float) else alpha or []
    return [
        Cell(found["comparison"], anchor=anchor),
        ", ".join(f"{each:g}" for each in where) or "all",
        "undefined" if value is None else format_number(value, 4),
        f"{format_bounds(interval, 4)} ({level})" if interval else "none",
        found["verdict"],
    ]
