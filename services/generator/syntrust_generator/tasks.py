"""The steps of the generator queue: inputs in, the work called once, files out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.contracts.job_steps import TrainGenerator
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_generator.checkpoints.store import Generator, load_model
from syntrust_generator.model_card import Sampling
from syntrust_generator.settings import GeneratorSettings
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import Machine, best_device
from syntrust_generator.synthesis.synthesis import Order, TwinJob, synthesise
from syntrust_generator.training.loop import TrainingProgress
from syntrust_generator.training.training_job import Keeping, train, training_config

SAMPLES_FILE = "samples.png"
PATIENCE_S = 60.0  # longer than most twins take; a training keeps the device for hours


def synthesise_case(message: StepMessage, context: StepContext) -> None:
    request, settings = require_message(SynthesiseCase, message), GeneratorSettings()
    order = Order(
        generator=_model(context.fetch(request.generator)),
        seed=request.seed,
        sampling=Sampling(sampler=request.sampler, steps=request.steps),
        fit=request.fit,
        machine=Machine(precision=settings.precision, compiled=settings.compiled),
    )
    case = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case))
    with reproducible(context.threads):
        paths = synthesise(
            TwinJob(case, context.scratch / "twin", request.twin),
            order,
            on_step=lambda step: context.report(step.done, step.total),
            turn=lambda: _device(context),
        )
    for path in paths.values():
        context.add(path.name, path)


@contextmanager
def _device(context: StepContext) -> Iterator[None]:
    """The device alone, and no memory kept on it afterwards that another process could use."""
    with context.device(patience_s=PATIENCE_S):
        try:
            yield
        finally:
            torch.cuda.empty_cache()


@lru_cache(maxsize=1)
def _model(folder: Path) -> Generator:
    """The model that the last twin was drawn with, most often that of the next: read once."""
    return load_model(folder)


def train_generator(message: StepMessage, context: StepContext) -> None:
    request = require_message(TrainGenerator, message)
    config = training_config(request.config, seed=request.seed, iterations=request.iterations)
    checkpoint, samples = context.scratch / "checkpoint.pt", context.scratch / SAMPLES_FILE
    context.load_checkpoint(checkpoint)
    shown: dict[str, str] = {}

    def show(path: Path) -> None:
        shown["samples"] = context.save_live_artifact(SAMPLES_FILE, path)

    def report(now: TrainingProgress) -> None:
        context.report(now.done, now.total, loss=now.loss, **shown)

    device = best_device()
    with reproducible(context.threads, deterministic=device.type == "cpu"), _device(context):
        paths = train(
            {
                case.id: context.fetch(Ref(kind=Kind.INSPECT_CASE, id=case.case))
                for case in request.cases
            },
            config,
            name=request.name,
            dataset=f"training step {request.step_id}",
            out=context.scratch / "model",
            on_progress=report,
            on_case=lambda: context.report(0, request.iterations, doing="mean anatomy"),
            start=None if request.start is None else load_model(context.fetch(request.start)),
            keeping=Keeping(checkpoint, samples, context.save_checkpoint, show),
            device=device,
        )
    for path in (*paths.values(), samples):
        context.add(path.name, path)
