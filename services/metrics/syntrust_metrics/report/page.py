"""`report.html`: one file, the verdict first, then the numbers it rests on.

The page is `templates/report.html`; this module gathers what it shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.report import BuildReport, ReportCase
from syntrust_metrics.experiment.partial import describe_missing
from syntrust_metrics.experiment.schema import Arm, ShownResults, Unseen
from syntrust_metrics.experiment.wording import Wording, choose_wording
from syntrust_metrics.figures import curves
from syntrust_metrics.html import encode_svg, flatten, render
from syntrust_metrics.report import figure_tables, prose, verdicts
from syntrust_metrics.report.cells import Row, Sentence, Table
from syntrust_metrics.report.controls import build_control_view
from syntrust_metrics.report.curve_view import build_curve_view
from syntrust_metrics.report.error_rates import build_error_table
from syntrust_metrics.report.recommendation_prose import build_recommendation_view
from syntrust_metrics.report.sources import describe_sources
from syntrust_metrics.report.tables import (
    build_count_table,
    build_factor_tables,
    build_group_table,
    build_mix_table,
    build_quintile_table,
    build_sensitivity_table,
)
from syntrust_metrics.report.twin_tables import build_twin_view
from syntrust_metrics.report.verdict_tables import (
    build_claim_table,
    build_comparison_table,
    build_performance_table,
    build_prediction_table,
    build_score_table,
    build_verdict_grid,
)

FIGURE_TABLES: Final[Mapping[str, Callable[[ShownResults, Wording], Sequence[Table]]]] = {
    "fig4": lambda results, wording: [figure_tables.build_mean_table(results, wording)],
    "fig5": lambda results, wording: [figure_tables.build_consistency_table(results, wording)],
    "fig6": lambda results, _: [figure_tables.build_region_table(results, "t3")],
    "fig7": lambda results, _: [figure_tables.build_region_table(results, "t4")],
    "fig8": lambda results, wording: [figure_tables.build_spread_table(results, wording)],
    "dice_volume": lambda results, wording: [figure_tables.build_size_table(results, wording)],
    "bland_altman": lambda results, wording: [
        figure_tables.build_agreement_table(results, wording)
    ],
    "floors": lambda results, _: figure_tables.build_floor_tables(results),
}
SENTENCES: Final = 3  # a reader takes in at once; more mixes begin with a table of them
ORIGINS: Final[Mapping[str, str]] = {
    "imported_model": "shipped with the generator",
    "import_model": "imported",
    "train_generator": "trained here",
    "train_segmenter": "trained here",
}
UNSEEN: Final = "unseen"  # begins the anchors of the tests on unseen cases


@dataclass(frozen=True)
class Contents:
    """What the page shows. `figures` are SVG bytes by name; `provenance` is any JSON object."""

    request: BuildReport
    results: ShownResults
    figures: Mapping[str, bytes]
    records: Mapping[str, CaseRecord] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parts(self) -> Counter[str]:
        """How many cases each part of the data has."""
        return Counter(case.part for case in self.request.cases)

    @property
    def wording(self) -> Wording:
        """How the cases are named."""
        return choose_wording(self.request.origin)


@dataclass(frozen=True)
class Verdict:
    """The sentences of the verdict, and the table that begins many of them."""

    grid: Table | None
    performance: Sequence[Sentence]
    unseen: Sequence[Sentence]
    prediction: Sequence[Sentence]
    reach: Sequence[str]


@dataclass(frozen=True)
class FigureView:
    """A figure; `source` is the address of the image."""

    source: str
    title: str
    caption: str


@dataclass(frozen=True)
class Group:
    """Tables under a heading of their own."""

    title: str
    tables: Sequence[Table]


def render_report(contents: Contents) -> str:
    """Render the page; it loads nothing from anywhere."""
    results, wording = contents.results, contents.wording
    claims, curve = results["claims"], results["curve"]
    return render(
        "report.html",
        results=results,
        wording=wording,
        recommendation=build_recommendation_view(results),
        summary=prose.summarise(results, contents.parts, wording),
        sources=describe_sources(contents.request, contents.records),
        verdict=_build_verdict(contents),
        factors=_build_factors(results, wording),
        tests=_build_tests(results, wording),
        figures=_build_figures(contents),
        numbers=_build_figure_numbers(contents),
        error_rates=build_error_table(results["alphas"][0]["trust"]["cases"]),
        missing=describe_missing(results),
        claims=None if claims is None else build_claim_table(claims, wording),
        comparisons=None if claims is None else build_comparison_table(claims),
        curve=None if curve is None else build_curve_view(curve, wording),
        twins=build_twin_view(results["twins"], wording),
        controls=build_control_view(results, wording),
        exclusions=prose.describe_exclusions(contents.request, contents.records, results),
        counts=build_count_table(results["alphas"], wording),
        sensitivity=build_sensitivity_table(results["alphas"]),
        warnings=prose.collect_warnings(results),
        more=_build_more_numbers(results, wording),
        definitions=[tuple(map(wording.adapt, each)) for each in prose.DEFINITIONS],
        cases=_build_case_table(contents),
        settings=_list_settings(contents.request.settings),
        provenance=flatten(contents.provenance),
    )


def _build_verdict(contents: Contents) -> Verdict:
    results = contents.results
    scans = verdicts.Scans(contents.wording)
    performance = verdicts.describe_performance(results["alphas"], scans)
    compared = sum(entry["versus_real"] is not None for entry in results["alphas"])
    return Verdict(
        grid=build_verdict_grid(results["alphas"], contents.wording)
        if compared > SENTENCES
        else None,
        performance=performance,
        unseen=_describe_unseen(results["unseen"], scans),
        prediction=verdicts.describe_prediction(results["alphas"], scans),
        reach=prose.describe_reach(results, contents.wording),
    )


def _describe_unseen(unseen: Unseen | None, scans: verdicts.Scans) -> list[Sentence]:
    """Give the verdict again without the cases that the generator may remember."""
    new = verdicts.Scans(scans.wording, f"{scans.which} that the generator has not seen")
    return verdicts.describe_performance(unseen["alphas"], new, UNSEEN) if unseen else []


def _build_factors(results: ShownResults, wording: Wording) -> list[Table]:
    alphas = results["alphas"]
    policy = alphas[0]["trust"]["policy"]
    caption = (
        f"Value, and its {policy['confidence']:.0%} interval. ↑ higher is better, ↓ lower is "
        f"better. Empty regions: policy {policy['empty']}."
    )
    factors = build_factor_tables(alphas, caption=caption, wording=wording)
    return [*factors, build_score_table(alphas)]


def _build_tests(results: ShownResults, wording: Wording) -> list[Table]:
    alphas = results["alphas"]
    performance = build_performance_table(alphas, wording=wording)
    return _keep([performance, build_prediction_table(alphas, wording)])


def _keep(tables: Iterable[Table | None]) -> list[Table]:
    return [table for table in tables if table is not None]


def _build_figures(contents: Contents) -> list[FigureView]:
    shown = [name for name in prose.FIGURES if name in contents.figures]
    return [_build_figure(contents, number, name) for number, name in _number_figures(shown)]


def _number_figures(names: Sequence[str]) -> list[tuple[int, str]]:
    """Give the paper's numbers, continued by those that the paper does not have."""
    own = [name for name in prose.FIGURES if not name.startswith("fig")]
    return [
        (9 + own.index(name) if name in own else int(name.removeprefix("fig")), name)
        for name in names
    ]


def _build_figure(contents: Contents, number: int, name: str) -> FigureView:
    title, caption = map(contents.wording.adapt, prose.FIGURES[name])
    return FigureView(
        source=encode_svg(contents.figures[name]),
        title=title,
        caption=f"Figure {number}. {title}. {caption} {_describe_sample(contents, name)}",
    )


def _build_figure_numbers(contents: Contents) -> list[Group]:
    """Give the tables with the numbers of each figure that has some."""
    shown = [name for name in prose.FIGURES if name in contents.figures]
    groups = [
        Group(
            f"Numbers of figure {number}, {contents.wording.adapt(prose.FIGURES[name][0])}",
            _build_figure_tables(contents, name),
        )
        for number, name in _number_figures(shown)
    ]
    return [group for group in groups if group.tables]


def _build_figure_tables(contents: Contents, name: str) -> Sequence[Table]:
    if name == "fig2":
        return []
    if name == "fig3":
        return [figure_tables.build_volume_table(contents.request, contents.records)]
    return FIGURE_TABLES[name](contents.results, contents.wording)


def _describe_sample(contents: Contents, name: str) -> str:
    """Say over how many cases, and which trainings, a figure is."""
    if name == "fig3":
        parts = contents.parts
        aside = f", {parts['validation']} of them set aside" if parts["validation"] else ""
        trained = parts["train"] + parts["validation"]
        return f"{trained} training cases{aside}, {parts['test']} test cases."
    return "" if name == "fig2" else curves.describe_sample(contents.results)


def _build_more_numbers(results: ShownResults, wording: Wording) -> list[Group]:
    groups = [_build_nested(results["nested"], wording), *_build_unseen(results["unseen"], wording)]
    if results["alphas"][0]["trust"]["groups"]:
        groups.append(Group("Groups", [build_group_table(results["alphas"], wording)]))
    if results["by_volume"]["alphas"]:
        title = "Volume of the whole tumour, in fifths of the cases"
        groups.append(Group(title, [build_quintile_table(results["by_volume"], wording)]))
    return [*groups, Group("Mixes", [build_mix_table(results["alphas"], wording)])]


def _build_nested(nested: Sequence[Arm], wording: Wording) -> Group:
    caption = "TC and WT, scored apart from the disjoint regions and never mixed with them."
    factors = build_factor_tables(nested, caption=caption, wording=wording)
    tables = [*factors, build_performance_table(nested, "nested", wording)]
    return Group("Nested regions", _keep(tables))


def _build_unseen(unseen: Unseen | None, wording: Wording) -> list[Group]:
    if not unseen or not unseen["cases"]:
        return []
    caption = f"The {unseen['cases']} test cases that the generator has not seen."
    factors = build_factor_tables(unseen["alphas"], caption=caption, wording=wording)
    tables = [*factors, build_performance_table(unseen["alphas"], UNSEEN, wording)]
    return [Group("Unseen test cases", _keep(tables))]


def _list_settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the settings, with where a model comes from in words instead of its stored kind."""
    return [
        (path, ORIGINS.get(value, value) if path.endswith(".model.kind") else value)
        for path, value in flatten(settings)
    ]


def _build_case_table(contents: Contents) -> Table:
    cases = sorted(contents.request.cases, key=lambda case: (case.part, case.id))
    rows: list[Row] = [_build_case_row(case, contents.records.get(case.case)) for case in cases]
    head = ["case", "part", "group", "seen by generator", "NCR ml", "ED ml", "ET ml", "warnings"]
    return Table(head, rows, kind="cases")


def _build_case_row(case: ReportCase, record: CaseRecord | None) -> Row:
    volumes = [
        "unknown" if record is None else f"{record.region_volumes_ml[region]:.2f}"
        for region in ("NCR", "ED", "ET")
    ]
    notes = [f"{each.file}: {each.reason}" for each in record.warnings] if record else []
    seen = "yes" if case.seen else "no"
    return [case.id, case.part, case.group or "none", seen, *volumes, "; ".join(notes) or "none"]
