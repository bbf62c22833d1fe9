"""Say what holds over α, with a table of the trends that every sentence points into."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syntrust_metrics.experiment.wording import PATIENTS, Wording
from syntrust_metrics.report.cells import (
    Cell,
    Evidence,
    Row,
    Sentence,
    Table,
    format_bounds,
    format_probability,
    format_signed,
)
from syntrust_metrics.report.verdicts import join_words
from syntrust_metrics.trust.schema.inference import AlphaCurve, Trend, Trends

MEETING: Final = "t1-meeting"
PREFIXES: Final = {"rising": "rises", "falling": "falls"}


@dataclass(frozen=True)
class CurveView:
    """What the page says over α, and the numbers that it rests on."""

    sentences: Sequence[Sentence]
    table: Table


def build_curve_view(curve: AlphaCurve, wording: Wording = PATIENTS) -> CurveView:
    """Say where T1 of both test sets meet, which trends there are, and where T4 is lowest."""
    said = [
        _describe_meeting(curve, wording),
        *_describe_trends(curve, wording),
        *_describe_lowest(curve),
    ]
    return CurveView(said, _build_table(curve, wording))


def _describe_meeting(curve: AlphaCurve, wording: Wording) -> Sentence:
    star = curve["alpha_star"]
    evidence = [Evidence(MEETING, "where they meet")]
    both = f"T1 on {wording.real} and on synthetic images"
    if star["value"] is None:
        said = f"{both} do not meet at a single α: {star['reason']}."
        return Sentence(said, evidence, "meeting")
    interval = f" ({format_bounds(star['ci'], 2)}, {star['scope']})" if star["ci"] else ""
    said = f"{both} meet at α = {star['value']:.2f}{interval}."
    return Sentence(said, evidence, "meeting")


def _describe_trends(curve: AlphaCurve, wording: Wording) -> Iterator[Sentence]:
    """Say each trend that was found, then in one sentence for each reason those that were not."""
    found = list(_iterate_trends(curve["trend"], wording))
    for name, trend in found:
        if trend["verdict"] in PREFIXES:
            said = f"As α rises, {name} {PREFIXES[trend['verdict']]}{_format_slope(trend)}."
            yield Sentence(said, [Evidence(_name_anchor(name), name)], "trend")
    open_ones = [(name, trend) for name, trend in found if trend["verdict"] not in PREFIXES]
    for reason in dict.fromkeys(trend["reason"] for _, trend in open_ones):
        names = [name for name, trend in open_ones if trend["reason"] == reason]
        why = f": {reason}" if reason else ""
        said = f"Undecided whether these rise or fall over α: {join_words(names)}{why}."
        yield Sentence(said, [Evidence(_name_anchor(name), name) for name in names], "trend")


def _describe_lowest(curve: AlphaCurve) -> Iterator[Sentence]:
    found = curve["lowest_t4"]
    evidence = {region: Evidence(_name_lowest(region), region) for region in found}
    for region, lowest in found.items():
        if lowest["verdict"] == "lowest":
            said = f"T4 of {region} is lowest at α = {lowest['alpha']:g}."
            yield Sentence(said, [evidence[region]], "lowest")
    unknown = {r: each["reason"] for r, each in found.items() if each["verdict"] != "lowest"}
    for reason in dict.fromkeys(unknown.values()):
        regions = [region for region, own in unknown.items() if own == reason]
        said = f"Undecided at which α T4 is lowest for {join_words(regions)}: {reason}."
        yield Sentence(said, [evidence[region] for region in regions], "lowest")


def _iterate_trends(trend: Trends, wording: Wording) -> Iterator[tuple[str, Trend]]:
    yield f"T1 {wording.real} − synthetic", trend["difference"]
    yield f"T1 {wording.real}", trend["t1"]["real"]
    yield "T1 synthetic", trend["t1"]["synthetic"]
    for name, found in trend["t3"].items():
        yield f"T3 {name}", found
    for name, found in trend["t4"].items():
        yield f"T4 {name}", found


def _name_anchor(name: str) -> str:
    return f"trend-{name.replace(' − ', '-less-').replace(' ', '-').lower()}"


def _name_lowest(region: str) -> str:
    return f"lowest-t4-{region}"


def _format_slope(trend: Trend) -> str:
    if trend["slope"] is None:
        return ""
    interval = f", {format_bounds(trend['ci'])}" if trend["ci"] else ""
    return f" (slope {format_signed(trend['slope'])}{interval})"


def _build_table(curve: AlphaCurve, wording: Wording) -> Table:
    star = curve["alpha_star"]
    rows: list[Row] = [
        [
            Cell("α where T1 of both meet", anchor=MEETING),
            "none" if star["value"] is None else f"{star['value']:.2f}",
            format_bounds(star["ci"], 2) if star["ci"] else "none",
            "",
            star["reason"] or "",
        ]
    ]
    trends = _iterate_trends(curve["trend"], wording)
    rows += [_build_trend_row(name, trend) for name, trend in trends]
    for region, lowest in curve["lowest_t4"].items():
        alpha = "none" if lowest["alpha"] is None else f"{lowest['alpha']:g}"
        name = Cell(f"α with the lowest T4, {region}", anchor=_name_lowest(region))
        rows.append([name, alpha, "none", "", Cell(lowest["verdict"], [lowest["reason"] or ""])])
    trainings = curve["seeds"]
    caption = (
        f"{len(curve['points'])} α, {trainings} training{'' if trainings == 1 else 's'} of each. A "
        "slope is the change for each unit of α; its interval is over trainings."
    )
    head = ["over α", "slope or α", "interval", "Kendall's p", "here"]
    return Table(head, rows, caption=caption)


def _build_trend_row(name: str, trend: Trend) -> Row:
    kendall = trend["kendall"]
    return [
        Cell(name, anchor=_name_anchor(name)),
        format_signed(trend["slope"]),
        format_bounds(trend["ci"]) if trend["ci"] else "none",
        "" if kendall is None else format_probability(kendall["p"]),
        Cell(trend["verdict"], [trend["reason"]] if trend["reason"] else []),
    ]
