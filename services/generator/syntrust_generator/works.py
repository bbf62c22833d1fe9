"""The steps of the generator queue: inputs in, the work called once, files out."""

from __future__ import annotations

from syntrust_core.contracts import Kind, Ref, StepMessage, SynthesiseCase, TrainGenerator
from syntrust_core.steps import StepContext, expect
from syntrust_generator.card import Sampling
from syntrust_generator.determinism import reproducible
from syntrust_generator.handlers import synthesise, train, training_config
from syntrust_generator.models import load_model

_CHECKPOINT_EVERY = 100  # iterations


def synthesise_case(message: StepMessage, context: StepContext) -> None:
    request = expect(SynthesiseCase, message)
    with reproducible(context.threads):
        paths = synthesise(
            context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case)),
            load_model(context.fetch(request.generator)),
            out=context.scratch / "twin",
            seed=request.seed,
            twin=request.twin,
            sampling=Sampling(sampler=request.sampler, steps=request.steps),
            on_step=lambda step: context.report(step.done, step.total),
        )
    for path in paths.values():
        context.add(path.name, path)


def train_generator(message: StepMessage, context: StepContext) -> None:
    request = expect(TrainGenerator, message)
    config = training_config(request.config, seed=request.seed, iterations=request.iterations)
    checkpoint = context.scratch / "checkpoint.pt"
    context.load_checkpoint(checkpoint)
    with reproducible(context.threads):
        paths = train(
            {
                case.id: context.fetch(Ref(kind=Kind.INSPECT_CASE, id=case.case))
                for case in request.cases
            },
            config,
            name=request.name,
            dataset=f"training step {request.step_id}",
            out=context.scratch / "model",
            on_progress=lambda now: context.report(now.done, now.total, loss=now.loss),
            checkpoint=checkpoint,
            checkpoint_every=_CHECKPOINT_EVERY,
            on_checkpoint=context.save_checkpoint,
        )
    for path in paths.values():
        context.add(path.name, path)
