"""`python -m syntrust_segmenter.worker`: serve the segmenter queue."""

from __future__ import annotations

from syntrust_core.contracts import Kind, Queue
from syntrust_core.worker import run_worker

WORKS = {
    Kind.TRAIN_SEGMENTER: "syntrust_segmenter.works:train_segmenter",
    Kind.PREDICT_CASES: "syntrust_segmenter.works:predict_cases",
    Kind.SEGMENT_CASE: "syntrust_segmenter.works:segment_case",
    Kind.EXPORT_BUNDLE: "syntrust_segmenter.works:export_bundle",
}

if __name__ == "__main__":
    run_worker(Queue.SEGMENTER, WORKS)
