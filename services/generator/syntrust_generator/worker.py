"""`python -m syntrust_generator.worker`: publish the shipped models, then serve the queue."""

from __future__ import annotations

from pathlib import Path

from syntrust_core.contracts import Kind, Queue
from syntrust_core.worker import run_worker
from syntrust_generator.processes import process_count
from syntrust_generator.publish import publish_shipped

WORKS = {
    Kind.SYNTHESISE_CASE: "syntrust_generator.works:synthesise_case",
    Kind.TRAIN_GENERATOR: "syntrust_generator.works:train_generator",
    Kind.IMPORT_MODEL: "syntrust_generator.importing:import_model",
}

if __name__ == "__main__":
    run_worker(
        Queue.GENERATOR,
        WORKS,
        at_start=publish_shipped,
        processes=process_count(Path("/dev")),
    )
