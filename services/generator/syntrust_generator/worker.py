"""`python -m syntrust_generator.worker`: publish the shipped models, then serve the queue."""

from __future__ import annotations

from syntrust_core.contracts.base import Kind, Queue
from syntrust_core.runtime.worker import run_worker
from syntrust_core.worker_command import read_worker_settings
from syntrust_generator.checkpoints.publish import publish_shipped
from syntrust_generator.settings import GeneratorSettings, count_processes

HANDLERS = {
    Kind.SYNTHESISE_CASE: "syntrust_generator.tasks:synthesise_case",
    Kind.TRAIN_GENERATOR: "syntrust_generator.tasks:train_generator",
    Kind.IMPORT_MODEL: "syntrust_generator.tasks:import_model",
}

if __name__ == "__main__":
    settings = read_worker_settings(GeneratorSettings)
    run_worker(
        Queue.GENERATOR,
        HANDLERS,
        settings,
        options=settings.generator,
        at_start=publish_shipped,
        processes=count_processes(),
    )
