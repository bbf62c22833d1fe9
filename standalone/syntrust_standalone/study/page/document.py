"""The whole page of a study as Markdown, and where it and its figures are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from syntrust_metrics.experiment.schema import ShownResults
from syntrust_metrics.report.cells import format_number
from syntrust_metrics.report.controls import build_control_view
from syntrust_metrics.report.tables import build_factor_tables
from syntrust_metrics.report.verdict_tables import build_score_table
from syntrust_standalone.study.page.claims import write_claims
from syntrust_standalone.study.page.design import (
    find_wording,
    list_experiments,
    write_answer,
    write_design,
    write_origin,
    write_reach,
)
from syntrust_standalone.study.page.figures import describe_figure, list_figures, write_figures
from syntrust_standalone.study.page.markdown import (
    fold,
    write_list,
    write_report_table,
    write_table,
)
from syntrust_standalone.study.results_file import StudyResults, read_results

IMAGES = "images/study"


def write_page(file: Path, page: Path, shown_as: str | None = None) -> None:
    """Write the page of a file of results, and its figures in `images/study` beside it.

    `shown_as` is how the page names the file; by default as it is given here.

    Raises
    ------
    InvalidRequest
        The file is no file of a study's results, or holds other than its digests say.
    """
    study = read_results(file)
    page.parent.mkdir(parents=True, exist_ok=True)
    write_figures(study, _main(study), file, page.parent / IMAGES)
    page.write_text(render_page(study, shown_as or file.as_posix()), encoding="utf-8")


def render_page(study: StudyResults, file: str) -> str:
    """Render the page: a function of the results alone, and of the name of their file."""
    title, *parts = _write(study, file)
    adapt = find_wording(study).adapt
    return "\n\n".join([title, *map(adapt, parts)]) + "\n"


def _main(study: StudyResults) -> ShownResults:
    """Give the results of the first experiment, which claims and figures are of."""
    return cast("ShownResults", list_experiments(study)[0][1]["results"])


def _write(study: StudyResults, file: str) -> Iterator[str]:
    results = _main(study)
    yield f"# {study['study']['title']}"
    yield "**For research use only.** Words and tests are those of [metrics.md](metrics.md)."
    yield "## How much synthetic data"
    yield from write_answer(results)
    yield "## What was done"
    yield from write_design(study)
    yield "## The claims of the paper"
    yield from write_claims(results)
    yield "## The factors"
    yield from _write_factors(results)
    yield "## Figures, numbered as in the paper"
    yield from _write_figures(study)
    yield "## Controls"
    yield from _write_controls(study)
    yield "## Noise floors"
    yield from _write_floors(study)
    yield "## What may be concluded, and what may not"
    yield from write_reach(study, results)
    yield "## Where the numbers come from"
    yield from write_origin(study, file)


def _write_factors(results: ShownResults) -> Iterator[str]:
    """Write T1-T5 by α with their intervals, and the score; each table folded away."""
    alphas = results["alphas"]
    confidence = alphas[0]["trust"]["policy"]["confidence"]
    yield (
        f"Each value stands with its {confidence:.0%} interval. An end that so few cases do not "
        "bound is left open. ↑ higher is better, ↓ lower is better."
    )
    for table in build_factor_tables(alphas, caption=""):
        first, last = table.head[1], table.head[-1]
        at = first if first == last else f"{first} to {last}"
        yield fold(f"T1 to T5 at {at}", write_report_table(table))
    score = build_score_table(alphas)
    yield fold("The score and its parts", f"{score.caption}\n\n{write_report_table(score)}")


def _write_figures(study: StudyResults) -> Iterator[str]:
    for name in list_figures(study):
        title, caption = describe_figure(name)
        yield f"![{title}]({IMAGES}/{name})"
        yield f"*{title}. {caption}*"


def _write_controls(study: StudyResults) -> Iterator[str]:
    """Write what each control says, for the experiments that have any."""
    any_found = False
    for name, each in list_experiments(study):
        view = build_control_view(cast("ShownResults", each["results"]))
        if view is not None:
            any_found = True
            yield f"Experiment {name}:"
            yield write_list(sentence.text for sentence in view.sentences)
            yield write_report_table(view.table)
    if not any_found:
        yield "None were asked for."


def _write_floors(study: StudyResults) -> Iterator[str]:
    """Write T3 and T4 that noise alone gives: of second twins, and of other trainings."""
    rows: list[list[str]] = []
    for name, each in list_experiments(study):
        for kind, what in (("twins", "a second twin"), ("seeds", "another training")):
            rows += [
                [name, what, f"{entry['alpha']:g}", *_floor_cells(entry)]
                for entry in each["results"]["floors"][kind]["alphas"]
            ]
    if not rows:
        yield "None were measured."
        return
    yield "T3 and T4 when a test image or a training is merely drawn again."
    regions = [f"{factor} {region}" for factor in ("T3", "T4") for region in ("ET", "ED", "NCR")]
    yield write_table(("experiment", "drawn again", "α", *regions), rows)


def _floor_cells(entry: dict[str, dict[str, dict[str, float | None]]]) -> list[str]:
    return [
        format_number(entry[factor][region]["value"], digits)
        for factor, digits in (("t3", 4), ("t4", 3))
        for region in ("ET", "ED", "NCR")
    ]
