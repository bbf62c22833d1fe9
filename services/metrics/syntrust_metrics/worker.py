"""Serve the metrics queue: `python -m syntrust_metrics.worker`."""

from __future__ import annotations

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.runtime.worker import run_worker
from syntrust_core.worker_command import read_worker_settings
from syntrust_metrics.settings import MetricsSettings

HANDLERS = {
    Kind.RECEIVE_UPLOAD: "syntrust_metrics.receiving:receive_upload",
    Kind.INSPECT_CASE: "syntrust_metrics.tasks:inspect_case",
    Kind.SCORE_CASES: "syntrust_metrics.tasks:score_cases",
    Kind.COMPARE_TWIN: "syntrust_metrics.tasks:compare_twin",
    Kind.BUILD_REPORT: "syntrust_metrics.tasks:build_report",
    Kind.PRINT_REPORT: "syntrust_metrics.printing.task:print_report",
    Kind.EXPORT_IMAGES: "syntrust_metrics.tasks:export_images",
    Kind.SCORE_VOLUMES: "syntrust_metrics.segmentation.volume_task:score_volumes",
}

if __name__ == "__main__":
    run_worker(Queue.METRICS, HANDLERS, read_worker_settings(MetricsSettings))
