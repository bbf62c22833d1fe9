"""`report.html`: one file, the verdict first, then the numbers it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.report import BuildReport, ReportCase
from syntrust_metrics.figures import curves
from syntrust_metrics.html import (
    Html,
    beside,
    element,
    facts,
    items,
    join,
    paragraph,
    section,
    svg_figure,
    table,
    text,
)
from syntrust_metrics.report import figure_tables, prose, verdicts
from syntrust_metrics.report.controls import build_control_section
from syntrust_metrics.report.style import CSS
from syntrust_metrics.report.tables import (
    build_count_table,
    build_factor_tables,
    build_group_table,
    build_mix_table,
    build_quintile_table,
    build_sensitivity_table,
)
from syntrust_metrics.report.twin_tables import build_twin_parts
from syntrust_metrics.report.verdict_tables import (
    build_claim_table,
    build_performance_table,
    build_prediction_table,
    build_score_table,
    build_verdict_grid,
    describe_curve,
)

FIGURE_TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], Html]]] = {
    "fig4": figure_tables.build_mean_table,
    "fig5": figure_tables.build_consistency_table,
    "fig6": lambda results: figure_tables.build_region_table(results, "t3"),
    "fig7": lambda results: figure_tables.build_region_table(results, "t4"),
    "fig8": figure_tables.build_spread_table,
    "dice_volume": figure_tables.build_size_table,
    "bland_altman": figure_tables.build_agreement_table,
    "floors": figure_tables.build_floor_tables,
}
NARROW: Final = ("fig4", "fig6", "fig7", "dice_volume")  # a table fits beside the figure
SENTENCES: Final = 3  # a reader takes in at once; more begin with a table of them


@dataclass(frozen=True)
class Contents:
    """What the page shows. `figures` are SVG bytes by name; `provenance` is any JSON object."""

    request: BuildReport
    results: Mapping[str, Any]
    figures: Mapping[str, bytes]
    records: Mapping[str, CaseRecord] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


def render_report(contents: Contents) -> str:
    """Render the page; it loads nothing from anywhere."""
    results = contents.results
    body = element(
        "main",
        _head(contents),
        _verdict(contents),
        _factors(results),
        _tests(results),
        _figures(contents),
        section("The paper's claims, tested here", build_claim_table(results["claims"])),
        section("Over α", items(describe_curve(results["curve"]))),
        section("The twins", *build_twin_parts(results["twins"])),
        build_control_section(results),
        _excluded(contents),
        _more_numbers(results),
        _meaning(),
        _cases(contents),
        _settings(contents),
        _foot(results),
    )
    title = element("title", text("SynTrust report"))
    style = element("style", Html(CSS))
    meta = Html(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    )
    page = element("html", element("head", meta, title, style), element("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _head(contents: Contents) -> Html:
    parts: Counter[str] = Counter(case.part for case in contents.request.cases)
    return element(
        "header",
        element("h1", text("SynTrust report")),
        element("p", text("How far can synthetic scans stand in for real ones?"), class_="lead"),
        element("p", text(prose.summarise(contents.results, parts)), class_="lead"),
        element("p", text(prose.NOTICE), class_="notice"),
    )


def _verdict(contents: Contents) -> Html:
    results = contents.results
    test = [case.id for case in contents.request.cases if case.part == "test"]
    scans = verdicts.describe_scans(test)
    performance = verdicts.describe_performance(results["alphas"], scans)
    parts = [build_verdict_grid(results["alphas"])] if len(performance) > SENTENCES else []
    parts += [element("p", text(said), class_="verdict") for said in performance]
    parts += _unseen_verdict(results["unseen"], scans)
    parts += [element("h3", text("Do synthetic scans predict performance on real ones?"))]
    parts += [items(verdicts.describe_prediction(results["alphas"], scans))]
    parts += [element("h3", text("What this can and cannot show"))]
    parts += [items(prose.describe_reach(results, test))]
    return section("Verdict", *parts)


def _unseen_verdict(unseen: Mapping[str, Any] | None, scans: verdicts.Scans) -> list[Html]:
    """The verdict again without the cases whose twins may be what the generator remembers."""
    new = verdicts.Scans(scans.noun, f"{scans.which} that the generator has not seen")
    said = verdicts.describe_performance(unseen["alphas"], new) if unseen else []
    if not said:
        return []
    return [element("h3", text("Without the cases the generator was trained on")), items(said)]


def _tests(results: Mapping[str, Any]) -> Html:
    return section(
        "The tests behind the verdict",
        build_performance_table(results["alphas"]),
        build_prediction_table(results["alphas"]),
    )


def _factors(results: Mapping[str, Any]) -> Html:
    alphas = results["alphas"]
    policy = alphas[0]["trust"]["policy"]
    caption = (
        f"Value, and its {policy['confidence']:.0%} interval. ↑ higher is better, ↓ lower is "
        f"better. Empty regions: policy {policy['empty']}."
    )
    return section(
        "Trust factors", build_factor_tables(alphas, caption=caption), build_score_table(alphas)
    )


def _figures(contents: Contents) -> Html:
    shown = [name for name in prose.FIGURES if name in contents.figures]
    return section(
        "Figures", *(_figure(contents, number, name) for number, name in _numbered(shown))
    )


def _numbered(names: Sequence[str]) -> list[tuple[int, str]]:
    """The paper's numbers, continued by those that the paper does not have."""
    own = [name for name in prose.FIGURES if not name.startswith("fig")]
    return [
        (9 + own.index(name) if name in own else int(name.removeprefix("fig")), name)
        for name in names
    ]


def _figure(contents: Contents, number: int, name: str) -> Html:
    title, caption = prose.FIGURES[name]
    label = f"Figure {number}. {title}. {caption} {_counted(contents, name)}"
    figure = svg_figure(contents.figures[name], alternative=title, caption=label)
    if name == "fig2":
        return figure
    if name == "fig3":
        numbers = figure_tables.build_volume_table(contents.request, contents.records)
    else:
        numbers = FIGURE_TABLES[name](contents.results)
    return beside(figure, numbers, wide=name not in NARROW)


def _counted(contents: Contents, name: str) -> str:
    """Over how many cases, and which trainings, a figure is."""
    parts: Counter[str] = Counter(case.part for case in contents.request.cases)
    if name == "fig3":
        aside = f", {parts['validation']} of them set aside" if parts["validation"] else ""
        trained = parts["train"] + parts["validation"]
        return f"{trained} training cases{aside}, {parts['test']} test cases."
    return "" if name == "fig2" else curves.describe_sample(contents.results)


def _excluded(contents: Contents) -> Html:
    excluded = prose.describe_exclusions(contents.request, contents.records, contents.results)
    warnings = prose.collect_warnings(contents.results)
    return section(
        "What was excluded, and warnings",
        items(excluded) if excluded else paragraph("Nothing was excluded."),
        build_count_table(contents.results["alphas"]),
        build_sensitivity_table(contents.results["alphas"]),
        element("h3", text("Warnings")),
        items(warnings) if warnings else paragraph("None."),
    )


def _more_numbers(results: Mapping[str, Any]) -> Html:
    nested = build_factor_tables(
        results["nested"],
        caption="TC and WT, scored apart from the disjoint regions and never mixed with them.",
    )
    parts = [
        element("h3", text("Nested regions")),
        nested,
        build_performance_table(results["nested"]),
    ]
    unseen = results["unseen"]
    if unseen and unseen["cases"]:
        caption = f"The {unseen['cases']} test cases that the generator has not seen."
        parts += [element("h3", text("Unseen test cases"))]
        parts += [build_factor_tables(unseen["alphas"], caption=caption)]
        parts += [build_performance_table(unseen["alphas"])]
    if results["alphas"][0]["trust"]["groups"]:
        parts += [element("h3", text("Groups")), build_group_table(results["alphas"])]
    if results["by_volume"]["alphas"]:
        parts += [element("h3", text("Volume of the whole tumour, in fifths of the cases"))]
        parts += [build_quintile_table(results["by_volume"])]
    parts += [element("h3", text("Mixes")), build_mix_table(results["alphas"])]
    return section("More numbers", *parts)


def _meaning() -> Html:
    pairs = [
        join([element("dt", text(name)), element("dd", text(meaning))])
        for name, meaning in prose.DEFINITIONS
    ]
    return section("What the factors are", element("dl", *pairs))


def _cases(contents: Contents) -> Html:
    cases = sorted(contents.request.cases, key=lambda case: (case.part, case.id))
    rows = [_case(case, contents.records.get(case.case)) for case in cases]
    head = ["case", "part", "group", "seen by generator", "NCR ml", "ED ml", "ET ml", "warnings"]
    return section("Cases", table(head, rows, kind="cases"))


def _case(case: ReportCase, record: CaseRecord | None) -> list[Html]:
    volumes = [
        "unknown" if record is None else f"{record.region_volumes_ml[region]:.2f}"
        for region in ("NCR", "ED", "ET")
    ]
    notes = [f"{each.file}: {each.reason}" for each in record.warnings] if record else []
    values = (case.part, case.group or "none", "yes" if case.seen else "no", *volumes)
    return [text(case.id), *(text(value) for value in values), text("; ".join(notes) or "none")]


def _settings(contents: Contents) -> Html:
    parts = [facts(contents.request.settings)]
    if contents.provenance:
        parts += [element("h3", text("Provenance")), facts(contents.provenance)]
    return section("Settings", *parts)


def _foot(results: Mapping[str, Any]) -> Html:
    lines: Sequence[str] = (
        f"Definition {results['definition']} (Raja Babu et al., 2025, arXiv 2502.02076)",
        f"Results digest {results['digest']}",
        f"Dataset digest {results['dataset']}",
        prose.NOTICE,
    )
    return element("footer", *(element("div", text(line)) for line in lines))
