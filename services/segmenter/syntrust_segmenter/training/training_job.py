"""The job that trains a segmenter, from folders to a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from syntrust_core.contracts.canonical import digest
from syntrust_core.errors import InvalidRequest
from syntrust_core.ranks.collectives import Ranks
from syntrust_core.ranks.job import RankJob
from syntrust_core.ranks.launch import start_ranks
from syntrust_core.ranks.shares import require_equal_shares
from syntrust_core.segmenter_presets import SegmenterConfig, configure
from syntrust_segmenter.compute import ComputeConfig, explain_out_of_memory, reproducible
from syntrust_segmenter.model_card import ModelCard, summarise_validation
from syntrust_segmenter.models.provenance import read_versions
from syntrust_segmenter.models.start_weights import StartWeights
from syntrust_segmenter.models.store import read_start, save_model
from syntrust_segmenter.network.swin_unetr import weights_digest
from syntrust_segmenter.preprocessing.case_cache import PreparedCache, PreparedCase
from syntrust_segmenter.preprocessing.image_entry import (
    ImageEntry,
    find_shared_grid,
    load_prepared,
    require_distinct,
    require_twin,
)
from syntrust_segmenter.progress import ProgressReporter
from syntrust_segmenter.training.checkpoints import TrainingState
from syntrust_segmenter.training.live_curves import ShowFile
from syntrust_segmenter.training.loop import (
    Checkpoints,
    TrainingRun,
    ValidationImage,
    train_network,
)

FEWEST_CASES: Final = 2


def train(
    cases: Sequence[ImageEntry],
    validation: Sequence[ImageEntry],
    *,
    preset: str,
    seed: int,
    out: Path,
    scratch: Path,
    cache: PreparedCache,
    report: ProgressReporter,
    overrides: Mapping[str, Any] | None = None,
    iterations: int | None = None,
    start: Path | None = None,
    checkpoints: Checkpoints | None = None,
    show: ShowFile | None = None,
    compute: ComputeConfig | None = None,
    revision: str | None = None,
) -> ModelCard:
    """Train on `cases` and write weights, config, history and model card into `out`.

    The validation images are scored for the history only; the weights are those of the last
    iteration.

    Parameters
    ----------
    cases, validation : sequence of ImageEntry
        The order of `cases` matters, because samples are drawn by it. A validation case usually
        enters twice, as real and as twin.
    seed : int
        Drives initialisation, sampling and augmentation.
    iterations : int, optional
        The preset's number if left out.
    start : Path, optional
        The folder of a trained segmenter or of an imported checkpoint; see `read_start`.
    report : Report
        Called after each iteration with done, total and numbers worth showing.
    show : callable, optional
        Called now and then with a file of the curves so far; see `LiveCurves`.
    revision : str, optional
        Git revision of an image, for the model card; that of the checkout if left out.

    Raises
    ------
    InvalidRequest
        There are fewer than two training cases, an entry appears twice, a case is both trained on
        and validated, a twin is incomplete, the start weights are of another network, a setting
        is out of range, or several devices cannot share the batch equally.
    PrecisionNotNamed
        The precision is `auto`.
    InvalidVolume, Diverged, OutOfMemory, WorkerLost
        See `prepare_case`, `train_network` and `start_ranks`; `OutOfMemory` says which setting to
        lower.
    """
    compute = compute or ComputeConfig()
    changes = dict(overrides or {}) | ({} if iterations is None else {"iterations": iterations})
    config = configure(preset, changes)
    _ = config.named_precision  # refused before images are prepared
    _check(cases, validation)
    require_equal_shares(config.batch, compute.devices, field="batch", pointer="/overrides/batch")
    weights = None if start is None else read_start(start)
    images = digest([entry.content_digest() for entry in cases])
    run = _make_run(config, compute, seed=seed, images=images, start=weights, scratch=scratch)
    with (
        explain_out_of_memory(config),
        reproducible(compute.threads, deterministic=config.deterministic),
    ):
        prepare = partial(_prepare, cache=cache, tell=partial(report, 0, run.iterations))
        training = [prepare(entry) for entry in cases]
        held_out = [ValidationImage(e.name, e.view, prepare(e)) for e in validation]
        further = TrainingShare(
            cases=tuple(cases),
            config=config,
            seed=seed,
            iterations=run.iterations,
            scratch=scratch,
            threads=compute.threads,
            loaders=run.loaders,
            cache=cache.root,
            cache_bytes=cache.limit_bytes,
        )
        with start_ranks(
            further, devices=compute.devices, device=run.device, scratch=scratch
        ) as ranks:
            state = train_network(
                training,
                held_out,
                config,
                run,
                report=report,
                checkpoints=checkpoints,
                show=show,
                ranks=ranks,
            )
    versions = read_versions(revision)
    card = _make_card(cases, state, config, run, compute, images=images, versions=versions)
    save_model(state.result, card, state.history, out)
    return card


class TrainingShare(RankJob):
    """The share of a further rank, of the images that the first has prepared.

    Its weights come from the first, which alone validates them and keeps their average.
    """

    cases: tuple[ImageEntry, ...]
    config: SegmenterConfig
    seed: int
    iterations: int
    scratch: Path
    threads: int
    loaders: int
    cache: Path
    cache_bytes: int

    def compute(self, ranks: Ranks) -> None:
        """Train on this rank's places of every batch."""
        config = self.config.model_copy(update={"ema": 0.0, "validations": 0})
        run = TrainingRun(
            seed=self.seed,
            iterations=self.iterations,
            identity="",
            scratch=self.scratch,
            device=ranks.device,
            loaders=self.loaders,
        )
        cache = PreparedCache(self.cache, limit_bytes=self.cache_bytes)
        with reproducible(self.threads, deterministic=config.deterministic):
            training = [load_prepared(entry, cache) for entry in self.cases]
            train_network(training, [], config, run, report=lambda *_, **__: None, ranks=ranks)


def _prepare(entry: ImageEntry, *, cache: PreparedCache, tell: Callable[..., None]) -> PreparedCase:
    """Prepare one image; said beforehand, because a thousand of them take their time."""
    tell(doing="preparing images")
    return load_prepared(entry, cache)


def _make_card(
    cases: Sequence[ImageEntry],
    state: TrainingState,
    config: SegmenterConfig,
    run: TrainingRun,
    compute: ComputeConfig,
    *,
    images: str,
    versions: Mapping[str, str],
) -> ModelCard:
    """Describe a finished training; `images` is the digest of its training images."""
    return ModelCard(
        config=config,
        precision=state.precision,
        seed=run.seed,
        threads=compute.threads,
        device=compute.device,
        devices=compute.devices,
        training_images=tuple(entry.label for entry in cases),
        training_digest=images,
        grid=find_shared_grid(cases),
        parameters=sum(tensor.numel() for tensor in state.result.parameters()),
        validation_dice=summarise_validation(state.history),
        start=None if run.start is None else run.start.make_record(state.result),
        versions=dict(versions),
        weights_digest=weights_digest(state.result.state_dict()),
    )


def _make_run(
    config: SegmenterConfig,
    compute: ComputeConfig,
    *,
    seed: int,
    images: str,
    start: StartWeights | None,
    scratch: Path,
) -> TrainingRun:
    named = {
        "images": images,
        "config": config.model_dump(mode="json"),
        "seed": seed,
        "start": None if start is None else start.digest,
    }
    return TrainingRun(
        seed=seed,
        iterations=config.iterations,
        identity=digest(named),
        scratch=scratch,
        device=torch.device(compute.device),
        start=start,
        loaders=compute.loaders,
        checkpoint_every_s=compute.checkpoint_every_s,
    )


def _check(cases: Sequence[ImageEntry], validation: Sequence[ImageEntry]) -> None:
    names = {entry.name for entry in cases}
    if len(names) < FEWEST_CASES:
        raise InvalidRequest(
            f"Training needs at least {FEWEST_CASES} different cases, not {len(names)}.",
            pointer="/train",
        )
    require_distinct([entry.label for entry in cases], what="training images")
    require_distinct([entry.label for entry in validation], what="validation images")
    both = sorted(names & {entry.name for entry in validation})
    if both:
        raise InvalidRequest(
            f"Cases both trained on and validated: {', '.join(both)}.", pointer="/validation"
        )
    for entry in (*cases, *validation):
        require_twin(entry)
