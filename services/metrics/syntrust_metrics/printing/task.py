"""The step that sets the report of an experiment as a PDF."""

from __future__ import annotations

import json

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.report import PrintReport
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_metrics.printing.typesetting import PDF_FILE, Cover, typeset
from syntrust_metrics.report import REPORT_FILE, RESULTS_FILE


def print_report(message: StepMessage, context: StepContext) -> None:
    """Publish the report of an experiment as a PDF."""
    request = require_message(PrintReport, message)
    report = Ref(kind=Kind.BUILD_REPORT, id=request.report)
    cover = Cover(
        title=request.title,
        experiment=request.experiment,
        finished=request.finished,
        dataset=request.dataset,
        digest=json.loads(context.read(report, RESULTS_FILE))["digest"],
    )
    page = context.read(report, REPORT_FILE).decode()
    context.add(PDF_FILE, typeset(page, cover, context.scratch / "pdf"))
