"""The tasks of the segmenter queue: each fetches inputs, calls one job, and adds the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from syntrust_core.contracts.base import Kind, Ref, StepMessage
from syntrust_core.contracts.experiment_steps import Image, PredictCases, TrainSegmenter
from syntrust_core.contracts.job_steps import ExportBundle, SegmentCase
from syntrust_core.observability.training_curves import LIVE_FILE
from syntrust_core.runtime.runner import StepContext, require_message
from syntrust_segmenter.compute import ComputeConfig, best_loaders
from syntrust_segmenter.inference.prediction_set import PredictionJob, write_predictions
from syntrust_segmenter.inference.segmentation import segment
from syntrust_segmenter.models.bundle import METADATA_FILE, export_zip
from syntrust_segmenter.models.store import MODEL_FILES
from syntrust_segmenter.preprocessing.case_cache import PreparedCache
from syntrust_segmenter.preprocessing.image_entry import ImageEntry
from syntrust_segmenter.preprocessing.prepared_folders import find_root
from syntrust_segmenter.settings import SegmenterOptions
from syntrust_segmenter.training.training_job import train


def train_segmenter(message: StepMessage, context: StepContext) -> None:
    request = require_message(TrainSegmenter, message)
    options = context.require_options(SegmenterOptions)
    out = context.scratch / "model"
    train(
        _build_entries(request.train, context),
        _build_entries(request.validation, context),
        preset=request.preset,
        seed=request.seed,
        out=out,
        scratch=context.scratch,
        cache=_open_cache(options, context),
        report=context.report,
        overrides=request.overrides,
        iterations=request.iterations,
        start=None if request.start is None else context.fetch(request.start),
        checkpoints=context,
        show=partial(context.save_live_artifact, LIVE_FILE),
        compute=ComputeConfig(
            threads=context.threads, devices=options.devices, loaders=_count_loaders(options)
        ),
        revision=context.revision,
    )
    for name in MODEL_FILES:
        context.add(name, out / name)


def predict_cases(message: StepMessage, context: StepContext) -> None:
    request = require_message(PredictCases, message)
    files = write_predictions(
        context.fetch(Ref(kind=Kind.TRAIN_SEGMENTER, id=request.model)),
        _build_entries(request.images, context),
        _build_job(context, probabilities=request.probabilities),
        out=context.scratch / "labels",
    )
    _add_files(files, context)


def segment_case(message: StepMessage, context: StepContext) -> None:
    request = require_message(SegmentCase, message)
    files = segment(
        context.fetch(request.model),
        context.fetch(Ref(kind=Kind.INSPECT_CASE, id=request.case)),
        _build_job(context, probabilities=request.probabilities),
        model=request.model,
        out=context.scratch / "segmentation",
    )
    _add_files(files, context)


def export_bundle(message: StepMessage, context: StepContext) -> None:
    request = require_message(ExportBundle, message)
    bundle = context.scratch / "bundle"
    context.add("bundle.zip", export_zip(context.fetch(request.model), bundle))
    context.add(METADATA_FILE.name, bundle / METADATA_FILE)


def _add_files(files: Mapping[str, Path], context: StepContext) -> None:
    for name, path in files.items():
        context.add(name, path)


def _build_job(context: StepContext, *, probabilities: bool) -> PredictionJob:
    return PredictionJob(
        cache=_open_cache(context.require_options(SegmenterOptions), context),
        report=context.report,
        probabilities=probabilities,
        compute=ComputeConfig(threads=context.threads),
    )


def _count_loaders(options: SegmenterOptions) -> int:
    return best_loaders() if options.loaders is None else options.loaders


def _open_cache(options: SegmenterOptions, context: StepContext) -> PreparedCache:
    # A step's scratch folder lies in the worker's, which outlives it.
    root = find_root(options, context.scratch.parent)
    return PreparedCache(root, limit_bytes=options.prepared_bytes)


def _build_entries(images: Iterable[Image], context: StepContext) -> list[ImageEntry]:
    return [_build_entry(image, context) for image in images]


def _build_entry(image: Image, context: StepContext) -> ImageEntry:
    def folder(kind: Kind, step: str | None) -> Path | None:
        return None if step is None else context.fetch(Ref(kind=kind, id=step))

    return ImageEntry(
        image.case,
        context.fetch(Ref(kind=Kind.INSPECT_CASE, id=image.case)),
        twin_folder=folder(Kind.SYNTHESISE_CASE, image.twin),
        labels_folder=folder(Kind.INSPECT_CASE, image.labels),
    )
