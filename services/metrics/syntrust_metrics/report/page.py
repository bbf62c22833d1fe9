"""`report.html`: one file that holds figures, numbers, settings and provenance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syntrust_core.caserecord import CaseRecord
from syntrust_core.contracts import BuildReport, ReportCase
from syntrust_metrics.report import words
from syntrust_metrics.report.markup import (
    Html,
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
from syntrust_metrics.report.style import CSS
from syntrust_metrics.report.tables import count_table, factor_tables, mix_table


@dataclass(frozen=True)
class Contents:
    """What the page shows. `figures` are SVG bytes by name; `provenance` is any JSON object."""

    request: BuildReport
    results: Mapping[str, Any]
    figures: Mapping[str, bytes]
    records: Mapping[str, CaseRecord] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)


def report_page(contents: Contents) -> str:
    """Render the page; it loads nothing from anywhere."""
    body = element(
        "main",
        _head(contents),
        _answer(contents),
        _reach(contents),
        _warnings(contents),
        _figures(contents),
        _more_numbers(contents.results),
        _meaning(),
        _cases(contents),
        _settings(contents),
        _foot(contents.results),
    )
    title = element("title", text("SynTrust report"))
    style = element("style", Html(CSS))
    meta = Html(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    )
    page = element("html", element("head", meta, title, style), element("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _head(contents: Contents) -> Html:
    lead = (
        "How far synthetic images can stand in for real ones, measured by a segmenter's Dice. "
        f"Definition {contents.results['definition']} (Raja Babu et al., arXiv 2502.02076)."
    )
    return element(
        "header",
        element("h1", text("SynTrust report")),
        element("p", text(lead), class_="lead"),
        element("p", text(words.NOTICE), class_="notice"),
    )


def _answer(contents: Contents) -> Html:
    parts: Counter[str] = Counter(case.part for case in contents.request.cases)
    alphas = contents.results["alphas"]
    policy = alphas[0]["trust"]["policy"]
    caption = (
        f"Value, and its {policy['confidence']:.0%} interval. ↑ higher is better, ↓ lower is "
        f"better. Empty regions: policy {policy['empty']}."
    )
    return section(
        "Trust factors",
        *(paragraph(sentence) for sentence in words.summary(contents.results, parts)),
        factor_tables(alphas, caption=caption),
    )


def _reach(contents: Contents) -> Html:
    test = [case.id for case in contents.request.cases if case.part == "test"]
    return section("What this can and cannot show", items(words.reach(contents.results, test)))


def _warnings(contents: Contents) -> Html:
    found = words.warnings(contents.results)
    return section("Warnings", items(found) if found else paragraph("None."))


def _figures(contents: Contents) -> Html:
    shown = []
    for name, (title, caption) in words.FIGURES.items():
        if name in contents.figures:
            label = f"{name.replace('fig', 'Figure ')}. {title}. {caption}"
            shown.append(svg_figure(contents.figures[name], alternative=title, caption=label))
    return section("Figures", *shown)


def _more_numbers(results: Mapping[str, Any]) -> Html:
    nested = factor_tables(
        results["nested"],
        caption="TC and WT, scored apart from the disjoint regions and never mixed with them.",
    )
    parts = [element("h3", text("Nested regions")), nested]
    unseen = results["unseen"]
    if unseen and unseen["cases"]:
        caption = f"The {unseen['cases']} test cases that the generator has not seen."
        parts += [element("h3", text("Unseen test cases"))]
        parts += [factor_tables(unseen["alphas"], caption=caption)]
    parts += [element("h3", text("Mixes")), mix_table(results["alphas"])]
    parts += [element("h3", text("Empty regions")), count_table(results["alphas"])]
    return section("More numbers", *parts)


def _meaning() -> Html:
    pairs = [
        join([element("dt", text(name)), element("dd", text(meaning))])
        for name, meaning in words.DEFINITIONS
    ]
    return section("What the factors are", element("dl", *pairs))


def _cases(contents: Contents) -> Html:
    cases = sorted(contents.request.cases, key=lambda case: (case.part, case.id))
    rows = [_case(case, contents.records.get(case.case)) for case in cases]
    head = ["case", "part", "group", "seen by generator", "NCR ml", "ED ml", "ET ml", "warnings"]
    return section("Cases", table(head, rows))


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
        f"Results digest {results['digest']}",
        f"Dataset digest {results['dataset']}",
        words.NOTICE,
    )
    return element("footer", *(element("div", text(line)) for line in lines))
