"""The tests behind the verdict, the score, the curve over α and the paper's claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from syntrust_metrics.figures.style import REGION_NAMES
from syntrust_metrics.html import Html, element, folded, join, table, text
from syntrust_metrics.report.cells import (
    bounds,
    leaf_cell,
    number,
    number_cell,
    probability,
    signed,
)
from syntrust_metrics.report.verdicts import against_real, share

Body = Mapping[str, Any]
PARTS: Final = {
    "s0": "mean Dice",
    "s1": "gap of T1",
    "s2": "consistency",
    "s3": "concordance",
    "s4": "disparity",
    "s5": "gap of T5",
}


def verdict_grid(alphas: Sequence[Body]) -> Html:
    """Every mix and region in a word: what the sentences say, to be seen at a glance."""
    compared = [entry for entry in alphas if entry["versus_real"] is not None]
    regions = list(compared[0]["versus_real"]["regions"])
    rows = [
        [text(share(entry["alpha"])), *(text(against_real(found[region])) for region in regions)]
        for entry in compared
        for found in [entry["versus_real"]["regions"]]
    ]
    caption = f"Against real data alone, on the real test scans (margin {_margin(compared)})."
    head = ["trained with", *(REGION_NAMES.get(region, region) for region in regions)]
    return table(head, rows, caption=caption)


def _margin(compared: Sequence[Body]) -> str:
    return f"{compared[0]['versus_real']['margin']:g}"


def performance_table(alphas: Sequence[Body]) -> Html:
    """Each mix against real data alone, on real test images."""
    rows = [
        row
        for entry in alphas
        if entry["versus_real"] is not None
        for row in _compared(entry, entry["versus_real"], ("non_inferiority", "equivalence"))
    ]
    head = ["α, region", "Dice less that of α = 1", "90% interval", "not worse?", "equivalent?"]
    caption = (
        "Each mix against real data alone, on the real test images, paired by case and seed. p and "
        "interval are before Holm's adjustment, verdicts after it."
    )
    return table(head, rows, caption=caption) if rows else Html("")


def prediction_table(alphas: Sequence[Body]) -> Html:
    """Real against synthetic test images of the same cases."""
    rows = [row for entry in alphas for row in _compared(entry, entry["trust"]["equivalence"], ())]
    head = ["α, region", "real − synthetic", "90% interval", "equivalent?"]
    caption = (
        "Dice on real against Dice on synthetic test images, paired by case and seed. p and "
        "interval are before Holm's adjustment, verdicts after it."
    )
    return table(head, rows, caption=caption)


def _compared(entry: Body, found: Body, tests: Sequence[str]) -> Iterator[list[Html]]:
    """A row for each region, for their mean, and for all of them together.

    `tests` are the names of the tests; without any, what was found is the one test.
    """
    alpha = f"{entry['alpha']:g}"
    for name, region in _regions(found):
        judged = [region[test] for test in tests] or [region]
        yield [text(f"{alpha}, {name}"), *_difference(region), *map(_test, judged)]
    every = found["every_region"]
    together = [every[test] for test in tests] or [every]
    yield [text(f"{alpha}, every region"), text(""), text(""), *map(text, together)]


def _regions(found: Body) -> Iterator[tuple[str, Body]]:
    yield from found["regions"].items()
    yield "mean of the regions", found["overall"]


def _difference(found: Body) -> list[Html]:
    interval = found["ci90"]
    return [text(signed(found["difference"])), text(bounds(interval) if interval else "none")]


def _test(found: Body) -> Html:
    """The verdict, and below it p, power at no difference, and the reason."""
    small = [f"p {probability(found['p'])}"]
    small += [] if found["power"] is None else [f"power {found['power']:.2f}"]
    small += [found["reason"]] if found["reason"] else []
    return join([text(found["verdict"]), element("span", text(", ".join(small)), class_="ci")])


def score_table(alphas: Sequence[Body]) -> Html:
    """The score of each α with its parts: it never stands alone."""
    rows = []
    for entry in alphas:
        score = entry["trust"]["score"]
        parts = [number_cell(score["parts"][part], 2) for part in PARTS]
        weakest = PARTS.get(score["weakest"], "none")
        rows.append([text(f"{entry['alpha']:g}"), leaf_cell(score, 1), *parts, text(weakest)])
    head = ["α", "score", *(f"{part} {name}" for part, name in PARTS.items()), "weakest"]
    caption = (
        f"{alphas[0]['trust']['score']['definition']}: 100 times the geometric mean of six parts "
        "in [0, 1]; higher is better. A convenience of this project, no part of the paper."
    )
    return table(head, rows, caption=caption)


def curve_lines(curve: Body) -> list[str]:
    """Where T1 of both test sets meet, and which trends the trainings support."""
    star = curve["alpha_star"]
    if star["value"] is None:
        met = f"T1 on real and on synthetic images do not meet at a single α: {star['reason']}."
    else:
        interval = f" ({bounds(star['ci'], 2)}, {star['scope']})" if star["ci"] else ""
        met = f"T1 on real and on synthetic images meet at α = {star['value']:.2f}{interval}."
    trends = [f"{name}: {_trend(found)}." for name, found in _trends(curve["trend"])]
    lowest = [
        f"Lowest T4 of {region}: {_lowest(found)}." for region, found in curve["lowest_t4"].items()
    ]
    return [met, *trends, *lowest]


def _trends(trend: Body) -> Iterator[tuple[str, Body]]:
    yield "T1 real − synthetic over α", trend["difference"]
    for factor in ("t1", "t3", "t4"):
        for name, found in trend[factor].items():
            yield f"{factor.upper()} {name} over α", found


def _trend(found: Body) -> str:
    slope = "" if found["slope"] is None else f", slope {signed(found['slope'])}"
    interval = f" ({bounds(found['ci'])})" if found["ci"] else ""
    reason = f", {found['reason']}" if found["reason"] else ""
    return f"{found['verdict']}{slope}{interval}{reason}"


def _lowest(found: Body) -> str:
    if found["verdict"] == "lowest":
        return f"at α = {found['alpha']:g}"
    return f"undecided, {found['reason']}"


def claim_table(claims: Sequence[Body]) -> Html:
    """The paper's claims with what this experiment says of them."""
    rows = [
        [text(claim["claim"]), element("b", text(claim["verdict"])), text(claim["reason"] or "")]
        for claim in claims
    ]
    whole = table(["claim of the paper", "here", "why"], rows, kind="claims")
    return join(
        [whole, folded("comparisons", "The comparisons behind each claim", _comparisons(claims))]
    )


def _comparisons(claims: Sequence[Body]) -> Html:
    rows = [_comparison(found) for claim in claims for found in claim["numbers"]]
    return table(["comparison", "α", "difference or slope", "interval", "here"], rows)


def _comparison(found: Body) -> list[Html]:
    value = found.get("difference", found.get("slope"))
    interval, level = found.get("ci"), "95%"
    if "ci90" in found:
        interval, level = found["ci90"], "90%"
    alpha = found.get("alpha")
    where = [alpha] if isinstance(alpha, int | float) else alpha or []
    return [
        text(found["comparison"]),
        text(", ".join(f"{each:g}" for each in where) or "all"),
        text("undefined" if value is None else number(value, 4)),
        text(f"{bounds(interval, 4)} ({level})" if interval else "none"),
        text(found["verdict"]),
    ]
