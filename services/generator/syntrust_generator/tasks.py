"""The steps of the generator queue: fetch inputs, call once, publish files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import SynthesiseCase
from syntrust_core.contracts.job_steps import ImportModel, TrainGenerator
from syntrust_core.errors import PrecisionNotNamed
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_generator.checkpoints.med_ddpm import import_med_ddpm
from syntrust_generator.checkpoints.publish import find_shipped, publish_again
from syntrust_generator.checkpoints.store import Generator, load_model
from syntrust_generator.model_card import Sampling
from syntrust_generator.settings import GeneratorOptions
from syntrust_generator.synthesis.determinism import reproducible
from syntrust_generator.synthesis.engine import ComputeConfig, best_device
from syntrust_generator.synthesis.synthesis import SynthesisConfig, TwinJob, synthesise
from syntrust_generator.training.loop import TrainingProgress
from syntrust_generator.training.training_job import LiveArtifacts, train, training_config

GIVEN_BY_CALLER = "named by whoever imported the checkpoint"
PREVIEW_FILE = "samples.png"
PATIENCE_S = 60.0  # longer than most twins take; a training holds the device for hours


def synthesise_case(message: StepMessage, context: StepContext) -> None:
    request = require_message(SynthesiseCase, message)
    if request.precision is None:
        raise PrecisionNotNamed
    options = context.require_options(GeneratorOptions)
    config = SynthesisConfig(
        generator=_load_cached_model(_fetch_model(request.generator, context)),
        seed=request.seed,
        sampling=Sampling(sampler=request.sampler, steps=request.steps),
        fit=request.fit,
        compute=ComputeConfig(precision=request.precision, compiled=options.compiled),
    )
    case = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case))
    with reproducible(context.threads):
        paths = synthesise(
            TwinJob(case, context.scratch / "twin", request.twin),
            config,
            on_step=lambda step: context.report(step.done, step.total),
            exclusive_device=lambda: _hold_device(context),
        )
    for path in paths.values():
        context.add(path.name, path)


def _fetch_model(model: Ref, context: StepContext) -> Path:
    """Fetch a model; one that comes with this package is put back where the store has lost it."""
    shipped = find_shipped(model)
    if shipped is None:
        return context.fetch(model)
    return context.fetch_shipped(model, lambda store: publish_again(store, shipped))


def takes_turns() -> bool:
    """Whether the processes of this worker share one device."""
    return best_device().type != "cpu"


@contextmanager
def _hold_device(context: StepContext) -> Iterator[None]:
    """Hold a GPU alone, and free its unused memory afterwards for other processes.

    The processes of a CPU draw side by side: each has its own threads.
    """
    if not takes_turns():
        yield
        return
    with context.device(patience_s=PATIENCE_S):
        try:
            yield
        finally:
            torch.cuda.empty_cache()


@lru_cache(maxsize=1)
def _load_cached_model(folder: Path) -> Generator:
    """Load a model and keep it: the next twin most often needs the same one."""
    return load_model(folder)


def train_generator(message: StepMessage, context: StepContext) -> None:
    request = require_message(TrainGenerator, message)
    config = training_config(request.config, seed=request.seed, iterations=request.iterations)
    checkpoint, preview = context.scratch / "checkpoint.pt", context.scratch / PREVIEW_FILE
    context.load_checkpoint(checkpoint)
    published: dict[str, str] = {}

    def publish_preview(path: Path) -> None:
        published["samples"] = context.save_live_artifact(PREVIEW_FILE, path)

    def report(now: TrainingProgress) -> None:
        context.report(now.done, now.total, loss=now.loss, **published)

    device = best_device()
    folders = {
        case.id: context.fetch(Ref(kind=Kind.INSPECT_CASE, id=case.case)) for case in request.cases
    }
    with reproducible(context.threads, deterministic=device.type == "cpu"), _hold_device(context):
        paths = train(
            folders,
            config,
            name=request.name,
            dataset=f"training step {request.step_id}",
            out=context.scratch / "model",
            on_progress=report,
            on_case=lambda: context.report(0, request.iterations, doing="mean anatomy"),
            start=None
            if request.start is None
            else load_model(_fetch_model(request.start, context)),
            live=LiveArtifacts(checkpoint, preview, context.save_checkpoint, publish_preview),
            device=device,
            devices=context.require_options(GeneratorOptions).devices,
            scratch=context.scratch,
        )
    for path in (*paths.values(), preview):
        context.add(path.name, path)


def import_model(message: StepMessage, context: StepContext) -> None:
    request = require_message(ImportModel, message)
    path = context.fetch_upload("checkpoint", request.checkpoint, context.scratch / "checkpoint.pt")
    context.report(0, 1)
    seen = None
    if request.seen is not None:
        seen = context.scratch / "seen.txt"
        seen.write_text("\n".join(request.seen), encoding="utf-8")
    paths = import_med_ddpm(
        path,
        context.scratch / "model",
        name=request.name,
        seen=seen,
        dataset=None if seen is None else GIVEN_BY_CALLER,
    )
    for written in paths.values():
        context.add(written.name, written)
