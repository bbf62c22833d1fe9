"""The steps of the segmenter queue: inputs in, the work called once, files out."""

from __future__ import annotations

from collections.abc import Iterable

from syntrust_core.contracts import (
    Image,
    Kind,
    PredictCases,
    Ref,
    StepMessage,
    TrainSegmenter,
)
from syntrust_core.steps import StepContext, expect
from syntrust_segmenter.handlers import ImageEntry, Machine, predict, train
from syntrust_segmenter.model import MODEL_FILES


def train_segmenter(message: StepMessage, context: StepContext) -> None:
    request = expect(TrainSegmenter, message)
    out = context.scratch / "model"
    train(
        _entries(request.train, context),
        _entries(request.validation, context),
        preset=request.preset,
        seed=request.seed,
        out=out,
        scratch=context.scratch,
        report=context.report,
        overrides=request.overrides,
        iterations=request.iterations,
        checkpoints=context,
        machine=Machine(threads=context.threads),
    )
    for name in MODEL_FILES:
        context.add(name, out / name)


def predict_cases(message: StepMessage, context: StepContext) -> None:
    request = expect(PredictCases, message)
    labels = predict(
        context.fetch(Ref(kind=Kind.TRAIN_SEGMENTER, id=request.model)),
        _entries(request.images, context),
        out=context.scratch / "labels",
        report=context.report,
        machine=Machine(threads=context.threads),
    )
    for name, path in labels.items():
        context.add(f"{name}.nii.gz", path)


def _entries(images: Iterable[Image], context: StepContext) -> list[ImageEntry]:
    return [_entry(image, context) for image in images]


def _entry(image: Image, context: StepContext) -> ImageEntry:
    case = context.fetch(Ref(kind=Kind.INSPECT_CASE, id=image.case))
    if image.twin is None:
        return ImageEntry(image.case, case)
    twin = context.fetch(Ref(kind=Kind.SYNTHESISE_CASE, id=image.twin))
    return ImageEntry(image.case, case, twin)
