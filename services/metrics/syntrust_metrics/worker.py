"""`python -m syntrust_metrics.worker`: serve the metrics queue."""

from __future__ import annotations

from syntrust_core.contracts import Kind, Queue
from syntrust_core.worker import run_worker

WORKS = {
    Kind.INSPECT_CASE: "syntrust_metrics.works:inspect_case",
    Kind.SCORE_CASES: "syntrust_metrics.works:score_cases",
    Kind.COMPARE_TWIN: "syntrust_metrics.works:compare_twin",
    Kind.BUILD_REPORT: "syntrust_metrics.works:build_report",
    Kind.EXPORT_IMAGES: "syntrust_metrics.exports:export_images",
    Kind.SCORE_VOLUMES: "syntrust_metrics.volumes:score_volumes",
}

if __name__ == "__main__":
    run_worker(Queue.METRICS, WORKS)
