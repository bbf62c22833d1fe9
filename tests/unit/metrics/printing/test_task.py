"""The step that sets a report as a PDF, run as a worker runs it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pypdf

from syntrust_core.contracts.base import Kind, Ref
from syntrust_core.contracts.report import PrintReport
from syntrust_core.runtime.runner import publish_imported
from syntrust_core.testing.step_bench import StepBench
from syntrust_metrics.printing.task import print_report

REPORT = Ref(kind=Kind.BUILD_REPORT, id="c" * 64)
PAGE = "<html><main><h1>SynTrust report</h1><p>Mean Dice 0.81 ≥ 0.5</p></main></html>"


def message(title: str = "Sweep") -> PrintReport:
    at = datetime(2026, 11, 30, 1, 2, tzinfo=UTC)
    return PrintReport(report=REPORT.id, experiment="e1", title=title, finished=at, dataset="d")


def test_the_step_publishes_the_page_with_cover_and_digest(tmp_path: Path) -> None:
    bench = StepBench(tmp_path, cache_bytes=1 << 20)
    for name, content in {
        "report.html": PAGE,
        "results.json": json.dumps({"digest": f"sha256:{'f' * 64}"}),
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    files = {name: tmp_path / name for name in ("report.html", "results.json")}
    publish_imported(bench.store, REPORT, files)

    bench.attempt(message(), print_report)

    (key,) = (
        item.key
        for item in bench.store.list(f"{message().ref.prefix}/")
        if item.key.endswith("report.pdf")
    )
    (tmp_path / "report.pdf").write_bytes(bench.store.get(key))
    text = pypdf.PdfReader(tmp_path / "report.pdf").pages[0].extract_text()
    for said in ("Sweep · 2026-11-30 01:02 UTC", "Mean Dice 0.81 ≥ 0.5", f"sha256:{'f' * 64}"):
        assert said in text


def test_another_title_is_another_step_on_the_same_report() -> None:
    first, second = message(), message("Sweep of site A")

    assert first.step_id == message().step_id != second.step_id
    assert first.needs() == second.needs() == (REPORT,)
