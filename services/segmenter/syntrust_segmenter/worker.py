"""`python -m syntrust_segmenter.worker`: serve the segmenter queue."""

from __future__ import annotations

from functools import partial

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.runtime.worker import run_worker
from syntrust_core.worker_command import read_worker_settings
from syntrust_segmenter.preprocessing.prepared_folders import find_root, forget_prepared
from syntrust_segmenter.settings import SegmenterSettings

HANDLERS = {
    Kind.TRAIN_SEGMENTER: "syntrust_segmenter.tasks:train_segmenter",
    Kind.PREDICT_CASES: "syntrust_segmenter.tasks:predict_cases",
    Kind.SEGMENT_CASE: "syntrust_segmenter.tasks:segment_case",
    Kind.EXPORT_BUNDLE: "syntrust_segmenter.tasks:export_bundle",
}

if __name__ == "__main__":
    settings = read_worker_settings(SegmenterSettings)
    forget = partial(forget_prepared, find_root(settings.segmenter, settings.worker.scratch))
    run_worker(Queue.SEGMENTER, HANDLERS, settings, options=settings.segmenter, forget=forget)
