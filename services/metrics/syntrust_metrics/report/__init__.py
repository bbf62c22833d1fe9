"""Write the report of an experiment: results.json and .csv, figures, report.html."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from syntrust_core.contracts.case_record import CaseRecord
from syntrust_core.contracts.report import BuildReport, ReportCase
from syntrust_metrics.experiment.partial import show
from syntrust_metrics.experiment.results import build_results
from syntrust_metrics.experiment.wording import choose_wording
from syntrust_metrics.fidelity.schema import TwinComparison
from syntrust_metrics.figures import CaseVolumes, TwinPair, draw_all, save_all
from syntrust_metrics.report.long_table import write_long_table
from syntrust_metrics.report.page import Contents, render_report
from syntrust_metrics.segmentation.score_file import ScoreFile

RESULTS_FILE: Final = "results.json"
REPORT_FILE: Final = "report.html"
TABLE_FILE: Final = "results.csv"
SAMPLES: Final = 3


@dataclass(frozen=True)
class ReportInputs:
    """What a report is made of.

    `scores` are by scoring step, `records` by inspection step, `comparisons` by comparison step;
    `pairs` are the cases of figure 2 (see `choose_sample_cases`); `provenance` is any JSON object
    and appears in report.html alone.
    """

    request: BuildReport
    scores: Mapping[str, ScoreFile]
    records: Mapping[str, CaseRecord]
    pairs: Sequence[TwinPair]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    comparisons: Mapping[str, TwinComparison] = field(default_factory=dict)


def write_report(inputs: ReportInputs, folder: Path) -> dict[str, Path]:
    """Write results.json and .csv, every figure as SVG and PNG, and report.html.

    Returns
    -------
    dict of Path
        The files by name.

    Raises
    ------
    ObjectMissing
        If scores that the request names are missing.
    """
    results = build_results(inputs.request, inputs.scores, inputs.comparisons)
    shown = show(results)
    wording = choose_wording(inputs.request.origin)
    figures = draw_all(shown, inputs.pairs, _collect_volumes(inputs), wording)
    paths = save_all(figures, folder)
    contents = Contents(
        request=inputs.request,
        results=shown,
        figures={name: paths[f"{name}.svg"].read_bytes() for name in figures},
        records=inputs.records,
        provenance=inputs.provenance,
    )
    written = {
        RESULTS_FILE: json.dumps(results, allow_nan=False, ensure_ascii=False, indent=1) + "\n",
        REPORT_FILE: render_report(contents),
    }
    for name, content in written.items():
        paths[name] = folder / name
        paths[name].write_text(content, encoding="utf-8")
    paths[TABLE_FILE] = folder / TABLE_FILE
    write_long_table(inputs.request, inputs.scores, paths[TABLE_FILE])
    return paths


def choose_sample_cases(
    request: BuildReport, records: Mapping[str, CaseRecord], count: int = SAMPLES
) -> list[ReportCase]:
    """Choose test cases with a twin for figure 2, large to small tumours.

    Cases that show all regions and that the generator has not seen come first. Among equally good
    cases the choice takes even steps through the tumour volumes. It does not depend on scores.
    """
    able = [case for case in request.cases if case.part == "test" and case.twin is not None]
    rank = {case.id: _count_shortcomings(case, records[case.case]) for case in able}
    best = sorted(able, key=lambda case: (rank[case.id], case.id))
    good = [case for case in best if rank[case.id] == rank[best[0].id]]
    pool = good if len(good) >= count else best[:count]
    pool.sort(key=lambda case: (-_tumour_ml(records[case.case]), case.id))
    steps = [round((index + 0.5) * len(pool) / count - 0.5) for index in range(count)]
    return [pool[index] for index in dict.fromkeys(steps) if index < len(pool)]


def _count_shortcomings(case: ReportCase, record: CaseRecord) -> tuple[int, int]:
    """Count what a case cannot show: regions it lacks, then whether the generator saw it."""
    return sum(not voxels for voxels in record.region_voxels.values()), int(case.seen)


def _tumour_ml(record: CaseRecord) -> float:
    return sum(record.region_volumes_ml.values())


def _collect_volumes(inputs: ReportInputs) -> list[CaseVolumes]:
    return [
        CaseVolumes(
            id=case.id,
            part=case.part,
            volumes_ml={
                str(region): volume
                for region, volume in inputs.records[case.case].region_volumes_ml.items()
            },
        )
        for case in inputs.request.cases
    ]


__all__ = [
    "REPORT_FILE",
    "RESULTS_FILE",
    "TABLE_FILE",
    "Contents",
    "ReportInputs",
    "TwinPair",
    "choose_sample_cases",
    "render_report",
    "write_report",
]
